#pragma once

/*
 * Inside of a dp_table: what builder and workers share. Builder writes; workers read what is marked
 * R, under RCU.
 */

#include "dataplane/api/table.h"
#include "dataplane/base/pages.h"
#include "dataplane/match/cond.h"
#include "dataplane/match/index.h"
#include "dataplane/match/parts.h"

#include <hs/hs.h>

/*
 * A subscription. Tags are never used twice (32 bits of a serial number), so a worker's (slot, tag)
 * stays dead when the slot or its chunk is used again.
 */
struct dp_slot {
	uint32_t tag; /* R; 0: free */
	/* Not the workers'. */
	uint32_t pos; /* in the filter's set of that kind, or the condition's; of a free or retired slot: the next one */
	uint64_t of : 45;     /* filter, or condition: address in steps of 8 (user addresses have 47 bits) */
	uint64_t kind : 2;    /* enum dp_set_kind */
	uint64_t session : 17;
};
_Static_assert(sizeof(struct dp_slot) == 16, "one for each of ten million subscriptions");
_Static_assert(DP_LIMIT_SESSIONS <= 1 << 17 && DP_SET_KINDS <= 1 << 2, "a slot holds any of them");

static inline struct dp_cond *dp_slot_cond_of(const struct dp_slot *slot)
{
	return slot->kind == DP_SET_COND ? (struct dp_cond *)((uintptr_t)slot->of << 3) : NULL;
}

static inline struct dp_filter *dp_slot_filter_of(const struct dp_slot *slot)
{
	return slot->kind == DP_SET_COND ? dp_slot_cond_of(slot)->filter : (struct dp_filter *)((uintptr_t)slot->of << 3);
}

/* Is its condition found by keys? Ctx: builder. */
static inline bool dp_slot_is_keyed(const struct dp_slot *slot)
{
	const struct dp_cond *cond = dp_slot_cond_of(slot);

	return cond && cond->places;
}

/* What its session asked for in the payload and the attributes; 0: nothing. */
static inline dp_content_id_t dp_slot_content_of(const struct dp_slot *slot)
{
	const struct dp_cond *cond = dp_slot_cond_of(slot);

	return cond ? cond->expression->id : 0;
}

/*
 * All slots are reserved at start, touched as they are needed and given back by chunks of pages: a
 * slot that was given back reads as free.
 */
#define DP_SLOTS_CHUNK	1024
#define DP_SLOTS_CHUNKS (DP_LIMIT_SUBSCRIPTIONS / DP_SLOTS_CHUNK)
_Static_assert(DP_SLOTS_CHUNK * sizeof(struct dp_slot) % RH_PAGE == 0, "a chunk is pages");

/* Builder only. */
struct dp_slots_chunk {
	uint16_t used;	/* live, or waiting for a grace period */
	uint16_t fresh; /* never used since it is touched, from here on */
	uint16_t free;	/* chain of indexes within the chunk */
};

/* Who has a scratch of a database: the workers by their numbers, then these. */
#define DP_OWNER_BUILDER(table) ((table)->conf.max_workers)
#define DP_OWNER_LANE(table)	((table)->conf.max_workers + 1)
#define DP_OWNERS(table)	((table)->conf.max_workers + 2)

/* One of a tenant's pattern databases with one scratch for each owner. Never changed: snapshots that do not replace it share it. */
struct dp_pattern_tier {
	struct rh_rcu_head head;
	hs_database_t *db;
	uint64_t bytes;
	uint32_t max_pattern;
	uint32_t scratches;
	hs_scratch_t *scratch[];
};

/*
 * A tenant's patterns at one time: what any of its databases matches. A change of one tier makes another of these
 * with the other tiers as they were, so that a large database costs nothing when a small one beside it comes.
 */
struct dp_patterns {
	struct rh_rcu_head head;
	uint32_t max_pattern; /* of all tiers */
	uint32_t epoch;	      /* when it was made: ids that were given out later mean nothing to it */
	uint64_t used;	      /* a bit for each tier, never 0 */
	struct dp_pattern_tier *tier[DP_LIMIT_PATTERN_TIERS];
};
_Static_assert(DP_LIMIT_PATTERN_TIERS <= 64, "used has a bit for each");

