/* CESQL: what parses to what, and what is refused where (cesql/spec.md sections 2 and 3.6). */

#include "dataplane/cesql/tree.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct rh_cesql_tree tree;

static int parse(const char *text)
{
	return rh_cesql_parse(text, strlen(text), &tree, NULL, NULL);
}

static const char *const canonical[][2] = {
	/* Literals: section 2.2. */
	{"TRUE", "TRUE"}, {"fAlSe", "FALSE"}, {"0", "0"}, {"+12", "12"}, {"-12", "-12"}, {"007", "7"},
	{"2147483647", "2147483647"}, {"-2147483648", "-2147483648"}, {"'a'", "'a'"}, {"\"a\"", "'a'"}, {"''", "''"},
	{"'it\\'s'", "'it\\'s'"}, {"\"it's\"", "'it\\'s'"}, {"\"say \\\"x\\\"\"", "'say \"x\"'"},
	{"'C:\\dir'", "'C:\\dir'"}, {"'a\\\\'", "'a\\\\'"}, {"'a\\\"'", "'a\\\"'"}, {"\"a\\'\"", "\"a\\'\""},
	{"'Straße'", "'Straße'"},
	/* Names. */
	{"subject", "subject"}, {"SOURCE", "source"}, {"3com", "3com"}, {"x1", "x1"}, {"notable", "notable"},
	{"EXISTS id", "EXISTS id"}, {"exists 42", "EXISTS 42"},
	/* Operators, tightest first. */
	{"1+2*3", "(1 + (2 * 3))"}, {"(1+2)*3", "((1 + 2) * 3)"}, {"1-2-3", "((1 - 2) - 3)"},
	{"8/4%3*2", "(((8 / 4) % 3) * 2)"}, {"4-1", "(4 - 1)"}, {"4 - -1", "(4 - -1)"}, {"4 -1", "(4 - 1)"},
	{"--10", "(- -10)"}, {"- 5", "(- 5)"}, {"-x*2", "((- x) * 2)"}, {"a + 1 < b", "((a + 1) < b)"},
	{"1 < 2 = TRUE", "((1 < 2) = TRUE)"}, {"a<>b", "(a != b)"}, {"a != b", "(a != b)"}, {"a<=b", "(a <= b)"},
	{"a>=b", "(a >= b)"}, {"a>b", "(a > b)"}, {"NOT a = b", "((NOT a) = b)"}, {"NOT EXISTS a", "(NOT EXISTS a)"},
	{"not not a", "(NOT (NOT a))"}, {"PAYLOAD LIKE 'x%'", "(payload LIKE 'x%')"}, {"(payload) not like 'x'", "(payload NOT LIKE 'x')"},
	{"matches(payload, 'a\\d') AND Contains(Subject, '')", "(MATCHES(payload, 'a\\d') AND CONTAINS(subject, ''))"},
	{"JSON(payload, '/a~1b/0') = 1", "(JSON(payload, '/a~1b/0') = 1)"}, {"JSON(payload, '')", "JSON(payload, '')"}, {"NOT holds ( a = 1 )", "(NOT HOLDS((a = 1)))"}, {"NOT a LIKE 'x'", "((NOT a) LIKE 'x')"}, {"1 + a LIKE 'x'", "(1 + (a LIKE 'x'))"},
	{"a NOT LIKE \"x%\"", "(a NOT LIKE 'x%')"}, {"a like 'x' in (true)", "((a LIKE 'x') IN (TRUE))"},
	{"a IN (1)", "(a IN (1))"}, {"a NOT IN ('b', c, 1+1)", "(a NOT IN ('b', c, (1 + 1)))"},
	{"a IN((1))", "(a IN (1))"},
	/* Logic: one level. */
	{"a AND b and c", "(a AND b AND c)"}, {"(a AND b) AND c", "((a AND b) AND c)"}, {"a=1 OR b=2", "((a = 1) OR (b = 2))"},
	{"a xor b", "(a XOR b)"}, {"(a AND b) OR c", "((a AND b) OR c)"},
	{"NOT a AND b", "((NOT a) AND b)"},
	/* Calls: section 2.4. */
	{"length(a)", "LENGTH(a)"}, {"CONCAT()", "CONCAT()"}, {"Concat_Ws(',', a, b)", "CONCAT_WS(',', a, b)"},
	{"LEFT (a, 2) = 'x'", "(LEFT(a, 2) = 'x')"}, {"SUBSTRING(a,1) = SUBSTRING(a,1,2)", "(SUBSTRING(a, 1) = SUBSTRING(a, 1, 2))"},
	{"int(hop)<int(ttl) and int(hop)<1000", "((INT(hop) < INT(ttl)) AND (INT(hop) < 1000))"},
	{"\ta\r\n=\n1 ", "(a = 1)"},
};

