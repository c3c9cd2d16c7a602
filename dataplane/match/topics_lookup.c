#include "dataplane/match/topics.h"

#include "dataplane/match/match_priv.h"
#include "dataplane/match/seq.h"

static uint32_t weight_of(uint64_t events)
{
	return events < DP_TOPIC_WEIGHT_MAX ? (uint32_t)events : DP_TOPIC_WEIGHT_MAX;
}

static void crowd_add(struct dp_topics_memory *memory, uint64_t mixed)
{
	uint64_t bits = mixed * 0x9fb21c651e98df25ULL;
	uint8_t *reg = &memory->crowd[bits >> (64 - DP_TOPIC_CROWD_BITS)];
	/* Leading zeros behind the register's number, and one; the bit below bounds it. */
	uint8_t rank = (uint8_t)(__builtin_clzll(bits << DP_TOPIC_CROWD_BITS |
						 1ULL << (DP_TOPIC_CROWD_BITS - 1)) +
				 1);

	if (rank > *reg)
		rh_store_relaxed(reg, rank);
}

static void rest_add(
	struct dp_topics *topics, uint64_t id, uint16_t profile, uint64_t events, uint64_t bytes)
{
	uint64_t mixed = dp_topic_mix(id);

	rh_add_relaxed(&topics->rest_events, events);
	rh_add_relaxed(&topics->rest_bytes, bytes);
	for (unsigned row = 0; row < DP_TOPIC_ROWS; row++)
		rh_add_relaxed(&topics->memory->sketch[row][dp_topic_column(mixed, row)], events);
	crowd_add(topics->memory, mixed);
	if (rh_unlikely(profile > topics->profile_most))
		rh_store_relaxed(&topics->profile_most, profile);
}

static bool record_is(const struct dp_topic_record *record, const struct dp_topic_part *part)
{
	return record->id == part->id && record->topic_len == part->topic_len &&
	       record->tenant == part->tenant && record->profile == part->profile &&
	       memcmp(record->topic, part->topic, part->topic_len) == 0;
}

static int record_find(const struct dp_topic_set *set, const struct dp_topic_record *record,
	uint32_t tag, const struct dp_topic_part *part)
{
	for (unsigned ways = dp_ways_with(set->tag, tag); ways; ways &= ways - 1) {
		int way = __builtin_ctz(ways);

		if (record_is(&record[way], part))
			return way;
	}
	return -1;
}

static void record_add(struct dp_topic_record *record, const struct dp_topic_part *part)
{
	dp_seq_begin(&record->seq);
	rh_store_relaxed(&record->events, record->events + part->events);
	rh_store_relaxed(&record->bytes, record->bytes + part->bytes);
	rh_store_relaxed(&record->last, part->last);
	rh_store_relaxed(&record->receivers, part->receivers);
	dp_seq_end(&record->seq);
}

static void record_write(struct dp_topic_record *record, const struct dp_topic_part *part)
{
	dp_seq_begin(&record->seq);
	rh_store_relaxed(&record->id, part->id);
	rh_store_relaxed(&record->since, part->since);
	rh_store_relaxed(&record->last, part->last);
	rh_store_relaxed(&record->receivers, part->receivers);
	rh_store_relaxed(&record->events, part->events);
	rh_store_relaxed(&record->bytes, part->bytes);
	rh_store_relaxed(&record->tenant, part->tenant);
	rh_store_relaxed(&record->profile, part->profile);
	rh_store_relaxed(&record->topic_len, part->topic_len);
	dp_seq_copy(record->topic, part->topic, part->topic_len);
	dp_seq_end(&record->seq);
}

/* An empty way has no weight. */
static unsigned lightest(const struct dp_topic_set *set)
{
	return (unsigned)__builtin_ctz(dp_ways_with(set->weight, dp_ways_least(set->weight)));
}

/* With probability @newcomer / (@newcomer + @resident). */
static bool admitted(struct dp_topics *topics, uint32_t newcomer, uint32_t resident)
{
	return (uint64_t)dp_dice_roll(&topics->dice) * ((uint64_t)newcomer + resident) < (uint64_t)newcomer << 32;
}

void dp_topics_take(struct dp_topics *topics, const struct dp_topic_part *part)
{
	uint64_t mixed = dp_topic_mix(part->id);
	uint32_t s = dp_topic_set_of(mixed), tag = dp_topic_tag(mixed);
	struct dp_topic_set *set = &topics->memory->set[s];
	struct dp_topic_record *record = &topics->memory->record[s * DP_TOPIC_WAYS];
	uint32_t weight = weight_of(part->events);
	int found = record_find(set, record, tag, part);
	unsigned way = found >= 0 ? (unsigned)found : lightest(set);

	if (found >= 0) {
		record_add(&record[way], part);
		set->weight[way] = weight_of((uint64_t)set->weight[way] + weight);
		return;
	}
	if (set->tag[way] && !admitted(topics, weight, set->weight[way])) {
		rest_add(topics, part->id, part->profile, part->events, part->bytes);
		return;
	}
	/* Into the rest before the record says another topic: who sees that sees this. */
	if (set->tag[way])
		rest_add(topics, record[way].id, record[way].profile, record[way].events,
			record[way].bytes);
	record_write(&record[way], part);
	set->weight[way] = weight_of((uint64_t)set->weight[way] + weight);
	rh_store_release(&set->tag[way], tag);
}

