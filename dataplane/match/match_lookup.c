/*
 * A burst in passes: what the result cache knows is answered first; the rest is searched in the
 * index together, and kept in the cache if there is room.
 */

#include "dataplane/match/match_lookup.h"

#include "dataplane/match/valid.h"

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

/* The first entry with @hash's tag, nearly always the only one; fetched. NULL: there is none. */
static inline struct dp_entry *entry_guess(const struct dp_cache *cache, uint64_t hash)
{
	unsigned ways = bucket_ways(cache, hash, dp_cache_tag(hash));
	struct dp_entry *entry;

	if (!ways)
		return NULL;
	entry = bucket_entries(cache, hash) + __builtin_ctz(ways);
	rh_prefetch(entry);
	rh_prefetch(entry->topic);
	return entry;
}

/* Not inline: what entry_guess says is nearly always right. */
static __attribute__((noinline)) struct dp_entry *cache_find(
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

static void give_result(struct dp_match *match, uint32_t count, struct dp_match_result *result)
{
	result->receivers = match->result + match->result_used;
	result->count = count;
	match->result_used += count;
}

/* Receivers of a cached entry without conditions; returns how many. */
static inline uint32_t answer_sure(struct dp_match *match, const struct dp_match_key *key,
	struct dp_entry *entry, struct dp_match_result *result)
{
	uint32_t count = entry->count;
	const struct dp_receiver *receivers = &entry->only;

	if (rh_unlikely(count != 1)) {
		receivers = dp_entry_receivers(&match->cache, entry);
		/* For the fan-out, which comes when the whole burst is matched. */
		rh_prefetch(receivers);
	}
	dp_entry_count(&match->cache, entry, key);
	*result = (struct dp_match_result){receivers, count, DP_MATCH_OK, true};
	return count;
}

/* After that, of one with conditions, about which payload and attributes decide; its payload was looked at ahead. */
static void answer_pending(struct dp_match *match, uint32_t event, const struct dp_match_key *key,
	struct dp_entry *entry, struct dp_match_result *result)
{
	dp_match_decide_cached(match, event, key, entry);
	give_result(match, match->walk_count, result);
}

/* Number of @key in this burst. */
static uint32_t event_of(const struct dp_match *match, const struct dp_match_key *key)
{
	size_t behind = (size_t)((const uint8_t *)key - (const uint8_t *)match->keys.first);

	return (uint32_t)(behind / match->keys.stride);
}

/* May its conditions be decided now? Whoever looks at a waiting copy again has to know now, and pays as well. */
static inline bool may_decide(struct dp_match *match, const struct dp_match_key *key)
{
	if (rh_unlikely(match->held) && match->held >> event_of(match, key) & 1)
		return false;
	return !match->meter.budget || match->cache.topics.again ||
	       dp_budget_allows(match->meter.budget, key->tenant, key->payload_len, match->cache.look);
}

static inline void answer_later(struct dp_match *match, struct dp_match_result *result)
{
	result->verdict = DP_MATCH_LATER;
	match->later++;
}

/* One event more to be looked at ahead: @entry, of its topic, has conditions. */
static inline void ahead_add(struct dp_match *match, const struct dp_match_key *key, const struct dp_entry *entry)
{
	struct dp_ahead *ahead = &match->ahead;
	const struct dp_patterns *patterns = dp_match_patterns(match, key->tenant);
	uint32_t n = ahead->events++;

	if (!(entry->pending & DP_KEYED_PATTERNS))
		patterns = NULL;
	ahead->key[n] = key;
	ahead->patterns[n] = patterns;
	/* Else none of them holds if no pattern is found. */
	ahead->judged |= (uint64_t)(!patterns || entry->pending != DP_KEYED_PATTERNS) << n;
}

static inline void ahead_begin(struct dp_match *match)
{
	match->ahead.events = 0;
	match->ahead.judged = 0;
}

/* Either, by itself: event number 0 of what is looked at ahead. @hit: the entry was there before. */
static void answer_from(struct dp_match *match, const struct dp_match_key *key,
	struct dp_entry *entry, bool hit, struct dp_match_result *result)
{
	(void)answer_sure(match, key, entry, result);
	result->cache_hit = hit;
	if (!entry->pending)
		return;
	if (!may_decide(match, key)) {
		answer_later(match, result);
		return;
	}
	dp_meter_begin(&match->meter, key->tenant);
	ahead_begin(match);
	ahead_add(match, key, entry);
	dp_judge_scan_ahead(match->judge, &match->ahead);
	if (match->ahead.judged)
		answer_pending(match, 0, key, entry, result);
	dp_meter_end(&match->meter);
}

/* After a collection that found conditions. */
static void answer_conditional(struct dp_match *match, uint32_t topic, const struct dp_match_key *key,
	struct dp_match_result *result)
{
	if (!may_decide(match, key)) {
		answer_later(match, result);
		return;
	}
	dp_meter_begin(&match->meter, key->tenant);
	if (match->candidates_overflow)
		dp_match_decide_again(match, topic, key);
	else
		dp_match_decide(match, key);
	dp_meter_end(&match->meter);
}

static void answer_uncached(struct dp_match *match, uint32_t topic, const struct dp_match_key *key,
	struct dp_match_result *result)
{
	if (match->candidates_overflow || match->candidate_count || match->keyed_count)
		answer_conditional(match, topic, key, result);
	give_result(match, match->walk_count, result);
}

/* False: too many candidates, or no room. */
static bool keep(struct dp_match *match, const struct dp_match_key *key, uint64_t hash,
	struct dp_entry *stale, struct dp_found *found, struct dp_entry **out)
{
	enum dp_kept kept = DP_KEPT_NO_ROOM;

	found->receivers = match->walk_to;
	found->count = match->walk_count;
	found->asked = (struct dp_asked){match->candidate_count, match->keyed_count, match->candidate, match->keyed};
	found->excluded = match->excluded;
	found->excluded_count = match->excluded_count;
	if (!match->candidates_overflow)
		kept = dp_cache_keep(&match->cache, key, hash, stale, found, out);
	rh_add_relaxed(&match->counters.evictions, kept == DP_KEPT_EVICTED);
	rh_add_relaxed(&match->counters.uncacheable, kept == DP_KEPT_NO_ROOM);
	return kept <= DP_KEPT_EVICTED;
}

static inline bool is_valid(struct dp_match *match, struct dp_entry *entry, uint64_t hash)
{
	if (rh_unlikely(!entry))
		return false;
	return rh_likely(entry->as_of == match->as_of) || dp_entry_still_valid(match, entry, hash);
}

/* What the search found for @topic, through the cache: an event before this one may have brought
 * the same topic. */
static void answer_cached(struct dp_match *match, uint32_t topic, const struct dp_match_key *key,
	uint64_t hash, struct dp_found *found, struct dp_match_result *result)
{
	struct dp_entry *entry = cache_find(&match->cache, key, hash);

	result->verdict = DP_MATCH_OK;
	result->cache_hit = false;
	if (is_valid(match, entry, hash)) {
		rh_add_relaxed(&match->counters.hits, 1);
		answer_from(match, key, entry, true, result);
		return;
	}
	rh_add_relaxed(&match->counters.misses, 1);
	rh_add_relaxed(&match->counters.stale, entry != NULL);
	dp_match_collect(match, topic);
	if (keep(match, key, hash, entry, found, &entry)) {
		answer_from(match, key, entry, false, result);
		return;
	}
	dp_topics_event(match, key, hash, entry, match->walk_count);
	answer_uncached(match, topic, key, result);
}

/* The usual answer: one receiver. False: it is another one. */
static inline bool answer_alone(struct dp_match *match, uint32_t topic, struct dp_match_result *result)
{
	const struct dp_set *alone = dp_match_alone(match, topic);

	if (rh_unlikely(!alone))
		return false;
	match->result[match->result_used] = dp_alone_receiver(alone);
	give_result(match, 1, result);
	return true;
}

/* Any other. How many of its receivers get it whatever the payload is. */
static __attribute__((noinline)) uint32_t answer_collected(struct dp_match *match, uint32_t topic,
	const struct dp_match_key *key, struct dp_match_result *result)
{
	uint32_t sure;

	dp_match_collect(match, topic);
	sure = match->walk_count;
	answer_uncached(match, topic, key, result);
	return sure;
}

/* What it found, which is not kept; returns the same. */
static inline uint32_t answer_passing(struct dp_match *match, uint32_t topic,
	const struct dp_match_key *key, struct dp_match_result *result)
{
	result->verdict = DP_MATCH_OK;
	result->cache_hit = false;
	return answer_alone(match, topic, result) ? 1 : answer_collected(match, topic, key, result);
}

/* The same beside a cache. An event of this burst may have brought the same topic in: its entry counts all from then on. */
static void event_pass(struct dp_match *match, uint32_t topic, const struct dp_match_key *key, uint64_t hash,
	struct dp_match_result *result)
{
	struct dp_entry *entry = cache_find(&match->cache, key, hash);

	dp_topics_event(match, key, hash, entry, answer_passing(match, topic, key, result));
}

/* Events of a burst that the cache has no answer for. */
struct misses {
	uint32_t count;
	uint64_t passing; /* a bit for each topic in the search: it is not to be kept */
	uint8_t event[DP_MATCH_BURST_MAX]; /* by number of the topic */
	struct dp_found found[DP_MATCH_BURST_MAX];
};

static_assert(DP_MATCH_BURST_MAX <= 64, "an event's number fits, and a bit for each");

static inline void misses_begin(struct misses *misses)
{
	misses->count = 0;
	misses->passing = 0;
}

/* Another topic would have to go for it, and it is not worth that yet. */
static inline bool is_declined(struct dp_cache *cache, uint64_t hash)
{
	return !bucket_ways(cache, hash, 0) &&
	       (dp_dice_roll(&cache->dice) >> 16) % DP_CACHE_ADMIT != 0;
}

/* Event number @event has to be searched for. @pass: the result is not kept. */
static inline void miss_add(struct misses *misses, uint32_t event, bool pass)
{
	misses->event[misses->count] = (uint8_t)event;
	misses->passing |= (uint64_t)pass << misses->count;
	misses->count++;
}

/* Nobody may publish those of @refused: what is left is searched for. */
static __attribute__((noinline)) void misses_refuse(struct dp_match *match, struct misses *misses, uint64_t refused,
	struct dp_match_result *results)
{
	uint64_t passing = misses->passing;
	uint32_t count = misses->count;

	misses_begin(misses);
	/* What is left moves to the front, never past what is still to be looked at. */
	for (uint32_t n = 0; n < count; n++) {
		if (!(refused >> n & 1)) {
			miss_add(misses, misses->event[n], passing >> n & 1);
			continue;
		}
		rh_add_relaxed(&match->counters.misses, 1);
		results[misses->event[n]] = (struct dp_match_result){.verdict = DP_MATCH_BAD_TOPIC};
	}
}

/* Cut the topics; none of them is refused then. */
static inline void misses_cut(struct dp_match *match, struct misses *misses, struct dp_match_keys keys,
	struct dp_match_result *results)
{
	uint64_t refused = dp_search_begin(match->search, keys, misses->event, misses->count);

	if (rh_likely(!refused))
		return;
	misses_refuse(match, misses, refused, results);
	(void)dp_search_begin(match->search, keys, misses->event, misses->count);
}

/* What the index says, some of it through the cache. */
static void misses_answer(struct dp_match *match, struct misses *misses,
	struct dp_match_keys keys, const uint64_t *hash, struct dp_match_result *results)
{
	uint64_t passing;

	misses_cut(match, misses, keys, results);
	passing = (uint64_t)__builtin_popcountll(misses->passing);
	rh_add_relaxed(&match->counters.misses, passing);
	rh_add_relaxed(&match->counters.declined, passing);
	/* Before the search: a change during it leaves the entry outdated, never wrong. After the hits: new entries are valid as of no earlier than their burst. */
	match->as_of = dp_part_changes(match->table->parts);
	for (uint32_t n = 0; n < misses->count; n++)
		if (!(misses->passing >> n & 1))
			dp_found_parts(match, n, dp_match_key_at(keys, misses->event[n]), &misses->found[n]);
	dp_search_run(match->search);
	for (uint32_t n = 0; n < misses->count; n++) {
		uint32_t event = misses->event[n];

		if (misses->passing >> n & 1)
			event_pass(match, n, dp_match_key_at(keys, event), hash[event], &results[event]);
		else
			answer_cached(match, n, dp_match_key_at(keys, event), hash[event], &misses->found[n],
				&results[event]);
	}
}

/* Events of a burst whose entries have conditions, by their number in match->ahead. */
struct pendings {
	uint8_t event[DP_MATCH_BURST_MAX];
	struct dp_entry *entry[DP_MATCH_BURST_MAX];
};

/* All that need it are scanned one right behind the other, then those that have more receivers, perhaps, are decided. */
static __attribute__((noinline)) void pendings_answer(struct dp_match *match, const struct pendings *pendings,
	struct dp_match_keys keys, struct dp_match_result *results)
{
	dp_meter_begin(&match->meter, dp_match_key_at(keys, pendings->event[0])->tenant);
	dp_judge_scan_ahead(match->judge, &match->ahead);
	for (uint64_t left = match->ahead.judged; left; left &= left - 1) {
		uint32_t n = (uint32_t)__builtin_ctzll(left), event = pendings->event[n];

		dp_meter_turn(&match->meter, dp_match_key_at(keys, event)->tenant);
		answer_pending(match, n, dp_match_key_at(keys, event), pendings->entry[n], &results[event]);
	}
	dp_meter_end(&match->meter);
}

/* One whose entry has conditions, and which has the receivers without. Apart, as all that is content's: the loop over hits has no register to spare. */
static __attribute__((noinline)) void pending_add(struct dp_match *match, struct pendings *pendings, uint32_t event, const struct dp_match_key *key,
	struct dp_entry *entry, struct dp_match_result *result)
{
	if (rh_unlikely(!may_decide(match, key))) {
		answer_later(match, result);
		return;
	}
	pendings->event[match->ahead.events] = (uint8_t)event;
	pendings->entry[match->ahead.events] = entry;
	ahead_add(match, key, entry);
}

/* Hash every topic and ask for its bucket. @repeated: of the same ones the first. */
static inline void buckets_ask(const struct dp_match *match, struct dp_match_keys keys, uint32_t count, bool repeated, uint64_t *hash)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct dp_match_key *key = dp_match_key_at(keys, i);

		if (repeated && key->same) {
			hash[i] = hash[i - 1];
			continue;
		}
		hash[i] = dp_match_key_hash(match, key);
		prefetch_bucket(&match->cache, hash[i]);
	}
}