Test(cesql, prints_what_it_read_with_all_parentheses_and_reads_it_back)
{
	static char text[RH_CESQL_PRINT_MAX], again[RH_CESQL_PRINT_MAX];

	for (size_t i = 0; i < sizeof(canonical) / sizeof(canonical[0]); i++) {
		const char *from = canonical[i][0], *want = canonical[i][1];

		cr_assert_eq(parse(from), 0, "%s", from);
		cr_assert_eq(rh_cesql_print(&tree, text, sizeof(text)), (int)strlen(want), "%s: %s", from, text);
		cr_assert_str_eq(text, want);
		cr_assert_eq(parse(text), 0, "%s", text);
		cr_assert_gt(rh_cesql_print(&tree, again, sizeof(again)), 0);
		cr_assert_str_eq(again, want);
	}
	cr_assert_eq(parse("a = 1"), 0);
	cr_assert_eq(rh_cesql_print(&tree, text, 7), -EMSGSIZE);
	cr_assert_eq(rh_cesql_print(&tree, text, 8), 7);
}

static const struct refusal {
	const char *text;
	int errnum;
	size_t where;
	const char *sentence; /* a part of it */
} refusals[] = {
	{"", EINVAL, 0, "cesql: at 0: expected a value, found the end"},
	{"subject = ( )", EINVAL, 12, "cesql: at 12: expected a value after '(', found ')'"},
	{"subject   = )", EINVAL, 12, "cesql: at 12: expected a value after '=', found ')'"},
	{"a b", EINVAL, 2, "expected an operator or the end after 'a', found 'b'"},
	{"a =", EINVAL, 3, "expected a value after '=', found the end"},
	{"(a", EINVAL, 2, "expected an operator or ')' after 'a', found the end"},
	{"a)", EINVAL, 1, "found ')'"},
	{"a == b", EINVAL, 3, "expected a value after '=', found '='"},
	{"a AND", EINVAL, 5, "expected a value after 'AND'"},
	{"AND", EINVAL, 0, "expected a value, found 'AND'"},
	{"+a", EINVAL, 0, "expected a value, found '+'"},
	{"+ 1", EINVAL, 0, "expected a value, found '+'"},
	{"a ! b", EINVAL, 2, "found '!'"},
	{"a = 'b", EINVAL, 4, "the string has no end: write ' behind it"},
	{"a = \"b\\\"", EINVAL, 4, "the string has no end: write \" behind it"},
	{"2147483648", EINVAL, 0, "out of range: -2147483648 to 2147483647"},
	{"a = -2147483649", EINVAL, 4, "out of range"},
	{"- 2147483648", EINVAL, 2, "out of range"},
	{"99999999999999999999999999", EINVAL, 0, "out of range"},
	{"a_b = 1", EINVAL, 1, "'_' is in no attribute's name"},
	{"a LIKE 1", EINVAL, 7, "expected a pattern in quotes after 'LIKE', found '1'"},
	{"a LIKE b", EINVAL, 7, "expected a pattern in quotes"},
	{"a NOT = 1", EINVAL, 6, "expected LIKE or IN after 'NOT', found '='"},
	{"a IN ()", EINVAL, 6, "expected a value after '(', found ')'"},
	{"a IN 1", EINVAL, 5, "expected '(' after 'IN'"},
	{"a IN (1 2)", EINVAL, 8, "expected ',' or ')' after '1'"},
	{"EXISTS 'a'", EINVAL, 7, "expected an attribute's name after 'EXISTS'"},
	{"EXISTS", EINVAL, 6, "expected an attribute's name"},
	{"ABC(", EINVAL, 4, "expected a value after '(', found the end"},
	{"FOO(1)", ENOSYS, 0, "there is no function 'FOO': ABS, BOOL, CONCAT"},
	{"1 + LEFT('a')", ENOSYS, 4, "there is no function LEFT of 1 argument: it takes 2"},
	{"CONCAT_WS()", ENOSYS, 0, "it takes 1 to 32"},
	{"payload = 'x'", EINVAL, 0, "payload is no attribute: write payload LIKE '...', MATCHES(payload, '...')"},
	{"a = 1 AND PAYLOAD", EINVAL, 10, "payload is no attribute"},
	{"payload", EINVAL, 0, "payload is no attribute"},
	{"payload IN ('x')", EINVAL, 0, "payload is no attribute"},
	{"NOT payload LIKE 'x'", EINVAL, 4, "payload is no attribute"},
	{"LENGTH(payload)", EINVAL, 7, "payload is no attribute"},
	{"EXISTS payload", EINVAL, 7, "payload is no attribute: every event has one"},
	{"MATCHES('x', payload)", EINVAL, 8, "MATCHES looks into payload or an attribute"},
	{"MATCHES(1, 'x')", EINVAL, 8, "MATCHES looks into payload or an attribute"},
	{"CONTAINS(LEFT(a, 1), 'x')", EINVAL, 9, "CONTAINS looks into payload or an attribute"},
	{"MATCHES(a, b)", EINVAL, 11, "MATCHES takes a literal in quotes second"},
	{"CONTAINS(payload, 1)", EINVAL, 18, "CONTAINS takes a literal in quotes second"},
	{"MATCHES(payload, '')", EINVAL, 17, "the regular expression is empty"},
	{"MATCHES(payload, '(*UTF8)x')", EINVAL, 17, "begins with a control verb: payloads are bytes, write \\xHH"},
	{"MATCHES(payload)", ENOSYS, 0, "there is no function MATCHES of 1 argument: it takes 2"},
	{"JSON(a, '/x')", EINVAL, 5, "JSON looks into payload alone"},
	{"JSON(payload, a)", EINVAL, 14, "JSON takes a literal in quotes second"},
	{"JSON(payload, 'x')", EINVAL, 15, "a JSON pointer begins with '/'"},
	{"JSON(payload, '/a~2')", EINVAL, 17, "'~' in a JSON pointer is written ~0"},
	{"JSON(payload, '/\\'~')", EINVAL, 18, "'~' in a JSON pointer is written ~0"},
	{"HOLDS(a, b)", ENOSYS, 0, "there is no function HOLDS of 2 arguments: it takes 1"},
	{"a AND b OR c", EINVAL, 8, "'OR' follows 'AND' without parentheses: write (a AND b) OR c or a AND (b OR c)"},
	{"(a OR b XOR c)", EINVAL, 8, "'XOR' follows 'OR' without parentheses"},
	{"a = '\xff'", EINVAL, 5, "the byte 0xff is no UTF-8"},
	{"\u00e4 = 1", EINVAL, 0, "expected a value, found '\u00e4'"},
	{"a = \u20ac", EINVAL, 4, "expected a value after '=', found '\u20ac'"},
};