/* What a worker loads once a burst. A missing tenant has no patterns. */
struct dp_snapshot {
	struct dp_obj obj;
	uint32_t tenants;
	struct dp_patterns *patterns[];
};

struct dp_judge;
struct dp_tenant_samples;

struct dp_table {
	struct dp_table_conf conf;
	uint64_t generation;			    /* R */
	struct dp_snapshot *snapshot;		    /* R */
	struct dp_parts *parts;			    /* R */
	uint64_t *excepted_at; /* R; by session: generation from which its newest exception counts */
	struct dp_slot *slot;			    /* R; [DP_LIMIT_SUBSCRIPTIONS] */
	struct dp_tenant_samples *samples[DP_LIMIT_TENANTS]; /* R; control writes; NULL: not wanted */
	uint32_t samples_wanted;			     /* R, relaxed; control writes: tenants that have them */
	struct dp_index index;
	/* Builder only. */
	struct dp_contents contents;
	struct dp_snapshot *next; /* NULL: patterns unchanged since the last publish */
	struct dp_memory memory;
	uint32_t serial;	     /* of tags */
	uint32_t epoch;		     /* of pattern databases */
	struct dp_slots_chunk chunks[DP_SLOTS_CHUNKS];
	uint32_t slots_hint;	     /* no chunk below has a free slot */
	uint32_t slots_returning;    /* chain of slots that nobody sees any more */
	struct dp_judge *judge;	     /* of dp_table_explain */
	uint64_t *explained;	     /* a bit for each session */
	uint64_t *excepted;	     /* likewise */
	struct dp_table_stats stats; /* read relaxed by anyone */
};

/* -ENOMEM. */
int dp_slots_init(struct dp_table *table);
/* Accepts a half-made one. */
void dp_slots_fini(struct dp_table *table);
/* -ENOSPC, -ENOMEM. The slot is reserved, its tag still 0. Ctx: builder. */
int dp_slot_take(struct dp_table *table, dp_sub_id_t *out);
/* Back at once: nobody has seen it. */
void dp_slot_return(struct dp_table *table, dp_sub_id_t sub);
/* Dead now, free after a grace period. */
void dp_slot_retire(struct dp_table *table, dp_sub_id_t sub);
/* Give back up to @most slots whose grace period is over. */
void dp_slots_collect(struct dp_table *table, uint32_t most);

/* Ctx: any thread under RCU. NULL for no number. */
static inline struct dp_slot *dp_slot_at(const struct dp_table *table, dp_sub_id_t sub)
{
	return sub < DP_LIMIT_SUBSCRIPTIONS ? &table->slot[sub] : NULL;
}

/* Ctx: builder. The patterns that will hold after the next publish; NULL: none. */
struct dp_patterns *dp_patterns_pending(const struct dp_table *table, uint16_t tenant);
/* Put the pending snapshot in place, retire what it replaces. */
void dp_patterns_publish(struct dp_table *table);
/* Ctx: builder, without readers. */
void dp_patterns_free_all(struct dp_table *table);

/* Result of one scan: which ids matched. Owned by one thread. */
struct dp_matched {
	uint64_t bit[(DP_LIMIT_PATTERNS + 64) / 64];
	uint32_t count;
	uint32_t max;
	uint16_t id[DP_LIMIT_PATTERNS + 1];
};

static inline void dp_matched_add(struct dp_matched *matched, dp_pattern_id_t id)
{
	matched->bit[id / 64] |= 1ULL << (id % 64);
	matched->id[matched->count++] = (uint16_t)id;
}

static inline bool dp_matched_has(const struct dp_matched *matched, dp_pattern_id_t id)
{
	return id <= DP_LIMIT_PATTERNS && (matched->bit[id / 64] >> (id % 64) & 1);
}

/*
 * Scan @payload once for each tier with the scratch of @owner; @matched is empty before and stays filled until
 * dp_matched_clear. An empty payload matches nothing (patterns that match empty are refused). False
 * when Hyperscan failed, then the other tiers count nevertheless. Ctx: the owner of the scratch.
 */
bool dp_content_scan(const struct dp_patterns *patterns, uint32_t owner, const void *payload,
	uint32_t len, struct dp_matched *matched);
void dp_matched_clear(struct dp_matched *matched);
