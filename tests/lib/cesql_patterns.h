#pragma once

/* Patterns of a tree, looked for by Hyperscan as the router does, one database each; for tests. */

#include "dataplane/cesql/program.h"

#include <hs/hs.h>

#define TEST_PATTERNS_MAX 32

struct test_patterns {
	unsigned count;
	hs_database_t *db[TEST_PATTERNS_MAX];
	hs_scratch_t *scratch;
	struct rh_cesql_pattern pattern[TEST_PATTERNS_MAX];
	char error[256]; /* of Hyperscan */
	/* Of the last event. */
	unsigned scans;
};

/* False: Hyperscan refused one, .error says why; or there are too many. Needs fini in any case. */
bool test_patterns_init(struct test_patterns *patterns, const struct rh_cesql_tree *tree);
void test_patterns_fini(struct test_patterns *patterns);
/* For struct rh_cesql_event: .matches, with @arg a struct test_patterns. */
int test_patterns_match(void *arg, uint32_t pattern, struct rh_cesql_text text);
