#include "tests/lib/cesql_patterns.h"

#include <stdio.h>
#include <string.h>

static bool pattern_compile(struct test_patterns *patterns)
{
	struct rh_cesql_pattern *pattern = &patterns->pattern[patterns->count];
	hs_compile_error_t *error = NULL;

	if (hs_compile(pattern->regex, HS_FLAG_DOTALL | HS_FLAG_SINGLEMATCH, HS_MODE_BLOCK, NULL, &patterns->db[patterns->count],
		    &error) != HS_SUCCESS) {
		(void)snprintf(patterns->error, sizeof(patterns->error), "%s: %s", pattern->regex, error->message);
		(void)hs_free_compile_error(error);
		return false;
	}
	return hs_alloc_scratch(patterns->db[patterns->count++], &patterns->scratch) == HS_SUCCESS;
}

bool test_patterns_init(struct test_patterns *patterns, const struct rh_cesql_tree *tree)
{
	uint16_t node = RH_CESQL_NONE;

	patterns->count = 0;
	patterns->scratch = NULL;
	while (patterns->count < TEST_PATTERNS_MAX && rh_cesql_pattern_next(tree, &node, &patterns->pattern[patterns->count]))
		if (!pattern_compile(patterns))
			return false;
	return patterns->count < TEST_PATTERNS_MAX;
}

void test_patterns_fini(struct test_patterns *patterns)
{
	while (patterns->count)
		(void)hs_free_database(patterns->db[--patterns->count]);
	if (patterns->scratch)
		(void)hs_free_scratch(patterns->scratch);
	patterns->scratch = NULL;
}

static int found(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
	(void)id;
	(void)from;
	(void)to;
	(void)flags;
	*(bool *)arg = true;
	return 0;
}

int test_patterns_match(void *arg, uint32_t pattern, struct rh_cesql_text text)
{
	struct test_patterns *patterns = arg;
	bool yes = false;

	patterns->scans++;
	if (hs_scan(patterns->db[pattern], text.bytes ? text.bytes : "", text.size, 0, patterns->scratch, found, &yes) != HS_SUCCESS)
		return -1;
	return yes;
}
