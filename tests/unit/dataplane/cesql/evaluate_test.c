/* CESQL: values and errors of every operator, cast and function (cesql/spec.md section 3, docs/filters.md). */

#include "dataplane/cesql/program.h"

#include "tests/lib/cesql_event.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct rh_cesql_tree tree;
static struct rh_cesql_scratch scratch;

static struct rh_cesql_result evaluate(const char *text, struct rh_cesql_program **program)
{
	struct rh_error err = {""};

	cr_assert_eq(rh_cesql_parse(text, strlen(text), &tree, NULL, &err), 0, "%s: %s", text, err.text);
	cr_assert_eq(rh_cesql_compile(&tree, program, &err), 0, "%s: %s", text, err.text);
	return rh_cesql_evaluate(*program, &cesql_event, &scratch);
}

/* Rows of an expression, its value, the error or NULL. */
static void check(const char *const (*rows)[3], size_t count)
{
	char value[256];

	for (size_t i = 0; i < count; i++) {
		const char *text = rows[i][0], *want = rows[i][1], *wrong = rows[i][2];
		struct rh_cesql_program *program;
		struct rh_cesql_result result = evaluate(text, &program);
		const char *error = rh_cesql_error_name(result.error);
		bool matches = rh_cesql_matches(program, &cesql_event, &scratch);

		result = rh_cesql_evaluate(program, &cesql_event, &scratch);
		cesql_value_text(result.value, value, sizeof(value));
		cr_expect_str_eq(value, want, "%s is %s, not %s", text, value, want);
		cr_expect_str_eq(error ? error : "", wrong ? wrong : "", "%s: %s", text, error ? error : "no error");
		cr_expect_eq(result.error != RH_CESQL_OK, result.reason != NULL);
		cr_expect_eq(matches, !error && strcmp(want, "TRUE") == 0, "%s", text);
		rh_cesql_destroy(program);
	}
}

#define CHECK(...)                                           \
	do {                                                 \
		static const char *const rows[][3] = {__VA_ARGS__}; \
		check(rows, sizeof(rows) / sizeof(rows[0])); \
	} while (0)

#define MATH	 "MathError"
#define CAST	 "CastError"
#define MISSING	 "MissingAttributeError"
#define FUNCTION "FunctionEvaluationError"

Test(cesql, literals_and_attributes)
{
	CHECK({"TRUE", "TRUE"}, {"false", "FALSE"}, {"-2147483648", "-2147483648"}, {"+7", "7"}, {"'x'", "'x'"},
		{"\"it's\"", "'it's'"}, {"'C:\\dir'", "'C:\\dir'"}, {"id", "'A1'"}, {"Type", "'com.example.made'"},
		{"hop", "5"}, {"urgent", "TRUE"}, {"nothere", "FALSE", MISSING}, {"42", "42"});
}

Test(cesql, existence_is_no_error)
{
	CHECK({"EXISTS subject", "TRUE"}, {"EXISTS nothere", "FALSE"}, {"NOT EXISTS nothere", "TRUE"},
		{"EXISTS specversion AND EXISTS id AND EXISTS source AND EXISTS TYPE", "TRUE"},
		{"EXISTS nothere AND nothere = 1", "FALSE"});
}

Test(cesql, arithmetic)
{
	CHECK({"4 * 2 + 4 / 2", "10"}, {"4 * (2 + 4) / 2", "12"}, {"7 - 2 - 1", "4"}, {"5 / 3", "1"}, {"-5 / 3", "-1"},
		{"5 % 3", "2"}, {"-5 % 3", "-2"}, {"5 % -3", "2"}, {"5 / 0", "0", MATH}, {"5 % 0", "0", MATH},
		{"-2147483648 % -1", "0"}, {"-2147483648 / -1", "0", MATH}, {"2147483647 + 1", "0", MATH},
		{"-2147483648 - 1", "0", MATH}, {"65536 * 65536", "0", MATH}, {"46340 * 46340", "2147395600"},
		{"-(-2147483648)", "0", MATH}, {"--10", "10"}, {"-hop", "-5"}, {"-TRUE", "-1"}, {"-'10'", "-10"},
		{"'5' + TRUE", "6"}, {"1 + 'x'", "0", CAST}, {"1 / 0 + nothere", "0", MATH}, {"nothere / 0", "0", MISSING},
		{"1 + 2147483647 = 0", "FALSE", MATH});
}

