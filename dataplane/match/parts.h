#pragma once

/*
 * Parts of the topic space, each with a counter of the changes in it: a cached result is valid while
 * the parts that its topic belongs to did not change (docs/decisions/0001).
 *
 * Filters are of two sides: those that begin with a literal level (root), and the others (wild). A
 * change raises the narrowest counter that holds its filter, and a coarse one with it:
 *
 *        filter               narrowest             coarse
 *   root no wildcard          the topic             the first level
 *        a literal 2nd level  the first two levels  the first level
 *        else                 the first level       the first level
 *   wild a literal 2nd level  that level            that level, by another hash
 *        a literal 3rd level  that level            the tenant
 *        else                 the tenant            the tenant
 *
 * While nothing changes at all the number of all changes says so: one for a burst. Where something did, the sum
 * of the coarse ones is enough while nothing near them changes; and where that did, the finer ones of that side
 * say whether it was near this topic.
 *
 * Counters only grow, and all but the number of all changes wrap after 2^32; who keeps their sums drops what
 * he did not look at for DP_CACHE_AGE (cache.h). Written by the builder, after the index: finer first, the
 * number of all changes last. Read by workers before the index: the other way round.
 */

#include "dataplane/api/limits.h"
#include "dataplane/base/atomic.h"
#include "dataplane/base/compiler.h"

#include <stdint.h>

struct dp_index;
struct rh_filter;

#define DP_PART_ROOT_BITS  12
#define DP_PART_LEVEL_BITS 16
/* Looked at where the coarse one changed, one event in a hundred under steady changes, behind a line of the entry that is not fetched: small, to be in a cache. */
#define DP_PART_FINE_BITS  13
#define DP_PART_THIRD_BITS 16
#define DP_PART_PAIR_BITS  16
#define DP_PART_TOPIC_BITS 18

#define DP_PART_NEVER UINT64_MAX

struct dp_part_pair {
	uint32_t all;  /* coarse */
	uint32_t only; /* fine: filters that no narrower part holds */
};

struct dp_parts {
	/* Of all of them; never DP_PART_NEVER. Each change takes its line away from the workers: nothing else of theirs is in it. */
	uint64_t changes rh_cache_aligned;
	struct dp_part_pair wild[DP_LIMIT_TENANTS] rh_cache_aligned;
	struct dp_part_pair root[1u << DP_PART_ROOT_BITS];
	uint32_t level[1u << DP_PART_LEVEL_BITS]; /* coarse: the 2nd */
	uint32_t fine[1u << DP_PART_FINE_BITS];	  /* the 2nd, by another hash */
	uint32_t third[1u << DP_PART_THIRD_BITS];
	uint32_t pair[1u << DP_PART_PAIR_BITS];
	uint32_t topic[1u << DP_PART_TOPIC_BITS];
};

/* The parts of a topic, but for its tenant and for the topic itself: with coarse counters. */
struct dp_part_at {
	uint16_t root, second;
};

/* And with finer ones. */
struct dp_part_fine_at {
	uint16_t second, third, pair;
};

/* Counters as they were: sums of each side. */
struct dp_part_seen {
	uint64_t changes;
	uint32_t wild, root; /* coarse */
	uint32_t fine_wild, fine_root;
};

/* @hash: of the tenant and all of the topic's text. */
static inline uint32_t dp_part_topic(uint64_t hash)
{
	return (uint32_t)(hash >> (64 - DP_PART_TOPIC_BITS));
}

/* @hash: the tenant's and the first level's. */
static inline uint16_t dp_part_root(uint64_t hash)
{
	return (uint16_t)(hash & ((1u << DP_PART_ROOT_BITS) - 1));
}

/* @hash: the tenant's and that level's. */
static inline uint16_t dp_part_level(uint64_t hash)
{
	return (uint16_t)(hash >> 16 & ((1u << DP_PART_LEVEL_BITS) - 1));
}

static inline uint16_t dp_part_fine_level(uint64_t hash)
{
	return (uint16_t)(hash >> 40 & ((1u << DP_PART_FINE_BITS) - 1));
}

/* @hash: the tenant's and the third level's. */
static inline uint16_t dp_part_third(uint64_t hash)
{
	return (uint16_t)(hash >> 16 & ((1u << DP_PART_THIRD_BITS) - 1));
}

/* @hash: the tenant's and the first two levels'. */
static inline uint16_t dp_part_pair(uint64_t hash)
{
	return (uint16_t)(hash & ((1u << DP_PART_PAIR_BITS) - 1));
}

/* Ctx of what follows: worker. */
static inline uint64_t dp_part_changes(const struct dp_parts *parts)
{
	return rh_load_acquire(&parts->changes);
}

static inline uint32_t dp_part_coarse_wild(
	const struct dp_parts *parts, uint16_t tenant, const struct dp_part_at *at)
{
	return rh_load_acquire(&parts->wild[tenant].all) + rh_load_acquire(&parts->level[at->second]);
}

static inline uint32_t dp_part_coarse_root(const struct dp_parts *parts, const struct dp_part_at *at)
{
	return rh_load_acquire(&parts->root[at->root].all);
}

/* Both. */
static inline uint32_t dp_part_coarse(const struct dp_parts *parts, uint16_t tenant, const struct dp_part_at *at)
{
	return dp_part_coarse_wild(parts, tenant, at) + dp_part_coarse_root(parts, at);
}

/* Fetch them. */
static inline void dp_part_coarse_ask(const struct dp_parts *parts, const struct dp_part_at *at)
{
	rh_prefetch(&parts->level[at->second]);
	rh_prefetch(&parts->root[at->root]);
}

static inline uint32_t dp_part_fine_wild(
	const struct dp_parts *parts, uint16_t tenant, const struct dp_part_fine_at *fine)
{
	return rh_load_acquire(&parts->wild[tenant].only) +
	       rh_load_acquire(&parts->fine[fine->second]) + rh_load_acquire(&parts->third[fine->third]);
}

static inline uint32_t dp_part_fine_root(const struct dp_parts *parts, uint32_t topic,
	const struct dp_part_at *at, const struct dp_part_fine_at *fine)
{
	return rh_load_acquire(&parts->root[at->root].only) + rh_load_acquire(&parts->pair[fine->pair]) +
	       rh_load_acquire(&parts->topic[topic]);
}

/* All of them, for a result that is about to be looked up. */
static inline struct dp_part_seen dp_part_look(const struct dp_parts *parts, uint16_t tenant, uint32_t topic,
	const struct dp_part_at *at, const struct dp_part_fine_at *fine)
{
	struct dp_part_seen seen = {.changes = dp_part_changes(parts)};

	seen.wild = dp_part_coarse_wild(parts, tenant, at);
	seen.root = dp_part_coarse_root(parts, at);
	seen.fine_wild = dp_part_fine_wild(parts, tenant, fine);
	seen.fine_root = dp_part_fine_root(parts, topic, at, fine);
	return seen;
}

/* The one part, in a word, whose results @filter can change. Ctx: builder. */
uint32_t dp_part_of(const struct dp_index *index, uint16_t tenant, const struct rh_filter *filter);
/* A filter of @part changed, in the index. Ctx: builder. */
void dp_part_touch(struct dp_parts *parts, uint16_t tenant, uint32_t part);
