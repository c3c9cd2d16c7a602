#include "dataplane/match/cost.h"
#include "tests/lib/patterns.h"
#include "tests/unit/dataplane/match/fixture.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct dp_explain_row rows[64];
static struct dp_explain_cost cost;
static unsigned count;

static void on_row(void *arg, const struct dp_explain_row *row)
{
	(void)arg;
	rows[count++] = *row;
}

static int explain(const char *topic, const char *payload)
{
	count = 0;
	const struct dp_explain_event event = {
		.topic = topic, .topic_len = strlen(topic), .payload = payload, .payload_len = payload ? strlen(payload) : 0};

	return dp_table_explain(table, &event, on_row, NULL, &cost, NULL);
}

static enum dp_explain_verdict verdict(dp_sub_id_t sub)
{
	for (unsigned i = 0; i < count; i++)
		if (rows[i].sub == sub)
			return rows[i].verdict;
	cr_assert_fail("subscription %u is not in the explanation", sub);
	return 0;
}

static void start(void)
{
	static const char *const patterns[] = {"red", "blue"};
	size_t len = 0;
	void *bytes = test_patterns_compile(patterns, 2, &len);

	fixture_start(0);
	cr_assert_eq(dp_table_patterns_set(table, 0, 0, bytes, len, 2, NULL), 0);
	free(bytes);
}

TestSuite(explain, .init = start, .fini = fixture_stop);

Test(explain, says_for_each_matching_subscription_what_happens)
{
	dp_sub_id_t plain = fixture_add(0, "a/+", 1, 0), twice = fixture_add(0, "a/#", 1, 0);
	dp_sub_id_t red = fixture_add(0, "a/b", 2, 1), blue = fixture_add(0, "#", 3, 2);
	dp_sub_id_t both = fixture_add(0, "+/b", 1, 1);

	(void)fixture_add(0, "a/c", 4, 0);
	(void)fixture_publish();
	cr_assert_eq(explain("a/b", "a red car"), 0);
	cr_expect_eq(count, 5);
	cr_expect_neq(verdict(plain), verdict(twice));
	cr_expect_eq(verdict(plain) + verdict(twice), DP_EXPLAIN_DELIVER + DP_EXPLAIN_SAME_SESSION);
	cr_expect_eq(verdict(red), DP_EXPLAIN_DELIVER);
	cr_expect_eq(verdict(blue), DP_EXPLAIN_CONTENT_MISSED);
	cr_expect_eq(verdict(both), DP_EXPLAIN_SAME_SESSION);
	cr_expect_str_eq(fixture_sessions("a/b", "a red car"), "1 2");
}

Test(explain, without_a_payload_patterns_stay_open)
{
	dp_sub_id_t red = fixture_add(0, "a/b", 2, 1), plain = fixture_add(0, "a/b", 1, 0);
	dp_sub_id_t both = fixture_add(0, "a/b", 1, 1);

	cr_assert_eq(explain("a/b", NULL), 0);
	cr_expect_eq(verdict(red), DP_EXPLAIN_CONTENT_UNKNOWN);
	cr_expect_eq(verdict(plain), DP_EXPLAIN_DELIVER);
	cr_expect_eq(verdict(both), DP_EXPLAIN_SAME_SESSION);
	cr_assert_eq(explain("a/b", ""), 0);
	cr_expect_eq(verdict(red), DP_EXPLAIN_CONTENT_MISSED);
}

Test(explain, refuses_what_nobody_may_publish)
{
	struct dp_explain_event event = {.topic = "a/+", .topic_len = 3};
	struct rh_error err;

	cr_expect_eq(dp_table_explain(table, &event, on_row, NULL, &cost, &err), -EINVAL);
	cr_expect(strstr(err.text, "byte 2"));
	event = (struct dp_explain_event){.topic = "a", .topic_len = 1, .payload = "x", .payload_len = 1u << 20};
	cr_expect_eq(dp_table_explain(table, &event, on_row, NULL, &cost, &err), -EINVAL);
	cr_expect(strstr(err.text, "at most 65536"));
	event = (struct dp_explain_event){.topic = "a", .topic_len = 1, .attributes = "\x1f", .attributes_len = 1};
	cr_expect_eq(dp_table_explain(table, &event, on_row, NULL, &cost, &err), -EINVAL);
	cr_expect(strstr(err.text, "attributes are malformed"));
	event = (struct dp_explain_event){.topic = "a", .topic_len = 1, .tenant = 77};
	cr_expect_eq(dp_table_explain(table, &event, on_row, NULL, &cost, &err), 0);
	cr_expect_eq(count, 0);
}