Test(cesql, comparisons_cast_the_left_operand)
{
	CHECK({"sequence = 10", "TRUE"}, {"10 = sequence", "TRUE"}, {"sequence = 010", "TRUE"}, {"sequence = '010'", "FALSE"},
		{"'TRUE' = true", "TRUE"}, {"true = 'TRUE'", "FALSE"}, {"true = 'true'", "TRUE"}, {"'abc' = 1", "FALSE", CAST},
		{"1 = 'abc'", "FALSE"}, {"'yes' = TRUE", "FALSE", CAST}, {"2 = TRUE", "TRUE"}, {"TRUE = 2", "FALSE"},
		{"TRUE = 1", "TRUE"}, {"'a' != 'A'", "TRUE"}, {"'a' <> 'a'", "FALSE"}, {"'abc' != 1", "FALSE", CAST},
		{"nothere != 2", "FALSE", MISSING}, {"nothere = ''", "FALSE", MISSING}, {"2 < 10", "TRUE"}, {"'2' < '10'", "TRUE"},
		{"10 <= 10", "TRUE"}, {"11 <= 10", "FALSE"}, {"3 > -4", "TRUE"}, {"3 > 3", "FALSE"}, {"3 >= 3", "TRUE"},
		{"2 >= 3", "FALSE"}, {"TRUE > FALSE", "TRUE"}, {"'a' < 'b'", "FALSE", CAST}, {"1 < 2 = TRUE", "TRUE"},
		{"NOT hop = 5", "FALSE"});
}

Test(cesql, casts)
{
	CHECK({"INT('-12')", "-12"}, {"INT('+12')", "12"}, {"INT('0000000000000012')", "12"}, {"INT('2147483647')", "2147483647"},
		{"INT('-2147483648')", "-2147483648"}, {"INT('2147483648')", "0", CAST}, {"INT('-2147483649')", "0", CAST},
		{"INT('99999999999999999999999')", "0", CAST}, {"INT('')", "0", CAST}, {"INT('-')", "0", CAST},
		{"INT(' 1')", "0", CAST}, {"INT('1x')", "0", CAST}, {"INT(TRUE)", "1"}, {"INT(false)", "0"}, {"INT(5)", "5"},
		{"BOOL('True')", "TRUE"}, {"BOOL('FALSE')", "FALSE"}, {"BOOL('x')", "FALSE", CAST}, {"BOOL('')", "FALSE", CAST},
		{"BOOL(0)", "FALSE"}, {"BOOL(-3)", "TRUE"}, {"BOOL(TRUE)", "TRUE"}, {"STRING(-12)", "'-12'"},
		{"STRING(-2147483648)", "'-2147483648'"}, {"STRING(TRUE)", "'true'"}, {"STRING(FALSE)", "'false'"},
		{"STRING('x')", "'x'"}, {"INT(nothere)", "0", MISSING}, {"STRING(nothere)", "''", MISSING});
}

Test(cesql, logic)
{
	CHECK({"TRUE AND TRUE", "TRUE"}, {"TRUE AND FALSE", "FALSE"}, {"FALSE OR TRUE", "TRUE"}, {"FALSE OR FALSE", "FALSE"},
		{"TRUE XOR TRUE", "FALSE"}, {"TRUE XOR FALSE XOR TRUE", "FALSE"}, {"TRUE XOR TRUE XOR TRUE", "TRUE"},
		{"FALSE AND (1 / 0 = 1)", "FALSE"}, {"TRUE OR (1 / 0 = 1)", "TRUE"}, {"TRUE AND (1 / 0 = 1)", "FALSE", MATH},
		{"FALSE OR (1 != 1 / 0)", "FALSE", MATH}, {"FALSE XOR (1 / 0 = 1)", "FALSE", MATH},
		{"FALSE AND nothere AND nothere", "FALSE"}, {"TRUE AND FALSE AND nothere", "FALSE"},
		{"FALSE OR TRUE OR nothere", "TRUE"}, {"(TRUE OR nothere) AND TRUE", "TRUE"}, {"nothere OR TRUE", "FALSE", MISSING},
		{"NOT TRUE", "FALSE"}, {"NOT 'FALSE'", "TRUE"}, {"NOT 10", "FALSE"}, {"NOT 0", "TRUE"}, {"NOT 'x'", "FALSE", CAST},
		{"NOT nothere", "FALSE", MISSING}, {"'true' AND 1", "TRUE"}, {"TRUE AND 'x'", "FALSE", CAST},
		{"'x' AND TRUE", "FALSE", CAST}, {"1 XOR 'x'", "FALSE", CAST}, {"1 XOR 2", "FALSE"}, {"FALSE OR 3", "TRUE"});
}

