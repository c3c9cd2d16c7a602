#include "perf/bench/counting.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FILTERS 20000
#define EVENTS	3000 /* more than a counter has serials */

static struct ssbg ssbg;

static void setup(void)
{
	/* Few names, so that filters of several constraints match too. */
	const struct ssbg_spec spec = {.names = 20, .values = 200, .seed = 3};

	cr_assert_eq(ssbg_init(&ssbg, &spec, NULL), 0);
}

static void teardown(void)
{
	ssbg_fini(&ssbg);
}

TestSuite(counting, .init = setup, .fini = teardown);

static struct counting *made(uint32_t filters, uint32_t sessions)
{
	struct rh_error err = {""};
	struct counting *c;

	cr_assert_eq(counting_create(&ssbg, filters, sessions, &c, &err), 0, "%s", err.text);
	return c;
}

/* Sessions that the reference says, as a flag each; returns how many filters match. */
static uint32_t expected(uint32_t filters, uint32_t sessions, const struct ssbg_attribute *attributes, uint32_t count, uint8_t *due)
{
	uint32_t matched = 0;

	memset(due, 0, sessions);
	for (uint32_t f = 0; f < filters; f++) {
		struct ssbg_constraint list[SSBG_CONSTRAINTS_MAX];
		uint32_t n = ssbg_filter(&ssbg, f, list);

		if (!ssbg_matches(list, n, attributes, count))
			continue;
		matched++;
		due[f % sessions] = 1;
	}
	return matched;
}

static void compare(struct counting *c, uint32_t filters, uint32_t sessions, uint32_t event)
{
	static uint32_t out[FILTERS];
	static uint8_t due[FILTERS];
	struct ssbg_attribute attributes[SSBG_ATTRIBUTES_MAX];
	uint32_t count = ssbg_event(&ssbg, event, attributes), matched = expected(filters, sessions, attributes, count, due);

	for (int v = 0; v < COUNTING_VARIANTS; v++) {
		uint32_t n = counting_match(c, (enum counting_variant)v, attributes, count, out), left = 0;

		cr_assert_eq(counting_matched(c), matched, "event %u, variant %d", event, v);
		for (uint32_t i = 0; i < n; i++)
			cr_assert_eq(due[out[i]]++, 1, "event %u, variant %d: session %u is wrong or there twice", event, v, out[i]);
		for (uint32_t s = 0; s < sessions; s++)
			left += due[s] == 1;
		cr_assert_eq(left, 0, "event %u, variant %d", event, v);
		for (uint32_t i = 0; i < n; i++)
			due[out[i]] = 1;
	}
}

Test(counting, both_variants_find_every_filter_that_the_reference_finds)
{
	struct counting *c = made(FILTERS, FILTERS);

	for (uint32_t e = 0; e < 300; e++)
		compare(c, FILTERS, FILTERS, e);
	counting_destroy(c);
}

Test(counting, a_session_with_several_filters_that_match_stands_once)
{
	struct counting *c = made(2000, 30);

	for (uint32_t e = 0; e < EVENTS; e++)
		compare(c, 2000, 30, e);
	counting_destroy(c);
}

Test(counting, the_pruned_one_touches_less)
{
	struct counting *c = made(FILTERS, 100);
	uint64_t touched[COUNTING_VARIANTS] = {0};
	uint32_t out[100];

	for (uint32_t e = 0; e < 100; e++)
		for (int v = 0; v < COUNTING_VARIANTS; v++) {
			struct ssbg_attribute attributes[SSBG_ATTRIBUTES_MAX];
			uint32_t count = ssbg_event(&ssbg, e, attributes);

			(void)counting_match(c, (enum counting_variant)v, attributes, count, out);
			touched[v] += counting_touched(c);
		}
	cr_assert_lt(touched[COUNTING_PRUNED], touched[COUNTING_PLAIN]);
	counting_destroy(c);
}

Test(counting, none_of_nothing_is_refused)
{
	struct counting *c;

	cr_assert_eq(counting_create(&ssbg, 0, 1, &c, NULL), -EINVAL);
	cr_assert_eq(counting_create(&ssbg, 1, 0, &c, NULL), -EINVAL);
}
