#pragma once

/*
 * The topic index: every distinct filter of all tenants once, in one hash table (words.h) by its key (key.h,
 * shape.h). A topic is looked up once for each live shape of its tenant.
 *
 * Builder writes, workers read under RCU. A filter is complete before its word is stored; after
 * that a subscription exists from the moment when a set pointer is stored. A removal clears or
 * replaces the set pointer; a filter without any set goes out of the table.
 */

#include "dataplane/api/limits.h"
#include "dataplane/base/compiler.h"
#include "dataplane/match/set.h"
#include "dataplane/match/shape.h"
#include "dataplane/match/words.h"

enum dp_set_kind {
	DP_SET_PLAIN = 0,
	DP_SET_COND = 1,   /* its members are conditions (cond.h), which have subscribers of their own */
	DP_SET_EXCEPT = 2, /* sessions that want no copy, whatever else they asked for */
	DP_SET_KINDS
};

/* What is behind a filter that has more than plain subscribers. */
struct dp_more {
	struct dp_obj obj;
	struct dp_set *set[DP_SET_KINDS]; /* R */
	/* R, relaxed: keys by which conditions are found (access.h), of attributes and of the payload. */
	uint32_t attribute_keys, pattern_keys;
	struct dp_filter *next;		  /* R; with the same key */
	struct dp_cond *found_by_keys;	  /* builder only: the last one of them to come */
};

/*
 * A filter's one pointer: NULL; to its set of plain subscribers; with one of these marks, the only
 * subscriber itself (session above, subscription behind) or a struct dp_more.
 */
#define DP_SET_ALONE 1ULL
#define DP_SET_MORE  2ULL
_Static_assert(DP_LIMIT_SUBSCRIPTIONS <= 1u << 31, "a subscription fits beside the mark");

/* A run of literal levels of a filter that is compared by its runs. */
struct dp_run {
	uint8_t first, last; /* level numbers */
	uint16_t at, size;   /* of their bytes, with the '/' between, in canon */
};

struct dp_filter {
	struct dp_obj obj;
	uint16_t tenant;
	uint16_t len; /* of its canonical form, which stands behind the runs */
	uint64_t key;
	struct dp_set *set; /* R; with marks, see DP_SET_ALONE */
	uint32_t shape;	    /* its id in the tenant */
	uint32_t part;	    /* of the topic space (parts.h); builder only */
	uint8_t runs;
	bool partial; /* compared by rh_filter_matches; it has no runs */
	struct dp_run run[];
};
_Static_assert(offsetof(struct dp_filter, run) == 34, "two million of them");
_Static_assert(offsetof(struct dp_filter, key) == offsetof(struct dp_keyed, key), "a word finds its key");

/* A tenant's shapes, builder's side. */
struct dp_rows {
	struct dp_obj obj;
	uint32_t count, room;
	struct dp_shape_row row[];
};

struct dp_index {
	struct dp_words words;			    /* R; of filters, by their keys */
	struct dp_shapes *shapes[DP_LIMIT_TENANTS]; /* R; NULL: nobody subscribed there */
	struct dp_secret secret;		    /* R */
	uint64_t tenant_hash[DP_LIMIT_TENANTS];	    /* R; the same before a tenant exists and after */
	/* Builder only. */
	struct dp_rows *rows[DP_LIMIT_TENANTS];
	uint32_t shape_serial; /* of ids, all tenants' */
	uint64_t shapes_live; /* in the lists; read relaxed by anyone */
};

static inline char *dp_filter_canon(const struct dp_filter *filter)
{
	return (char *)(uintptr_t)(filter->run + filter->runs);
}

/* Bytes of a filter with @runs runs and a canonical form of @len bytes. */
static inline size_t dp_filter_size(uint8_t runs, uint16_t len)
{
	return offsetof(struct dp_filter, run) + runs * sizeof(struct dp_run) + len;
}

static inline bool dp_set_is_alone(const struct dp_set *set)
{
	return (uintptr_t)set & DP_SET_ALONE;
}

