#pragma once

/*
 * What has been found out of an event's payload: how JSON pointers were answered, and whether it is UTF-8. Programs that ask the same of one event
 * share it, so a payload is read once for each pointer however many compare with what stands there.
 */

#include "dataplane/cesql/value.h"

/* Pointers; those that come later are looked for each time. */
#define RH_CESQL_KNOWN_VALUES 8

/* A piece of the payload (json.h), or why there is none. */
struct rh_cesql_known_value {
	struct rh_cesql_text pointer; /* the program's that asked first */
	const char *why;	      /* NULL: it is there */
	uint32_t at, size;
	uint8_t kind;
	bool escaped;
};

/* One event's; the caller's, zeroed before its first. All programs that were evaluated with it stay until it is cleared. */
struct rh_cesql_known {
	bool text_known, text; /* the second: it is UTF-8 */
	uint8_t values;
	struct rh_cesql_known_value value[RH_CESQL_KNOWN_VALUES];
};

/* Before another event. Ctx: any. */
static inline void rh_cesql_known_clear(struct rh_cesql_known *known)
{
	known->text_known = false;
	known->values = 0;
}
