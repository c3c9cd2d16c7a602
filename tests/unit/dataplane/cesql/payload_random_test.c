/*
 * CESQL on random payloads, the verdict: every kind of pattern in Hyperscan against slow regular expressions and naive code, JSON
 * against jansson, and whole expressions against the naive evaluator.
 */

#include "dataplane/cesql/pointer.h"
#include "dataplane/cesql/program.h"

#include "tests/lib/cesql_event.h"
#include "tests/lib/cesql_patterns.h"
#include "tests/lib/cesql_reference.h"
#include "tests/lib/slow_regex.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PICK(rnd, list) ((list)[rnd_below(rnd, sizeof(list) / sizeof((list)[0]))])
#define PAYLOADS	24 /* for each pattern, which takes Hyperscan long to compile */

static struct rh_cesql_tree tree;
static struct rh_cesql_scratch scratch;
static struct test_patterns patterns;

struct payload {
	size_t size;
	char bytes[256];
};

static const char *const pieces[] = {"a", "b", "c", "A", "0", "1", ".", "-", "\n", " ", "%", "_", "\\", "\"", "'", "\u00e9", "\u00e8", "\u20ac",
	"\U0001f600", "{", "}"};
/* Hardly UTF-8: pieces of characters, overlong ones, surrogates, beyond the last. */
static const char *const broken[] = {"\xc3", "\xa9", "\xe2\x82", "\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\x80"};

static void add(struct payload *payload, const char *bytes, size_t size)
{
	if (payload->size + size < sizeof(payload->bytes)) {
		memcpy(payload->bytes + payload->size, bytes, size);
		payload->size += size;
	}
}

/* Fewer than @most. */
static void add_pieces(struct rnd *rnd, unsigned most, struct payload *payload)
{
	for (unsigned n = rnd_below(rnd, most); n; n--) {
		const char *piece = PICK(rnd, pieces);

		add(payload, piece, strlen(piece));
	}
}

/* @near, which may be NULL, is likely to be in it. */
static void random_payload(struct rnd *rnd, const char *near, struct payload *out)
{
	unsigned bad = rnd_below(rnd, 6), n;

	out->size = 0;
	add_pieces(rnd, 8, out);
	for (n = rnd_below(rnd, 3); near && n; n--) {
		add(out, near, strlen(near));
		add_pieces(rnd, 3, out);
	}
	if (bad == 0) {
		const char *piece = PICK(rnd, broken);

		add(out, piece, strlen(piece));
	}
	if (bad == 1 && rnd_below(rnd, 4) == 0)
		add(out, "", 1);
	add_pieces(rnd, 4, out);
}

/* The verdict of the tree's program, by Hyperscan. */
static bool verdict(const struct rh_cesql_program *program, const struct payload *payload)
{
	struct rh_cesql_event event = cesql_event;

	event.payload = (struct rh_cesql_text){payload->bytes, (uint32_t)payload->size};
	event.matches = test_patterns_match;
	event.arg = &patterns;
	return rh_cesql_matches(program, &event, &scratch);
}

/* A LIKE pattern, and a text it is near to. */
static void random_like(struct rnd *rnd, char *pattern, char *near)
{
	static const char *const wild[] = {"%", "_", "%", "_", "%_", "__", "_%"};

	*pattern = *near = '\0';
	for (unsigned n = rnd_below(rnd, 7); n; n--) {
		const char *piece = PICK(rnd, pieces);

		if (rnd_below(rnd, 3) == 0) {
			strcat(pattern, PICK(rnd, wild));
			strcat(near, rnd_below(rnd, 2) ? piece : "");
			continue;
		}
		/* A quote would have to be escaped, and so would a backslash before one. */
		if (strpbrk(piece, "'\\"))
			continue;
		strcat(pattern, *piece == '%' || *piece == '_' ? "\\" : "");
		strcat(pattern, piece);
		strcat(near, piece);
	}
}

static struct rh_cesql_program *compile(const char *text)
{
	struct rh_cesql_program *program;
	struct rh_error err;

	cr_assert_eq(rh_cesql_parse(text, strlen(text), &tree, NULL, &err), 0, "%s: %s", text, err.text);
	cr_assert_eq(rh_cesql_compile(&tree, &program, &err), 0, "%s", text);
	return program;
}

