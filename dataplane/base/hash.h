#pragma once

/*
 * Seeded hash for tables whose keys come from outside. The seed is drawn at start (rh_random_seed), so a client
 * that chooses its topics cannot choose its collisions. Never stored, never sent.
 */

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <stddef.h>
#include <stdint.h>

static inline uint64_t rh_hash(const void *bytes, size_t len, uint64_t seed)
{
	return XXH3_64bits_withSeed(bytes, len, seed);
}

/* 64 random bits from the kernel; falls back to the clock and pid only where getrandom is refused. */
uint64_t rh_random_seed(void);
