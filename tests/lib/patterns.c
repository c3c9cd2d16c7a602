#include "tests/lib/patterns.h"

#include <hs/hs.h>
#include <stdlib.h>

void *test_patterns_compile(const char *const *patterns, uint32_t count, size_t *len)
{
	return test_patterns_compile_from(1, patterns, count, len);
}

void *test_patterns_compile_from(
	uint32_t first, const char *const *patterns, uint32_t count, size_t *len)
{
	unsigned *flags = calloc(count, sizeof(*flags)), *ids = calloc(count, sizeof(*ids));
	hs_compile_error_t *error = NULL;
	hs_database_t *db = NULL;
	char *bytes = NULL;

	for (uint32_t i = 0; flags && ids && i < count; i++) {
		flags[i] = HS_FLAG_DOTALL | HS_FLAG_SINGLEMATCH;
		ids[i] = first + i;
	}
	if (flags && ids &&
		hs_compile_multi(patterns, flags, ids, count, HS_MODE_BLOCK, NULL, &db, &error) ==
			HS_SUCCESS)
		(void)hs_serialize_database(db, &bytes, len);
	(void)hs_free_compile_error(error);
	(void)hs_free_database(db);
	free(flags);
	free(ids);
	return bytes;
}