Test(cesql, says_where_an_expression_is_wrong_and_what_would_be_right)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *row = &refusals[i];
		struct rh_error err;
		size_t where = SIZE_MAX;

		cr_expect_eq(rh_cesql_parse(row->text, strlen(row->text), &tree, &where, &err), -row->errnum, "%s", row->text);
		cr_expect_eq(where, row->where, "%s: %zu", row->text, where);
		cr_expect(strstr(err.text, row->sentence), "%s: %s", row->text, err.text);
	}
}

/* @times @what, with @head in front and @tail behind. */
static const char *repeated(const char *head, const char *what, int times, const char *tail)
{
	static char text[2 * RH_CESQL_TEXT_MAX];
	size_t used = (size_t)sprintf(text, "%s", head);

	while (times--)
		used += (size_t)sprintf(text + used, "%s", what);
	(void)sprintf(text + used, "%s", tail);
	return text;
}

Test(cesql, keeps_its_limits)
{
	cr_expect_eq(parse(repeated("", "(", 64, "1")), -EINVAL, "64 deep, without their ends");
	cr_expect_eq(parse(repeated("", "(", 65, "1")), -E2BIG);
	cr_expect_eq(parse(repeated("", "NOT ", 31, "a")), 0);
	cr_expect_eq(parse(repeated("", "NOT ", 32, "a")), -E2BIG);
	cr_expect_eq(parse(repeated("1", "+1", 31, "")), 0);
	cr_expect_eq(parse(repeated("1", "+1", 32, "")), -E2BIG);
	cr_expect_eq(parse(repeated("a", " OR a", 800, "")), 0, "a long choice is flat");
	cr_expect_eq(parse(repeated("a IN (1", ",1", 1021, ")")), 0);
	cr_expect_eq(parse(repeated("a IN (1", ",1", 1022, ")")), -E2BIG);
	cr_expect_eq(parse(repeated("CONCAT(1", ",1", 31, ")")), 0);
	cr_expect_eq(parse(repeated("CONCAT(1", ",1", 32, ")")), -ENOSYS);
	cr_expect_eq(parse(repeated("'", "x", RH_CESQL_TEXT_MAX - 2, "'")), 0);
	cr_expect_eq(parse(repeated("'", "x", RH_CESQL_TEXT_MAX - 1, "'")), -E2BIG);
	cr_expect_eq(parse(repeated("", "x", RH_CESQL_NAME_MAX, "")), 0);
	cr_expect_eq(parse(repeated("", "x", RH_CESQL_NAME_MAX + 1, "")), -E2BIG);
	cr_expect_eq(parse(repeated("a LIKE '", "x", RH_CESQL_LIKE_MAX, "'")), 0);
	cr_expect_eq(parse(repeated("a LIKE '", "x", RH_CESQL_LIKE_MAX + 1, "'")), -E2BIG);
}

