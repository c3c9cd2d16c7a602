#pragma once

/* JSON for programs: one object, one line. */

#include <jansson.h>
#include <stdio.h>

static inline void cli_json_line(FILE *to, const json_t *json)
{
	(void)json_dumpf(json, to, JSON_COMPACT);
	fputc('\n', to);
}
