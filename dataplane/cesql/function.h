#pragma once

/* The built-in functions by name and number of arguments (section 3.5). Private to the room. */

#include "dataplane/cesql/value.h"

#include <stdbool.h>
#include <stddef.h>

enum rh_cesql_function {
	CESQL_ABS,
	CESQL_BOOL,
	CESQL_CONCAT,
	CESQL_CONCAT_WS,
	CESQL_CONTAINS, /* ours, by patterns, as MATCHES is */
	CESQL_HOLDS, /* ours; a node of its own kind, never called */
	CESQL_INT,
	CESQL_JSON, /* ours: a value in the payload */
	CESQL_LEFT,
	CESQL_LENGTH,
	CESQL_LOWER,
	CESQL_MATCHES,
	CESQL_RIGHT,
	CESQL_STRING,
	CESQL_SUBSTRING,
	CESQL_TRIM,
	CESQL_UPPER,
	CESQL_FUNCTION_COUNT
};

struct function {
	const char *name;
	unsigned least, most; /* arguments */
	enum rh_cesql_type result;
	enum rh_cesql_type first, rest; /* what arguments are cast to */
};

extern const struct function cesql_functions[CESQL_FUNCTION_COUNT];

/* By name in any case; -1 when there is none. */
int cesql_function_find(const char *name, size_t size);
