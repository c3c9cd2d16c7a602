/*
 * A burst in passes: what the result cache knows is answered first; the rest is searched in the
 * index together, and kept in the cache if there is room.
 */

#include "dataplane/match/match_lookup.h"

#include "dataplane/match/match_priv.h"

uint64_t dp_match_begin(struct dp_match *match)
{
	/* Generation first: the snapshot loaded after it is at least as new. Pairs with
	 * dp_table_publish. */
	match->generation = rh_load_acquire(&match->table->generation);
	match->snapshot = rh_rcu_deref(match->table->snapshot);
	return match->generation;
}

uint32_t dp_match_sub_tag(const struct dp_match *match, dp_sub_id_t sub)
{
	/* A slot is another's only after a grace period, so after this burst. */
	const struct dp_slot *slot = dp_slot_at(match->table, sub);

	return slot ? rh_load_acquire(&slot->tag) : 0;
}

bool dp_match_sub_alive(const struct dp_match *match, dp_sub_id_t sub, uint32_t sub_tag)
{
	return sub_tag && dp_match_sub_tag(match, sub) == sub_tag;
}

bool dp_match_excepted_since(
	const struct dp_match *match, dp_session_id_t session, uint32_t generation)
{
	/* Another worker may have matched it under a later one than ours. */
	int32_t since = (int32_t)(generation - (uint32_t)match->generation);

	return rh_load_relaxed(&match->table->excepted_at[session]) >
	       match->generation + (uint64_t)(int64_t)since;
}

static inline struct dp_entry *bucket_entries(const struct dp_cache *cache, uint64_t hash)
{
	return &cache->entry[(size_t)((uint32_t)hash & cache->mask) * DP_CACHE_WAYS];
}

/* Ways of @hash's bucket that have @tag. */
static inline unsigned bucket_ways(const struct dp_cache *cache, uint64_t hash, uint32_t tag)
{
	return dp_ways_with(cache->bucket[(uint32_t)hash & cache->mask].tag, tag);
}

static inline void prefetch_bucket(const struct dp_cache *cache, uint64_t hash)
{
	rh_prefetch(&cache->bucket[(uint32_t)hash & cache->mask]);
}

static inline void prefetch_entry(const struct dp_cache *cache, uint64_t hash)
{
	unsigned ways = bucket_ways(cache, hash, dp_cache_tag(hash));
	const struct dp_entry *entry;

	if (!ways)
		return;
	entry = bucket_entries(cache, hash) + __builtin_ctz(ways);
	rh_prefetch(entry);
	rh_prefetch(entry->topic);
}

static inline struct dp_entry *cache_find(
	const struct dp_cache *cache, const struct dp_match_key *key, uint64_t hash)
{
	unsigned ways = bucket_ways(cache, hash, dp_cache_tag(hash));
	struct dp_entry *entries = bucket_entries(cache, hash);

	for (; ways; ways &= ways - 1) {
		struct dp_entry *entry = entries + __builtin_ctz(ways);

		if (rh_likely(dp_entry_is(cache, entry, key)))
			return entry;
	}
	return NULL;
}

/* The parts of the topic space that the result of @topic depends on. @hash: dp_match_key_hash's. */
static void found_parts(const struct dp_match *match, uint32_t topic, uint64_t hash,
	const struct dp_match_key *key, struct dp_found *found)
{
	const struct dp_search *search = match->search;
	const struct dp_cut *cut = &search->cut[topic];
	uint64_t tenant = search->index->tenant_hash[key->tenant];
	uint32_t levels = cut->topic.levels;
	uint64_t first = levels > 0 ? tenant + cut->hash[0] : tenant;

	found->at = (struct dp_part_at){.root = dp_part_root(first)};
	if (levels > 1) {
		found->at.second = dp_part_level(tenant + cut->hash[1]);
		found->at.pair = dp_part_pair(first + cut->hash[1]);
	}
	if (levels > 2)
		found->at.third = dp_part_level(tenant + cut->hash[2]);
	found->seen = dp_part_look(match->table->parts, key->tenant,
		dp_part_topic(hash ^ dp_profile_hash(key->profile)), &found->at);
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
	/* For the fan-out, which comes when the whole burst is matched. */
	if (entry->count > 1)
		rh_prefetch(receivers);
	if (rh_likely(!entry->candidates))
		return;
	memcpy(to, receivers, entry->count * sizeof(*to));
	give_result(match,
		entry->count + dp_match_decide(match, key,
				       dp_entry_candidates(&match->cache, entry), entry->candidates,
				       to + entry->count),
		result);
}

static void answer_uncached(struct dp_match *match, uint32_t topic, const struct dp_match_key *key,
	struct dp_match_result *result)
{
	if (match->candidates_overflow)
		dp_match_decide_again(match, topic, key);
	else if (match->candidate_count)
		match->walk_count += dp_match_decide(match, key, match->candidate,
			match->candidate_count, match->walk_to + match->walk_count);
	give_result(match, match->walk_count, result);
}

