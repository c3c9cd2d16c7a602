#include "dataplane/base/histogram.h"

#include "tests/lib/random.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define MAX RH_HISTOGRAM_MAX_NS

static struct rh_histogram h;

/* The bucket that holds the one value recorded. */
static struct rh_histogram_bucket bucket_of(uint64_t ns)
{
	struct rh_histogram_bucket b = {0};

	rh_histogram_reset(&h);
	rh_histogram_record(&h, ns);
	cr_assert(rh_histogram_next(&h, &b));
	cr_assert_eq(b.count, 1);
	return b;
}

static void expect_bucket_holds(uint64_t ns)
{
	struct rh_histogram_bucket b = bucket_of(ns);

	cr_assert(b.lower_ns <= ns && ns <= b.upper_ns, "%lu in %lu to %lu", ns, b.lower_ns,
		b.upper_ns);
	/* Width - 1 is the most that any two values of it differ. */
	cr_assert((b.upper_ns - b.lower_ns) * 64 < b.lower_ns || b.upper_ns == b.lower_ns,
		"%lu to %lu is wider than 1/64", b.lower_ns, b.upper_ns);
}

Test(histogram, every_boundary_value_lies_in_its_bucket)
{
	for (uint64_t ns = 0; ns < 1000; ns++)
		expect_bucket_holds(ns);
	for (uint64_t power = 128; power <= MAX; power *= 2)
		for (uint64_t near = power - 2; near <= power + 2 && near <= MAX; near++)
			expect_bucket_holds(near);
	expect_bucket_holds(MAX - 1);
	expect_bucket_holds(MAX);
}

Test(histogram, buckets_touch_and_leave_no_value_out)
{
	uint64_t next = 0;

	for (uint32_t i = 0; next <= MAX; i++) {
		struct rh_histogram_bucket b = bucket_of(next);

		cr_assert_lt(i, RH_HISTOGRAM_BUCKETS);
		cr_assert_eq(b.lower_ns, next);
		cr_assert_eq(b.next, i + 1);
		next = b.upper_ns + 1;
	}
}

Test(histogram, an_empty_one_says_zero)
{
	struct rh_histogram_bucket b = {0};

	rh_histogram_reset(&h);
	cr_assert_eq(h.count, 0);
	cr_assert_eq(rh_histogram_min_ns(&h), 0);
	cr_assert_eq(rh_histogram_percentile_ns(&h, 5000), 0);
	cr_assert_not(rh_histogram_next(&h, &b));
}

Test(histogram, longer_values_saturate_and_are_counted)
{
	rh_histogram_reset(&h);
	rh_histogram_record(&h, MAX);
	cr_assert_eq(h.above, 0);
	rh_histogram_record(&h, MAX + 1);
	rh_histogram_record(&h, UINT64_MAX);
	cr_assert_eq(h.above, 2);
	cr_assert_eq(h.count, 3);
	cr_assert_eq(h.max_ns, MAX);
	cr_assert_eq(rh_histogram_min_ns(&h), MAX);
	cr_assert_eq(rh_histogram_percentile_ns(&h, 1), MAX);
}

Test(histogram, percentiles_take_the_rank_rounded_up)
{
	rh_histogram_reset(&h);
	for (uint64_t ns = 1; ns <= 100; ns++)
		rh_histogram_record(&h, ns);
	cr_assert_eq(rh_histogram_percentile_ns(&h, 0), 1);
	cr_assert_eq(rh_histogram_percentile_ns(&h, 1), 1);
	cr_assert_eq(rh_histogram_percentile_ns(&h, 5000), 50);
	cr_assert_eq(rh_histogram_percentile_ns(&h, 5001), 51);
	cr_assert_eq(rh_histogram_percentile_ns(&h, 9900), 99);
	cr_assert_eq(rh_histogram_percentile_ns(&h, 9990), 100);
	cr_assert_eq(rh_histogram_percentile_ns(&h, 10000), 100);
	cr_assert_eq(rh_histogram_percentile_ns(&h, 20000), 100);
}