static void check_reads_back(const char *from)
{
	static char text[RH_CESQL_PRINT_MAX], again[RH_CESQL_PRINT_MAX];

	cr_assert_eq(parse(from), 0, "%s", from);
	cr_assert_gt(rh_cesql_print(&tree, text, sizeof(text)), 0);
	cr_assert_eq(parse(text), 0, "%s", text);
	cr_assert_gt(rh_cesql_print(&tree, again, sizeof(again)), 0);
	cr_assert_str_eq(again, text);
}

/* It has more parentheses than its text. */
Test(cesql, reads_the_canonical_text_of_the_deepest_trees)
{
	check_reads_back(repeated("", "NOT ", 31, "a"));
	check_reads_back(repeated("1", "+1", 31, ""));
	check_reads_back(repeated("", "1 IN (", 31, "1)))))))))))))))))))))))))))))))"));
}

Test(cesql, counts_distinct_predicates)
{
	static const struct {
		const char *text;
		unsigned count;
	} rows[] = {{"TRUE", 0}, {"a", 1}, {"a = 1", 1}, {"a = 1 OR a != 1", 1}, {"a = 1 OR a = 2", 2},
		{"(a = 1 AND b LIKE 'x') OR (a = 1 AND b NOT LIKE 'x')", 2}, {"NOT (a = 1) XOR TRUE", 1},
		{"a = '1' OR a = 1 OR 1 = a", 3}, {"a = -(b) OR a = -(c)", 2}, {"EXISTS a OR EXISTS A", 1}, {"HOLDS(a = 1) OR a = 1", 1}, {"payload LIKE 'x' OR payload NOT LIKE 'x' OR payload LIKE 'y'", 2},
		{"MATCHES(payload, 'x') OR MATCHES(a, 'x') OR CONTAINS(payload, 'x')", 3}, {"JSON(payload, '/a') = 1 OR JSON(payload, '/b') = 1", 2},
		{"a < 1 OR a <= 1", 2}, {"a IN (1,2) OR a IN (2,1) OR a NOT IN (1,2)", 2},
		{"LEFT(a,1) = 'x' OR RIGHT(a,1) = 'x'", 2}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cr_assert_eq(parse(rows[i].text), 0, "%s", rows[i].text);
		cr_expect_eq(rh_cesql_predicates(&tree), rows[i].count, "%s", rows[i].text);
	}
}