static void count(bool want, size_t *yes, size_t *all)
{
	*yes += want;
	++*all;
}

/* The test is worth something only while both outcomes are common. */
static void check_counts(const char *what, size_t yes, size_t all)
{
	printf("%s: %zu of %zu\n", what, yes, all);
	cr_expect_gt(yes, all / 50);
	cr_expect_lt(yes, all - all / 50);
}

Test(cesql_payload, like_is_what_naive_code_and_slow_expressions_say)
{
	size_t cases = rnd_cases(1500, 30000), yes = 0, all = 0;
	char pattern[128], near[128], text[256];
	struct payload payload;
	struct rnd rnd;

	rnd_init(&rnd, "payload LIKE");
	for (size_t i = 0; i < cases; i++) {
		struct rh_cesql_program *program;
		bool negated = rnd_below(&rnd, 4) == 0;

		random_like(&rnd, pattern, near);
		(void)snprintf(text, sizeof(text), "payload %s '%s'", negated ? "NOT LIKE" : "LIKE", pattern);
		program = compile(text);
		cr_assert(test_patterns_init(&patterns, &tree), "%s: %s", text, patterns.error);
		for (unsigned n = 0; n < PAYLOADS; n++) {
			bool utf8, want;

			random_payload(&rnd, rnd_below(&rnd, 2) ? near : NULL, &payload);
			if (rnd_below(&rnd, 4) == 0)
				payload.size = strlen(strcpy(payload.bytes, near));
			payload.bytes[payload.size] = '\0';
			utf8 = ref_is_utf8(payload.bytes, payload.size);
			want = utf8 && ref_like(pattern, payload.bytes);
			cr_assert_eq(verdict(program, &payload), want != negated, "%s of '%s'", text, payload.bytes);
			if (utf8 && patterns.count)
				cr_assert_eq(slow_regex_in(patterns.pattern[0].regex, payload.bytes, payload.size), want, "%s of '%s': %s", text,
					payload.bytes, patterns.pattern[0].regex);
			count(want, &yes, &all);
		}
		test_patterns_fini(&patterns);
		rh_cesql_destroy(program);
	}
	check_counts("LIKE", yes, all);
}

Test(cesql_payload, contains_is_what_memmem_says)
{
	size_t cases = rnd_cases(800, 30000), yes = 0, all = 0;
	struct payload payload;
	char inner[64], text[256];
	struct rnd rnd;

	rnd_init(&rnd, "CONTAINS");
	for (size_t i = 0; i < cases; i++) {
		struct rh_cesql_program *program;

		*inner = '\0';
		for (unsigned n = rnd_below(&rnd, 4); n; n--) {
			const char *piece = PICK(&rnd, pieces);

			strcat(inner, strpbrk(piece, "'\\") ? "." : piece);
		}
		(void)snprintf(text, sizeof(text), "CONTAINS(payload, '%s')", inner);
		program = compile(text);
		cr_assert(test_patterns_init(&patterns, &tree), "%s: %s", text, patterns.error);
		for (unsigned n = 0; n < PAYLOADS; n++) {
			bool want;

			random_payload(&rnd, rnd_below(&rnd, 3) ? NULL : inner, &payload);
			want = memmem(payload.bytes, payload.size, inner, strlen(inner)) != NULL;
			cr_assert_eq(verdict(program, &payload), want, "%s of '%.*s'", text, (int)payload.size, payload.bytes);
			count(want, &yes, &all);
		}
		test_patterns_fini(&patterns);
		rh_cesql_destroy(program);
	}
	check_counts("CONTAINS", yes, all);
}

