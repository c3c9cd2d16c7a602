#include "dataplane/cesql/literal.h"

#include <stdbool.h>

char cesql_literal_quote(const char *bytes, size_t size)
{
	bool odd = false, single = true, twin = true;

	for (size_t i = 0; i < size; i++) {
		single = single && !(odd && bytes[i] == '\'');
		twin = twin && !(odd && bytes[i] == '"');
		odd = bytes[i] == '\\' && !odd;
	}
	if (odd)
		return '\0';
	return single ? '\'' : twin ? '"' : '\0';
}
