#pragma once

/*
 * A row that its worker rewrites while others read it: its seq is odd meanwhile, and words are
 * stored relaxed, so that a reader who saw half of it notices. Pairs with the acquire fences in
 * topics_build.c. Ctx: the row's worker.
 */

#include "dataplane/base/atomic.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline void dp_seq_begin(uint32_t *seq)
{
	rh_store_relaxed(seq, *seq + 1);
	/* The odd seq before everything below. */
	rh_fence_release();
}

static inline void dp_seq_end(uint32_t *seq)
{
	rh_store_release(seq, *seq + 1);
}

/* @to is 4-aligned with room for a whole last word. */
static inline void dp_seq_copy(void *to, const void *from, size_t bytes)
{
	const uint8_t *src = from;
	uint32_t *dst = to;

	for (size_t i = 0; i < bytes; i += sizeof(*dst)) {
		uint32_t word = 0;

		memcpy(&word, src + i, bytes - i < sizeof(word) ? bytes - i : sizeof(word));
		rh_store_relaxed(&dst[i / sizeof(*dst)], word);
	}
}
