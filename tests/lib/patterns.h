#pragma once

/*
 * Serialized pattern databases for tests, compiled in the test itself with the flags that the
 * compile helper uses.
 */

#include <stddef.h>
#include <stdint.h>

/* Ids 1 to @count. Free with free(). NULL when Hyperscan refuses. */
void *test_patterns_compile(const char *const *patterns, uint32_t count, size_t *len);
