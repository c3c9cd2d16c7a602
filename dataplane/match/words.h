#pragma once

/*
 * Objects found by a key of 64 bits that is a hash: a directory of segments of DP_SEGMENT_BUCKETS cache lines
 * (extendible hashing). A segment that is full splits into two, so that an insert moves some thousand words at most,
 * whatever the size of the table; two that are sparse become one. A bucket is one line of eight words, each an object's
 * address with 16 bits of its key above (user addresses have 47 bits): what is not there is known after one line.
 *
 * Builder writes, workers read under RCU. An object is complete before its word is stored. A worker that still reads an
 * outdated segment sees what was there when its burst began. Segments and directory are the index's memory.
 */

#include "dataplane/base/atomic.h"
#include "dataplane/base/compiler.h"
#include "dataplane/match/memory.h"

#if defined(__AVX2__) && !defined(RH_RCU_TSAN)
#include <immintrin.h>
#endif

/* How every object begins. */
struct dp_keyed {
	struct dp_obj obj;
	uint32_t own; /* the object's */
	uint64_t key;
};

#define DP_BUCKET_SLOTS	   8
#define DP_SEGMENT_BYTES   DP_MEMORY_BLOCK
#define DP_SEGMENT_BUCKETS (DP_SEGMENT_BYTES / RH_CACHE_LINE - 1)

/*
 * A word is 0 (a probe ends in the bucket that has one), DP_SLOT_REMOVED, or an object's. The first that is free is taken, and none becomes 0
 * where no other is: so the last one says whether the bucket has a 0, and ceases to be 0 once.
 */
#define DP_SLOT_REMOVED 1ULL
#define DP_SLOT_ADDRESS ((1ULL << 48) - 1)
/*
 * Of a key: the upper half of its word, its segment in a directory of that depth (in two steps: a shift by 64 would be none), its bucket
 * there. Macros, for vectors of keys too.
 */
#define DP_SLOT_TAG(key)	    (((key) >> 32 | 1) << 48)
#define DP_DIRECTORY_AT(depth, key) ((key) >> 1 >> (63 - (depth)))
#define DP_BUCKET_AT(key)	    ((((key) & UINT32_MAX) * DP_SEGMENT_BUCKETS) >> 32)

/* At a multiple of DP_SEGMENT_BYTES. */
struct dp_segment {
	struct dp_obj obj;
	/* Builder only. */
	uint32_t depth; /* bits of the key that all of its objects share */
	uint32_t live, removed;
	uint64_t bucket[DP_SEGMENT_BUCKETS][DP_BUCKET_SLOTS] rh_cache_aligned;
};

struct dp_directory {
	struct dp_obj obj;
	uint32_t depth; /* 1 << depth segments; the key's highest bits choose */
	struct dp_segment *segment[];
};
struct dp_words {
	struct dp_directory *directory; /* R */
};

static inline struct dp_keyed *dp_slot_keyed(uint64_t word)
{
	return (struct dp_keyed *)(uintptr_t)(word & DP_SLOT_ADDRESS);
}

static inline struct dp_segment *dp_segment_of(const struct dp_directory *directory, uint64_t key)
{
	return rh_rcu_deref(directory->segment[DP_DIRECTORY_AT(directory->depth, key)]);
}

static inline uint32_t dp_bucket_next(uint32_t bucket)
{
	return bucket + 1 < DP_SEGMENT_BUCKETS ? bucket + 1 : 0;
}

/* No probe goes further than @bucket. */
static inline bool dp_bucket_ends_probes(const uint64_t *bucket)
{
	return !rh_load_acquire(&bucket[DP_BUCKET_SLOTS - 1]);
}

/* dp_bucket_tagged: a bit for each word of @bucket that has @tag; dp_bucket_word: that of the lowest bit. */
#if defined(__AVX2__) && !defined(RH_RCU_TSAN)
/* Signs of 8 words: 0, 1, 4, 5 in the lower half, 2, 3, 6, 7 in the upper one. */
static inline __m256i dp_bucket_signs(const uint64_t *bucket, uint64_t tag)
{
	/* By 16 bits each: the sign of a word is that of its tag's comparison. */
	__m256i tags = _mm256_set1_epi64x((long long)tag);
	__m256i low = _mm256_cmpeq_epi16(tags, _mm256_load_si256((const __m256i *)bucket));
	__m256i high = _mm256_cmpeq_epi16(tags, _mm256_load_si256((const __m256i *)bucket + 1));

	return _mm256_castps_si256(
		_mm256_shuffle_ps(_mm256_castsi256_ps(low), _mm256_castsi256_ps(high), 0xdd));
}

