#pragma once

/*
 * Parts of the topic space, each with a stamp: the number of the last change in it. A cached result is valid while
 * none of the parts that its topic belongs to was changed since it was last found valid (docs/decisions/0001).
 *
 * Filters are of two sides: those that begin with a literal level (root), and the others (wild). A
 * change stamps the narrowest part that holds its filter, and a coarse one with it:
 *
 *        filter               narrowest             coarse
 *   root no wildcard          the topic             the first level
 *        a literal 2nd level  the first two levels  the first level
 *        else                 the first level       the first level
 *   wild a literal 2nd level  that level            that level, by another hash
 *        a literal 3rd level  that level            the tenant
 *        else                 the tenant            the tenant
 *
 * While nothing changes at all the number of all changes says so: one for a burst. Where something did, the
 * coarse stamps are enough while nothing near them changes; and where one did, the finer ones that go with it
 * say whether it was near this topic. Found valid, a result is so as of now: two hashes of one level err together only where
 * both were changed since the last look.
 *
 * Stamps are the lower 32 bits of the number of all changes. Who compares drops what he did not look at for DP_CACHE_AGE
 * (cache.h); old stamps never come round (dp_part_touch). Written by the builder, after the index, the number of all
 * changes last. Workers read that first, and the index last.
 */

#include "dataplane/api/limits.h"
#include "dataplane/base/atomic.h"
#include "dataplane/base/compiler.h"

#include <stdbool.h>
#include <stdint.h>

struct dp_index;
struct rh_filter;

#define DP_PART_ROOT_BITS  12
#define DP_PART_LEVEL_BITS 16
#define DP_PART_FINE_BITS  15
#define DP_PART_THIRD_BITS 16
#define DP_PART_PAIR_BITS  16
#define DP_PART_TOPIC_BITS 18

#define DP_PART_NEVER UINT64_MAX

/* So many changes behind, a stamp is as good as any older one, and is raised to that. */
#define DP_PART_OLD (1U << 30)

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

/* The parts of a topic, but for its tenant and for the topic itself: with coarse stamps. */
struct dp_part_at {
	uint16_t root, second;
};

/* And with finer ones. */
struct dp_part_fine_at {
	uint16_t second, third, pair;
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

/* Below 0: @stamp rose since @as_of, which is less than half of all stamps ago. Of several, "or" tells whether one did. */
static inline int32_t dp_part_age(uint64_t as_of, const uint32_t *stamp)
{
	return (int32_t)((uint32_t)as_of - rh_load_acquire(stamp));
}

/* Was a filter changed since @as_of that may be near topics @at, as far as coarse stamps tell? Below 0: yes. */
static inline int32_t dp_part_age_coarse(const struct dp_parts *parts, uint16_t tenant, const struct dp_part_at *at, uint64_t as_of)
{
	return dp_part_age(as_of, &parts->wild[tenant].all) | dp_part_age(as_of, &parts->level[at->second]) |
	       dp_part_age(as_of, &parts->root[at->root].all);
}

/* Fetch what it reads. */
static inline void dp_part_coarse_ask(const struct dp_parts *parts, const struct dp_part_at *at)
{
	rh_prefetch(&parts->level[at->second]);
	rh_prefetch(&parts->root[at->root]);
}

/* The same, as far as all tell, of one coarse part each: of filters that begin with two wildcards. Narrow ones are read only where that was changed: they are in no cache. */
static inline bool dp_part_wild_changed(
	const struct dp_parts *parts, uint16_t tenant, const struct dp_part_fine_at *fine, uint64_t as_of)
{
	const struct dp_part_pair *wild = &parts->wild[tenant];

	return dp_part_age(as_of, &wild->all) < 0 && (dp_part_age(as_of, &wild->only) | dp_part_age(as_of, &parts->third[fine->third])) < 0;
}

/* With one, and then a level. */
static inline bool dp_part_level_changed(
	const struct dp_parts *parts, const struct dp_part_at *at, const struct dp_part_fine_at *fine, uint64_t as_of)
{
	return dp_part_age(as_of, &parts->level[at->second]) < 0 && dp_part_age(as_of, &parts->fine[fine->second]) < 0;
}

/* With a level. */
static inline bool dp_part_root_changed(const struct dp_parts *parts, uint32_t topic, const struct dp_part_at *at,
	const struct dp_part_fine_at *fine, uint64_t as_of)
{
	const struct dp_part_pair *root = &parts->root[at->root];

	return dp_part_age(as_of, &root->all) < 0 &&
	       (dp_part_age(as_of, &root->only) | dp_part_age(as_of, &parts->pair[fine->pair]) | dp_part_age(as_of, &parts->topic[topic])) < 0;
}

/* The one part, in a word, whose results @filter can change. Ctx: builder. */
uint32_t dp_part_of(const struct dp_index *index, uint16_t tenant, const struct rh_filter *filter);
/* A filter of @part changed, in the index. Once in DP_PART_OLD times it looks at all stamps, which takes a millisecond. Ctx: builder. */
void dp_part_touch(struct dp_parts *parts, uint16_t tenant, uint32_t part);
