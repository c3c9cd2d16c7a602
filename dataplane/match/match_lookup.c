/*
 * A burst in passes: hash every topic and prefetch its bucket; find the way and prefetch its entry;
 * then answer one by one. An answer that the cache does not have comes from the index and is kept
 * if there is room.
 */

#include "dataplane/match/match_lookup.h"

#include "dataplane/match/match_priv.h"

#ifdef __AVX2__
#include <immintrin.h>
#endif

uint64_t dp_match_begin(struct dp_match *match)
{
	/* Generation first: the snapshot loaded after it is at least as new. Pairs with
	 * dp_table_publish. */
	uint64_t generation = rh_load_acquire(&match->table->generation);

	match->snapshot = rh_rcu_deref(match->table->snapshot);
	return generation;
}

bool dp_match_sub_alive(const struct dp_match *match, dp_sub_id_t sub, uint32_t sub_tag)
{
	const struct dp_slot *slot = dp_slot_at(match->table, sub);

	return slot && rh_load_acquire(&slot->tag) == sub_tag;
}

/* Bit i: way i has the tag. */
static inline unsigned ways_with(const struct dp_bucket *bucket, uint32_t tag)
{
#ifdef __AVX2__
	__m256i tags = _mm256_load_si256((const __m256i *)bucket->tag);
	__m256i equal = _mm256_cmpeq_epi32(tags, _mm256_set1_epi32((int)tag));

	return (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(equal));
#else
	unsigned ways = 0;

	for (unsigned i = 0; i < DP_CACHE_WAYS; i++)
		ways |= (unsigned)(bucket->tag[i] == tag) << i;
	return ways;
#endif
}

static inline struct dp_entry *bucket_entries(const struct dp_cache *cache, uint64_t hash)
{
	return &cache->entry[(size_t)((uint32_t)hash & cache->mask) * DP_CACHE_WAYS];
}

static inline void prefetch_bucket(const struct dp_cache *cache, uint64_t hash)
{
	rh_prefetch(&cache->bucket[(uint32_t)hash & cache->mask]);
}

static inline void prefetch_entry(const struct dp_cache *cache, uint64_t hash)
{
	unsigned ways = ways_with(&cache->bucket[(uint32_t)hash & cache->mask], dp_cache_tag(hash));
	const struct dp_entry *entry;

	if (!ways)
		return;
	entry = bucket_entries(cache, hash) + __builtin_ctz(ways);
	rh_prefetch(entry);
	rh_prefetch(entry->topic);
	rh_prefetch(entry->receiver);
}

static inline struct dp_entry *cache_find(
	const struct dp_cache *cache, const struct dp_match_key *key, uint64_t hash)
{
	unsigned ways = ways_with(&cache->bucket[(uint32_t)hash & cache->mask], dp_cache_tag(hash));
	struct dp_entry *entries = bucket_entries(cache, hash);

	for (; ways; ways &= ways - 1) {
		struct dp_entry *entry = entries + __builtin_ctz(ways);

		if (rh_likely(dp_entry_is(cache, entry, key)))
			return entry;
	}
	return NULL;
}

static inline uint64_t gen_sum(const struct dp_table *table, uint16_t tenant, const uint32_t *gen)
{
	return rh_load_acquire(&table->gens[tenant]) + rh_load_acquire(&table->gens[gen[0]]) +
	       rh_load_acquire(&table->gens[gen[1]]);
}

/* The parts of the topic space that this topic's result depends on. */
static void found_gens(const struct dp_match *match, uint16_t id, struct dp_found *found)
{
	const struct rh_topic *topic = &match->topic;
	uint64_t hash = dp_tenant_hash(id, match->table->conf.seed);

	hash = dp_level_hash(topic->text, topic->size[0], hash);
	found->gen[0] = dp_gen_level1(hash);
	if (topic->levels > 1)
		hash = dp_level_hash(topic->text + topic->start[1], topic->size[1], hash);
	found->gen[1] = dp_gen_level2(hash);
	found->sum = gen_sum(match->table, id, found->gen);
}

static void give_result(struct dp_match *match, uint32_t count, struct dp_match_result *result)
{
	result->receivers = match->result + match->result_used;
	result->count = count;
	match->result_used += count;
}

/* Receivers of a cached entry; the payload decides about its candidates. */
static void answer_from(struct dp_match *match, const struct dp_match_key *key,
	struct dp_entry *entry, struct dp_match_result *result)
{
	const struct dp_receiver *receivers = dp_entry_receivers(&match->cache, entry);
	struct dp_receiver *to = match->result + match->result_used;

