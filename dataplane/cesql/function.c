#include "dataplane/cesql/function.h"

#include "dataplane/cesql/tree.h"

#include <string.h>
#include <strings.h>

#define B RH_CESQL_TYPE_BOOLEAN
#define I RH_CESQL_TYPE_INTEGER
#define S RH_CESQL_TYPE_STRING

const struct function cesql_functions[CESQL_FUNCTION_COUNT] = {
	[CESQL_ABS] = {"ABS", 1, 1, I, I, I},
	[CESQL_BOOL] = {"BOOL", 1, 1, B, B, B},
	[CESQL_CONCAT] = {"CONCAT", 0, RH_CESQL_ARGUMENTS_MAX, S, S, S},
	[CESQL_CONCAT_WS] = {"CONCAT_WS", 1, RH_CESQL_ARGUMENTS_MAX, S, S, S},
	[CESQL_CONTAINS] = {"CONTAINS", 2, 2, B, S, S},
	[CESQL_HOLDS] = {"HOLDS", 1, 1, B, B, B},
	[CESQL_INT] = {"INT", 1, 1, I, I, I},
	[CESQL_JSON] = {"JSON", 2, 2, B, S, S},
	[CESQL_LEFT] = {"LEFT", 2, 2, S, S, I},
	[CESQL_LENGTH] = {"LENGTH", 1, 1, I, S, S},
	[CESQL_LOWER] = {"LOWER", 1, 1, S, S, S},
	[CESQL_MATCHES] = {"MATCHES", 2, 2, B, S, S},
	[CESQL_RIGHT] = {"RIGHT", 2, 2, S, S, I},
	[CESQL_STRING] = {"STRING", 1, 1, S, S, S},
	[CESQL_SUBSTRING] = {"SUBSTRING", 2, 3, S, S, I},
	[CESQL_TRIM] = {"TRIM", 1, 1, S, S, S},
	[CESQL_UPPER] = {"UPPER", 1, 1, S, S, S},
};

int cesql_function_find(const char *name, size_t size)
{
	for (int i = 0; i < CESQL_FUNCTION_COUNT; i++)
		if (strlen(cesql_functions[i].name) == size && strncasecmp(cesql_functions[i].name, name, size) == 0)
			return i;
	return -1;
}
