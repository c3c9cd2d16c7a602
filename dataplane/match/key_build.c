#include "dataplane/match/key.h"

#define ONES(n) (~0ULL >> (64 - 8 * (n)))

const struct dp_key_bytes dp_key_bytes = {
	.low = {0, ONES(1), ONES(2), ONES(3), ONES(4), ONES(5), ONES(6), ONES(7), ~0ULL, ~0ULL, ~0ULL,
		~0ULL, ~0ULL, ~0ULL, ~0ULL, ~0ULL, ~0ULL},
	.high = {0, 0, 0, 0, 0, 0, 0, 0, 0, ONES(1), ONES(2), ONES(3), ONES(4), ONES(5), ONES(6),
		ONES(7), ~0ULL},
};

void dp_secret_init(struct dp_secret *secret, uint64_t seed)
{
	secret->seed = seed;
	for (uint64_t i = 0; i < DP_KEY_LEVELS; i++) {
		uint64_t words[2] = {i, seed};

		secret->a[i] = rh_hash(words, sizeof(words), seed);
		secret->b[i] = rh_hash(words, sizeof(words), ~seed);
	}
}
