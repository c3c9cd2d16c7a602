#include "perf/gen/zipf.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static uint64_t splitmix(uint64_t *x)
{
	uint64_t z = *x += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

void perf_random_init(struct perf_random *rnd, uint64_t seed)
{
	for (int i = 0; i < 4; i++)
		rnd->state[i] = splitmix(&seed);
}

static uint64_t rotate_left(uint64_t x, int by)
{
	return x << by | x >> (64 - by);
}

uint64_t perf_random_next(struct perf_random *rnd)
{
	uint64_t *s = rnd->state, result = rotate_left(s[1] * 5, 7) * 9, t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate_left(s[3], 45);
	return result;
}

uint64_t perf_random_below(struct perf_random *rnd, uint64_t bound)
{
	return (uint64_t)(((__uint128_t)perf_random_next(rnd) * bound) >> 64);
}

int perf_zipf_init(struct perf_zipf *zipf, size_t count, double exponent)
{
	double sum = 0;

	zipf->cumulative = malloc(count * sizeof(*zipf->cumulative));
	if (!zipf->cumulative)
		return -ENOMEM;
	zipf->count = count;
	for (size_t k = 0; k < count; k++)
		zipf->cumulative[k] = sum += pow((double)(k + 1), -exponent);
	for (size_t k = 0; k < count; k++)
		zipf->cumulative[k] /= sum;
	return 0;
}

void perf_zipf_fini(struct perf_zipf *zipf)
{
	free(zipf->cumulative);
	zipf->cumulative = NULL;
}

size_t perf_zipf_rank(const struct perf_zipf *zipf, struct perf_random *rnd)
{
	double u = (double)(perf_random_next(rnd) >> 11) * 0x1p-53;
	size_t lo = 0, hi = zipf->count - 1;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (zipf->cumulative[mid] > u)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}
