/*
 * Filters of the Subscriptions API from outside. Input: JSON. Checked: a refusal names a byte of it; what is taken has a canonical
 * text that, unless it is too long, is taken as an expression and has the same verdict for an event.
 */

#include "dataplane/cesql/program.h"

#include "tests/lib/cesql_event.h"

#include <stdlib.h>
#include <string.h>

static struct rh_cesql_tree tree;
static struct rh_cesql_scratch scratch;
static char text[RH_CESQL_PRINT_MAX];

static void must(bool holds)
{
	if (!holds)
		abort();
}

/* -1 when it needs more values at once than there may be. */
static int verdict(void)
{
	struct rh_cesql_program *program;
	bool matches;

	if (rh_cesql_compile(&tree, &program, NULL) < 0)
		return -1;
	matches = rh_cesql_matches(program, &cesql_event, &scratch);
	rh_cesql_destroy(program);
	return matches;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct rh_error err;
	size_t where = SIZE_MAX;
	int size, matches;

	if (rh_cesql_from_json((const char *)bytes, len, &tree, &where, &err) < 0) {
		must(where <= len && strncmp(err.text, "filters: at ", 12) == 0);
		return 0;
	}
	size = rh_cesql_print(&tree, text, sizeof(text));
	must(size > 0 && rh_cesql_predicates(&tree) <= tree.nodes);
	matches = verdict();
	if (size > RH_CESQL_TEXT_MAX)
		return 0;
	must(rh_cesql_parse(text, (size_t)size, &tree, NULL, NULL) == 0 && verdict() == matches);
	return 0;
}
