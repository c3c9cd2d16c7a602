/* Filters of the Subscriptions API in JSON: what they become, what is refused where, and their verdicts against a naive evaluator. */

#include "dataplane/cesql/program.h"

#include "tests/lib/cesql_event.h"
#include "tests/lib/filters_reference.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct rh_cesql_tree tree;
static struct rh_cesql_scratch scratch;
static char canonical[RH_CESQL_PRINT_MAX];

static const char *const becomes[][2] = {
	{"[]", "TRUE"},
	{"{\"exact\": {\"type\": \"a\"}}", "(type = 'a')"},
	{"[{\"exact\": {\"type\": \"a\", \"subject\": \"b\"}}]", "((type = 'a') AND (subject = 'b'))"},
	{"[{\"exact\": {\"type\": \"a\"}}, {\"all\": [{\"prefix\": {\"source\": \"/p\"}}, {\"suffix\": {\"source\": \".x\"}}]}]",
		"((type = 'a') AND (source LIKE '/p%') AND (source LIKE '%.x'))"},
	{"{\"any\": [{\"exact\": {\"a\": \"1\"}}, {\"any\": [{\"exact\": {\"b\": \"2\", \"c\": \"3\"}}]}]}",
		"(HOLDS((a = '1')) OR HOLDS(((b = '2') AND (c = '3'))))"},
	{"{\"not\": {\"exact\": {\"a\": \"1\"}}}", "(NOT HOLDS((a = '1')))"},
	{"{\"not\": {\"not\": {\"exact\": {\"a\": \"1\"}}}}", "(NOT (NOT HOLDS((a = '1'))))"},
	{"{\"not\": {\"any\": [{\"exact\": {\"a\": \"1\"}}, {\"exact\": {\"b\": \"1\"}}]}}",
		"(NOT (HOLDS((a = '1')) OR HOLDS((b = '1'))))"},
	{"{\"any\": [{\"exact\": {\"a\": \"1\"}}]}", "HOLDS((a = '1'))"},
	{"{\"prefix\": {\"a\": \"50%_\"}}", "(a LIKE '50\\%\\_%')"},
	{"{\"suffix\": {\"a\": \"\\u00e9\\ud83d\\ude00\\n\\\"\"}}", "(a LIKE '%\u00e9\U0001f600\n\"')"},
	/* What LIKE and literals cannot say. */
	{"{\"prefix\": {\"a\": \"C:\\\\\"}}", "(LEFT(a, 3) = LEFT('C:\\.', 3))"},
	{"{\"suffix\": {\"a\": \"\u00e9\\\\\"}}", "(RIGHT(a, 2) = LEFT('\u00e9\\.', 2))"},
	{"{\"exact\": {\"a\": \"x\\\\\\\\\"}}", "(a = 'x\\\\')"},
	{"{\"exact\": {\"a\": \"\\\\'\\\\\\\"\"}}", "(a = CONCAT(\"\\'\", '\\\"'))"},
	/* sql: its own expression, and only a Boolean is true. */
	{"{\"sql\": \"a = 1 AND b\"}", "((a = 1) AND b)"},
	{"[{\"sql\": \"NOT (a)\"}, {\"not\": {\"sql\": \"b > 1\"}}]", "((NOT a) AND (NOT HOLDS((b > 1))))"},
	{"{\"sql\": \"1 + 1\"}", "FALSE"},
	{"{\"sql\": \"'true'\"}", "FALSE"},
	{"{\"not\": {\"sql\": \"JSON(payload, '/a')\"}}",
		"(NOT HOLDS((('TRUE' = JSON(payload, '/a')) AND ('true' = JSON(payload, '/a')))))"},
	{"{\"sql\": \"payload LIKE 'x%'\"}", "(payload LIKE 'x%')"},
	{"{\"sql\": \"urgent\"}", "(('TRUE' = urgent) AND ('true' = urgent))"},
};

static int print_of(const char *json)
{
	struct rh_error err = {""};

	cr_assert_eq(rh_cesql_from_json(json, strlen(json), &tree, NULL, &err), 0, "%s: %s", json, err.text);
	return rh_cesql_print(&tree, canonical, sizeof(canonical));
}

Test(cesql_filters, become_the_expression_one_would_write)
{
	for (size_t i = 0; i < sizeof(becomes) / sizeof(becomes[0]); i++) {
		cr_expect_gt(print_of(becomes[i][0]), 0);
		cr_expect_str_eq(canonical, becomes[i][1], "%s\n is %s", becomes[i][0], canonical);
	}
}

