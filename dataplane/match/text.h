#pragma once

#include "dataplane/base/compiler.h"
#include "dataplane/base/rcu.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __SSE4_1__
#include <immintrin.h>
#endif

/* At least this many bytes are compared so many at once. */
#define DP_TEXT_STEP 16

/* At both places at once: the steps at @a and @b, and those @further on, which may overlap them. */
static inline bool dp_text_steps_equal(const char *a, const char *b, size_t further)
{
#ifdef __SSE4_1__
	__m128i first = _mm_xor_si128(
		_mm_loadu_si128((const __m128i *)a), _mm_loadu_si128((const __m128i *)b));
	__m128i second = _mm_xor_si128(
		_mm_loadu_si128((const __m128i *)(a + further)), _mm_loadu_si128((const __m128i *)(b + further)));
	__m128i differ = _mm_or_si128(first, second);

	return _mm_testz_si128(differ, differ);
#else
	uint64_t x[4], y[4];

	memcpy(x, a, DP_TEXT_STEP);
	memcpy(y, b, DP_TEXT_STEP);
	memcpy(x + 2, a + further, DP_TEXT_STEP);
	memcpy(y + 2, b + further, DP_TEXT_STEP);
	return ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2]) | (x[3] ^ y[3])) == 0;
#endif
}

/* For a text of at least one step: the last two, which overlap what was compared before, or one another. */
static inline bool dp_text_long_equal(const char *a, const char *b, size_t len)
{
	for (; rh_unlikely(len > 2 * DP_TEXT_STEP); len -= DP_TEXT_STEP, a += DP_TEXT_STEP, b += DP_TEXT_STEP)
		if (!dp_text_steps_equal(a, b, 0))
			return false;
	return dp_text_steps_equal(a, b, len - DP_TEXT_STEP);
}

/* memcmp as a call costs a dozen cycles; topics are mostly 16 to 60 bytes, levels fewer. */
static inline bool dp_text_equal(const char *a, const char *b, size_t len)
{
	uint64_t x, y, z, u;
	uint32_t v, w;
	size_t i;

	if (rh_likely(len >= DP_TEXT_STEP))
		return dp_text_long_equal(a, b, len);
	if (len >= sizeof(x)) {
		memcpy(&x, a, sizeof(x));
		memcpy(&y, b, sizeof(y));
		memcpy(&z, a + len - sizeof(z), sizeof(z));
		memcpy(&u, b + len - sizeof(u), sizeof(u));
		return ((x ^ y) | (z ^ u)) == 0;
	}
	if (len >= sizeof(v)) {
		memcpy(&v, a, sizeof(v));
		memcpy(&w, b, sizeof(w));
		x = v ^ w;
		memcpy(&v, a + len - sizeof(v), sizeof(v));
		memcpy(&w, b + len - sizeof(w), sizeof(w));
		return (x | (v ^ w)) == 0;
	}
	for (i = 0; i < len; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

/* Bytes before the end of a text that dp_text_ends_equal may read, whatever its size. */
#define DP_TEXT_BEFORE 32

/*
 * dp_text_equal for texts of which the ends are given: most are no longer than one step, and no branch depends on their size.
 */
static inline bool dp_text_ends_equal(const char *a_end, const char *b_end, size_t len)
{
#if defined(__AVX2__) && !defined(RH_RCU_TSAN)
	static const uint8_t lasts[2 * DP_TEXT_BEFORE] __attribute__((aligned(64))) = {
		[DP_TEXT_BEFORE ... 2 * DP_TEXT_BEFORE - 1] = 0xff};
	__m256i differ;

	for (;; len -= DP_TEXT_BEFORE, a_end -= DP_TEXT_BEFORE, b_end -= DP_TEXT_BEFORE) {
		differ = _mm256_xor_si256(_mm256_loadu_si256((const __m256i *)(a_end - DP_TEXT_BEFORE)),
			_mm256_loadu_si256((const __m256i *)(b_end - DP_TEXT_BEFORE)));
		if (rh_likely(len <= DP_TEXT_BEFORE))
			return _mm256_testz_si256(
				differ, _mm256_loadu_si256((const __m256i *)(lasts + len)));
		if (!_mm256_testz_si256(differ, differ))
			return false;
	}
#else
	return dp_text_equal(a_end - len, b_end - len, len);
#endif
}
