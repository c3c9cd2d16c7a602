/* CESQL on payloads: LIKE, MATCHES, CONTAINS and JSON, with Hyperscan as the router has it, against slow references. */

#include "dataplane/cesql/program.h"

#include "tests/lib/cesql_event.h"
#include "tests/lib/cesql_patterns.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct rh_cesql_tree tree;
static struct rh_cesql_scratch scratch;
static struct test_patterns patterns;

static struct rh_cesql_event event_of(const char *payload, size_t size)
{
	struct rh_cesql_event event = cesql_event;

	event.payload = (struct rh_cesql_text){payload, (uint32_t)size};
	event.matches = test_patterns_match;
	event.arg = &patterns;
	return event;
}

static struct rh_cesql_program *compile(const char *text, size_t len)
{
	struct rh_cesql_program *program;
	struct rh_error err = {""};

	cr_assert_eq(rh_cesql_parse(text, len, &tree, NULL, &err), 0, "%s: %s", text, err.text);
	cr_assert(test_patterns_init(&patterns, &tree), "%s: %s", text, patterns.error);
	cr_assert_eq(rh_cesql_compile(&tree, &program, &err), 0, "%s: %s", text, err.text);
	return program;
}

static void done(struct rh_cesql_program *program)
{
	test_patterns_fini(&patterns);
	rh_cesql_destroy(program);
}

/* Rows of an expression, the payload, the value, and the error or NULL. */
static void check(const char *const (*rows)[4], size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *text = rows[i][0], *payload = rows[i][1];
		struct rh_cesql_program *program = compile(text, strlen(text));
		struct rh_cesql_event event = event_of(payload, strlen(payload));
		struct rh_cesql_result result = rh_cesql_evaluate(program, &event, &scratch);
		const char *error = rh_cesql_error_name(result.error), *want = rows[i][3] ? rows[i][3] : "";
		char value[256];

		cesql_value_text(result.value, value, sizeof(value));
		cr_expect_str_eq(value, rows[i][2], "%s of %s is %s", text, payload, value);
		cr_expect_str_eq(error ? error : "", want, "%s of %s: %s", text, payload, error ? error : "no error");
		done(program);
	}
}

#define CHECK(...)                                            \
	do {                                                  \
		static const char *const rows[][4] = {__VA_ARGS__}; \
		check(rows, sizeof(rows) / sizeof(rows[0]));  \
	} while (0)

#define FUNCTION "FunctionEvaluationError"
#define MISSING	 "MissingAttributeError"

Test(cesql_payload, like_reads_the_whole_payload_by_characters)
{
	CHECK({"payload LIKE 'abc'", "abc", "TRUE"}, {"payload LIKE 'abc'", "abcd", "FALSE"}, {"payload LIKE 'abc'", "xabc", "FALSE"},
		{"payload LIKE 'a%'", "abc", "TRUE"}, {"payload LIKE '%c'", "abc", "TRUE"}, {"payload LIKE '%c'", "abcd", "FALSE"},
		{"payload LIKE '%b%'", "abc", "TRUE"}, {"payload LIKE 'a%c'", "a\nc", "TRUE"}, {"payload LIKE 'a_c'", "a\u20acc", "TRUE"},
		{"payload LIKE 'a__c'", "a\u20acc", "FALSE"}, {"payload LIKE '_'", "\U0001f600", "TRUE"}, {"payload LIKE '____'", "\U0001f600", "FALSE"},
		{"payload LIKE '%_'", "", "FALSE"}, {"payload LIKE '_%'", "x", "TRUE"}, {"payload LIKE '%__%'", "\u00e9", "FALSE"},
		{"payload LIKE '%__%'", "\u00e9x", "TRUE"}, {"payload LIKE '_%b'", "b", "FALSE"}, {"payload LIKE '_%b'", "ab", "TRUE"},
		{"payload LIKE '50\\%'", "50%", "TRUE"}, {"payload LIKE '50\\%'", "500", "FALSE"}, {"payload LIKE 'a.c'", "abc", "FALSE"},
		{"payload LIKE 'abc'", "abc\n", "FALSE"}, {"payload NOT LIKE 'a%'", "abc", "FALSE"}, {"payload NOT LIKE 'a%'", "bc", "TRUE"});
}