static inline struct dp_set *dp_set_alone(const struct dp_receiver *member)
{
	return (struct dp_set *)((uintptr_t)member->session << 32 | (uintptr_t)member->sub << 1 |
				 DP_SET_ALONE);
}

static inline struct dp_receiver dp_alone_receiver(const struct dp_set *set)
{
	return (struct dp_receiver){(dp_session_id_t)((uintptr_t)set >> 32),
		(dp_sub_id_t)((uint32_t)(uintptr_t)set >> 1)};
}

/* Of a filter's pointer; NULL: it has none. */
static inline struct dp_more *dp_set_more(const struct dp_set *set)
{
	return ((uintptr_t)set & (DP_SET_ALONE | DP_SET_MORE)) == DP_SET_MORE
		       ? (struct dp_more *)((uintptr_t)set - DP_SET_MORE)
		       : NULL;
}

/* The next one with the same key as the filter whose pointer @set is. */
static inline struct dp_filter *dp_set_next(const struct dp_set *set)
{
	const struct dp_more *more = dp_set_more(set);

	return rh_unlikely(more != NULL) ? rh_rcu_deref(more->next) : NULL;
}

static inline struct dp_filter *dp_filter_next(const struct dp_filter *filter)
{
	return dp_set_next(rh_rcu_deref(filter->set));
}

/* @filter's subscribers of @kind: NULL, alone, or a set. */
static inline const struct dp_set *dp_filter_set(
	const struct dp_filter *filter, enum dp_set_kind kind)
{
	const struct dp_set *set = rh_rcu_deref(filter->set);
	const struct dp_more *more = dp_set_more(set);

	if (rh_unlikely(more != NULL))
		return rh_rcu_deref(more->set[kind]);
	return kind == DP_SET_PLAIN ? set : NULL;
}

/* Contiguous runs of members of @set, as dp_filter_set gives it. */
static inline uint32_t dp_filter_spans(const struct dp_set *set)
{
	return !set || dp_set_is_alone(set) ? set != NULL : dp_set_spans(set);
}

/* The @i-th of them; @alone: memory for it. */
static inline const struct dp_receiver *dp_filter_span(
	const struct dp_set *set, uint32_t i, uint32_t *count, struct dp_receiver *alone)
{
	if (!dp_set_is_alone(set))
		return dp_set_span(set, i, count);
	*alone = dp_alone_receiver(set);
	*count = 1;
	return alone;
}

typedef void (*dp_member_visit)(void *arg, const struct dp_receiver *member);
/* Everybody in @set, as dp_filter_set gives it, but for holes. Inlined with @visit: it is every event's. */
static inline __attribute__((always_inline)) void dp_members_each(
	const struct dp_set *set, dp_member_visit visit, void *arg)
{
	uint32_t spans = dp_filter_spans(set), count;
	struct dp_receiver alone;

	for (uint32_t i = 0; i < spans; i++) {
		const struct dp_receiver *member = dp_filter_span(set, i, &count, &alone);

		for (uint32_t k = 0; k < count; k++)
			if (rh_likely(dp_member_session(&member[k]) != DP_SESSION_NONE))
				visit(arg, &member[k]);
	}
}

static inline struct dp_filter *dp_slot_filter(uint64_t word)
{
	return (struct dp_filter *)(uintptr_t)(word & DP_SLOT_ADDRESS);
}

/* filters_build.c; Ctx: builder */
int dp_index_init(struct dp_memory *memory, struct dp_index *index, uint64_t seed);
/* Without readers. Accepts what was half made. */
void dp_index_fini(struct dp_memory *memory, struct dp_index *index);
/*
 * The filter of @tenant, made and put into the table if it is new; it has no set then. -ENOMEM,
 * -EMLINK (DP_LIMIT_SHAPES), -E2BIG (DP_LIMIT_SAME_KEY) leave no trace.
 */
int dp_index_filter(struct dp_memory *memory, struct dp_index *index, uint16_t tenant,
	const struct rh_filter *filter, struct dp_filter **out);
/* Out of the table, and retired, if nobody is in any of its sets. */
void dp_index_prune(struct dp_memory *memory, struct dp_index *index, struct dp_filter *filter);