/* Into @out, which ends with a zero: a regular expression of what slow_regex knows. */
static void random_regex(struct rnd *rnd, unsigned depth, char *out)
{
	static const char *const atoms[] = {"a", "b", "c", "0", "1", ".", "\\.", "\\n", "\\d", "\\w", "\\s", "\\D", "[ab]", "[^a]", "[0-9a]", "[\\x80-\\xbf]",
		"\\xc3", "\\xa9", "[^\\x80-\\xff]", "ab", "\\x25"};
	static const char *const repeats[] = {"*", "+", "?", "{2}", "{1,3}", "{2,}", "+?", "{0,2}"};

	for (unsigned n = 1 + rnd_below(rnd, 3); n; n--) {
		bool one = true; /* what a repeat behind it would be of */

		if (depth && rnd_below(rnd, 3) == 0) {
			strcat(out, rnd_below(rnd, 2) ? "(?:" : "(");
			random_regex(rnd, depth - 1, out);
			while (rnd_below(rnd, 3) == 0) {
				strcat(out, "|");
				random_regex(rnd, depth - 1, out);
			}
			strcat(out, ")");
		} else {
			const char *atom = PICK(rnd, atoms);

			strcat(out, atom);
			one = strcmp(atom, "ab") != 0;
		}
		if (rnd_below(rnd, 3) == 0 && one)
			strcat(out, PICK(rnd, repeats));
	}
}

Test(cesql_payload, matches_is_what_slow_expressions_say)
{
	size_t cases = rnd_cases(1500, 30000), yes = 0, all = 0, refused = 0;
	struct payload payload;
	char regex[2048], text[2200];
	struct rnd rnd;

	rnd_init(&rnd, "MATCHES");
	for (size_t i = 0; i < cases; i++) {
		static const char *const begins[] = {"", "", "", "^", "\\A"}, *const ends[] = {"", "", "", "$", "\\z"};
		struct rh_cesql_program *program;

		strcpy(regex, PICK(&rnd, begins));
		random_regex(&rnd, 2, regex);
		strcat(regex, PICK(&rnd, ends));
		(void)snprintf(text, sizeof(text), "MATCHES(payload, '%s')", regex);
		program = compile(text);
		/* What matches nothing at all is refused, and rarely what is too large. */
		if (test_patterns_init(&patterns, &tree)) {
			for (unsigned n = 0; n < PAYLOADS; n++) {
				bool want;

				random_payload(&rnd, NULL, &payload);
				want = slow_regex_in(regex, payload.bytes, payload.size);
				cr_assert_eq(verdict(program, &payload), want, "%s of '%.*s', %zu bytes", text, (int)payload.size, payload.bytes, payload.size);
				count(want, &yes, &all);
			}
		} else {
			refused++;
		}
		test_patterns_fini(&patterns);
		rh_cesql_destroy(program);
	}
	printf("refused by Hyperscan %zu\n", refused);
	cr_expect_lt(refused, cases / 3);
	check_counts("MATCHES", yes, all);
}

static json_t *random_json(struct rnd *rnd, unsigned depth)
{
	static const char *const names[] = {"a", "b", "a/b", "~", "", "0", "1", "\u00e9", "\U0001f600", "a\nb", "c\"d"};
	static const json_int_t numbers[] = {0, 1, -1, 7, INT32_MAX, INT32_MIN, 2147483648, -2147483649, 99999999999};
	json_t *json;

	switch (rnd_below(rnd, depth ? 8 : 5)) {
	case 0:
		return json_integer(PICK(rnd, numbers));
	case 1:
		return json_string(PICK(rnd, names));
	case 2:
		return json_boolean(rnd_below(rnd, 2));
	case 3:
		return json_null();
	case 4:
		return json_real(1.5);
	case 5:
		json = json_array();
		for (unsigned n = rnd_below(rnd, 4); n; n--)
			json_array_append_new(json, random_json(rnd, depth - 1));
		return json;
	default:
		json = json_object();
		for (unsigned n = rnd_below(rnd, 5); n; n--)
			json_object_set_new(json, PICK(rnd, names), random_json(rnd, depth - 1));
		return json;
	}
}