Test(cesql, what_holds_is_true_without_an_error)
{
	CHECK({"HOLDS(hop = 5)", "TRUE"}, {"HOLDS(hop = 6)", "FALSE"}, {"HOLDS(nothere = 1)", "FALSE"}, {"NOT HOLDS(nothere = 1)", "TRUE"},
		{"HOLDS('x')", "FALSE"}, {"HOLDS(5)", "TRUE"}, {"HOLDS('true')", "TRUE"}, {"HOLDS(1 / 0 = 1 OR TRUE)", "FALSE"},
		{"HOLDS(nothere) OR TRUE", "TRUE"}, {"HOLDS(nothere) OR nothere", "FALSE", MISSING}, {"HOLDS(nothere XOR HOLDS(nothere))", "FALSE"},
		{"HOLDS(NOT HOLDS(nothere) AND urgent)", "TRUE"}, {"CONCAT('a', HOLDS(1 / 0), 'b')", "'afalseb'"},
		{"nothere = HOLDS(TRUE)", "FALSE", MISSING}, {"1 IN (3, HOLDS(2 IN (2, 1 / 0)), 1)", "TRUE"});
}

Test(cesql, like_reads_whole_values_by_characters)
{
	CHECK({"'abc' LIKE 'abc'", "TRUE"}, {"'abc' LIKE 'ab'", "FALSE"}, {"'abc' LIKE 'bc'", "FALSE"}, {"'' LIKE ''", "TRUE"},
		{"'' LIKE '%'", "TRUE"}, {"'' LIKE '%%'", "TRUE"}, {"'' LIKE '_'", "FALSE"}, {"'a' LIKE ''", "FALSE"},
		{"'azzbzc' LIKE 'a%b%c'", "TRUE"}, {"'abcb' LIKE 'a%b'", "TRUE"}, {"'abc' LIKE 'a%b'", "FALSE"},
		{"'abc' LIKE 'ABC'", "FALSE"}, {"'ab' LIKE '_b%'", "TRUE"}, {"'b' LIKE '_b%'", "FALSE"},
		{"'\u00e9' LIKE '_'", "TRUE"}, {"'\u00e9' LIKE '__'", "FALSE"}, {"'\U0001f600x' LIKE '_x'", "TRUE"},
		{"'a\u20acb' LIKE 'a_b'", "TRUE"}, {"'\u00e9\u00e8' LIKE '\u00e9_'", "TRUE"}, {"'\u00e9' LIKE '%\u00e8'", "FALSE"},
		{"'\u00e9' LIKE '%_'", "TRUE"}, {"'a%b' LIKE 'a\\%b'", "TRUE"}, {"'axb' LIKE 'a\\%b'", "FALSE"},
		{"'a_b' LIKE 'a\\_b'", "TRUE"}, {"'a\\x' LIKE 'a\\x'", "TRUE"}, {"'it\\'s' LIKE '%\\'s'", "TRUE"},
		{"234 LIKE '23_'", "TRUE"}, {"TRUE LIKE 'tr%'", "TRUE"}, {"hop LIKE '5'", "TRUE"}, {"'abc' NOT LIKE 'a%'", "FALSE"},
		{"'abc' NOT LIKE 'b%'", "TRUE"}, {"nothere LIKE '%'", "FALSE", MISSING}, {"nothere NOT LIKE 'x'", "FALSE", MISSING},
		{"'\n' LIKE '_'", "TRUE"}, {"type LIKE 'com.example.%'", "TRUE"});
}

Test(cesql, in_casts_each_element_and_looks_at_all)
{
	CHECK({"123 IN (1, 2, 123)", "TRUE"}, {"123 NOT IN (1, 2, 123)", "FALSE"}, {"'a' IN ('b', 'c')", "FALSE"},
		{"'a' NOT IN ('b', 'c')", "TRUE"}, {"1 IN ('1', '2')", "TRUE"}, {"'1' IN (1, 2)", "TRUE"}, {"'01' IN (1)", "FALSE"},
		{"'TRUE' IN (TRUE)", "FALSE"}, {"'true' IN (TRUE)", "TRUE"}, {"TRUE IN ('TRUE')", "TRUE"}, {"source IN (id, source)", "TRUE"},
		{"1 IN ('x', 1)", "FALSE", CAST}, {"1 IN (1, 'x')", "FALSE", CAST}, {"1 IN (1, nothere)", "FALSE", MISSING},
		{"nothere IN (1)", "FALSE", MISSING}, {"1 NOT IN (1, 1 / 0)", "FALSE", MATH}, {"hop IN (2 + 3)", "TRUE"});
}

