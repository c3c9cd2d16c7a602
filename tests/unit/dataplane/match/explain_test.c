#include "tests/lib/patterns.h"
#include "tests/unit/dataplane/match/fixture.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct dp_explain_row rows[64];
static unsigned count;

static void on_row(void *arg, const struct dp_explain_row *row)
{
	(void)arg;
	rows[count++] = *row;
}

static int explain(const char *topic, const char *payload)
{
	count = 0;
	return dp_table_explain(table, 0, topic, strlen(topic), payload,
		payload ? strlen(payload) : 0, on_row, NULL, NULL);
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
	cr_assert_eq(dp_table_patterns_set(table, 0, bytes, len, 2, NULL), 0);
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
	cr_expect_eq(verdict(blue), DP_EXPLAIN_PATTERN_MISSED);
	cr_expect_eq(verdict(both), DP_EXPLAIN_SAME_SESSION);
	cr_expect_str_eq(fixture_sessions("a/b", "a red car"), "1 2");
}

Test(explain, without_a_payload_patterns_stay_open)
{
	dp_sub_id_t red = fixture_add(0, "a/b", 2, 1), plain = fixture_add(0, "a/b", 1, 0);
	dp_sub_id_t both = fixture_add(0, "a/b", 1, 1);

	cr_assert_eq(explain("a/b", NULL), 0);
	cr_expect_eq(verdict(red), DP_EXPLAIN_PATTERN_UNKNOWN);
	cr_expect_eq(verdict(plain), DP_EXPLAIN_DELIVER);
	cr_expect_eq(verdict(both), DP_EXPLAIN_SAME_SESSION);
	cr_assert_eq(explain("a/b", ""), 0);
	cr_expect_eq(verdict(red), DP_EXPLAIN_PATTERN_MISSED);
}

Test(explain, refuses_what_nobody_may_publish)
{
	struct rh_error err;

	cr_expect_eq(dp_table_explain(table, 0, "a/+", 3, NULL, 0, on_row, NULL, &err), -EINVAL);
	cr_expect(strstr(err.text, "byte 2"));
	cr_expect_eq(
		dp_table_explain(table, 0, "a", 1, "x", 1u << 20, on_row, NULL, &err), -EINVAL);
	cr_expect_eq(dp_table_explain(table, 77, "a", 1, NULL, 0, on_row, NULL, &err), 0);
	cr_expect_eq(count, 0);
}