/* A pointer to a random place in @json, and mostly a little beside it. Returns what is there, NULL for nothing. */
static const json_t *random_pointer(struct rnd *rnd, const json_t *json, char *out)
{
	*out = '\0';
	while (json_is_object(json) || json_is_array(json)) {
		const char *name = "x";
		char index[16];

		if (rnd_below(rnd, 6) == 0)
			break;
		if (json_is_array(json)) {
			(void)snprintf(index, sizeof(index), "%u", rnd_below(rnd, (uint32_t)json_array_size(json) + 1));
			name = index;
			json = json_array_get(json, strtoul(index, NULL, 10));
		} else {
			void *iter = json_object_iter((json_t *)json);

			for (unsigned n = rnd_below(rnd, (uint32_t)json_object_size(json) + 1); iter && n; n--)
				iter = json_object_iter_next((json_t *)json, iter);
			name = iter ? json_object_iter_key(iter) : "x";
			json = json_object_get(json, name);
		}
		strcat(out, "/");
		for (char *to = out + strlen(out); *name || (*to = '\0'); name++)
			to = *name == '~' ? stpcpy(to, "~0") : *name == '/' ? stpcpy(to, "~1") : (*to = *name, to + 1);
	}
	return json;
}

/* Blanks between the pieces, for jansson writes few. */
static size_t loosen(struct rnd *rnd, const char *text, char *out)
{
	size_t size = 0;
	bool in_string = false;

	for (; *text; text++) {
		if (*text == '"')
			in_string = !in_string;
		else if (*text == '\\')
			out[size++] = *text++;
		else if (!in_string && strchr("{}[],:", *text))
			for (unsigned n = rnd_below(rnd, 3); n; n--)
				out[size++] = " \n\t\r"[rnd_below(rnd, 4)];
		out[size++] = *text;
	}
	return size;
}

static void check_json(const char *pointer, struct rh_cesql_text payload, const json_t *want)
{
	struct json_piece piece = {.kind = PIECE_BAD};
	const char *why = cesql_pointer_find((struct rh_cesql_text){pointer, (uint32_t)strlen(pointer)}, payload, &piece);
	enum json_kind kind = PIECE_NULL;

	if (json_is_object(want) || json_is_array(want) || !want) {
		cr_assert_not_null(why, "%s of %.*s", pointer, (int)payload.size, payload.bytes);
		return;
	}
	cr_assert_null(why, "%s of %.*s: %s", pointer, (int)payload.size, payload.bytes, why);
	if (json_is_string(want))
		kind = PIECE_STRING;
	else if (json_is_boolean(want))
		kind = json_is_true(want) ? PIECE_TRUE : PIECE_FALSE;
	else if (json_is_number(want))
		kind = PIECE_NUMBER;
	cr_assert_eq(piece.kind, kind, "%s of %.*s: %d", pointer, (int)payload.size, payload.bytes, piece.kind);
	if (kind == PIECE_NUMBER)
		cr_assert_eq(strtod(payload.bytes + piece.at, NULL), json_number_value(want));
	if (kind == PIECE_STRING) {
		json_t *again = json_loadb(payload.bytes + piece.at - 1, piece.size + 2, JSON_DECODE_ANY, NULL);

		cr_assert(json_equal(again, want), "%s of %.*s", pointer, (int)payload.size, payload.bytes);
		json_decref(again);
	}
}

