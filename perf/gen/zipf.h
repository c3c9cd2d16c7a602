#pragma once

/*
 * Seeded numbers for workloads: a small generator (xoshiro256**, public domain algorithm by Blackman and Vigna) and Zipf ranks by inversion of
 * the exact cumulative distribution.
 */

#include <stddef.h>
#include <stdint.h>

struct perf_random {
	uint64_t state[4];
};

void perf_random_init(struct perf_random *rnd, uint64_t seed);
uint64_t perf_random_next(struct perf_random *rnd);
/* Uniform below @bound (> 0); bias below 2^-32 for the bounds used here. */
uint64_t perf_random_below(struct perf_random *rnd, uint64_t bound);

struct perf_zipf {
	double *cumulative; /* count entries, the last is 1 */
	size_t count;
};

/* P(rank k) proportional to 1 / (k + 1)^exponent for k in 0..count-1. 0 or -ENOMEM. */
int perf_zipf_init(struct perf_zipf *zipf, size_t count, double exponent);
void perf_zipf_fini(struct perf_zipf *zipf);
size_t perf_zipf_rank(const struct perf_zipf *zipf, struct perf_random *rnd);