	dp_entry_count(&match->cache, entry, key);
	result->verdict = DP_MATCH_OK;
	result->receivers = receivers;
	result->count = entry->count;
	if (rh_likely(!entry->candidates))
		return;
	memcpy(to, receivers, entry->count * sizeof(*to));
	give_result(match,
		entry->count + dp_match_decide(match, key,
				       dp_entry_candidates(&match->cache, entry), entry->candidates,
				       to + entry->count),
		result);
}

static void answer_uncached(struct dp_match *match, const struct dp_tenant *tenant,
	const struct dp_match_key *key, struct dp_match_result *result)
{
	if (match->candidates_overflow)
		dp_match_decide_by_walk(match, tenant, key);
	else if (match->candidate_count)
		match->walk_count += dp_match_decide(match, key, match->candidate,
			match->candidate_count, match->walk_to + match->walk_count);
	give_result(match, match->walk_count, result);
}

/* Cache switched off, too many candidates, or no room. */
static bool keep(struct dp_match *match, const struct dp_match_key *key, uint64_t hash,
	struct dp_entry *stale, struct dp_found *found, struct dp_entry **out)
{
	bool evicted = false, kept;

	if (!match->cache.bucket)
		return false;
	found->receivers = match->walk_to;
	found->count = match->walk_count;
	found->candidates = match->candidate;
	found->candidate_count = match->candidate_count;
	kept = !match->candidates_overflow &&
	       dp_cache_keep(&match->cache, key, hash, stale, found, out, &evicted);
	rh_add_relaxed(&match->counters.evictions, evicted);
	rh_add_relaxed(&match->counters.uncacheable, !kept);
	return kept;
}

static __attribute__((noinline)) void answer_miss(struct dp_match *match,
	const struct dp_match_key *key, uint64_t hash, struct dp_entry *stale,
	struct dp_match_result *result)
{
	const struct dp_tenant *tenant;
	struct dp_found found;
	struct dp_entry *entry;

	*result = (struct dp_match_result){.verdict = DP_MATCH_OK};
	rh_add_relaxed(&match->counters.misses, 1);
	if (key->tenant >= DP_LIMIT_TENANTS ||
		rh_topic_parse(key->topic, key->topic_len, &match->topic, NULL)) {
		result->verdict = DP_MATCH_BAD_TOPIC;
		return;
	}
	/* Before the walk: a change during it leaves the entry outdated, never wrong. */
	found_gens(match, key->tenant, &found);
	tenant = rh_rcu_deref(match->table->tenant[key->tenant]);
	dp_match_walk(match, tenant);
	if (keep(match, key, hash, stale, &found, &entry)) {
		answer_from(match, key, entry, result);
		return;
	}
	dp_topics_uncached(match, key, hash, stale, match->walk_count);
	answer_uncached(match, tenant, key, result);
}

static inline void answer(struct dp_match *match, const struct dp_match_key *key, uint64_t hash,
	struct dp_match_result *result)
{
	struct dp_entry *entry = cache_find(&match->cache, key, hash);

	if (rh_likely(entry && entry->sum == gen_sum(match->table, entry->tenant, entry->gen))) {
		result->cache_hit = true;
		rh_add_relaxed(&match->counters.hits, 1);
		answer_from(match, key, entry, result);
		return;
	}
	rh_add_relaxed(&match->counters.stale, entry != NULL);
	answer_miss(match, key, hash, entry, result);
}

void dp_match_burst(struct dp_match *match, const struct dp_match_key *keys, uint32_t count,
	struct dp_match_result *results)
{
	uint64_t hash[DP_MATCH_BURST_MAX];

	assert(count <= DP_MATCH_BURST_MAX);
	match->result_used = 0;
	match->cache.look++;
	if (!match->cache.bucket) {
		for (uint32_t i = 0; i < count; i++)
			answer_miss(match, &keys[i], 0, NULL, &results[i]);
		return;
	}
	for (uint32_t i = 0; i < count; i++) {
		hash[i] = dp_match_key_hash(match, &keys[i]);
		prefetch_bucket(&match->cache, hash[i]);
	}
	for (uint32_t i = 0; i < count; i++)
		prefetch_entry(&match->cache, hash[i]);
	for (uint32_t i = 0; i < count; i++)
		answer(match, &keys[i], hash[i], &results[i]);
}

void dp_match_counters(const struct dp_match *match, struct dp_match_counters *out)
{
	const struct dp_match_counters *from = &match->counters;

	*out = (struct dp_match_counters){
		.hits = rh_load_relaxed(&from->hits),
		.misses = rh_load_relaxed(&from->misses),
		.stale = rh_load_relaxed(&from->stale),
		.evictions = rh_load_relaxed(&from->evictions),
		.scans = rh_load_relaxed(&from->scans),
		.uncacheable = rh_load_relaxed(&from->uncacheable),
		.scan_errors = rh_load_relaxed(&from->scan_errors),
	};
}
