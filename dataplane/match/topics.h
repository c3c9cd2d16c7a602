#pragma once

/*
 * What was published, by topic, for `show topics`: one worker's memory of it, which never grows.
 *
 * While a topic has an entry in the result cache, its events are counted there (cache.h). When the
 * entry goes, its counts go to the topic's record, if it has one or is given one, else to the rest.
 * So every event is in exactly one place, an entry, a record or the rest, and moves only in that
 * order.
 *
 *  - Records are exact. They stand in sets of eight; a full set takes a newcomer of c events in
 *    place of its record of least weight w with probability c / (c + w), and the newcomer inherits
 *    that weight (randomized admission: Ben Basat et al., 2017). So a crowd of rare topics does not
 *    wash out the frequent ones. Weights are halved every half minute or so: what was frequent
 *    yesterday makes room.
 *  - The rest is summed up, and sketched: a Count-Min sketch (Cormode, Muthukrishnan, 2005) says
 * how many of the rest's events a topic had at most, never too few; a HyperLogLog (Flajolet et al.,
 *    2007) how many topics are in it.
 *
 * With the result cache switched off one event in DP_TOPIC_SAMPLE is looked at, and nothing is
 * exact.
 *
 * Written by its worker alone, with relaxed stores; read by control. The seq of a record is odd
 * while it is written.
 */

#include "dataplane/base/compiler.h"
#include "dataplane/base/topic_limits.h"
#include "dataplane/match/ways.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#define DP_TOPIC_WAYS	 DP_WAYS
#define DP_TOPIC_SETS	 256
#define DP_TOPIC_RECORDS (DP_TOPIC_SETS * DP_TOPIC_WAYS)

/* The sketch: with 4 rows it says too much by more than e / columns of the rest in 2 of 100 cases.
 */
#define DP_TOPIC_ROWS	     4
#define DP_TOPIC_COLUMN_BITS 11
#define DP_TOPIC_COLUMNS     (1u << DP_TOPIC_COLUMN_BITS)
/* 16,384 registers: standard error 1.04 / 128 = 0.8 %. */
#define DP_TOPIC_CROWD_BITS 14
#define DP_TOPIC_CROWD	    (1u << DP_TOPIC_CROWD_BITS)
/* Mean distance of the events looked at when there is no cache. */
#define DP_TOPIC_SAMPLE 16
/* Times are kept as TSC >> 28: a tenth of a second at 2.7 GHz, and 13 years in 32 bits. */
#define DP_TOPIC_STAMP_SHIFT 28
#define DP_TOPIC_WEIGHT_MAX  (1u << 30)

struct dp_cache;
struct dp_entry;
struct dp_match;
struct dp_match_key;
struct dp_match_keys;

struct dp_topic_set {
	uint32_t tag[DP_TOPIC_WAYS]; /* 0: empty */
	uint32_t weight[DP_TOPIC_WAYS];
} rh_cache_aligned;

struct dp_topic_record {
	uint32_t seq;
	uint32_t since, last; /* stamps */
	uint32_t receivers;
	uint64_t id; /* dp_topic_id of its topic */
	uint64_t events, bytes;
	uint16_t tenant, profile, topic_len;
	char topic[RH_TOPIC_MAX] __attribute__((aligned(4)));
} rh_cache_aligned;

/* Large and reached only when an entry goes: kept apart from the cache, in pages of its own. */
struct dp_topics_memory {
	struct dp_topic_set set[DP_TOPIC_SETS];
	uint64_t sketch[DP_TOPIC_ROWS][DP_TOPIC_COLUMNS];
	uint8_t crowd[DP_TOPIC_CROWD];
	struct dp_topic_record record[DP_TOPIC_RECORDS]; /* of set s: from s * DP_TOPIC_WAYS on */
};

struct dp_topics {
	struct dp_topics_memory *memory;
	uint64_t rest_events, rest_bytes;
	uint32_t id_mask; /* bits of the lower half of a topic's hash that make its id */
	uint32_t started; /* stamp */
	uint32_t dice;
	uint32_t skip;	       /* events until the next that is looked at; without a cache */
	uint32_t aging;	       /* next set whose weights are halved */
	uint16_t profile_most; /* of topics in the rest */
	bool again;	       /* the burst is one event that was counted before */
};

/* The next random number: Numerical Recipes' quick generator; the high bits are the better ones. */
static inline uint32_t dp_dice_roll(uint32_t *dice)
{
	return *dice = *dice * 1664525u + 1013904223u;
}

/* Counts of a topic on the way to its record or the rest. */
struct dp_topic_part {
	const char *topic;
	uint64_t id;
	uint64_t events, bytes;
	uint32_t since, last, receivers;
	uint16_t tenant, profile, topic_len;
};

/*
 * What is left of a topic's hash in the result cache, where its place is the lower half and its tag
 * the upper one: an evicted entry needs no hashing.
 */
static inline uint64_t dp_topic_id(const struct dp_topics *topics, uint64_t hash)
{
	return (hash & (uint64_t)UINT32_MAX << 32) | 1ULL << 32 | (hash & topics->id_mask);
}

/* An id's bits, spread. */
static inline uint64_t dp_topic_mix(uint64_t id)
{
	id *= 0x9e3779b97f4a7c15ULL;
	id ^= id >> 32;
	id *= 0xd6e8feb86659fd93ULL;
	return id ^ id >> 32;
}

static inline uint32_t dp_topic_set_of(uint64_t mixed)
{
	return (uint32_t)(mixed >> 48) % DP_TOPIC_SETS;
}

static inline uint32_t dp_topic_tag(uint64_t mixed)
{
	return (uint32_t)mixed | 1;
}

static inline uint32_t dp_topic_column(uint64_t mixed, unsigned row)
{
	return (uint32_t)(mixed >> row * DP_TOPIC_COLUMN_BITS) % DP_TOPIC_COLUMNS;
}

static_assert(DP_TOPIC_ROWS * DP_TOPIC_COLUMN_BITS <= 48, "rows have bits of their own");

/* -ENOMEM. @id_mask: as in the struct. Ctx: control. */
int dp_topics_init(struct dp_topics *topics, uint32_t id_mask, uint32_t stamp);
void dp_topics_fini(struct dp_topics *topics);

/* @part's events happened, and are counted nowhere else any more. Ctx: worker. */
void dp_topics_take(struct dp_topics *topics, const struct dp_topic_part *part);
/* An entry's counts leave it: its topic goes. Its seq is odd. Ctx: worker. */
void dp_topics_take_entry(struct dp_cache *cache, const struct dp_entry *entry);
/*
 * An event whose result is not cached: counted in its outdated entry @stale, if there still is one,
 * else in a record or the rest. @hash: of dp_match_key_hash. Ctx: worker.
 */
void dp_topics_event(struct dp_match *match, const struct dp_match_key *key, uint64_t hash,
	struct dp_entry *stale, uint32_t receivers);
/*
 * Without a cache: look at one in DP_TOPIC_SAMPLE of the @count events that have just been searched for, whose numbers in @keys are
 * @event. Ctx: worker.
 */
void dp_topics_sample(struct dp_match *match, struct dp_match_keys keys, const uint8_t *event,
	uint32_t count);