/* Then for its entry. */
static inline void entries_ask(const struct dp_match *match, struct dp_match_keys keys, uint32_t count, bool repeated, const uint64_t *hash,
	struct dp_entry **guess)
{
	for (uint32_t i = 0; i < count; i++)
		if (!(repeated && dp_match_key_at(keys, i)->same))
			guess[i] = entry_guess(&match->cache, hash[i]);
}

/* Then for the stamps that say whether it is still valid. */
static inline void parts_ask(const struct dp_match *match, uint32_t count, struct dp_entry *const *guess)
{
	for (uint32_t i = 0; i < count; i++)
		if (rh_likely(guess[i]))
			dp_part_coarse_ask(match->table->parts, &guess[i]->at);
}

/* *@guess is no valid entry of @key's: another one may be, or it is still valid. An outdated one is left in *@guess, NULL where there is none. */
static __attribute__((noinline)) struct dp_entry *entry_settle(struct dp_match *match, const struct dp_match_key *key, uint64_t hash,
	struct dp_entry **guess)
{
	if (*guess && !dp_entry_is(&match->cache, *guess, key))
		*guess = cache_find(&match->cache, key, hash);
	return is_valid(match, *guess, hash) ? *guess : NULL;
}

/* The valid entry of @key, nearly always *@guess; NULL: there is none. */
static inline struct dp_entry *entry_of(struct dp_match *match, const struct dp_match_key *key, bool unsettled, const uint64_t *hash,
	struct dp_entry **guess)
{
	struct dp_entry *entry = *guess;

