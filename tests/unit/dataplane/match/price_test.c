#include "dataplane/match/cost.h"
#include "tests/lib/patterns.h"
#include "tests/unit/dataplane/match/fixture.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void start(void)
{
	fixture_start(0);
}

TestSuite(price, .init = start, .fini = fixture_stop);

static struct dp_sub_price price_of(dp_sub_id_t sub)
{
	struct dp_sub_price price = {0};

	cr_assert_eq(dp_table_sub_price(table, sub, &price), 0);
	return price;
}

static dp_sub_id_t add(enum rh_dialect dialect, const char *text, dp_session_id_t session)
{
	dp_sub_id_t sub = DP_SUB_NONE;
	struct rh_filter filter;

	cr_assert_eq(rh_filter_parse(dialect, text, strlen(text), &filter, NULL), 0);
	cr_assert_eq(dp_table_sub_add(table, 0, &filter, session, 0, &sub, NULL), 0);
	return sub;
}

Test(price, who_has_a_shape_alone_pays_its_probe)
{
	dp_sub_id_t first = fixture_add(0, "a/+/c", 1, 0), second;

	cr_expect_eq(price_of(first).every_cycles, DP_COST_PROBE);
	second = fixture_add(0, "x/+/z", 2, 0);
	cr_expect_eq(price_of(first).every_cycles, 0, "it would stay for the other");
	cr_expect_eq(price_of(second).every_cycles, 0);
	cr_assert_eq(dp_table_sub_del(table, first), 0);
	cr_expect_eq(price_of(second).every_cycles, DP_COST_PROBE);
	(void)fixture_add(0, "x/+/z", 3, 0);
	cr_expect_eq(price_of(second).every_cycles, 0, "two subscribers of one filter");
	(void)fixture_add(5, "x/y/+", 3, 0);
	cr_expect_eq(price_of(fixture_add(6, "x/y/+", 3, 0)).every_cycles, DP_COST_PROBE,
		"another tenant's shapes are its own");
}

Test(price, parts_of_a_shape_cost_more)
{
	cr_expect_eq(price_of(add(RH_DIALECT_SOLACE, "a/red*/c", 1)).every_cycles,
		DP_COST_PROBE + DP_COST_PART);
	cr_expect_eq(price_of(add(RH_DIALECT_ZENOH, "a/**/c/d", 1)).every_cycles,
		DP_COST_PROBE + 2 * DP_COST_PART);
	cr_expect_eq(price_of(add(RH_DIALECT_ZENOH, "a/**/c/d", 2)).match_cycles,
		DP_COST_MEMBER + DP_COST_COPY);
}

Test(price, a_filter_without_a_key_is_compared_for_every_event)
{
	dp_sub_id_t sub = add(RH_DIALECT_ZENOH, "**/x/**", 1);

	cr_expect_eq(price_of(sub).every_cycles, DP_COST_PROBE + DP_COST_WHOLE);
	cr_expect_eq(price_of(sub).match_cycles, DP_COST_FILTER + DP_COST_COPY);
	(void)add(RH_DIALECT_ZENOH, "**/y/**", 2);
	cr_expect_eq(price_of(sub).every_cycles, DP_COST_WHOLE, "the probe is the other's too");
}

Test(price, the_second_subscriber_of_a_filter_pays_its_place_alone)
{
	dp_sub_id_t first = fixture_add(0, "plant/a", 1, 0), second;
	uint32_t alone = price_of(first).bytes;

	cr_expect_eq(price_of(first).match_cycles, DP_COST_FILTER + DP_COST_COPY);
	second = fixture_add(0, "plant/a", 2, 0);
	cr_expect_eq(price_of(second).match_cycles, DP_COST_MEMBER + DP_COST_COPY);
	cr_expect_lt(price_of(second).bytes, alone / 2);
	cr_assert_eq(dp_table_sub_del(table, first), 0);
	cr_expect_geq(price_of(second).bytes, alone, "the filter is its own now");
}

Test(price, an_exception_makes_no_copy)
{
	dp_sub_id_t except = fixture_except(0, "plant/a", 1);

	cr_expect_eq(price_of(except).match_cycles, DP_COST_FILTER);
	(void)fixture_add(0, "plant/a", 2, 0);
	cr_expect_eq(price_of(except).match_cycles, DP_COST_MEMBER, "the filter is the other's too");
}

Test(price, a_pattern_costs_a_scan_where_its_filter_matches)
{
	static const char *const patterns[] = {"urgent"};
	size_t len = 0;
	void *bytes = test_patterns_compile(patterns, 1, &len);
	struct dp_sub_price price;

	cr_assert_eq(dp_table_patterns_set(table, 0, 0, bytes, len, 1, NULL), 0);
	free(bytes);
	price = price_of(fixture_add(0, "a/#", 1, 1));
	cr_expect_eq(price.every_cycles, DP_COST_PROBE);
	cr_expect_eq(price.match_cycles, DP_COST_FILTER + DP_COST_JUDGE + DP_COST_COND + DP_COST_SCAN + DP_COST_COPY);
}

Test(price, what_is_not_there_has_none)
{
	dp_sub_id_t sub = fixture_add(0, "a", 1, 0);
	struct dp_sub_price price;

	cr_assert_eq(dp_table_sub_del(table, sub), 0);
	cr_expect_eq(dp_table_sub_price(table, sub, &price), -ENOENT);
	cr_expect_eq(dp_table_sub_price(table, DP_SUB_NONE, &price), -ENOENT);
	cr_expect_eq(dp_table_sub_price(table, DP_LIMIT_SUBSCRIPTIONS, &price), -ENOENT);
}

/* The sum of all prices is about what the table holds. */
Test(price, bytes_are_those_of_the_table)
{
	uint64_t before = fixture_stats().bytes, sum = 0, held;
	char text[64];

	for (uint32_t i = 0; i < 20000; i++) {
		snprintf(text, sizeof(text), "plant/%u/line/%u/temp", i % 100, i);
		sum += price_of(fixture_add(0, text, i % 1000, 0)).bytes;
	}
	held = fixture_stats().bytes - before;
	cr_expect(sum > held * 8 / 10 && sum < held * 12 / 10, "%lu told, %lu held", sum, held);
}
