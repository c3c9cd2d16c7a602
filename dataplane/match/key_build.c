#include "dataplane/match/key.h"

#define ONES(n) (~0ULL >> (64 - 8 * (n)))

const struct dp_key_bytes dp_key_bytes = {
	.low = {0, ONES(1), ONES(2), ONES(3), ONES(4), ONES(5), ONES(6), ONES(7), ~0ULL, ~0ULL, ~0ULL,
		~0ULL, ~0ULL, ~0ULL, ~0ULL, ~0ULL, ~0ULL},
	.high = {0, 0, 0, 0, 0, 0, 0, 0, 0, ONES(1), ONES(2), ONES(3), ONES(4), ONES(5), ONES(6),
		ONES(7), ~0ULL},
};

static uint64_t word_of(uint64_t number, uint64_t seed, uint64_t under)
{
	uint64_t words[2] = {number, seed};

	return rh_hash(words, sizeof(words), under);
}

void dp_secret_init(struct dp_secret *secret, uint64_t seed)
{
	secret->seed = seed;
	for (uint64_t i = 0; i < DP_KEY_LEVELS; i++) {
		secret->a[i] = word_of(i, seed, seed);
		secret->b[i] = word_of(i, seed, ~seed);
	}
	for (uint64_t i = 0; i < DP_KEY_TOPIC_WORDS; i++)
		secret->topic[i] = word_of(DP_KEY_LEVELS + i, seed, seed);
}