/* What any string fulfils is folded, and still asks for a string. */
Test(cesql_payload, like_of_what_is_no_utf8_is_false)
{
	CHECK({"payload LIKE '%'", "", "TRUE"}, {"payload LIKE '%%'", "x", "TRUE"}, {"payload LIKE ''", "", "TRUE"}, {"payload LIKE ''", "x", "FALSE"},
		{"payload LIKE '%'", "\xff", "FALSE"}, {"payload NOT LIKE '%'", "\xff", "TRUE"}, {"payload LIKE 'a%'", "a\xff", "FALSE"},
		{"payload LIKE '%a%'", "a\xc3", "FALSE"}, {"payload NOT LIKE 'a%'", "a\xff", "TRUE"}, {"payload LIKE '_'", "\xc3", "FALSE"},
		{"payload LIKE '_'", "\xed\xa0\x80", "FALSE"}, {"payload NOT LIKE ''", "\xff", "TRUE"});
}

Test(cesql_payload, patterns_are_of_bytes_anywhere)
{
	CHECK({"MATCHES(payload, 'b+c')", "abbcd", "TRUE"}, {"MATCHES(payload, '^b')", "ab", "FALSE"}, {"MATCHES(payload, 'a.b')", "a\nb", "TRUE"},
		{"MATCHES(payload, 'a.b')", "a\u00e9b", "FALSE"}, {"MATCHES(payload, '\\xff')", "\xff", "TRUE"}, {"MATCHES(payload, 'it\\'s')", "it's", "TRUE"},
		{"CONTAINS(payload, 'b.')", "ab.c", "TRUE"}, {"CONTAINS(payload, 'b.')", "abc", "FALSE"}, {"CONTAINS(payload, '')", "\xff", "TRUE"},
		{"CONTAINS(payload, '\u00e9')", "\xff\u00e9", "TRUE"}, {"NOT CONTAINS(payload, 'x')", "y", "TRUE"});
}

Test(cesql_payload, patterns_are_for_attributes_too)
{
	CHECK({"MATCHES(subject, '^caf')", "", "TRUE"}, {"MATCHES(hop, '^5$')", "", "TRUE"}, {"CONTAINS(urgent, 'ru')", "", "TRUE"},
		{"MATCHES(nothere, 'x')", "", "FALSE", MISSING}, {"CONTAINS(nothere, '')", "", "FALSE", MISSING}, {"CONTAINS(empty, '')", "", "TRUE"},
		{"CONTAINS(empty, 'x')", "x", "FALSE"}, {"CONTAINS(hop, '')", "", "TRUE"},
		{"MATCHES(source, 'x') OR MATCHES(subject, 'noir')", "", "TRUE"});
}

