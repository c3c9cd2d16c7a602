#pragma once

/*
 * Probes of one topic, whose buckets are read as one. Ctx: worker, under RCU.
 */

#include "dataplane/match/shape.h"
#include "dataplane/match/words.h"

/* Two lines. */
struct dp_search_group {
	uint64_t tag[DP_PROBES_WIDE];
	const uint64_t *bucket[DP_PROBES_WIDE];
	uint64_t about[DP_PROBES_WIDE]; /* shape, or DP_SHAPE_NONE; above, the topic's number */
} rh_cache_aligned;

/*
 * dp_group_tagged: a bit for each word of a bucket of @group that has its tag; dp_group_place: where that of the lowest bit is, probe *
 * DP_BUCKET_SLOTS + word.
 */
#if defined(__AVX2__) && !defined(RH_RCU_TSAN)
/* Packing keeps signs, and takes half of each in turn. */
static inline uint32_t dp_group_tagged(const struct dp_search_group *group)
{
	const uint64_t *const *bucket = group->bucket;
	const uint64_t *tag = group->tag;
	__m256i first = _mm256_packs_epi32(dp_bucket_signs(bucket[0], tag[0]), dp_bucket_signs(bucket[1], tag[1]));
	__m256i second = _mm256_packs_epi32(dp_bucket_signs(bucket[2], tag[2]), dp_bucket_signs(bucket[3], tag[3]));

	return (uint32_t)_mm256_movemask_epi8(_mm256_packs_epi16(first, second));
}

#define DP_GROUP_QUARTER(at, word) (at) + (word), (at) + (word) + 1, (at) + (word) + 4, (at) + (word) + 5
#define DP_GROUP_HALF(word) \
	DP_GROUP_QUARTER(0, word), DP_GROUP_QUARTER(8, word), DP_GROUP_QUARTER(16, word), DP_GROUP_QUARTER(24, word)

static inline uint32_t dp_group_place(uint32_t tagged)
{
	static const uint8_t places[DP_PROBES_WIDE * DP_BUCKET_SLOTS] = {DP_GROUP_HALF(0), DP_GROUP_HALF(2)};

	return places[__builtin_ctz(tagged)];
}
#else
static inline uint32_t dp_group_tagged(const struct dp_search_group *group)
{
	uint32_t tagged = 0;

	for (uint32_t i = 0; i < DP_PROBES_WIDE; i++)
		tagged |= dp_bucket_tagged(group->bucket[i], group->tag[i]) << i * DP_BUCKET_SLOTS;
	return tagged;
}

static inline uint32_t dp_group_place(uint32_t tagged)
{
	return (uint32_t)__builtin_ctz(tagged);
}
#endif
