#include "dataplane/base/histogram.h"

#include <string.h>

#define SUB (1u << RH_HISTOGRAM_BITS)

/* 100 s lies in the power of two that begins at 2^36; one row of buckets for each from 2^6 on, and
 * one below. */
_Static_assert(RH_HISTOGRAM_MAX_NS >> 36 == 1, "the last power of two");
_Static_assert(RH_HISTOGRAM_BUCKETS == (36 - RH_HISTOGRAM_BITS + 2) * SUB, "ends with it");

/* Inverse of rh_histogram_index: the smallest value counted at @index. */
static uint64_t lower_ns(uint32_t index)
{
	uint32_t shift = index < 2 * SUB ? 0 : index / SUB - 1;

	return (uint64_t)(index - shift * SUB) << shift;
}

void rh_histogram_reset(struct rh_histogram *h)
{
	memset(h, 0, sizeof(*h));
}

void rh_histogram_merge(struct rh_histogram *to, const struct rh_histogram *from)
{
	to->count += from->count;
	to->above += from->above;
	if (from->max_ns > to->max_ns)
		to->max_ns = from->max_ns;
	if (from->min_inverted > to->min_inverted)
		to->min_inverted = from->min_inverted;
	for (uint32_t i = 0; i < RH_HISTOGRAM_BUCKETS; i++)
		to->buckets[i] += from->buckets[i];
}

uint64_t rh_histogram_min_ns(const struct rh_histogram *h)
{
	return h->count ? ~h->min_inverted : 0;
}

/* ceil(count * per_10000 / 10000) without overflow. */
static uint64_t rank_of(uint64_t count, uint32_t per_10000)
{
	return count / 10000 * per_10000 + (count % 10000 * per_10000 + 9999) / 10000;
}

uint64_t rh_histogram_percentile_ns(const struct rh_histogram *h, uint32_t per_10000)
{
	uint64_t rank = rank_of(h->count, per_10000 < 10000 ? per_10000 : 10000), seen = 0;
	struct rh_histogram_bucket b = {0};

	while (rh_histogram_next(h, &b)) {
		seen += b.count;
		if (seen >= rank)
			return b.upper_ns < h->max_ns ? b.upper_ns : h->max_ns;
	}
	return 0;
}

bool rh_histogram_next(const struct rh_histogram *h, struct rh_histogram_bucket *bucket)
{
	for (uint32_t i = bucket->next; i < RH_HISTOGRAM_BUCKETS; i++) {
		if (!h->buckets[i])
			continue;
		*bucket = (struct rh_histogram_bucket){
			.lower_ns = lower_ns(i),
			.upper_ns = lower_ns(i + 1) - 1,
			.count = h->buckets[i],
			.next = i + 1,
		};
		return true;
	}
	bucket->next = RH_HISTOGRAM_BUCKETS;
	return false;
}