Test(cesql, functions)
{
	CHECK({"LENGTH('abc')", "3"}, {"LENGTH('')", "0"}, {"LENGTH(TRUE)", "4"}, {"LENGTH('\u00e9\U0001f600')", "2"},
		{"CONCAT('a', 1, TRUE)", "'a1true'"}, {"CONCAT()", "''"}, {"CONCAT_WS(',', 'a', 'b', 'c')", "'a,b,c'"},
		{"CONCAT_WS(',')", "''"}, {"CONCAT_WS(',', 'a')", "'a'"}, {"CONCAT_WS('', '', '')", "''"},
		{"CONCAT(CONCAT('a', 'b'), UPPER('c'))", "'abC'"}, {"LOWER('AbC\u00c9\u00d7\u0416\u03a3')", "'abc\u00e9\u00d7\u0436\u03c3'"},
		{"UPPER('abc\u00e9\u00f7\u00df\u0436\u03c2')", "'ABC\u00c9\u00f7\u00df\u0416\u03a3'"}, {"LOWER('\u0178\u01af\u1ea0\u0531')", "'\u00ff\u01b0\u1ea1\u0561'"}, {"UPPER('\u00ff\u01b0\u1ea1\u0561')", "'\u0178\u01af\u1ea0\u0531'"},
		{"UPPER('x\U0001f600')", "'X\U0001f600'"},
		{"TRIM('  a b\t\n')", "'a b'"}, {"TRIM('\u3000\u00a0x\u2003')", "'x'"}, {"TRIM(' \u00e9 ')", "'\u00e9'"}, {"TRIM('   ')", "''"},
		{"TRIM('')", "''"}, {"LEFT('abc', 2)", "'ab'"}, {"LEFT('abc', 3)", "'abc'"}, {"LEFT('abc', 10)", "'abc'"}, {"LEFT('abc', 0)", "''"},
		{"LEFT('abc', -2)", "'abc'", FUNCTION}, {"LEFT('\u00e9\u00e8x', 2)", "'\u00e9\u00e8'"}, {"LEFT(12345, '2')", "'12'"},
		{"RIGHT('abc', 2)", "'bc'"}, {"RIGHT('abc', 0)", "''"}, {"RIGHT('abc', 10)", "'abc'"}, {"RIGHT('abc', -1)", "'abc'", FUNCTION},
		{"RIGHT('x\u00e9\u00e8', 2)", "'\u00e9\u00e8'"}, {"SUBSTRING('abcdef', 2)", "'bcdef'"}, {"SUBSTRING('abcdef', 6)", "'f'"},
		{"SUBSTRING('abcdef', 7)", "''", FUNCTION}, {"SUBSTRING('abcdef', 0)", "''"}, {"SUBSTRING('abcdef', -6)", "'abcdef'"},
		{"SUBSTRING('abcdef', -7)", "''", FUNCTION}, {"SUBSTRING('Sakila', -5, 3)", "'aki'"}, {"SUBSTRING('abcdef', 2, 100)", "'bcdef'"},
		{"SUBSTRING('abcdef', 2, 0)", "''"}, {"SUBSTRING('abcdef', 2, -1)", "''", FUNCTION}, {"SUBSTRING('abcdef', 0, -1)", "''", FUNCTION},
		{"SUBSTRING('\u00e9\u00e8\u20acx', 2, 2)", "'\u00e8\u20ac'"}, {"SUBSTRING('', 1)", "''", FUNCTION}, {"SUBSTRING('x', 'y')", "''", CAST},
		{"ABS(-10)", "10"}, {"ABS(10)", "10"}, {"ABS(-2147483648)", "2147483647", MATH}, {"ABS(-2147483648) = 2147483647", "FALSE", MATH},
		{"ABS('x')", "0", CAST}, {"CONCAT(LEFT('abc', -2))", "''", FUNCTION}, {"LENGTH(nothere)", "0", MISSING},
		{"length(subject) = 9", "TRUE"});
}

Test(cesql, errors_name_their_byte)
{
	static const struct {
		const char *text;
		unsigned at;
	} rows[] = {{"TRUE AND 1 = nothere", 13}, {"1 + 5 / 0", 6}, {"1 + 'x'", 2}, {"TRUE AND 'x'", 9}, {"1 = LEFT('a', -1)", 4},
		{"1 IN (1, 'x')", 9}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rh_cesql_program *program;
		struct rh_cesql_result result = evaluate(rows[i].text, &program);

		cr_expect_neq(result.error, RH_CESQL_OK, "%s", rows[i].text);
		cr_expect_eq(result.at, rows[i].at, "%s: %u", rows[i].text, result.at);
		rh_cesql_destroy(program);
	}
}

