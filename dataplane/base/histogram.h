#pragma once

/*
 * A log-linear histogram of nanoseconds: values below 128 each have a bucket, above that every
 * power of two is cut into 64 buckets of equal width. So what a bucket says differs from any value
 * in it by less than 1/64 of that value, from 1 ns to 100 s, in 16 KiB. A longer value is recorded
 * as 100 s and counted in `above`.
 *
 * Zeroed memory is an empty histogram. One thread at a time; several recorders each keep their own
 * and merge.
 */

#include "dataplane/base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RH_HISTOGRAM_MAX_NS  100000000000ULL /* 100 s */
#define RH_HISTOGRAM_BITS    6		     /* 64 buckets a power of two */
#define RH_HISTOGRAM_BUCKETS 2048	     /* to the end of the power of two that holds 100 s */

struct rh_histogram {
	uint64_t count;	 /* of all values recorded, those above included */
	uint64_t above;	 /* of them longer than RH_HISTOGRAM_MAX_NS */
	uint64_t max_ns; /* 0 when empty; at most RH_HISTOGRAM_MAX_NS */
	/* The smallest value, kept inverted so that zeroed memory is right; read it with
	 * rh_histogram_min_ns. */
	uint64_t min_inverted;
	uint64_t buckets[RH_HISTOGRAM_BUCKETS];
};

/* Where a value of at most RH_HISTOGRAM_MAX_NS is counted. Ctx: any. */
static inline uint32_t rh_histogram_index(uint64_t ns)
{
	/* 1 << BITS set: values below 128 shift by 0 and are their own index. */
	uint32_t shift =
		63 - RH_HISTOGRAM_BITS - (uint32_t)__builtin_clzll(ns | 1 << RH_HISTOGRAM_BITS);

	return (shift << RH_HISTOGRAM_BITS) + (uint32_t)(ns >> shift);
}

/* Ctx: any, also worker. A few cycles, no branch but for values above. */
static inline void rh_histogram_record(struct rh_histogram *h, uint64_t ns)
{
	if (rh_unlikely(ns > RH_HISTOGRAM_MAX_NS)) {
		h->above++;
		ns = RH_HISTOGRAM_MAX_NS;
	}
	h->count++;
	h->max_ns = ns > h->max_ns ? ns : h->max_ns;
	h->min_inverted = ~ns > h->min_inverted ? ~ns : h->min_inverted;
	h->buckets[rh_histogram_index(ns)]++;
}

void rh_histogram_reset(struct rh_histogram *h);
/* As if all values of @from had been recorded in @to. Exact. */
void rh_histogram_merge(struct rh_histogram *to, const struct rh_histogram *from);
/* 0 when empty. */
uint64_t rh_histogram_min_ns(const struct rh_histogram *h);
/*
 * The value which @per_10000 of 10,000 values do not exceed (5,000 the median, 9,990 the 99.9th
 * percentile; 10,000 the maximum): of the sorted values the one at rank ceil(count * per_10000 /
 * 10,000), 1 at least. What is returned is the upper end of its bucket (never above max_ns): at
 * least the true value, and less than 1/64 above it. 0 when empty.
 */
uint64_t rh_histogram_percentile_ns(const struct rh_histogram *h, uint32_t per_10000);

/* Buckets that hold something, ascending. Zero the cursor to begin; false at the end. */
struct rh_histogram_bucket {
	uint64_t lower_ns, upper_ns; /* both inclusive */
	uint64_t count;
	uint32_t next; /* where the walk goes on */
};

bool rh_histogram_next(const struct rh_histogram *h, struct rh_histogram_bucket *bucket);
