#include "perf/gen/ssbg.h"

#include "dataplane/cesql/program.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct ssbg ssbg;

static void setup(void)
{
	const struct ssbg_spec spec = {.names = 30, .values = 100, .seed = 5};

	cr_assert_eq(ssbg_init(&ssbg, &spec, NULL), 0);
}

static void teardown(void)
{
	ssbg_fini(&ssbg);
}

TestSuite(ssbg, .init = setup, .fini = teardown);

Test(ssbg, sizes_are_within_bounds_and_all_occur_and_no_name_of_an_event_twice)
{
	bool of_filter[SSBG_CONSTRAINTS_MAX + 1] = {false}, of_event[SSBG_ATTRIBUTES_MAX + 1] = {false}, op[SSBG_OP_COUNT] = {false};

	for (uint32_t i = 0; i < 5000; i++) {
		struct ssbg_constraint c[SSBG_CONSTRAINTS_MAX];
		struct ssbg_attribute a[SSBG_ATTRIBUTES_MAX];
		uint32_t n = ssbg_filter(&ssbg, i, c), m = ssbg_event(&ssbg, i, a);

		cr_assert(n >= 1 && n <= SSBG_CONSTRAINTS_MAX && m >= 1 && m <= SSBG_ATTRIBUTES_MAX);
		of_filter[n] = of_event[m] = true;
		for (uint32_t k = 0; k < n; k++)
			op[c[k].op] = true;
		for (uint32_t k = 0; k < m; k++)
			for (uint32_t j = 0; j < k; j++)
				cr_assert_neq(a[k].name, a[j].name);
	}
	for (uint32_t n = 1; n <= SSBG_CONSTRAINTS_MAX; n++)
		cr_assert(of_filter[n]);
	for (uint32_t m = 1; m <= SSBG_ATTRIBUTES_MAX; m++)
		cr_assert(of_event[m]);
	for (int o = 0; o < SSBG_OP_COUNT; o++)
		cr_assert(op[o], "operator %d", o);
}

Test(ssbg, a_name_has_one_type_wherever_it_is_used)
{
	int type[30];

	memset(type, 0xff, sizeof(type));
	for (uint32_t i = 0; i < 5000; i++) {
		struct ssbg_attribute a[SSBG_ATTRIBUTES_MAX];
		struct ssbg_constraint c[SSBG_CONSTRAINTS_MAX];

		for (uint32_t k = ssbg_event(&ssbg, i, a); k-- > 0;) {
			cr_assert(type[a[k].name] < 0 || type[a[k].name] == a[k].value.type);
			type[a[k].name] = a[k].value.type;
		}
		for (uint32_t k = ssbg_filter(&ssbg, i, c); k-- > 0;)
			cr_assert(type[c[k].name] < 0 || type[c[k].name] == c[k].value.type);
	}
}

/* The event as CESQL's evaluator takes it. */
static struct rh_cesql_event event_of(const struct ssbg_attribute *a, uint32_t n, struct rh_cesql_attribute *out, char (*names)[SSBG_NAME_MAX])
{
	for (uint32_t i = 0; i < n; i++) {
		const struct ssbg_value *v = &a[i].value;

		out[i].name = (struct rh_cesql_text){names[i], ssbg_name(a[i].name, names[i])};
		out[i].value.type = v->type == SSBG_STRING ? RH_CESQL_TYPE_STRING : v->type == SSBG_INTEGER ? RH_CESQL_TYPE_INTEGER : RH_CESQL_TYPE_BOOLEAN;
		if (v->type == SSBG_STRING)
			out[i].value.text = (struct rh_cesql_text){v->text, v->size};
		else if (v->type == SSBG_INTEGER)
			out[i].value.integer = v->integer;
		else
			out[i].value.boolean = v->integer;
	}
	return (struct rh_cesql_event){.attribute = out, .count = n};
}

Test(ssbg, the_cesql_of_a_filter_says_what_its_constraints_say)
{
	static struct rh_cesql_tree tree;
	static struct rh_cesql_scratch scratch;
	uint32_t matches = 0;

	for (uint32_t f = 0; f < 400; f++) {
		struct rh_cesql_program *program;
		struct ssbg_constraint c[SSBG_CONSTRAINTS_MAX];
		uint32_t n = ssbg_filter(&ssbg, f, c);
		struct rh_error err = {""};
		char text[SSBG_TEXT_MAX];
		uint32_t len = ssbg_filter_text(&ssbg, f, text);

		cr_assert_eq(rh_cesql_parse(text, len, &tree, NULL, &err), 0, "%s: %s", text, err.text);
		cr_assert_eq(rh_cesql_compile(&tree, &program, &err), 0, "%s", err.text);
		for (uint32_t e = 0; e < 400; e++) {
			struct rh_cesql_attribute attributes[SSBG_ATTRIBUTES_MAX];
			struct ssbg_attribute a[SSBG_ATTRIBUTES_MAX];
			char names[SSBG_ATTRIBUTES_MAX][SSBG_NAME_MAX];
			uint32_t m = ssbg_event(&ssbg, e, a);
			struct rh_cesql_event event = event_of(a, m, attributes, names);
			bool wanted = ssbg_matches(c, n, a, m);

			cr_assert_eq(rh_cesql_matches(program, &event, &scratch), wanted, "%s, event %u", text, e);
			matches += wanted;
		}
		rh_cesql_destroy(program);
	}
	cr_assert_gt(matches, 100);
}

Test(ssbg, numbers_beyond_its_bounds_are_refused)
{
	const struct ssbg_spec bad[] = {{.names = SSBG_ATTRIBUTES_MAX - 1, .values = 1}, {.names = SSBG_NAMES_MAX + 1, .values = 1}, {.names = 10, .values = 0},
		{.names = 10, .values = SSBG_VALUES_MAX + 1}};
	struct ssbg s;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_eq(ssbg_init(&s, &bad[i], NULL), -EINVAL);
}
