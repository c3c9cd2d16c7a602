#pragma once

/*
 * Serialized pattern databases for tests, compiled in the test itself with the flags that the
 * compile helper uses.
 */

#include "dataplane/api/table.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

/* Ids 1 to @count. Free with free(). NULL when Hyperscan refuses. */
void *test_patterns_compile(const char *const *patterns, uint32_t count, size_t *len);
/* With ids from @first. */
void *test_patterns_compile_from(
	uint32_t first, const char *const *patterns, uint32_t count, size_t *len);

#define TEST_PATTERNS_MOST 31

/* Content of @tenant that is the pattern alone, added when it is not there yet; 0 for none, and what cannot be added. */
static inline dp_content_id_t test_pattern_content(struct dp_table *table, uint16_t tenant, dp_pattern_id_t pattern)
{
	dp_content_id_t id = (dp_content_id_t)tenant * (TEST_PATTERNS_MOST + 1) + pattern;
	int ret = pattern ? dp_table_content_add(table, tenant, id, NULL, &pattern, NULL) : -EINVAL;

	return ret == 0 || ret == -EEXIST ? id : 0;
}