/* Doubling a string 16 times makes more than the scratch holds. */
Test(cesql, strings_made_are_bounded)
{
	static char text[RH_CESQL_TEXT_MAX];
	struct rh_cesql_program *program;
	struct rh_cesql_result result;
	size_t used = (size_t)sprintf(text, "LENGTH(CONCAT_WS('");

	memset(text + used, 'x', 1000);
	used += 1000;
	used += (size_t)sprintf(text + used, "'");
	for (unsigned i = 0; i < 17; i++)
		used += (size_t)sprintf(text + used, ",''");
	(void)sprintf(text + used, "))");
	result = evaluate(text, &program);
	cr_expect_eq(result.error, RH_CESQL_OK);
	cr_expect_eq(result.value.integer, 16000);
	rh_cesql_destroy(program);
	(void)sprintf(text + used, ",''))");
	result = evaluate(text, &program);
	cr_expect_eq(result.error, RH_CESQL_FUNCTION_EVALUATION);
	cr_expect_eq(result.value.integer, 0);
	rh_cesql_destroy(program);
}

Test(cesql, what_needs_too_many_values_at_once_is_refused)
{
	static char text[RH_CESQL_TEXT_MAX];
	struct rh_cesql_program *program = NULL;
	struct rh_error err;

	for (unsigned levels = 4; levels <= 5; levels++) {
		size_t used = 0;

		for (unsigned i = 0; i < levels; i++) {
			used += (size_t)sprintf(text + used, "CONCAT(");
			for (unsigned k = 0; k < 31; k++)
				used += (size_t)sprintf(text + used, "1,");
		}
		used += (size_t)sprintf(text + used, "1");
		for (unsigned i = 0; i < levels; i++)
			used += (size_t)sprintf(text + used, ")");
		cr_assert_eq(rh_cesql_parse(text, used, &tree, NULL, &err), 0, "%s", err.text);
		cr_expect_eq(rh_cesql_compile(&tree, &program, &err), levels == 4 ? 0 : -E2BIG);
		if (levels == 4)
			rh_cesql_destroy(program);
	}
	cr_expect(strstr(err.text, "156 values are needed at once, more than 128"), "%s", err.text);
}

/* A pattern that makes a backtracking matcher try for ages; time is bounded by the suite's. */
Test(cesql, a_hostile_pattern_is_as_cheap_as_any)
{
	static char value[100000];
	struct rh_cesql_attribute attribute = {{"x", 1}, {.type = RH_CESQL_TYPE_STRING, .text = {value, sizeof(value)}}};
	struct rh_cesql_event event = {.attribute = &attribute, .count = 1};
	struct rh_cesql_program *program;

	memset(value, 'a', sizeof(value));
	(void)evaluate("x LIKE '%a%a%a%a%a%a%a%a%a%a%a_a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%a%ab'", &program);
	cr_expect_not(rh_cesql_matches(program, &event, &scratch));
	value[sizeof(value) - 1] = 'b';
	cr_expect(rh_cesql_matches(program, &event, &scratch));
	rh_cesql_destroy(program);
}

/* A part of a tree is compiled as if it stood alone, cast as an operand of AND is; its block may be moved. */
Test(cesql, a_part_is_compiled_alone)
{
	static const char text[] = "x = 'a' AND (subject LIKE 'caf%' OR empty = '') AND subject";
	struct rh_cesql_program *program;
	struct rh_error err;
	uint16_t id;

	cr_assert_eq(rh_cesql_parse(text, strlen(text), &tree, NULL, &err), 0, "%s", err.text);
	id = tree.node[tree.root].first;
	for (unsigned i = 0; i < 3; i++, id = tree.node[id].next) {
		static const enum rh_cesql_error want[] = {RH_CESQL_MISSING_ATTRIBUTE, RH_CESQL_OK, RH_CESQL_CAST};
		struct rh_cesql_result result;
		void *moved;

		cr_assert_eq(rh_cesql_compile_part(&tree, id, true, &program, &err), 0);
		moved = malloc(rh_cesql_program_size(program));
		memcpy(moved, program, rh_cesql_program_size(program));
		rh_cesql_destroy(program);
		result = rh_cesql_evaluate(moved, &cesql_event, &scratch);
		cr_expect_eq(result.error, want[i], "%u: %d", i, result.error);
		cr_expect_eq(result.value.type, RH_CESQL_TYPE_BOOLEAN);
		cr_expect_eq(result.value.boolean, i == 1);
		free(moved);
	}
}