	if (rh_likely(entry && dp_entry_is(&match->cache, entry, key) &&
		      (entry->as_of == match->as_of || (unsettled && dp_entry_untouched(match, entry)))))
		return entry;
	return entry_settle(match, key, *hash, guess);
}

/* Answer what is known. @repeated: see dp_match_events. @unsettled: entries are likely to be of before the last change. */
static inline __attribute__((always_inline)) void cached_answer(struct dp_match *match,
	struct dp_match_keys keys, uint32_t count, bool repeated, bool unsettled, struct dp_match_result *results)
{
	uint64_t hash[DP_MATCH_BURST_MAX];
	struct dp_entry *guess[DP_MATCH_BURST_MAX], *entry = NULL; /* valid */
	struct pendings pendings;
	struct misses misses;
	uint64_t copies = 0;
	bool heard = true;

	misses_begin(&misses);
	ahead_begin(match);
	/* Where subscriptions change another core has it: asked for ahead of the topics' hashes, and read behind. */
	rh_prefetch(&match->table->parts->changes);
	buckets_ask(match, keys, count, repeated, hash);
	entries_ask(match, keys, count, repeated, hash, guess);
	match->as_of = dp_part_changes(match->table->parts);
	if (unsettled)
		parts_ask(match, count, guess);
	for (uint32_t i = 0; i < count; i++) {
		const struct dp_match_key *key = dp_match_key_at(keys, i);
		uint32_t receivers;

		/* What answered the key before answers the same one too: nothing has been loaded since. */
		if (repeated && key->same)
			guess[i] = guess[i - 1];
		else
			entry = entry_of(match, key, unsettled, &hash[i], &guess[i]);
		/* An outdated entry is written anew in its place: that displaces nobody. */
		if (rh_unlikely(!entry)) {
			miss_add(&misses, i, !guess[i] && is_declined(&match->cache, hash[i]));
			continue;
		}
		receivers = answer_sure(match, key, entry, &results[i]);
		copies += receivers;
		if (rh_unlikely(!receivers))
			heard = false;
		if (rh_unlikely(entry->pending))
			pending_add(match, &pendings, i, key, entry, &results[i]);
	}
	rh_add_relaxed(&match->counters.hits, count - misses.count);
	if (rh_likely(heard && !(misses.count | match->ahead.events | match->later)))
		match->sure_copies = copies;
	/* Before a miss displaces one of their entries. */
	if (rh_unlikely(match->ahead.events))
		pendings_answer(match, &pendings, keys, results);
	if (misses.count)
		misses_answer(match, &misses, keys, hash, results);
}