/*
 * shapes_build.c. Count one more filter under @shape; *@id is the shape's number. Workers know the
 * shape before this returns. -ENOMEM, -EMLINK.
 */
int dp_index_shape_take(struct dp_memory *memory, struct dp_index *index, uint16_t tenant,
	const struct dp_shape *shape, uint32_t *id);
void dp_index_shape_give(
	struct dp_memory *memory, struct dp_index *index, uint16_t tenant, uint32_t id);
/* The row of a shape that has filters; until the next one is taken or given. */
const struct dp_shape_row *dp_index_shape_row(
	const struct dp_index *index, uint16_t tenant, uint32_t id);

/* member_build.c */
/* A filter that is not yet in the table gets a dp_more with @next. -ENOMEM. */
int dp_filter_more(struct dp_memory *memory, struct dp_filter *filter, struct dp_filter *next);
/* Retire all that is behind @filter, which has no members, and @filter. */
void dp_filter_retire(struct dp_memory *memory, struct dp_filter *filter);
/* The same without readers, members included. */
void dp_filter_free(struct dp_memory *memory, struct dp_filter *filter);
/* By what conditions are found: a bit for each. */
#define DP_KEYED_ATTRIBUTES 1U
#define DP_KEYED_PATTERNS   2U

static inline uint32_t dp_filter_keyed_by(const struct dp_filter *filter)
{
	const struct dp_more *more = dp_set_more(rh_rcu_deref(filter->set));

	if (rh_likely(!more))
		return 0;
	return (rh_load_relaxed(&more->attribute_keys) ? DP_KEYED_ATTRIBUTES : 0) |
	       (rh_load_relaxed(&more->pattern_keys) ? DP_KEYED_PATTERNS : 0);
}

/* The first of its conditions that are found by keys. Ctx: builder. */
static inline struct dp_cond *dp_filter_keyed(const struct dp_filter *filter)
{
	const struct dp_more *more = dp_set_more(filter->set);

	return more ? more->found_by_keys : NULL;
}

/* Anybody of that kind? */
static inline bool dp_filter_has(const struct dp_filter *filter, enum dp_set_kind kind)
{
	return dp_filter_set(filter, kind) || (kind == DP_SET_COND && dp_filter_keyed_by(filter));
}

static inline bool dp_filter_is_used(const struct dp_filter *filter)
{
	return dp_filter_has(filter, DP_SET_PLAIN) || dp_filter_has(filter, DP_SET_COND) ||
	       dp_filter_has(filter, DP_SET_EXCEPT);
}
/* As dp_set_add, dp_set_del and dp_items_free, where one member stands in the pointer itself. */
int dp_members_add(
	struct dp_memory *memory, struct dp_set **at, const struct dp_receiver *member, uint32_t *pos);
void dp_members_del(struct dp_memory *memory, struct dp_set **at, uint32_t pos, struct dp_receiver *moved);
void dp_members_free(struct dp_memory *memory, struct dp_set *set);
/* For a filter's set of @kind. */
int dp_filter_member_add(struct dp_memory *memory, struct dp_filter *filter, enum dp_set_kind kind,
	const struct dp_receiver *member, uint32_t *pos);
void dp_filter_member_del(struct dp_memory *memory, struct dp_filter *filter, enum dp_set_kind kind,
	uint32_t pos, struct dp_receiver *moved);

/*
 * visit_lookup.c. Visit the filters of @tenant that match the topic @cut, one by one and slowly. Ctx: under RCU.
 */
struct dp_cut;
typedef void (*dp_visit)(void *arg, const struct dp_filter *filter);
void dp_index_visit(const struct dp_index *index, uint16_t tenant, const struct dp_cut *cut,
	dp_visit visit, void *arg);
/* What it takes to find them. */
struct dp_visit_counts {
	uint32_t probes, parts;	  /* of shapes that fit, and of the parts of these */
	uint32_t compared, whole; /* filters under the topic's keys; of them those compared as a whole */
};
void dp_index_visit_counting(const struct dp_index *index, uint16_t tenant,
	const struct dp_cut *cut, dp_visit visit, void *arg, struct dp_visit_counts *counts);
