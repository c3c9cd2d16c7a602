#pragma once

/*
 * The topic index: every distinct filter of all tenants once, in one hash table by its key (key.h,
 * shape.h). A topic is looked up once for each live shape of its tenant.
 *
 * The table is a directory of segments of DP_SEGMENT_BUCKETS cache lines (extendible hashing): a
 * segment that is full splits into two, so that an insert moves some thousand words at most,
 * whatever the size of the table. A bucket is one line of eight words, each a filter's address with
 * 16 bits of its key above (user addresses have 47 bits): what is not there is known after one
 * line.
 *
 * Builder writes, workers read under RCU. A filter is complete before its word is stored; after
 * that a subscription exists from the moment when a set pointer is stored. A removal clears or
 * replaces the set pointer; a filter without any set goes out of the table.
 */

#include "dataplane/api/limits.h"
#include "dataplane/base/compiler.h"
#include "dataplane/match/set.h"
#include "dataplane/match/shape.h"

enum dp_set_kind {
	DP_SET_PLAIN = 0,
	DP_SET_COND = 1,   /* the payload decides */
	DP_SET_EXCEPT = 2, /* sessions that want no copy, whatever else they asked for */
	DP_SET_KINDS
};

/* In place of a set: the filter's first subscriber, kept in the filter. */
#define DP_SET_ALONE ((struct dp_set *)1)

/* A run of literal levels of a filter that is compared by its runs. */
struct dp_run {
	uint8_t first, last; /* level numbers */
	uint16_t at, size;   /* of their bytes, with the '/' between, in canon */
};

struct dp_filter {
	struct dp_obj obj;
	uint64_t key;
	struct dp_filter *next; /* with the same key */
	struct dp_set *set[DP_SET_KINDS];
	struct dp_receiver first;
	uint32_t shape; /* its id in the tenant */
	uint32_t part;	/* of the topic space (parts.h); builder only */
	uint16_t tenant;
	uint16_t len; /* of its canonical form, which stands behind the runs */
	uint8_t runs;
	bool partial; /* compared by rh_filter_matches; it has no runs */
	bool fresh;   /* builder only: `first` was never used */
	struct dp_run run[];
};

#define DP_BUCKET_SLOTS	   8
#define DP_SEGMENT_BYTES   DP_MEMORY_BLOCK
#define DP_SEGMENT_BUCKETS (DP_SEGMENT_BYTES / RH_CACHE_LINE - 1)

/* A word is 0 (a probe ends in the bucket that has one), DP_SLOT_REMOVED, or a filter. */
#define DP_SLOT_REMOVED 1ULL
#define DP_SLOT_ADDRESS ((1ULL << 48) - 1)

/* At a multiple of DP_SEGMENT_BYTES. */
struct dp_segment {
	struct dp_obj obj;
	/* Builder only. */
	uint32_t depth; /* bits of the key that all of its filters share */
	uint32_t live, removed;
	uint64_t bucket[DP_SEGMENT_BUCKETS][DP_BUCKET_SLOTS] rh_cache_aligned;
};

struct dp_directory {
	struct dp_obj obj;
	uint32_t depth; /* 1 << depth segments; the key's highest bits choose */
	struct dp_segment *segment[];
};

/* A tenant's shapes, builder's side. */
struct dp_rows {
	struct dp_obj obj;
	uint32_t count, room;
	uint32_t serial; /* of ids */
	struct dp_shape_row row[];
};

struct dp_index {
	struct dp_directory *directory;		    /* R */
	struct dp_shapes *shapes[DP_LIMIT_TENANTS]; /* R; NULL: nobody subscribed there */
	struct dp_secret secret;		    /* R */
	uint64_t tenant_hash[DP_LIMIT_TENANTS];	    /* R; the same before a tenant exists and after */
	uint64_t topic_seed;			    /* of dp_topic_hash */
	/* Builder only. */
	struct dp_rows *rows[DP_LIMIT_TENANTS];
	uint64_t shapes_live; /* in the lists; read relaxed by anyone */
};

static inline char *dp_filter_canon(const struct dp_filter *filter)
{
	return (char *)(uintptr_t)(filter->run + filter->runs);
}

/* Bytes of a filter with @runs runs and a canonical form of @len bytes. */
static inline size_t dp_filter_size(uint8_t runs, uint16_t len)
{
	return sizeof(struct dp_filter) + runs * sizeof(struct dp_run) + len;
}

/* Contiguous runs of members of @set, one of a filter's, NULL included. */
static inline uint32_t dp_filter_spans(const struct dp_set *set)
{
	if (set <= DP_SET_ALONE)
		return set == DP_SET_ALONE;
	return dp_set_spans(set);
}

/* The @i-th of them. */
static inline const struct dp_receiver *dp_filter_span(
	const struct dp_filter *filter, const struct dp_set *set, uint32_t i, uint32_t *count)
{
	if (set > DP_SET_ALONE)
		return dp_set_span(set, i, count);
	*count = 1;
	return &filter->first;
}

static inline uint64_t dp_slot_tag(uint64_t key)
{
	return (key << 16 | 1ULL << 48) & ~DP_SLOT_ADDRESS;
}

static inline struct dp_filter *dp_slot_filter(uint64_t word)
{
	return (struct dp_filter *)(uintptr_t)(word & DP_SLOT_ADDRESS);
}

static inline uint64_t dp_directory_at(uint32_t depth, uint64_t key)
{
	/* In two steps: a shift by 64 would be none. */
	return key >> 1 >> (63 - depth);
}

static inline uint32_t dp_bucket_at(uint64_t key)
{
	return (uint32_t)(((key & UINT32_MAX) * DP_SEGMENT_BUCKETS) >> 32);
}

static inline struct dp_segment *dp_segment_of(const struct dp_directory *directory, uint64_t key)
{
	return rh_rcu_deref(directory->segment[dp_directory_at(directory->depth, key)]);
}

static inline uint32_t dp_bucket_next(uint32_t bucket)
{
	return bucket + 1 < DP_SEGMENT_BUCKETS ? bucket + 1 : 0;
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

/* member_build.c: as dp_set_add and dp_set_del, for a filter's set of @kind. */
int dp_filter_member_add(struct dp_memory *memory, struct dp_filter *filter, uint8_t kind,
	const struct dp_receiver *member, uint32_t *pos);
void dp_filter_member_del(struct dp_memory *memory, struct dp_filter *filter, uint8_t kind,
	uint32_t pos, dp_sub_id_t *moved);

/*
 * visit_lookup.c. Visit the filters of @tenant that match @topic, one by one and slowly. Ctx: under RCU.
 */
typedef void (*dp_visit)(void *arg, const struct dp_filter *filter);
void dp_index_visit(const struct dp_index *index, uint16_t tenant, const struct rh_topic *topic,
	dp_visit visit, void *arg);
/* What it takes to find them. */
struct dp_visit_counts {
	uint32_t probes, parts;	  /* of shapes that fit, and of the parts of these */
	uint32_t compared, whole; /* filters under the topic's keys; of them those compared as a whole */
};
void dp_index_visit_counting(const struct dp_index *index, uint16_t tenant,
	const struct rh_topic *topic, dp_visit visit, void *arg, struct dp_visit_counts *counts);
