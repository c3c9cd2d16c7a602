#pragma once

/*
 * A worker's result cache: for a topic, the unconditional receivers and the conditional candidates.
 * Eight ways to a bucket; a bucket is 32 bytes of tags, an entry four cache lines. An entry is
 * valid while nothing changed, or no part that its topic belongs to (parts.h). Valid or not, it counts its topic's events as long as it is there (topics.h).
 *
 * Written by its worker alone. A control thread may read it for `show topics`: seq is odd while an
 * entry is rewritten, and text is stored by relaxed words, so that a torn row is noticed and
 * skipped.
 */

#include "dataplane/base/atomic.h"
#include "dataplane/base/compiler.h"
#include "dataplane/match/cond.h"
#include "dataplane/match/index.h"
#include "dataplane/match/match_lookup.h"
#include "dataplane/match/parts.h"
#include "dataplane/match/slab.h"
#include "dataplane/match/text.h"
#include "dataplane/match/topics.h"
#include "dataplane/match/ways.h"

#include <assert.h>

#define DP_CACHE_WAYS	     DP_WAYS
#define DP_CACHE_TOPIC_BYTES 96
#define DP_CACHE_RECEIVERS   10
/*
 * One in so many newcomers takes another topic's place: topics that come once then cost little more
 * than without a cache, and what comes often is soon in. Decided before the search, which spares
 * the others what only an entry needs.
 */
#define DP_CACHE_ADMIT 16
/* Stamps (topics.h), some minutes: what was not looked at for longer is outdated, since those of parts, 32 bits,
 * might have gone half round, as with nine million changes a second. */
#define DP_CACHE_AGE 2048
/* Entries looked at to find memory for a large result. */
#define DP_CACHE_SWEEP 16
#define DP_CACHE_UNIT  8

/* What is to be asked about an event of a topic: conditions, and filters that have more of them by keys. */
struct dp_asked {
	uint32_t conds, keyed_filters;
	const struct dp_cond *const *cond;
	const struct dp_filter *const *keyed;
};

/* Conditions that are looked at whatever the event has, beside DP_KEYED_ (index.h). */
#define DP_PENDING_CONDS 4U

/* The same of an entry, in its block; behind the addresses of both the sessions that want no copy. */
struct dp_pending {
	uint32_t conds, keyed;
	uint64_t excluded;
	const void *address[];
};

struct dp_bucket {
	uint32_t tag[DP_CACHE_WAYS]; /* 0: empty */
} __attribute__((aligned(32)));

struct dp_entry {
	uint64_t look; /* the last one here, as dp_cache.look says it */
	uint64_t as_of; /* dp_parts.changes when it was found valid; DP_PART_NEVER: was seen to be outdated, for good */
	uint64_t events, bytes; /* of the topic since; bytes of payload */
	struct dp_part_at at;	/* where coarse stamps of its parts stand */
	struct dp_part_fine_at fine_at; /* and finer ones */
	uint32_t count;
	uint16_t tenant, profile, topic_len;
	uint8_t pending; /* what else decides about more: DP_PENDING_ and DP_KEYED_; whatever changes it makes the entry outdated */
	bool used;
	struct dp_receiver only; /* of one */
	/* Behind the header: what fits, else it is in the block. */
	char topic[DP_CACHE_TOPIC_BYTES] __attribute__((aligned(8)));
	uint16_t pending_at; /* in the block, in units of DP_CACHE_UNIT */
	uint32_t since;		       /* stamp (topics.h) */
	uint32_t seq;
	uint32_t block; /* in the slab; DP_SLAB_NONE */
	struct dp_receiver receiver[DP_CACHE_RECEIVERS]; /* of several */
} rh_cache_aligned;

static_assert(sizeof(struct dp_entry) == 256, "four lines");
static_assert(
	offsetof(struct dp_entry, topic) == 64, "a hit of one receiver reads line 0, then text");
static_assert(sizeof(struct dp_receiver) == 8, "ten to an entry");
static_assert(DP_SLAB_BLOCK_MAX / DP_CACHE_UNIT <= UINT16_MAX, "pending_at holds it");

struct dp_cache {
	struct dp_bucket *bucket; /* NULL: switched off */
	struct dp_entry *entry;
	uint32_t mask; /* of buckets */
	/* Number of the burst, whose entries must stay as they are, below; stamp of the time
	 * above. In one word, so that an entry takes both at once. The number's overflow makes
	 * the stamp one too large until the next tick. */
	uint64_t look;
	uint32_t sweep;
	uint32_t dice;
	struct dp_slab slab;
	struct dp_topics topics;
};