void dp_topics_take_entry(struct dp_cache *cache, const struct dp_entry *entry)
{
	size_t at = (size_t)(entry - cache->entry);
	uint64_t place = at / DP_CACHE_WAYS, tag = cache->bucket[place].tag[at % DP_CACHE_WAYS];

	/* Nothing is left of an event that was taken back. */
	if (rh_unlikely(!entry->events))
		return;
	dp_topics_take(
		&cache->topics, &(struct dp_topic_part){.topic = dp_entry_topic(cache, entry),
					.id = dp_topic_id(&cache->topics, tag << 32 | place),
					.events = entry->events,
					.bytes = entry->bytes,
					.since = entry->since,
					.last = dp_look_stamp(entry->look),
					.receivers = entry->count,
					.tenant = entry->tenant,
					.profile = entry->profile,
					.topic_len = entry->topic_len});
}

/* @times: how many events this one stands for. */
static void take_event(struct dp_match *match, const struct dp_match_key *key, uint64_t hash,
	uint32_t receivers, uint32_t times)
{
	struct dp_topics *topics = &match->cache.topics;
	uint32_t stamp = dp_look_stamp(match->cache.look);

	dp_topics_take(topics, &(struct dp_topic_part){.topic = key->topic,
				       .id = dp_topic_id(topics, hash),
				       .events = times,
				       .bytes = (uint64_t)key->payload_len * times,
				       .since = stamp,
				       .last = stamp,
				       .receivers = receivers,
				       .tenant = key->tenant,
				       .profile = key->profile,
				       .topic_len = key->topic_len});
}

/* A sum of two throws: 1 to 31, and DP_TOPIC_SAMPLE in the mean, so that no rhythm of the traffic
 * hides from it. */
static uint32_t distance(struct dp_topics *topics)
{
	uint32_t thrown = dp_dice_roll(&topics->dice);

	return 1 + (thrown >> 28) + (thrown >> 24) % DP_TOPIC_SAMPLE;
}

static void sample(struct dp_match *match, uint32_t topic, const struct dp_match_key *key)
{
	if (match->cache.topics.again)
		return;
	dp_match_collect(match, topic);
	take_event(match, key, dp_match_key_hash(match, key), match->walk_count, DP_TOPIC_SAMPLE);
}

void dp_topics_sample(struct dp_match *match, struct dp_match_keys keys, const uint8_t *event,
	uint32_t count)
{
	struct dp_topics *topics = &match->cache.topics;
	uint32_t next = topics->skip;

	/* 1 is the first. */
	for (; next <= count; next += distance(topics))
		sample(match, next - 1, dp_match_key_at(keys, event[next - 1]));
	topics->skip = next - count;
}

void dp_topics_event(struct dp_match *match, const struct dp_match_key *key, uint64_t hash,
	struct dp_entry *stale, uint32_t receivers)
{
	if (stale && stale->used)
		dp_entry_count(&match->cache, stale, key);
	else if (!match->cache.topics.again)
		take_event(match, key, hash, receivers, 1);
}

/* The counting that dp_entry_count has just done. */
static void uncount(struct dp_match *match, const struct dp_match_key *key)
{
	struct dp_cache *cache = &match->cache;
	uint64_t hash = dp_match_key_hash(match, key);
	uint32_t place = (uint32_t)hash & cache->mask;
	struct dp_entry *entry = &cache->entry[(size_t)place * DP_CACHE_WAYS];

	for (unsigned way = 0; way < DP_CACHE_WAYS; way++, entry++) {
		if (cache->bucket[place].tag[way] != dp_cache_tag(hash) ||
			!dp_entry_is(cache, entry, key))
			continue;
		rh_store_relaxed(&entry->events, entry->events - 1);
		rh_store_relaxed(&entry->bytes, entry->bytes - key->payload_len);
		return;
	}
}

void dp_match_again(
	struct dp_match *match, const struct dp_match_key *key, struct dp_match_result *result)
{
	match->cache.topics.again = true;
	dp_match_burst(match, key, 1, result);
	match->cache.topics.again = false;
	if (match->cache.bucket && result->verdict == DP_MATCH_OK)
		uncount(match, key);
}

void dp_match_tick(struct dp_match *match, uint64_t now_tsc)
{
	struct dp_cache *cache = &match->cache;
	uint32_t stamp = (uint32_t)(now_tsc >> DP_TOPIC_STAMP_SHIFT);
	struct dp_topic_set *set = &cache->topics.memory->set[cache->topics.aging];

	dp_samples_tick(match, now_tsc);
	if (rh_likely(stamp == dp_look_stamp(cache->look)))
		return;
	cache->look = (uint64_t)stamp << 32 | dp_look_burst(cache->look);
	for (unsigned way = 0; way < DP_TOPIC_WAYS; way++)
		set->weight[way] /= 2;
	cache->topics.aging = (cache->topics.aging + 1) % DP_TOPIC_SETS;
}