static inline uint32_t dp_bucket_tagged(const uint64_t *bucket, uint64_t tag)
{
	return (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(dp_bucket_signs(bucket, tag)));
}

static inline const uint64_t *dp_bucket_word(const uint64_t *bucket, uint32_t tagged)
{
	/* 0, 1, 4, 5, 2, 3, 6, 7: three bits each. */
	return bucket + (076325410U >> 3 * __builtin_ctz(tagged) & 7);
}
#else
static inline uint32_t dp_bucket_tagged(const uint64_t *bucket, uint64_t tag)
{
	uint32_t tagged = 0;

	for (uint32_t i = 0; i < DP_BUCKET_SLOTS; i++)
		tagged |= (uint32_t)((rh_load_acquire(&bucket[i]) & ~DP_SLOT_ADDRESS) == tag) << i;
	return tagged;
}

static inline const uint64_t *dp_bucket_word(const uint64_t *bucket, uint32_t tagged)
{
	return bucket + __builtin_ctz(tagged);
}
#endif

/* The bucket in which what has @key is, or begins to be sought. Ctx: under RCU. */
static inline const uint64_t *dp_words_bucket(const struct dp_words *words, uint64_t key)
{
	return dp_segment_of(rh_rcu_deref(words->directory), key)->bucket[DP_BUCKET_AT(key)];
}

/*
 * What seems to have @key, in that bucket; its line is not read. NULL: nothing does there, or (*@maybe) it has just gone, or may be in a later
 * bucket.
 */
static inline const struct dp_keyed *dp_bucket_peek(const uint64_t *bucket, uint64_t key, bool *maybe)
{
	uint32_t tagged = dp_bucket_tagged(bucket, DP_SLOT_TAG(key));
	uint64_t word = tagged ? rh_load_acquire(dp_bucket_word(bucket, tagged)) : 0;

	*maybe = tagged || !dp_bucket_ends_probes(bucket);
	return word > DP_SLOT_REMOVED ? dp_slot_keyed(word) : NULL;
}

/* The object with @key, or NULL. Ctx: under RCU. */
static inline const struct dp_keyed *dp_words_get(const struct dp_words *words, uint64_t key)
{
	const struct dp_segment *segment = dp_segment_of(rh_rcu_deref(words->directory), key);
	uint32_t at = (uint32_t)DP_BUCKET_AT(key);

	for (uint32_t i = 0; i < DP_SEGMENT_BUCKETS; i++, at = dp_bucket_next(at)) {
		const uint64_t *bucket = segment->bucket[at];

		for (uint32_t k = 0; k < DP_BUCKET_SLOTS; k++) {
			uint64_t word = rh_load_acquire(&bucket[k]);

			if (word > DP_SLOT_REMOVED && (word & ~DP_SLOT_ADDRESS) == DP_SLOT_TAG(key) &&
				dp_slot_keyed(word)->key == key)
				return dp_slot_keyed(word);
		}
		if (dp_bucket_ends_probes(bucket))
			break;
	}
	return NULL;
}

static inline void dp_words_prefetch(const struct dp_words *words, uint64_t key)
{
	rh_prefetch(dp_words_bucket(words, key));
}

/* What seems to have @key, too; its bucket was asked for. */
static inline void dp_words_prefetch_object(const struct dp_words *words, uint64_t key)
{
	bool maybe;

	rh_prefetch(dp_bucket_peek(dp_words_bucket(words, key), key, &maybe));
}

/* All of these: words_build.c; Ctx: builder. -ENOMEM. */
int dp_words_init(struct dp_memory *memory, struct dp_words *words);
/* Without readers; @object_free for each object. Accepts what was half made. */
void dp_words_fini(struct dp_memory *memory, struct dp_words *words,
	void (*object_free)(struct dp_memory *memory, struct dp_keyed *object));
/* The word with @key; NULL: none has it. Until the next insertion. */
uint64_t *dp_words_find(const struct dp_words *words, uint64_t key);
/* Room for one more with @key, which is not there. -ENOMEM. */
int dp_words_reserve(struct dp_memory *memory, struct dp_words *words, uint64_t key);
/* After dp_words_reserve, in a word of its own. */
void dp_words_put(struct dp_words *words, struct dp_keyed *object);
/* Another one with the same key in place of the word's. */
void dp_words_replace(uint64_t *word, struct dp_keyed *by);
/* The object of @word, which has @key, is found no more. Needs memory for nothing that must be. */
void dp_words_remove(struct dp_memory *memory, struct dp_words *words, uint64_t *word, uint64_t key);