static const struct refusal {
	const char *json;
	int errnum;
	size_t where;
	const char *sentence; /* a part of it */
} refusals[] = {
	{"", EINVAL, 0, "filters: at 0: no JSON: the text ends where a value is expected"},
	{"[", EINVAL, 1, "no JSON: the text ends"},
	{"nothing", EINVAL, 0, "no JSON: a value is expected"},
	{"[{\"exact\": {\"a\": \"1\",}}]", EINVAL, 21, "no JSON: a member's name in double quotes is expected"},
	{"[] x", EINVAL, 3, "no JSON: more stands behind the value"},
	{"{'exact': 1}", EINVAL, 1, "a member's name in double quotes"},
	{"[{\"exact\" {}}]", EINVAL, 10, "':' is expected behind a member's name"},
	{"[{\"exact\": {\"a\": \"1\"} \"b\"}]", EINVAL, 22, "',' or '}' is expected"},
	{"[[]]", EINVAL, 1, "a filter is expected: {\"exact\": {...}}"},
	{"1", EINVAL, 0, "a filter is expected"},
	{"[{}]", EINVAL, 2, "a dialect is expected"},
	{"[{\"like\": {\"a\": \"b\"}}]", EINVAL, 2, "there is no dialect of this name: exact, prefix, suffix, all, any, not and sql are known"},
	{"[{\"exact\": {\"a\": \"b\"}, \"prefix\": {\"a\": \"b\"}}]", EINVAL, 23, "a filter has one dialect"},
	{"[{\"exact\": {\"a\": \"b\"}, \"exact\": {\"a\": \"b\"}}]", EINVAL, 23, "a filter has one dialect"},
	{"[{\"exact\": \"a\"}]", EINVAL, 12, "an object is expected: {\"attribute\": \"value\"}"},
	{"[{\"exact\": {}}]", EINVAL, 12, "an attribute is expected"},
	{"[{\"exact\": {\"\": \"b\"}}]", EINVAL, 12, "the name of an attribute is empty"},
	{"[{\"exact\": {\"Type\": \"b\"}}]", EINVAL, 12, "'Type' is no attribute's name: a to z and 0 to 9 are in one"},
	{"[{\"exact\": {\"payload\": \"b\"}}]", EINVAL, 12, "payload is no attribute: sql asks for it"},
	{"[{\"sql\": \"payload = 'x'\"}]", EINVAL, 10, "payload is no attribute: write payload LIKE"},
	{"[{\"exact\": {\"a\": \"\"}}]", EINVAL, 17, "the value is empty"},
	{"[{\"exact\": {\"a\": 1}}]", EINVAL, 17, "a string is expected as the attribute's value"},
	{"[{\"exact\": {\"a\": \"1\", \"b\": \"1\", \"\\u0061\": \"2\"}}]", EINVAL, 32, "'a' stands twice in one object"},
	{"[{\"exact\": {\"a\": \"x\\u0000\"}}]", EINVAL, 19, "the value holds U+0000"},
	{"[{\"exact\": {\"a\": \"x\xff\"}}]", EINVAL, 19, "no JSON: the byte is no UTF-8"},
	{"[{\"exact\": {\"a\": \"\xed\xa0\x80\"}}]", EINVAL, 18, "the byte is no UTF-8"},
	{"[{\"exact\": {\"a\": \"\\ud800\"}}]", EINVAL, 18, "the escape is none of JSON"},
	{"[{\"exact\": {\"a\": \"\\udc00\"}}]", EINVAL, 18, "the escape is none of JSON"},
	{"[{\"exact\": {\"a\": \"\\ud800\\u0041\"}}]", EINVAL, 18, "the escape is none of JSON"},
	{"[{\"exact\": {\"a\": \"\\x41\"}}]", EINVAL, 18, "the escape is none of JSON"},
	{"[{\"exact\": {\"a\": \"\n\"}}]", EINVAL, 18, "a control character is in a string"},
	{"[{\"exact\": {\"a\": \"b}}]", EINVAL, 17, "the string has no end"},
	{"[{\"exact\": {\"a\": 01}}]", EINVAL, 17, "the number is none of JSON"},
	{"[{\"all\": {\"exact\": {\"a\": \"1\"}}}]", EINVAL, 9, "an array of filters is expected"},
	{"[{\"any\": []}]", EINVAL, 9, "the array is empty: at least one filter is needed"},
	{"[{\"not\": [{\"exact\": {\"a\": \"1\"}}]}]", EINVAL, 9, "a filter is expected"},
	{"[{\"not\": null}]", EINVAL, 9, "a filter is expected"},
	{"[{\"sql\": {\"x\": 1}}]", EINVAL, 9, "a string with a CESQL expression is expected"},
	{"[{\"sql\": \"\"}]", EINVAL, 10, "filters: at 10: expected a value, found the end"},
	{"[{\"sql\": \"a = \"}]", EINVAL, 14, "expected a value after '=', found the end"},
	{"[{\"sql\": \"\\u0061 = )\"}]", EINVAL, 19, "expected a value after '=', found ')'"},
	{"[{\"sql\": \"1 = FOO(1)\"}]", ENOSYS, 14, "there is no function 'FOO'"},
};