Test(cesql_payload, json_is_typed)
{
#define DOC "{\"a\": {\"b/c\": [1, -2, \"x\\u00e9\\n\"]}, \"t\": true, \"f\": 1.5, \"n\": null, \"~\": \"tilde\", \"\": \"none\", \"0\": \"zero\", \"big\": 2147483648, \"low\": -2147483648, \"nul\": \"\\u0000\"}"
	CHECK({"JSON(payload, '/a/b~1c/0')", DOC, "1"}, {"JSON(payload, '/a/b~1c/1')", DOC, "-2"}, {"JSON(payload, '/a/b~1c/2')", DOC, "'x\u00e9\n'"},
		{"JSON(payload, '/a/b~1c/3')", DOC, "FALSE", FUNCTION}, {"JSON(payload, '/a/b~1c/-')", DOC, "FALSE", FUNCTION},
		{"JSON(payload, '/a/b~1c/00')", DOC, "FALSE", FUNCTION}, {"JSON(payload, '/a/b~1c')", DOC, "FALSE", FUNCTION},
		{"JSON(payload, '/a/b')", DOC, "FALSE", FUNCTION}, {"JSON(payload, '/t')", DOC, "TRUE"}, {"JSON(payload, '/f')", DOC, "FALSE", FUNCTION},
		{"JSON(payload, '/n')", DOC, "FALSE", FUNCTION}, {"JSON(payload, '/~0')", DOC, "'tilde'"}, {"JSON(payload, '/')", DOC, "'none'"},
		{"JSON(payload, '/0')", DOC, "'zero'"}, {"JSON(payload, '/t/x')", DOC, "FALSE", FUNCTION}, {"JSON(payload, '')", DOC, "FALSE", FUNCTION},
		{"JSON(payload, '/big')", DOC, "FALSE", FUNCTION}, {"JSON(payload, '/low')", DOC, "-2147483648"}, {"JSON(payload, '/nul')", DOC, "FALSE", FUNCTION},
		{"JSON(payload, '/a/b~1c/0') = 1 AND JSON(payload, '/t')", DOC, "TRUE"}, {"HOLDS(JSON(payload, '/x') = 1)", DOC, "FALSE"},
		{"JSON(payload, '')", " \"x\" ", "'x'"}, {"JSON(payload, '')", "-0", "0"}, {"JSON(payload, '')", "7 7", "FALSE", FUNCTION},
		{"JSON(payload, '')", "", "FALSE", FUNCTION}, {"JSON(payload, '')", "07", "FALSE", FUNCTION}, {"JSON(payload, '')", "1e2", "FALSE", FUNCTION},
		{"JSON(payload, '')", "99999999999999999999999", "FALSE", FUNCTION}, {"JSON(payload, '/\u00e9')", "{\"\\u00e9\": 1}", "1"},
		{"JSON(payload, '/\U0001f600')", "{\"\\ud83d\\ude00\": 1}", "1"}, {"JSON(payload, '/0/1')", "[[0, 1], 2]", "1"},
		{"JSON(payload, '/1/1')", "[[0, 1], 2]", "FALSE", FUNCTION}, {"JSON(payload, '/b')", "{\"a\": {\"b\": 1}, \"b\": 2}", "2"},
		{"JSON(payload, '/a/b')", "{\"b\": 1, \"a\": {\"c\": {\"b\": 3}, \"b\": 2}}", "2"}, {"JSON(payload, '/10')", "[0,1,2,3,4,5,6,7,8,9,10]", "10"});
}

/* A value must be one: what another reader of the payload would take for it must not depend on the reader. */
Test(cesql_payload, json_must_be_sound_and_the_way_clear)
{
	CHECK({"JSON(payload, '/a')", "{\"a\": 1, \"a\": 2}", "FALSE", FUNCTION}, {"JSON(payload, '/a')", "{\"a\": 1, \"\\u0061\": 2}", "FALSE", FUNCTION},
		{"JSON(payload, '/a/b')", "{\"a\": {\"b\": 1}, \"a\": {}}", "FALSE", FUNCTION}, {"JSON(payload, '/a')", "{\"a\": 1, \"b\": 2, \"b\": 3}", "1"},
		{"JSON(payload, '/a')", "{\"a\": 1, \"b\": {\"a\": 2}}", "1"}, {"JSON(payload, '/a')", "{\"a\": 1", "FALSE", FUNCTION},
		{"JSON(payload, '/a')", "{\"a\": 1}}", "FALSE", FUNCTION}, {"JSON(payload, '/a')", "{\"a\": 1, \"b\": \"\xff\"}", "FALSE", FUNCTION},
		{"JSON(payload, '/a')", "{\"a\": 1, \"b\": \"0123456789abcdef\x01\"}", "FALSE", FUNCTION},
		{"JSON(payload, '/a')", "{\"b\": \"0123456789abcdef0123456789\\\"\", \"a\": 1}", "1"}, {"JSON(payload, '/a')", "{\"a\": \"\\ud800\"}", "FALSE", FUNCTION});
}

static const char *nested(unsigned depth)
{
	static char text[300];

	memset(text, '[', depth);
	text[depth] = '1';
	memset(text + depth + 1, ']', depth);
	text[2 * depth + 1] = '\0';
	return text;
}

Test(cesql_payload, json_has_a_depth)
{
	char pointer[400] = "JSON(payload, '";

	for (unsigned i = 0; i < 64; i++)
		strcat(pointer, "/0");
	strcat(pointer, "')");
	check((const char *const[][4]){{pointer, nested(64), "1"}}, 1);
	check((const char *const[][4]){{pointer, nested(65), "FALSE", FUNCTION}}, 1);
	strcpy(pointer + strlen(pointer) - 2, "/0')");
	cr_expect_eq(rh_cesql_parse(pointer, strlen(pointer), &tree, NULL, NULL), -EINVAL);
}

