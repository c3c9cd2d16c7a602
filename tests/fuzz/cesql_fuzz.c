/*
 * CESQL expressions from outside. Input: an expression. Checked: a refusal names a byte of it; the canonical text of
 * what is taken is a fixed point and has the same value and error for an event; nothing that was taken is refused as
 * canonical text, but for its length.
 */

#include "dataplane/cesql/program.h"

#include "tests/lib/cesql_event.h"

#include <stdlib.h>
#include <string.h>

static struct rh_cesql_tree tree, again;
static struct rh_cesql_scratch scratch[2];
static char text[2][RH_CESQL_PRINT_MAX];

static void must(bool holds)
{
	if (!holds)
		abort();
}

static bool same(struct rh_cesql_value a, struct rh_cesql_value b)
{
	if (a.type != b.type)
		return false;
	if (a.type == RH_CESQL_TYPE_STRING)
		return a.text.size == b.text.size && memcmp(a.text.bytes, b.text.bytes, a.text.size) == 0;
	return a.type == RH_CESQL_TYPE_INTEGER ? a.integer == b.integer : a.boolean == b.boolean;
}

/* Both programs, or neither. */
static void check_values(void)
{
	struct rh_cesql_program *one, *two;
	struct rh_cesql_result first, second;

	if (rh_cesql_compile(&tree, &one, NULL) < 0) {
		must(rh_cesql_compile(&again, &two, NULL) < 0);
		return;
	}
	must(rh_cesql_compile(&again, &two, NULL) == 0);
	first = rh_cesql_evaluate(one, &cesql_event, &scratch[0]);
	second = rh_cesql_evaluate(two, &cesql_event, &scratch[1]);
	must(first.error == second.error && same(first.value, second.value));
	rh_cesql_destroy(one);
	rh_cesql_destroy(two);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct rh_error err;
	size_t where = SIZE_MAX;
	int size;

	if (rh_cesql_parse((const char *)bytes, len, &tree, &where, &err) < 0) {
		must(where <= len && strncmp(err.text, "cesql: at ", 10) == 0);
		return 0;
	}
	size = rh_cesql_print(&tree, text[0], sizeof(text[0]));
	must(size > 0 && rh_cesql_predicates(&tree) <= tree.nodes);
	if (size > RH_CESQL_TEXT_MAX)
		return 0;
	must(rh_cesql_parse(text[0], (size_t)size, &again, NULL, NULL) == 0);
	must(rh_cesql_print(&again, text[1], sizeof(text[1])) == size && memcmp(text[0], text[1], (size_t)size) == 0);
	check_values();
	return 0;
}