static uint32_t row_cost(dp_sub_id_t sub)
{
	for (unsigned i = 0; i < count; i++)
		if (rows[i].sub == sub)
			return rows[i].cost_cycles;
	cr_assert_fail("subscription %u is not in the explanation", sub);
	return 0;
}

Test(explain, counts_what_an_event_costs)
{
	dp_sub_id_t plain = fixture_add(0, "a/b", 1, 0), second = fixture_add(0, "a/b", 2, 0);
	dp_sub_id_t except = fixture_except(0, "a/+", 2);
	uint32_t cycles = DP_COST_TOPIC + 3 * DP_COST_PROBE + 2 * DP_COST_FILTER + DP_COST_MEMBER;

	(void)fixture_add(0, "x/b/#", 3, 0);
	(void)fixture_add(0, "x/b/c", 3, 0);
	(void)fixture_add(5, "+/b", 3, 0);
	cr_assert_eq(explain("a/b", NULL), 0);
	cr_expect_eq(row_cost(plain), DP_COST_FILTER + DP_COST_COPY);
	cr_expect_eq(row_cost(second), DP_COST_MEMBER);
	cr_expect_eq(row_cost(except), DP_COST_FILTER);
	cr_expect_eq(cost.shapes, 3, "of two levels, and two or more");
	cr_expect_eq(cost.compared, 2);
	cr_expect_eq(cost.matched, 2);
	cr_expect_eq(cost.copies, 1);
	cr_expect_eq(cost.scans, 0);
	cr_expect_eq(cost.cycles, cycles + DP_COST_COPY);
	(void)fixture_add(0, "+/b", 4, 1);
	cr_assert_eq(explain("a/b", "a red car"), 0);
	cr_expect_eq(cost.scans, 1);
	cr_expect_eq(cost.cycles, cycles + DP_COST_COPY + DP_COST_PROBE + DP_COST_FILTER +
		DP_COST_JUDGE + DP_COST_COND + DP_COST_SCAN + DP_COST_COPY);
	cr_assert_eq(explain("q", NULL), 0);
	cr_expect_eq(cost.cycles, DP_COST_TOPIC);
}

Test(explain, payloads_that_decide_nothing_are_not_scanned)
{
	(void)fixture_add(0, "a", 1, 0);
	(void)fixture_add(0, "a", 1, 1);
	(void)fixture_add(0, "a", 2, 1);
	(void)fixture_except(0, "a", 2);
	cr_assert_eq(explain("a", "red"), 0);
	cr_expect_eq(cost.scans, 0);
	(void)fixture_add(0, "a", 3, 1);
	cr_assert_eq(explain("a", "blue"), 0);
	cr_expect_eq(cost.scans, 1);
	cr_assert_eq(explain("a", NULL), 0);
	cr_expect_eq(cost.scans, 1, "it would be");
}

Test(explain, filters_compared_in_vain_cost_too)
{
	static const char *const filters[] = {"a/**/x/**/z", "a/**/y/**/z"};
	struct rh_filter filter;
	dp_sub_id_t sub;

	for (unsigned i = 0; i < 2; i++) {
		cr_assert_eq(rh_filter_parse(RH_DIALECT_ZENOH, filters[i], strlen(filters[i]),
				     &filter, NULL),
			0);
		cr_assert_eq(dp_table_sub_add(table, 0, &filter, i, 0, &sub, NULL), 0);
	}
	cr_assert_eq(explain("a/y/z", NULL), 0);
	cr_expect_eq(cost.shapes, 1);
	cr_expect_eq(cost.compared, 2, "they share a key");
	cr_expect_eq(cost.matched, 1);
	cr_expect_eq(row_cost(sub), DP_COST_FILTER + DP_COST_WHOLE + DP_COST_COPY);
	cr_expect_eq(cost.cycles, DP_COST_TOPIC + DP_COST_PROBE + DP_COST_PART +
		2 * (DP_COST_FILTER + DP_COST_WHOLE) + DP_COST_COPY);
}
