/*
 * What a worker's matching state needs from outside the worker: memory before it runs.
 */

#include "dataplane/base/clock.h"
#include "dataplane/base/pages.h"
#include "dataplane/match/match_priv.h"

#include <errno.h>
#include <stdlib.h>

/* Large results get half a receiver line for each entry, within these bounds. */
#define ARENA_PER_ENTRY 128u
#define ARENA_MIN	(1u << 20)
#define ARENA_MAX	(64u << 20)

/* Of stamps: a huge page, which an event with many receivers reads all over; what is behind them is never touched. */
#define STAMP_BYTES (2u << 20)
_Static_assert(STAMP_BYTES >= DP_LIMIT_SESSIONS * sizeof(uint16_t), "one for each session");

int dp_slab_init(struct dp_slab *slab, size_t bytes)
{
	slab->units = (uint32_t)(bytes / DP_SLAB_BLOCK_MIN);
	slab->arena = rh_pages_reserve(bytes);
	slab->unit = calloc(slab->units, sizeof(*slab->unit));
	if (!slab->arena || !slab->unit)
		return -ENOMEM;
	for (unsigned order = 0; order < DP_SLAB_ORDERS; order++)
		slab->head[order] = DP_SLAB_NONE;
	for (uint32_t at = 0; at < slab->units; at += 1u << (DP_SLAB_ORDERS - 1)) {
		slab->unit[at].order = DP_SLAB_ORDERS - 1;
		dp_slab_give(slab, at);
	}
	return 0;
}

void dp_slab_fini(struct dp_slab *slab)
{
	rh_pages_release(slab->arena, (size_t)slab->units * DP_SLAB_BLOCK_MIN);
	free(slab->unit);
}

static size_t arena_bytes(uint32_t entries)
{
	size_t bytes = (size_t)entries * ARENA_PER_ENTRY;

	if (bytes < ARENA_MIN)
		return ARENA_MIN;
	return bytes > ARENA_MAX ? ARENA_MAX : bytes;
}

int dp_cache_init(struct dp_cache *cache, uint32_t entries)
{
	uint32_t buckets = entries < DP_CACHE_WAYS ? 1 : entries / DP_CACHE_WAYS;
	size_t ways = (size_t)buckets * DP_CACHE_WAYS;
	uint32_t stamp = (uint32_t)(rh_tsc() >> DP_TOPIC_STAMP_SHIFT);

	cache->look = (uint64_t)stamp << 32;
	if (dp_topics_init(&cache->topics, entries ? buckets - 1 : UINT32_MAX, stamp))
		return -ENOMEM;
	if (entries == 0)
		return 0;
	cache->mask = buckets - 1;
	cache->bucket = rh_pages_reserve(buckets * sizeof(*cache->bucket));
	cache->entry = rh_pages_reserve(ways * sizeof(*cache->entry));
	if (!cache->bucket || !cache->entry)
		return -ENOMEM;
	for (size_t i = 0; i < ways; i++)
		cache->entry[i].block = DP_SLAB_NONE;
	return dp_slab_init(&cache->slab, arena_bytes(entries));
}

void dp_cache_fini(struct dp_cache *cache)
{
	size_t buckets = (size_t)cache->mask + 1;

	rh_pages_release(cache->bucket, buckets * sizeof(*cache->bucket));
	rh_pages_release(cache->entry, buckets * DP_CACHE_WAYS * sizeof(*cache->entry));
	dp_slab_fini(&cache->slab);
	dp_topics_fini(&cache->topics);
}

static int create(struct dp_table *table, uint32_t owner, uint32_t cache_entries, struct dp_match **out)
{
	struct dp_match *match = aligned_alloc(RH_CACHE_LINE, RH_ALIGN_UP(sizeof(*match), (size_t)RH_CACHE_LINE));
	if (!match)
		return -ENOMEM;
	memset(match, 0, sizeof(*match));
	match->table = table;
	match->worker = owner;
	/* One for all workers: what they remember of topics is put together by hash. */
	match->index = &table->index;
	match->result = rh_pages_reserve(DP_RESULT_ROOM * sizeof(struct dp_receiver));
	match->stamp = rh_pages_reserve_aligned(STAMP_BYTES);
	match->candidate = calloc(DP_CANDIDATES_MAX, sizeof(struct dp_cond *));
	match->keyed = calloc(DP_CANDIDATES_MAX, sizeof(struct dp_filter *));
	match->excluded = calloc(DP_CANDIDATES_MAX, sizeof(*match->excluded));
	match->judge = dp_judge_create(owner, &table->contents);
	match->search = rh_pages_reserve(sizeof(*match->search));
	if (!match->result || !match->stamp || !match->candidate || !match->keyed || !match->excluded || !match->judge ||
		!match->search ||
		dp_cache_init(&match->cache, cache_entries)) {
		dp_match_destroy(match);
		return -ENOMEM;
	}
	match->ahead.meter = &match->meter;
	match->search->index = &table->index;
	match->snapshot = rh_rcu_deref(table->snapshot);
	*out = match;
	return 0;
}

int dp_match_create(struct dp_table *table, uint32_t worker, struct dp_match **out)
{
	if (worker >= table->conf.max_workers)
		return -EINVAL;
	return create(table, worker, table->conf.cache_entries, out);
}

int dp_match_create_lane(struct dp_table *table, struct dp_match **out)
{
	return create(table, DP_OWNER_LANE(table), 0, out);
}

void dp_match_set_budget(struct dp_match *match, struct dp_budget *budget)
{
	match->meter.budget = budget;
}

void dp_match_destroy(struct dp_match *match)
{
	if (!match)
		return;
	dp_cache_fini(&match->cache);
	rh_pages_release(match->result, DP_RESULT_ROOM * sizeof(struct dp_receiver));
	rh_pages_release(match->search, sizeof(*match->search));
	rh_pages_release(match->stamp, STAMP_BYTES);
	free(match->candidate);
	free(match->keyed);
	free(match->excluded);
	dp_judge_destroy(match->judge);
	free(match);
}
