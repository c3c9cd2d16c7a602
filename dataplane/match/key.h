#pragma once

/*
 * Keys of the topic index. Each level of a topic has a hash of its own that depends on its position
 * and on a secret; a filter's key is the sum of those of its literal levels and of a seed for its
 * shape and tenant. So the keys of one topic under all shapes cost one multiplication a level and
 * then additions.
 *
 * The secret is drawn at start and never leaves the process: a client that chooses its topics
 * cannot choose its collisions. Two filters with one key cost a comparison, never a wrong answer.
 */

#include "dataplane/base/compiler.h"
#include "dataplane/base/hash.h"

#include <string.h>

/* Levels that a key takes part in as such; deeper ones become parts of the shape (shape.h). */
#define DP_KEY_LEVELS 64
/* Words that the hash of a whole topic depends on. */
#define DP_KEY_TOPIC_WORDS 3
/* Bytes that dp_level_hash may read from the start of a level, whatever its size. */
#define DP_KEY_READ 16

struct dp_secret {
	uint64_t seed;
	uint64_t a[DP_KEY_LEVELS], b[DP_KEY_LEVELS];
	uint64_t topic[DP_KEY_TOPIC_WORDS];
};

/*
 * The first eight bytes of a level of that size, and those behind them. Hidden: where it is needs no look.
 */
struct dp_key_bytes {
	uint64_t low[DP_KEY_READ + 1], high[DP_KEY_READ + 1];
};
extern const struct dp_key_bytes dp_key_bytes __attribute__((visibility("hidden")));

/* Ctx: control. */
void dp_secret_init(struct dp_secret *secret, uint64_t seed);

static inline uint64_t dp_key_fold(uint64_t x, uint64_t y)
{
#ifdef __BMI2__
	uint64_t low, high;

	/* GCC 12 has the product of two words in memory where registers are scarce: 19 instructions a topic. */
	__asm__("mulx %3, %0, %1" : "=r"(low), "=r"(high) : "%d"(x), "rm"(y));
	return low ^ high;
#else
	unsigned __int128 product = (unsigned __int128)x * y;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
#endif
}

/*
 * Hash of level number @at. DP_KEY_READ bytes from @level on are readable. A level has no U+0000,
 * so that the zeros behind a short one are no level's bytes.
 */
static inline uint64_t dp_short_level_hash(
	const struct dp_secret *secret, size_t at, const char *level, size_t size)
{
	uint64_t low, high;

	memcpy(&low, level, sizeof(low));
	memcpy(&high, level + sizeof(low), sizeof(high));
	low &= dp_key_bytes.low[size];
	high &= dp_key_bytes.high[size];
	return dp_key_fold(low ^ secret->a[at], high ^ secret->b[at]);
}

/* The same for a level of any size. */
static inline uint64_t dp_level_hash(
	const struct dp_secret *secret, uint32_t at, const char *level, size_t size)
{
	if (rh_likely(size <= DP_KEY_READ))
		return dp_short_level_hash(secret, at, level, size);
	return dp_key_fold(
		rh_hash(level, size, secret->seed) ^ secret->a[at], size ^ secret->b[at]);
}

/* The first and the last bytes of a text of less than 16: every byte, its place known with the size. */
static inline void dp_short_topic_load(const char *topic, size_t len, uint64_t *first, uint64_t *last)
{
	uint32_t word;

	*first = *last = 0;
	if (len >= sizeof(*first)) {
		memcpy(first, topic, sizeof(*first));
		memcpy(last, topic + len - sizeof(*last), sizeof(*last));
	} else if (len >= sizeof(word)) {
		memcpy(&word, topic, sizeof(word));
		*first = word;
		memcpy(&word, topic + len - sizeof(word), sizeof(word));
		*last = word;
	} else if (len) {
		*first = (uint8_t)topic[0] | (uint32_t)(uint8_t)topic[len / 2] << 8;
		*last = (uint8_t)topic[len - 1];
	}
}

static inline uint64_t dp_topic_step(const struct dp_secret *secret, uint64_t hash, const char *at)
{
	uint64_t low, high;

	memcpy(&low, at, sizeof(low));
	memcpy(&high, at + sizeof(low), sizeof(high));
	return dp_key_fold(low ^ secret->topic[0], high ^ hash);
}

/*
 * Of a topic's whole text, DP_KEY_READ bytes after the other, the last ones up to its end; a third of the instructions of rh_hash. The size comes
 * last, with words of its own: else who chooses texts could have one's bytes make up for another's size. @tenant: of dp_index.tenant_hash.
 */
static inline uint64_t dp_topic_hash(const struct dp_secret *secret, uint64_t tenant, const char *topic, size_t len)
{
	uint64_t hash = tenant, first, last;

	if (rh_likely(len >= DP_KEY_READ)) {
		const char *end = topic + len - DP_KEY_READ;

		do {
			hash = dp_topic_step(secret, hash, topic);
			topic += DP_KEY_READ;
		} while (topic < end);
		hash = dp_topic_step(secret, hash, end);
	} else {
		dp_short_topic_load(topic, len, &first, &last);
		hash = dp_key_fold(first ^ secret->topic[0], last ^ hash);
	}
	return dp_key_fold(hash ^ secret->topic[1], len ^ secret->topic[2]);
}

/* For a level that may end where memory ends. */
static inline uint64_t dp_level_hash_at_edge(
	const struct dp_secret *secret, uint32_t at, const char *level, size_t size)
{
	char padded[DP_KEY_READ] = {0};

	if (size > DP_KEY_READ)
		return dp_level_hash(secret, at, level, size);
	memcpy(padded, level, size);
	return dp_level_hash(secret, at, padded, size);
}