/* Apart: the usual one is not to pay for it. */
static __attribute__((noinline)) void cached_answer_unsettled(
	struct dp_match *match, struct dp_match_keys keys, uint32_t count, struct dp_match_result *results)
{
	match->unsettled--;
	cached_answer(match, keys, count, false, true, results);
}

/* Without a cache. */
static __attribute__((noinline)) void searched_answer(
	struct dp_match *match, struct dp_match_keys keys, uint32_t count, struct dp_match_result *results)
{
	struct misses misses;

	misses_begin(&misses);
	for (uint32_t i = 0; i < count; i++)
		miss_add(&misses, i, true);
	misses_cut(match, &misses, keys, results);
	rh_add_relaxed(&match->counters.misses, misses.count);
	dp_search_run(match->search);
	for (uint32_t n = 0; n < misses.count; n++)
		(void)answer_passing(match, n, dp_match_key_at(keys, misses.event[n]), &results[misses.event[n]]);
	dp_topics_sample(match, keys, misses.event, misses.count);
}

uint32_t dp_match_events(struct dp_match *match, struct dp_match_keys keys, uint32_t count, bool repeated,
	struct dp_match_result *results)
{
	assert(count <= DP_MATCH_BURST_MAX);
	match->result_used = 0;
	match->keys = keys;
	match->later = 0;
	match->sure_copies = 0;
	match->cache.look++;
	if (rh_unlikely(!match->cache.bucket))
		searched_answer(match, keys, count, results);
	else if (rh_unlikely(repeated))
		cached_answer(match, keys, count, true, false, results);
	else if (rh_unlikely(match->unsettled))
		cached_answer_unsettled(match, keys, count, results);
	else
		cached_answer(match, keys, count, false, false, results);
	if (rh_unlikely(match->sample_due) && count)
		dp_samples_look(match, keys, count);
	match->held = 0;
	return match->later;
}

uint64_t dp_match_sure_copies(const struct dp_match *match)
{
	return match->sure_copies;
}

void dp_match_hold(struct dp_match *match, uint64_t events)
{
	match->held = events;
}

void dp_match_counters(const struct dp_match *match, struct dp_match_counters *out)
{
	const struct dp_match_counters *from = &match->counters;

	*out = (struct dp_match_counters){
		.hits = rh_load_relaxed(&from->hits),
		.misses = rh_load_relaxed(&from->misses),
		.stale = rh_load_relaxed(&from->stale),
		.evictions = rh_load_relaxed(&from->evictions),
		.scans = rh_load_relaxed(&match->judge->scans),
		.declined = rh_load_relaxed(&from->declined),
		.uncacheable = rh_load_relaxed(&from->uncacheable),
		.scan_errors = rh_load_relaxed(&match->judge->scan_errors),
	};
}