Test(histogram, no_percentile_lies_above_the_maximum)
{
	rh_histogram_reset(&h);
	rh_histogram_record(&h, 1000000);
	cr_assert_eq(rh_histogram_percentile_ns(&h, 5000), 1000000);
	cr_assert_eq(rh_histogram_percentile_ns(&h, 10000), 1000000);
}

/* Every order of magnitude as likely as the others; now and then an end of the range. */
static uint64_t value_draw(struct rnd *rnd)
{
	uint64_t ns = rnd_u64(rnd) >> (27 + rnd_below(rnd, 37));

	if (rnd_below(rnd, 100) == 0)
		return rnd_below(rnd, 2) ? MAX : 1;
	return ns > MAX ? MAX : ns;
}

static int ascending(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return (a > b) - (a < b);
}

static uint64_t sorted_percentile(const uint64_t *sorted, uint64_t count, uint32_t per_10000)
{
	uint64_t rank = 1;

	while (rank * 10000 < count * per_10000)
		rank++;
	return sorted[rank - 1];
}

static void expect_near(uint64_t got, uint64_t exact, uint32_t per_10000)
{
	cr_assert_geq(got, exact, "percentile %u: %lu below the exact %lu", per_10000, got, exact);
	cr_assert(got == exact || (got - exact) * 64 < exact,
		"percentile %u: %lu is 1/64 or more above the exact %lu", per_10000, got, exact);
}

static void compare_with_sorting(struct rnd *rnd, uint64_t *values, uint32_t count)
{
	rh_histogram_reset(&h);
	for (uint32_t i = 0; i < count; i++) {
		values[i] = value_draw(rnd);
		rh_histogram_record(&h, values[i]);
	}
	qsort(values, count, sizeof(*values), ascending);
	cr_assert_eq(h.count, count);
	cr_assert_eq(h.above, 0);
	cr_assert_eq(rh_histogram_min_ns(&h), values[0]);
	cr_assert_eq(h.max_ns, values[count - 1]);
	for (uint32_t p = 0; p <= 10000; p += p < 9900 ? 99 : 1)
		expect_near(
			rh_histogram_percentile_ns(&h, p), sorted_percentile(values, count, p), p);
}

Test(histogram, agrees_with_sorting_within_one_in_64)
{
	size_t rounds = rnd_cases(30, 1000);
	uint64_t *values = malloc(5000 * sizeof(*values));
	struct rnd rnd;

	rnd_init(&rnd, "histogram");
	for (size_t i = 0; i < rounds; i++)
		compare_with_sorting(&rnd, values, 1 + rnd_below(&rnd, 5000));
	free(values);
}

Test(histogram, walking_gives_every_value_once_in_ascending_order)
{
	struct rh_histogram_bucket b = {0};
	uint64_t counted = 0, above = 0;
	struct rnd rnd;

	rnd_init(&rnd, "histogram walk");
	for (uint32_t i = 0; i < 10000; i++)
		rh_histogram_record(&h, value_draw(&rnd));
	while (rh_histogram_next(&h, &b)) {
		cr_assert(counted == 0 || b.lower_ns > above);
		cr_assert_gt(b.count, 0);
		above = b.upper_ns;
		counted += b.count;
	}
	cr_assert_eq(counted, 10000);
	cr_assert_not(rh_histogram_next(&h, &b), "the end stays the end");
}

Test(histogram, merging_is_recording_all_in_one)
{
	static struct rh_histogram parts[3], whole;
	struct rnd rnd;

	rnd_init(&rnd, "histogram merge");
	for (uint32_t i = 0; i < 20000; i++) {
		uint64_t ns =
			rnd_below(&rnd, 500) ? value_draw(&rnd) : MAX + 1 + rnd_below(&rnd, 9);

		rh_histogram_record(&whole, ns);
		/* The third stays empty. */
		rh_histogram_record(&parts[rnd_below(&rnd, 2)], ns);
	}
	for (uint32_t i = 0; i < 3; i++)
		rh_histogram_merge(&h, &parts[i]);
	cr_assert_eq(memcmp(&h, &whole, sizeof(h)), 0);
}