Test(cesql_filters, say_where_they_are_wrong_and_what_would_be_right)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *row = &refusals[i];
		struct rh_error err = {""};
		size_t where = SIZE_MAX;

		cr_expect_eq(rh_cesql_from_json(row->json, strlen(row->json), &tree, &where, &err), -row->errnum, "%s", row->json);
		cr_expect_eq(where, row->where, "%s: %zu %s", row->json, where, err.text);
		cr_expect(strstr(err.text, row->sentence), "%s: %s", row->json, err.text);
	}
}

/* @times @what, with @head in front and @tail behind. */
static int parse_repeated(const char *head, const char *what, int times, const char *middle, const char *closes, const char *tail)
{
	static char text[2 * RH_CESQL_FILTERS_MAX];
	size_t used = (size_t)sprintf(text, "%s", head);

	for (int i = 0; i < times; i++)
		used += (size_t)sprintf(text + used, "%s", what);
	used += (size_t)sprintf(text + used, "%s", middle);
	for (int i = 0; i < times; i++)
		used += (size_t)sprintf(text + used, "%s", closes);
	used += (size_t)sprintf(text + used, "%s", tail);
	return rh_cesql_from_json(text, used, &tree, NULL, NULL);
}

Test(cesql_filters, keep_their_limits)
{
	cr_expect_eq(parse_repeated("", "{\"not\":", 29, "{\"exact\":{\"a\":\"b\"}}", "}", ""), 0);
	cr_expect_eq(parse_repeated("", "{\"not\":", 30, "{\"exact\":{\"a\":\"b\"}}", "}", ""), -E2BIG);
	cr_expect_eq(parse_repeated("", "{\"not\":", 70, "{\"exact\":{\"a\":\"b\"}}", "}", ""), -EINVAL, "JSON has its own depth");
	cr_expect_eq(parse_repeated("[{\"exact\":{\"a\":\"b\"}}", ",{\"exact\":{\"a\":\"b\"}}", 339, "", "", "]"), 0);
	cr_expect_eq(parse_repeated("[{\"exact\":{\"a\":\"b\"}}", ",{\"exact\":{\"a\":\"b\"}}", 341, "", "", "]"), -E2BIG, "nodes");
	cr_expect_eq(parse_repeated("{\"exact\":{\"a\":\"", "x", 4095, "", "", "\"}}"), 0);
	cr_expect_eq(parse_repeated("{\"exact\":{\"a\":\"", "x", 4096, "", "", "\"}}"), -E2BIG, "bytes");
	cr_expect_eq(parse_repeated("{\"exact\":{\"a\":\"", "x", 5000, "", "", "\"}}"), -E2BIG, "bytes of one");
	cr_expect_eq(parse_repeated("{\"exact\":{\"", "x", 64, "\":\"b\"}}", "", ""), 0);
	cr_expect_eq(parse_repeated("{\"exact\":{\"", "x", 65, "\":\"b\"}}", "", ""), -E2BIG);
	cr_expect_eq(parse_repeated("[", " ", RH_CESQL_FILTERS_MAX - 2, "]", "", ""), 0);
	cr_expect_eq(parse_repeated("[", " ", RH_CESQL_FILTERS_MAX - 1, "]", "", ""), -E2BIG);
	cr_expect_eq(parse_repeated("{\"prefix\":{\"a\":\"", "x", 300, "", "", "\"}}"), 0, "longer than LIKE takes");
	cr_expect_eq(parse_repeated("{\"sql\":\"'", "x", 4094, "", "", "'\"}"), 0);
	cr_expect_eq(parse_repeated("{\"sql\":\"'", "x", 4095, "", "", "'\"}"), -E2BIG);
	cr_expect_eq(parse_repeated("{\"exact\":{\"a\":\"", "\\\\'\\\\\\\"", 16, "", "", "\"}}"), 0);
	cr_expect_eq(parse_repeated("{\"exact\":{\"a\":\"", "\\\\'\\\\\\\"", 17, "", "", "\"}}"), -E2BIG, "too many pieces");
}

