#include "dataplane/match/key.h"

#define ONES(n) (~0ULL >> (64 - 8 * (n)))

const struct dp_key_bytes dp_key_bytes[DP_KEY_READ + 1] = {{0, 0}, {ONES(1), 0}, {ONES(2), 0},
	{ONES(3), 0}, {ONES(4), 0}, {ONES(5), 0}, {ONES(6), 0}, {ONES(7), 0}, {~0ULL, 0},
	{~0ULL, ONES(1)}, {~0ULL, ONES(2)}, {~0ULL, ONES(3)}, {~0ULL, ONES(4)}, {~0ULL, ONES(5)},
	{~0ULL, ONES(6)}, {~0ULL, ONES(7)}, {~0ULL, ~0ULL}};

uint64_t dp_long_level_hash(const char *level, size_t size, uint64_t seed)
{
	return rh_hash(level, size, seed);
}

void dp_secret_init(struct dp_secret *secret, uint64_t seed)
{
	secret->seed = seed;
	for (uint64_t i = 0; i < DP_KEY_LEVELS; i++) {
		uint64_t words[2] = {i, seed};

		secret->a[i] = rh_hash(words, sizeof(words), seed);
		secret->b[i] = rh_hash(words, sizeof(words), ~seed);
	}
}
