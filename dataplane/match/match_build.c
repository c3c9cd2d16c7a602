/*
 * What a worker's matching state needs from outside the worker: memory before it runs, and a reader
 * of its cache.
 */

#include "dataplane/api/topics.h"
#include "dataplane/base/pages.h"
#include "dataplane/match/match_priv.h"

#include <errno.h>
#include <stdlib.h>

/* Large results get half a receiver line for each entry, within these bounds. */
#define ARENA_PER_ENTRY 128u
#define ARENA_MIN	(1u << 20)
#define ARENA_MAX	(64u << 20)

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
}

int dp_match_create(struct dp_table *table, uint32_t worker, struct dp_match **out)
{
	struct dp_match *match;

	if (worker >= table->conf.max_workers)
		return -EINVAL;
	match = aligned_alloc(RH_CACHE_LINE, RH_ALIGN_UP(sizeof(*match), (size_t)RH_CACHE_LINE));
	if (!match)
		return -ENOMEM;
	memset(match, 0, sizeof(*match));
	match->table = table;
	match->worker = worker;
	match->seed = rh_hash(&worker, sizeof(worker), table->conf.seed);
	match->result = rh_pages_reserve(DP_RESULT_ROOM * sizeof(struct dp_receiver));
	match->stamp = calloc(DP_LIMIT_SESSIONS, sizeof(*match->stamp));
	match->candidate = calloc(DP_CANDIDATES_MAX, sizeof(*match->candidate));
	match->search = rh_pages_reserve(sizeof(*match->search));
	if (!match->result || !match->stamp || !match->candidate || !match->search ||
		dp_cache_init(&match->cache, table->conf.cache_entries)) {
		dp_match_destroy(match);
		return -ENOMEM;
	}
	match->search->index = &table->index;
	match->snapshot = rh_rcu_deref(table->snapshot);
	*out = match;
	return 0;
}

void dp_match_destroy(struct dp_match *match)
{
	if (!match)
		return;
	dp_cache_fini(&match->cache);
	rh_pages_release(match->result, DP_RESULT_ROOM * sizeof(struct dp_receiver));
	rh_pages_release(match->search, sizeof(*match->search));
	free(match->stamp);
	free(match->candidate);
	free(match);
}

static void load_words(void *to, const void *from, size_t bytes)
{
	const uint32_t *src = from;
	uint32_t *dst = to;

	for (size_t i = 0; i < (bytes + 3) / 4; i++)
		dst[i] = rh_load_relaxed(&src[i]);
}

/* False when there is no topic, or the worker wrote meanwhile. */
static bool read_row(
	const struct dp_cache *cache, const struct dp_entry *entry, struct dp_topic_row *row)
{
	uint32_t seq = rh_load_acquire(&entry->seq), block;
	uint16_t len = rh_load_relaxed(&entry->topic_len);
	const void *text = entry->topic;

	if (seq & 1 || !rh_load_relaxed(&entry->used) || len > RH_TOPIC_MAX)
		return false;
	block = rh_load_relaxed(&entry->block);
	if (len > DP_CACHE_TOPIC_BYTES) {
		/* Length and block of a torn row may belong to different topics. */
		if ((uint64_t)block * DP_SLAB_BLOCK_MIN + len >
			(uint64_t)cache->slab.units * DP_SLAB_BLOCK_MIN)
			return false;
		text = dp_slab_at(&cache->slab, block);
	}
	load_words(row->topic, text, len);
	row->topic[len] = '\0';
	row->tenant = rh_load_relaxed(&entry->tenant);
	row->receivers = rh_load_relaxed(&entry->count);
	row->events = rh_load_relaxed(&entry->events);
	/* What was read before the second look at seq; pairs with the fence in cache_lookup.c. */
	rh_fence_acquire();
	return rh_load_relaxed(&entry->seq) == seq;
}

void dp_match_topics_each(const struct dp_match *match,
	void (*cb)(void *arg, const struct dp_topic_row *row), void *arg)
{
	const struct dp_cache *cache = &match->cache;
	size_t ways = cache->bucket ? ((size_t)cache->mask + 1) * DP_CACHE_WAYS : 0;
	struct dp_topic_row row;

	row.worker = match->worker;
	for (size_t i = 0; i < ways; i++)
		if (read_row(cache, &cache->entry[i], &row))
			cb(arg, &row);
}
