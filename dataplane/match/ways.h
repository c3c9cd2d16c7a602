#pragma once

/*
 * Eight words of a set or bucket compared at once.
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