Test(cesql_payload, a_pattern_is_asked_for_only_where_the_rest_has_not_decided)
{
	static const struct {
		const char *text;
		unsigned scans;
	} rows[] = {{"hop = 6 AND CONTAINS(payload, 'x')", 0}, {"hop = 5 AND CONTAINS(payload, 'x')", 1}, {"urgent OR payload LIKE 'x'", 0},
		{"CONTAINS(payload, '') AND payload LIKE '%' AND payload NOT LIKE ''", 0}, {"MATCHES(nothere, 'x')", 0}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rh_cesql_program *program = compile(rows[i].text, strlen(rows[i].text));
		struct rh_cesql_event event = event_of("abc", 3);

		patterns.scans = 0;
		(void)rh_cesql_matches(program, &event, &scratch);
		cr_expect_eq(patterns.scans, rows[i].scans, "%s: %u", rows[i].text, patterns.scans);
		done(program);
	}
}

/* Regular expressions of nodes, in the order of their numbers. */
static void check_regexes(const char *text, const char *const *want, unsigned count)
{
	struct rh_cesql_pattern pattern;
	uint16_t node = RH_CESQL_NONE;
	unsigned i = 0;

	cr_assert_eq(rh_cesql_parse(text, strlen(text), &tree, NULL, NULL), 0, "%s", text);
	for (; rh_cesql_pattern_next(&tree, &node, &pattern); i++) {
		cr_assert_lt(i, count, "%s", text);
		cr_expect_str_eq(pattern.regex, want[i], "%s: %s", text, pattern.regex);
		cr_expect_eq(strlen(pattern.regex), pattern.size);
		cr_expect_eq(pattern.of_payload, pattern.name == NULL);
	}
	cr_expect_eq(i, count, "%s", text);
}

#define REGEXES(text, ...)                                                              \
	do {                                                                            \
		static const char *const want[] = {__VA_ARGS__};                        \
		check_regexes(text, want, sizeof(want) / sizeof(want[0]));              \
	} while (0)
#define ANY "[^\\x80-\\xbf][\\x80-\\xbf]*"

Test(cesql_payload, nodes_become_regular_expressions)
{
	REGEXES("payload LIKE 'a-b'", "\\Aa\\x2db\\z");
	REGEXES("payload LIKE '%a%'", "a");
	REGEXES("CONTAINS(payload, 'a')", "a");
	REGEXES("payload LIKE 'a%b_'", "\\Aa.*b" ANY "\\z");
	REGEXES("payload LIKE 'a%__%b%'", "\\Aa(?:" ANY "){2}.*b");
	REGEXES("payload LIKE '_%_'", "(?:" ANY "){2}");
	REGEXES("payload LIKE '__'", "\\A(?:" ANY "){2}\\z");
	REGEXES("payload LIKE '\\%\u00e9'", "\\A\\x25\\xc3\\xa9\\z");
	REGEXES("MATCHES(payload, 'x+') OR payload LIKE '%' OR subject LIKE 'x' OR CONTAINS(a, '') OR CONTAINS(b, '.')", "x+", "\\x2e");
}

Test(cesql_payload, a_regular_expression_alone_is_an_expression)
{
	static const struct {
		const char *regex;
		size_t len;
		int rc;
		size_t where;
	} rows[] = {{"a\"b'c", 5, 0, 0}, {"\\'", 2, 0, 0}, {"", 0, -EINVAL, 0}, {"ab\xff", 3, -EINVAL, 2}, {"a\0b", 3, -EINVAL, 1},
		{"\\'\\\"", 4, -EINVAL, 0}, {"a\\", 2, -EINVAL, 0}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[RH_CESQL_PRINT_MAX];
		struct rh_cesql_pattern pattern;
		struct rh_error err = {""};
		uint16_t node = RH_CESQL_NONE;
		size_t where = SIZE_MAX;

		cr_expect_eq(rh_cesql_from_regex(rows[i].regex, rows[i].len, &tree, &where, &err), rows[i].rc, "%s", err.text);
		if (rows[i].rc < 0) {
			cr_expect_eq(where, rows[i].where, "%s: %zu", err.text, where);
			cr_expect_eq(strncmp(err.text, "pattern: at ", 12), 0);
			continue;
		}
		cr_expect_gt(rh_cesql_print(&tree, text, sizeof(text)), 0);
		cr_expect_eq(rh_cesql_parse(text, strlen(text), &tree, NULL, &err), 0, "%s", err.text);
		cr_expect(rh_cesql_pattern_next(&tree, &node, &pattern));
		cr_expect_str_eq(pattern.regex, rows[i].regex);
	}
}