/* As cesql_event, without some attributes: required ones go only where no sql relies on EXISTS being true of them. */
static void random_event(struct rnd *rnd, bool required, struct rh_cesql_attribute *attributes, struct rh_cesql_event *out)
{
	static const char *const needed = " specversion id source type ";

	*out = (struct rh_cesql_event){.attribute = attributes};
	for (size_t i = 0; i < cesql_event.count; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), " %.*s ", (int)cesql_event.attribute[i].name.size, cesql_event.attribute[i].name.bytes);
		if ((!required || !strstr(needed, name)) && rnd_below(rnd, 6) == 0)
			continue;
		attributes[out->count++] = cesql_event.attribute[i];
	}
	/* A value that is mean about quotes. */
	for (size_t i = 0; i < out->count; i++)
		if (out->attribute[i].name.size == 7 && rnd_below(rnd, 2))
			attributes[i].value.text = (struct rh_cesql_text){"C:\\dir\\", 7};
}

static bool verdict(const struct rh_cesql_event *event)
{
	struct rh_cesql_program *program;
	struct rh_error err;
	bool matches;

	cr_assert_eq(rh_cesql_compile(&tree, &program, &err), 0, "%s", err.text);
	matches = rh_cesql_matches(program, event, &scratch);
	rh_cesql_destroy(program);
	return matches;
}

Test(cesql_filters, random_ones_are_what_a_naive_evaluator_of_their_json_says)
{
	size_t cases = rnd_cases(20000, 1000000), yes = 0, reparsed = 0;
	struct rh_cesql_attribute attributes[16];
	static struct ref_sql sql;
	struct rnd rnd;

	rnd_init(&rnd, "cesql filters");
	for (size_t i = 0; i < cases; i++) {
		json_t *filters = ref_filters_random(&rnd, &sql);
		size_t flags = (rnd_below(&rnd, 2) ? JSON_ENSURE_ASCII : 0) | (rnd_below(&rnd, 2) ? JSON_INDENT(2) : JSON_COMPACT);
		char *text = json_dumps(filters, flags);
		struct rh_cesql_event event;
		struct rh_error err;
		bool want, got;
		int rc, size;

		random_event(&rnd, sql.count, attributes, &event);
		rc = rh_cesql_from_json(text, strlen(text), &tree, NULL, &err);
		if (rc == 0) {
			want = ref_filters_value(filters, &sql, &event);
			got = verdict(&event);
			size = rh_cesql_print(&tree, canonical, sizeof(canonical));
			cr_assert_gt(size, 0);
			cr_assert_eq(got, want, "%s\n%s\n is %d", text, canonical, got);
			yes += want;
			/* The canonical text is an expression that means the same. */
			if (size <= RH_CESQL_TEXT_MAX && i % 4 == 0) {
				cr_assert_eq(rh_cesql_parse(canonical, (size_t)size, &tree, NULL, &err), 0, "%s: %s", canonical, err.text);
				cr_assert_eq(verdict(&event), want, "%s", canonical);
				reparsed++;
			}
		} else {
			cr_assert_eq(rc, -E2BIG, "%s: %s", text, err.text);
		}
		free(text);
		json_decref(filters);
		ref_sql_fini(&sql);
	}
	printf("true %zu, read again %zu\n", yes, reparsed);
	cr_expect_gt(yes, cases / 8);
	cr_expect_lt(yes, cases - cases / 8);
	cr_expect_gt(reparsed, cases / 8);
}

Test(cesql_filters, damaged_ones_are_refused_at_a_byte_of_theirs)
{
	size_t cases = rnd_cases(20000, 1000000), refused = 0;
	static struct ref_sql sql;
	struct rnd rnd;

	rnd_init(&rnd, "cesql filters damage");
	for (size_t i = 0; i < cases; i++) {
		json_t *filters = ref_filters_random(&rnd, &sql);
		char *text = json_dumps(filters, rnd_below(&rnd, 2) ? JSON_ENSURE_ASCII : 0);
		struct rh_error err = {""};
		size_t where = SIZE_MAX, len = strlen(text);

		for (unsigned n = 1 + rnd_below(&rnd, 3); n && len; n--)
			text[rnd_below(&rnd, (uint32_t)len)] = "{}[]\"\\,: a1u\xff\xc3\n"[rnd_below(&rnd, 15)];
		if (rh_cesql_from_json(text, len, &tree, &where, &err) == 0) {
			(void)verdict(&cesql_event);
		} else {
			refused++;
			cr_assert_leq(where, len);
			cr_assert_eq(strncmp(err.text, "filters: at ", 12), 0, "%s", err.text);
			cr_assert_eq(strtoul(err.text + 12, NULL, 10), where);
		}
		free(text);
		json_decref(filters);
		ref_sql_fini(&sql);
	}
	cr_expect_gt(refused, cases / 4);
}
