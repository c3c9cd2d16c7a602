#pragma once

/*
 * Eight words of a set or bucket looked at together.
 */

#include <stdint.h>

#ifdef __AVX2__
#include <immintrin.h>
#endif

#define DP_WAYS 8

/* Bit i: @words[i], 32-aligned, is @word. */
static inline unsigned dp_ways_with(const uint32_t *words, uint32_t word)
{
#ifdef __AVX2__
	__m256i all = _mm256_load_si256((const __m256i *)(const void *)words);
	__m256i equal = _mm256_cmpeq_epi32(all, _mm256_set1_epi32((int)word));

	return (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(equal));
#else
	unsigned ways = 0;

	for (unsigned i = 0; i < DP_WAYS; i++)
		ways |= (unsigned)(words[i] == word) << i;
	return ways;
#endif
}

/* The least of @words, 32-aligned. */
static inline uint32_t dp_ways_least(const uint32_t *words)
{
#ifdef __AVX2__
	__m256i all = _mm256_load_si256((const __m256i *)(const void *)words);
	__m128i least = _mm_min_epu32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1));

	least = _mm_min_epu32(least, _mm_shuffle_epi32(least, 0x4e));
	least = _mm_min_epu32(least, _mm_shuffle_epi32(least, 0xb1));
	return (uint32_t)_mm_cvtsi128_si32(least);
#else
	uint32_t least = words[0];

	for (unsigned i = 1; i < DP_WAYS; i++)
		least = words[i] < least ? words[i] : least;
	return least;
#endif
}
