/* CESQL: random expressions against a naive evaluator, and against their own canonical text. */

#include "dataplane/cesql/program.h"

#include "tests/lib/cesql_event.h"
#include "tests/lib/cesql_reference.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH 4

static struct rh_cesql_tree tree;
static struct rh_cesql_scratch scratch;
static unsigned values[RH_CESQL_TYPE_COUNT], errors;

static bool agree(struct rh_cesql_result got, const struct ref_value *want)
{
	const char *error = rh_cesql_error_name(got.error);

	if (got.value.type != want->type || (error ? strcmp(error, want->error ? want->error : "") != 0 : want->error != NULL))
		return false;
	if (want->type == RH_CESQL_TYPE_STRING)
		return got.value.text.size == strlen(want->text) && memcmp(got.value.text.bytes, want->text, strlen(want->text)) == 0;
	return want->type == RH_CESQL_TYPE_BOOLEAN ? got.value.boolean == want->integer : got.value.integer == want->integer;
}

/* @text, and what it is by the reference. */
static void check(const char *text, size_t len, const struct ref_value *want)
{
	struct rh_cesql_program *program;
	struct rh_cesql_result got;
	struct rh_error err;
	char shown[2][256];

	cr_assert_eq(rh_cesql_parse(text, len, &tree, NULL, &err), 0, "%s: %s", text, err.text);
	cr_assert_eq(rh_cesql_compile(&tree, &program, &err), 0, "%s", text);
	got = rh_cesql_evaluate(program, &cesql_event, &scratch);
	cesql_value_text(got.value, shown[0], sizeof(shown[0]));
	(void)snprintf(shown[1], sizeof(shown[1]), "type %d, %d '%.150s'", want->type, want->integer, want->text);
	cr_assert(agree(got, want), "%s\n is %s %s, should be %s %s", text, shown[0], rh_cesql_error_name(got.error), shown[1],
		want->error ? want->error : "");
	values[got.value.type] += !got.error;
	errors += got.error != 0;
	rh_cesql_destroy(program);
}

Test(cesql, random_expressions_are_what_a_naive_evaluator_makes_of_them)
{
	static char text[RH_CESQL_TEXT_MAX + 1], canonical[RH_CESQL_PRINT_MAX];
	static struct ref_value want;
	size_t cases = rnd_cases(20000, 1000000), long_ones = 0;
	struct rnd rnd;

	rnd_init(&rnd, "cesql");
	for (size_t i = 0; i < cases; i++) {
		struct ref_expr *expr = ref_expr_random(&rnd, 1 + rnd_below(&rnd, DEPTH));
		int len = ref_expr_text(&rnd, expr, text, sizeof(text));

		if (len >= 0) {
			ref_expr_value(expr, &cesql_event, &want);
			check(text, (size_t)len, &want);
			len = rh_cesql_print(&tree, canonical, sizeof(canonical));
			cr_assert_gt(len, 0, "%s", text);
			if (len <= RH_CESQL_TEXT_MAX)
				check(canonical, (size_t)len, &want);
		}
		long_ones += len < 0;
		ref_expr_free(expr);
	}
	/* The test is worth something only while every outcome is common. */
	printf("values %u %u %u, errors %u, too long %zu\n", values[0], values[1], values[2], errors, long_ones);
	cr_expect_gt(values[RH_CESQL_TYPE_BOOLEAN], cases / 20);
	cr_expect_gt(values[RH_CESQL_TYPE_INTEGER], cases / 20);
	cr_expect_gt(values[RH_CESQL_TYPE_STRING], cases / 20);
	cr_expect_gt(errors, cases / 20);
}

/* Random bytes and damaged expressions: refused with a place within the text, or evaluated; never more. */
Test(cesql, damaged_expressions_are_refused_at_a_byte_of_theirs)
{
	static char text[RH_CESQL_TEXT_MAX + 1];
	size_t cases = rnd_cases(20000, 1000000), refused = 0;
	struct rnd rnd;

	rnd_init(&rnd, "cesql damage");
	for (size_t i = 0; i < cases; i++) {
		struct ref_expr *expr = ref_expr_random(&rnd, 1 + rnd_below(&rnd, DEPTH));
		int len = ref_expr_text(&rnd, expr, text, sizeof(text));
		struct rh_cesql_program *program;
		struct rh_error err = {""};
		size_t where = SIZE_MAX;

		ref_expr_free(expr);
		if (len <= 0)
			continue;
		for (unsigned n = 1 + rnd_below(&rnd, 3); n; n--)
			text[rnd_below(&rnd, (uint32_t)len)] = "()'\"\\,=<!+- aN1\xff\xc3"[rnd_below(&rnd, 17)];
		if (rh_cesql_parse(text, (size_t)len, &tree, &where, &err) == 0) {
			cr_assert_eq(rh_cesql_compile(&tree, &program, NULL), 0);
			(void)rh_cesql_matches(program, &cesql_event, &scratch);
			rh_cesql_destroy(program);
			continue;
		}
		refused++;
		cr_assert_leq(where, (size_t)len);
		cr_assert_eq(strncmp(err.text, "cesql: at ", 10), 0);
		cr_assert_eq(strtoul(err.text + 10, NULL, 10), where);
	}
	cr_expect_gt(refused, cases / 4);
}