/* What a miss found, to be kept. */
struct dp_found {
	const struct dp_receiver *receivers;
	struct dp_asked asked;
	const dp_session_id_t *excluded;
	uint32_t count, excluded_count;
	uint64_t as_of; /* dp_parts.changes before the search */
	struct dp_part_at at;
	struct dp_part_fine_at fine_at;
};

/* Ctx: control. -ENOMEM. */
int dp_cache_init(struct dp_cache *cache, uint32_t entries);
void dp_cache_fini(struct dp_cache *cache);

static inline uint32_t dp_cache_tag(uint64_t hash)
{
	return (uint32_t)(hash >> 32) | 1;
}

static inline uint32_t dp_look_burst(uint64_t look)
{
	return (uint32_t)look;
}

static inline uint32_t dp_look_stamp(uint64_t look)
{
	return (uint32_t)(look >> 32);
}

/* An event of the entry's topic. */
static inline void dp_entry_count(
	const struct dp_cache *cache, struct dp_entry *entry, const struct dp_match_key *key)
{
	rh_store_relaxed(&entry->look, cache->look);
	rh_add_relaxed(&entry->events, 1);
	rh_add_relaxed(&entry->bytes, key->payload_len);
}

static inline const char *dp_entry_topic(const struct dp_cache *cache, const struct dp_entry *entry)
{
	return rh_likely(entry->topic_len <= DP_CACHE_TOPIC_BYTES)
		       ? entry->topic
		       : (const char *)dp_slab_at(&cache->slab, entry->block);
}

/* In the block: behind the text, if that is there. */
static inline size_t dp_receivers_at(uint16_t topic_len)
{
	return topic_len > DP_CACHE_TOPIC_BYTES ? RH_ALIGN_UP((size_t)topic_len, 8u) : 0;
}

static inline const struct dp_receiver *dp_entry_receivers(
	const struct dp_cache *cache, const struct dp_entry *entry)
{
	if (rh_likely(entry->count <= 1))
		return &entry->only;
	if (rh_likely(entry->count <= DP_CACHE_RECEIVERS))
		return entry->receiver;
	return (const void *)((const uint8_t *)dp_slab_at(&cache->slab, entry->block) +
			      dp_receivers_at(entry->topic_len));
}

static inline const struct dp_pending *dp_entry_pending(
	const struct dp_cache *cache, const struct dp_entry *entry)
{
	return (const void *)((const uint8_t *)dp_slab_at(&cache->slab, entry->block) +
			      (size_t)entry->pending_at * DP_CACHE_UNIT);
}

static inline bool dp_asked_any(const struct dp_asked *asked)
{
	return asked->conds || asked->keyed_filters;
}

/* Bits of dp_entry.pending. */
static inline uint8_t dp_asked_by(const struct dp_asked *asked)
{
	uint32_t by = asked->conds ? DP_PENDING_CONDS : 0;

	for (uint32_t i = 0; i < asked->keyed_filters; i++)
		by |= dp_filter_keyed_by(asked->keyed[i]);
	return (uint8_t)by;
}

static inline size_t dp_pending_bytes(const struct dp_asked *asked, uint32_t excluded)
{
	return sizeof(struct dp_pending) + (asked->conds + asked->keyed_filters) * sizeof(void *) +
	       excluded * sizeof(dp_session_id_t);
}

static inline struct dp_asked dp_pending_asked(const struct dp_pending *pending)
{
	return (struct dp_asked){pending->conds, pending->keyed,
		(const struct dp_cond *const *)(const void *)pending->address,
		(const struct dp_filter *const *)(const void *)(pending->address + pending->conds)};
}

static inline const dp_session_id_t *dp_pending_excluded(const struct dp_pending *pending)
{
	return (const void *)(pending->address + pending->conds + pending->keyed);
}

/* @entry: with a tag, so it is used. */
static inline bool dp_entry_is(
	const struct dp_cache *cache, const struct dp_entry *entry, const struct dp_match_key *key)
{
	return entry->topic_len == key->topic_len && entry->tenant == key->tenant &&
	       entry->profile == key->profile &&
	       dp_text_equal(dp_entry_topic(cache, entry), key->topic, key->topic_len);
}

enum dp_kept {
	DP_KEPT,
	DP_KEPT_EVICTED, /* and another topic had to go */
	DP_KEPT_NO_ROOM	 /* it does not fit, or every way is needed by this burst */
};

/*
 * Keep @found for @key: in @stale when that is the key's outdated entry, else in an empty place or
 * that of an older one. Ctx: worker.
 */
enum dp_kept dp_cache_keep(struct dp_cache *cache, const struct dp_match_key *key, uint64_t hash,
	struct dp_entry *stale, const struct dp_found *found, struct dp_entry **out);
