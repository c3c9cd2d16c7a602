/* CESQL: what expressions cost, and which part is dear. The numbers are estimates; what they must say of each other is fixed. */

#include "dataplane/cesql/price.h"

#include <criterion/criterion.h>
#include <string.h>

static struct rh_cesql_tree tree;

static struct rh_cesql_price price_of(const char *text)
{
	struct rh_cesql_price price;
	struct rh_error err = {""};

	cr_assert_eq(rh_cesql_parse(text, strlen(text), &tree, NULL, &err), 0, "%s: %s", text, err.text);
	rh_cesql_price(&tree, &price);
	return price;
}

Test(cesql_price, names_the_dearest_predicate)
{
	static const char *const rows[][2] = {{"TRUE", ""}, {"a = 1", "(a = 1)"}, {"a", "a"}, {"a = 1 AND b LIKE 'x%'", "(b LIKE 'x%')"},
		{"NOT (UPPER(a) = 'X') OR a = 1", "(UPPER(a) = 'X')"}, {"HOLDS(a NOT LIKE 'x') OR EXISTS b", "(a NOT LIKE 'x')"},
		{"MATCHES(payload, 'a.*b') AND CONTAINS(payload, 'c')", "MATCHES(payload, 'a.*b')"},
		{"CONTAINS(payload, 'c') AND MATCHES(payload, 'a{9}') AND MATCHES(payload, 'b+')", "MATCHES(payload, 'a{9}')"},
		{"MATCHES(payload, '^a.*b') XOR JSON(payload, '/a') = 'x'", "(JSON(payload, '/a') = 'x')"},
		{"a IN (1, 2, 3) OR a IN (1)", "(a IN (1, 2, 3))"}, {"payload LIKE 'x' OR payload LIKE '%'", "(payload LIKE 'x')"}};
	char text[RH_CESQL_PRINT_MAX];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rh_cesql_price price = price_of(rows[i][0]);

		cr_assert_gt(rh_cesql_print(&tree, text, sizeof(text)), 0);
		cr_assert_leq(price.dear_at + price.dear_size, strlen(text));
		text[price.dear_at + price.dear_size] = '\0';
		cr_expect_str_eq(text + price.dear_at, rows[i][1], "%s: %s", rows[i][0], text + price.dear_at);
		cr_expect_leq(price.dear_cycles, price.cycles);
		cr_expect_eq(price.dear_cycles == 0, price.dear_size == 0);
	}
}

Test(cesql_price, of_a_predicate_is_paid_once)
{
	struct rh_cesql_price one = price_of("a LIKE 'x%' OR EXISTS b"), twice = price_of("a LIKE 'x%' OR (EXISTS b AND a NOT LIKE 'x%')");

	cr_expect_eq(one.cycles, twice.cycles);
	cr_expect_eq(one.dear_cycles, twice.dear_cycles);
	/* Its steps are not. */
	cr_expect_lt(one.bytes, twice.bytes);
}

/* One scan serves all patterns of the payload, but not an attribute's. */
Test(cesql_price, of_a_scan_is_paid_once)
{
	uint64_t one = price_of("CONTAINS(payload, 'aaa')").cycles, two = price_of("CONTAINS(payload, 'aaa') OR CONTAINS(payload, 'bbb')").cycles;
	uint64_t both = price_of("CONTAINS(payload, 'aaa') OR CONTAINS(b, 'bbb')").cycles;

	cr_expect_lt(two - one, 100);
	cr_expect_gt(both - one, 100);
}

Test(cesql_price, grows_with_what_is_done_and_held)
{
	static const char *const rising[] = {"TRUE", "EXISTS a", "a = 1", "a + 1 = 1", "LEFT(a, 1) = '1'", "UPPER(a) = 'A'", "MATCHES(payload, 'a.*b')",
		"JSON(payload, '/a') = 1"};

	for (size_t i = 1; i < sizeof(rising) / sizeof(rising[0]); i++)
		cr_expect_gt(price_of(rising[i]).cycles, price_of(rising[i - 1]).cycles, "%s", rising[i]);
	cr_expect_gt(price_of("CONTAINS(payload, 'abcdefgh')").bytes, price_of("CONTAINS(payload, 'abc')").bytes);
	cr_expect_gt(price_of("a LIKE 'abcdefgh%'").bytes, price_of("a LIKE 'abc%'").bytes);
	cr_expect_gt(price_of("a = 'abcdefgh'").bytes, price_of("a = 'abc'").bytes);
}