Test(cesql_payload, json_is_what_jansson_reads)
{
	size_t cases = rnd_cases(30000, 1000000), found = 0, sound = 0, damaged = 0;
	static char text[1 << 16];
	struct rnd rnd;

	rnd_init(&rnd, "JSON");
	for (size_t i = 0; i < cases; i++) {
		json_t *json = random_json(&rnd, 4), *again;
		char pointer[512], *dumped = json_dumps(json, JSON_ENCODE_ANY | (rnd_below(&rnd, 2) ? JSON_ENSURE_ASCII : 0));
		size_t size = loosen(&rnd, dumped, text);
		const json_t *want = random_pointer(&rnd, json, pointer);
		struct json_piece piece;

		text[size] = 0;
		check_json(pointer, (struct rh_cesql_text){text, (uint32_t)size}, want);
		found += want != NULL;
		/* Damaged, it is sound or not as jansson says; twins of names and numbers beyond a double are left out by the letters. */
		for (unsigned n = 1 + rnd_below(&rnd, 2); size && n; n--)
			text[rnd_below(&rnd, (uint32_t)size)] = "{}[]\",:\\u01-tn \xc3\xa9"[rnd_below(&rnd, 17)];
		again = json_loadb(text, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
		{
			const char *why = cesql_pointer_find((struct rh_cesql_text){"/none", 5}, (struct rh_cesql_text){text, (uint32_t)size}, &piece);

			cr_assert_eq(again != NULL, why && strcmp(why, "the payload is no JSON") != 0, "%.*s", (int)size, text);
		}
		sound += again != NULL;
		damaged += again == NULL;
		json_decref(again);
		json_decref(json);
		free(dumped);
	}
	/* jansson takes this for 1. */
	cr_expect_not_null(cesql_pointer_find((struct rh_cesql_text){"", 0}, (struct rh_cesql_text){"1", 2}, &(struct json_piece){0}));
	printf("found %zu, sound %zu, damaged %zu\n", found, sound, damaged);
	cr_expect_gt(found, cases / 4);
	cr_expect_gt(sound, cases / 20);
	cr_expect_gt(damaged, cases / 4);
}

static bool agree(struct rh_cesql_result got, const struct ref_value *want)
{
	const char *error = rh_cesql_error_name(got.error);

	if (got.value.type != want->type || (error ? strcmp(error, want->error ? want->error : "") != 0 : want->error != NULL))
		return false;
	if (want->type == RH_CESQL_TYPE_STRING)
		return got.value.text.size == strlen(want->text) && memcmp(got.value.text.bytes, want->text, strlen(want->text)) == 0;
	return want->type == RH_CESQL_TYPE_BOOLEAN ? got.value.boolean == want->integer : got.value.integer == want->integer;
}

Test(cesql_payload, whole_expressions_are_what_a_naive_evaluator_makes_of_them)
{
	static const char *const documents[] = {"{\"a\": [1, \"b\"], \"b\": {\"a\": \"A1\"}, \"\u00e9\": true, \"a/b\": 5}", "{\"a\": \"ab1\", \"x\": \"12\"}", "17", "\"abb\"",
		"{\"a\": 1", "true", "{\"a\": null, \"b\": 2147483648, \"x\": \"\\u0000\"}"};
	static char text[RH_CESQL_TEXT_MAX + 1];
	static struct ref_value want;
	size_t cases = rnd_cases(6000, 200000), values = 0, errors = 0, asked = 0;
	struct payload payload;
	struct rnd rnd;

	rnd_init(&rnd, "cesql payload");
	ref_asks_payload = true;
	for (size_t i = 0; i < cases; i++) {
		struct ref_expr *expr = ref_expr_random(&rnd, 1 + rnd_below(&rnd, 4));
		int len = ref_expr_text(&rnd, expr, text, sizeof(text));
		struct rh_cesql_event event = cesql_event;
		struct rh_cesql_program *program;
		struct rh_cesql_result got;

		cr_assert_geq(len, 0);
		text[len] = '\0';
		program = compile(text);
		cr_assert(test_patterns_init(&patterns, &tree), "%s: %s", text, patterns.error);
		for (unsigned n = 0; n < 4; n++) {
			random_payload(&rnd, NULL, &payload);
			if (rnd_below(&rnd, 2))
				payload.size = strlen(strcpy(payload.bytes, PICK(&rnd, documents)));
			event.payload = (struct rh_cesql_text){payload.bytes, (uint32_t)payload.size};
			event.matches = test_patterns_match;
			event.arg = &patterns;
			ref_expr_value(expr, &event, &want);
			got = rh_cesql_evaluate(program, &event, &scratch);
			cr_assert(agree(got, &want), "%s\nof '%.*s' is of type %d, error %s (%s); should be type %d, %d '%.100s', error %s", text, (int)payload.size,
				payload.bytes, got.value.type, rh_cesql_error_name(got.error), got.reason, want.type, want.integer, want.text, want.error);
			values += !got.error;
			errors += got.error != 0;
			asked += rh_cesql_program_asks_payload(program);
		}
		test_patterns_fini(&patterns);
		rh_cesql_destroy(program);
		ref_expr_free(expr);
	}
	printf("values %zu, errors %zu, about the payload %zu\n", values, errors, asked);
	cr_expect_gt(values, cases);
	cr_expect_gt(errors, cases / 4);
	cr_expect_gt(asked, cases);
}