/* False: too many candidates, or no room. */
static bool keep(struct dp_match *match, const struct dp_match_key *key, uint64_t hash,
	struct dp_entry *stale, struct dp_found *found, struct dp_entry **out)
{
	enum dp_kept kept = DP_KEPT_NO_ROOM;

	found->receivers = match->walk_to;
	found->count = match->walk_count;
	found->candidates = match->candidate;
	found->candidate_count = match->candidate_count;
	if (!match->candidates_overflow)
		kept = dp_cache_keep(&match->cache, key, hash, stale, found, out);
	rh_add_relaxed(&match->counters.evictions, kept == DP_KEPT_EVICTED);
	rh_add_relaxed(&match->counters.uncacheable, kept == DP_KEPT_NO_ROOM);
	return kept <= DP_KEPT_EVICTED;
}

/* Something changed on a side of its topic: near it? If not, this is the count from now on. */
static bool is_still_valid(
	const struct dp_match *match, struct dp_entry *entry, uint64_t hash)
{
	const struct dp_parts *parts = match->table->parts;
	uint32_t topic = dp_part_topic(hash ^ dp_profile_hash(entry->profile));
	uint32_t wild = dp_part_coarse_wild(parts, entry->tenant, &entry->at);
	uint32_t root = dp_part_coarse_root(parts, &entry->at);

	if (wild != entry->wild &&
		dp_part_fine_wild(parts, entry->tenant, &entry->at) != entry->fine_wild)
		entry->outdated = true;
	if (root != entry->root &&
		dp_part_fine_root(parts, topic, &entry->at) != entry->fine_root)
		entry->outdated = true;
	if (entry->outdated)
		return false;
	entry->wild = wild;
	entry->root = root;
	return true;
}

static inline bool is_valid(const struct dp_match *match, struct dp_entry *entry, uint64_t hash)
{
	const struct dp_parts *parts = match->table->parts;

	if (rh_unlikely(!entry || entry->outdated))
		return false;
	if (rh_unlikely(dp_look_stamp(match->cache.look) - dp_look_stamp(entry->look) > DP_CACHE_AGE))
		return false;
	return rh_likely(entry->wild == dp_part_coarse_wild(parts, entry->tenant, &entry->at) &&
			 entry->root == dp_part_coarse_root(parts, &entry->at)) ||
	       is_still_valid(match, entry, hash);
}

static inline void answer_hit(struct dp_match *match, const struct dp_match_key *key,
	struct dp_entry *entry, struct dp_match_result *result)
{
	result->cache_hit = true;
	rh_add_relaxed(&match->counters.hits, 1);
	answer_from(match, key, entry, result);
}

/* What the search found for @topic, through the cache: an event before this one may have brought
 * the same topic. */
static void answer_cached(struct dp_match *match, uint32_t topic, const struct dp_match_key *key,
	uint64_t hash, struct dp_found *found, struct dp_match_result *result)
{
	struct dp_entry *entry = cache_find(&match->cache, key, hash);

	if (is_valid(match, entry, hash)) {
		answer_hit(match, key, entry, result);
		return;
	}
	rh_add_relaxed(&match->counters.misses, 1);
	rh_add_relaxed(&match->counters.stale, entry != NULL);
	dp_match_collect(match, topic);
	if (keep(match, key, hash, entry, found, &entry)) {
		answer_from(match, key, entry, result);
		return;
	}
	dp_topics_uncached(match, key, hash, entry, match->walk_count);
	answer_uncached(match, topic, key, result);
}

/* What it found, which is not kept; or there is no cache. */
static inline void answer_passing(struct dp_match *match, uint32_t topic,
	const struct dp_match_key *key, uint64_t hash, struct dp_match_result *result)
{
	const struct dp_set *alone = dp_match_alone(match, topic);
	struct dp_entry *entry = NULL;

	/* An event of this burst may have brought it in: its entry counts all from then on. */
	if (match->cache.bucket)
		entry = cache_find(&match->cache, key, hash);
	if (rh_likely(alone != NULL)) {
		match->result[match->result_used] = dp_alone_receiver(alone);
		give_result(match, 1, result);
		dp_topics_uncached(match, key, hash, entry, 1);
		return;
	}
	dp_match_collect(match, topic);
	dp_topics_uncached(match, key, hash, entry, match->walk_count);
	answer_uncached(match, topic, key, result);
}

/* Events of a burst that the cache has no answer for. */
struct misses {
	uint32_t count;
	uint64_t passing; /* a bit for each topic in the search: it is not to be kept */
	uint8_t event[DP_MATCH_BURST_MAX]; /* by number of the topic */
	struct dp_found found[DP_MATCH_BURST_MAX];
};

static_assert(DP_MATCH_BURST_MAX <= 64, "an event's number fits, and a bit for each");

/* Another topic would have to go for it, and it is not worth that yet. */
static inline bool is_declined(struct dp_cache *cache, uint64_t hash)
{
	return !bucket_ways(cache, hash, 0) &&
	       (dp_dice_roll(&cache->dice) >> 16) % DP_CACHE_ADMIT != 0;
}