/* Programs of one shape that look for different things are the same bytes until they have numbers. */
Test(cesql_payload, programs_are_told_apart_by_their_numbers)
{
	struct rh_cesql_program *one = compile("CONTAINS(payload, 'a') OR MATCHES(payload, 'b')", 47), *two;
	size_t size = rh_cesql_program_size(one);

	test_patterns_fini(&patterns);
	two = compile("CONTAINS(payload, 'c') OR MATCHES(payload, 'd')", 47);
	cr_assert_eq(rh_cesql_program_size(two), size);
	cr_expect_eq(memcmp(one, two, size), 0);
	cr_expect(rh_cesql_program_asks_payload(one));
	rh_cesql_program_number(one, (const uint32_t[]){1, 0});
	cr_expect_neq(memcmp(one, two, size), 0);
	{
		struct rh_cesql_event event = event_of("c", 1);

		cr_expect(rh_cesql_matches(one, &event, &scratch));
	}
	rh_cesql_destroy(one);
	done(two);
	one = compile("hop = 5 AND MATCHES(subject, 'x')", 33);
	cr_expect_not(rh_cesql_program_asks_payload(one));
	done(one);
}

Test(cesql_payload, without_anyone_to_ask_a_pattern_is_an_error)
{
	struct rh_cesql_program *program = compile("NOT CONTAINS(payload, 'a')", 26);
	struct rh_cesql_event event = event_of("b", 1);

	event.matches = NULL;
	cr_expect_eq(rh_cesql_evaluate(program, &event, &scratch).error, RH_CESQL_GENERIC);
	done(program);
}

Test(cesql_payload, has_limits)
{
	static char text[RH_CESQL_TEXT_MAX + 64], x[1025], wild[RH_CESQL_LIKE_MAX + 1];
	struct rh_cesql_pattern pattern;
	uint16_t node = RH_CESQL_NONE;
	struct rh_error err;

	memset(x, '.', 1024);
	(void)sprintf(text, "CONTAINS(payload, '%s')", x);
	cr_expect_eq(rh_cesql_parse(text, strlen(text), &tree, NULL, &err), 0, "%s", err.text);
	cr_expect(rh_cesql_pattern_next(&tree, &node, &pattern));
	cr_expect_eq(pattern.size, 4096);
	(void)sprintf(text, "CONTAINS(payload, '.%s')", x);
	cr_expect_eq(rh_cesql_parse(text, strlen(text), &tree, NULL, &err), -E2BIG);
	/* The longest of LIKE. */
	for (size_t i = 0; i < RH_CESQL_LIKE_MAX; i++)
		wild[i] = i % 2 ? '.' : '_';
	(void)sprintf(text, "payload LIKE '%s'", wild);
	cr_expect_eq(rh_cesql_parse(text, strlen(text), &tree, NULL, &err), 0, "%s", err.text);
	node = RH_CESQL_NONE;
	cr_expect(rh_cesql_pattern_next(&tree, &node, &pattern));
	cr_expect_lt(pattern.size, 4096, "%u", pattern.size);
	(void)sprintf(text, "MATCHES(payload, '%0*d')", RH_CESQL_TEXT_MAX - 20, 1);
	node = RH_CESQL_NONE;
	cr_expect_eq(rh_cesql_parse(text, strlen(text), &tree, NULL, &err), 0, "%s", err.text);
	cr_expect(rh_cesql_pattern_next(&tree, &node, &pattern));
}