/* Prepare the search for @key; false: nobody may publish that. @pass: the result is not kept. */
static inline bool miss_prepare(struct dp_match *match, struct misses *misses,
	const struct dp_match_key *key, uint64_t hash, uint32_t event, bool pass)
{
	struct dp_search *search = match->search;
	uint32_t topic = misses->count;

	if (key->tenant >= DP_LIMIT_TENANTS ||
		!dp_cut_make(&search->cut[topic], &search->index->secret, key->topic,
			key->topic_len))
		return false;
	dp_search_add(search, topic, key->tenant);
	misses->event[topic] = (uint8_t)event;
	misses->passing |= (uint64_t)pass << topic;
	/* Before the search: a change during it leaves the entry outdated, never wrong. */
	if (!pass)
		found_parts(match, topic, hash, key, &misses->found[topic]);
	misses->count++;
	return true;
}

static inline void miss_add(struct dp_match *match, struct misses *misses,
	const struct dp_match_key *key, uint64_t hash, uint32_t event, bool pass,
	struct dp_match_result *result)
{
	result->cache_hit = false;
	result->verdict = DP_MATCH_OK;
	if (rh_likely(miss_prepare(match, misses, key, hash, event, pass)))
		return;
	rh_add_relaxed(&match->counters.misses, 1);
	*result = (struct dp_match_result){.verdict = DP_MATCH_BAD_TOPIC};
}

static void misses_answer(struct dp_match *match, struct misses *misses,
	const struct dp_match_key *keys, const uint64_t *hash, struct dp_match_result *results)
{
	uint64_t passing = (uint64_t)__builtin_popcountll(misses->passing);

	rh_add_relaxed(&match->counters.misses, passing);
	rh_add_relaxed(&match->counters.declined, match->cache.bucket ? passing : 0);
	match->search->topics = misses->count;
	dp_search_run(match->search);
	for (uint32_t i = 0; i < misses->count; i++) {
		uint32_t event = misses->event[i];

		if (misses->passing >> i & 1)
			answer_passing(match, i, &keys[event], hash[event],
				&results[event]);
		else
			answer_cached(match, i, &keys[event], hash[event], &misses->found[i],
				&results[event]);
	}
}

/* Hash every topic (of the same ones the first) and ask for its bucket, then for its entry; then answer what is known. */
static void hits_answer(struct dp_match *match, struct misses *misses,
	const struct dp_match_key *keys, uint32_t count, uint64_t *hash,
	struct dp_match_result *results)
{
	struct dp_entry *found = NULL, *entry = NULL; /* valid */

	for (uint32_t i = 0; i < count; i++) {
		if (keys[i].same) {
			hash[i] = hash[i - 1];
			continue;
		}
		hash[i] = dp_match_key_hash(match, &keys[i]);
		prefetch_bucket(&match->cache, hash[i]);
	}
	for (uint32_t i = 0; i < count; i++)
		if (!keys[i].same)
			prefetch_entry(&match->cache, hash[i]);
	for (uint32_t i = 0; i < count; i++) {
		/* What answered the key before answers the same one too: nothing has been loaded since. */
		if (!keys[i].same || !entry) {
			found = cache_find(&match->cache, &keys[i], hash[i]);
			entry = rh_likely(is_valid(match, found, hash[i])) ? found : NULL;
		}
		/* An outdated entry is written anew in its place: that displaces nobody. */
		if (rh_likely(entry != NULL))
			answer_hit(match, &keys[i], entry, &results[i]);
		else
			miss_add(match, misses, &keys[i], hash[i], i,
				!found && is_declined(&match->cache, hash[i]), &results[i]);
	}
}

/* Without a cache. */
static void misses_only(struct dp_match *match, struct misses *misses,
	const struct dp_match_key *keys, uint32_t count, uint64_t *hash,
	struct dp_match_result *results)
{
	for (uint32_t i = 0; i < count; i++) {
		hash[i] = 0;
		miss_add(match, misses, &keys[i], 0, i, true, &results[i]);
	}
}

void dp_match_burst(struct dp_match *match, const struct dp_match_key *keys, uint32_t count,
	struct dp_match_result *results)
{
	uint64_t hash[DP_MATCH_BURST_MAX];
	struct misses misses;

	assert(count <= DP_MATCH_BURST_MAX);
	misses.count = 0;
	misses.passing = 0;
	match->result_used = 0;
	match->cache.look++;
	if (match->cache.bucket)
		hits_answer(match, &misses, keys, count, hash, results);
	else
		misses_only(match, &misses, keys, count, hash, results);
	if (misses.count)
		misses_answer(match, &misses, keys, hash, results);
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
		.declined = rh_load_relaxed(&from->declined),
		.uncacheable = rh_load_relaxed(&from->uncacheable),
		.scan_errors = rh_load_relaxed(&from->scan_errors),
	};
}
