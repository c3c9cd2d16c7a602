#pragma once

/* JSON pointers (RFC 6901), and what they point to in a payload: one pass over it, no allocation. Private to the room. */

#include "dataplane/cesql/json.h"
#include "dataplane/cesql/value.h"

/* NULL, or why @pointer is none: a sentence, and the byte in *@where. */
const char *cesql_pointer_check(struct rh_cesql_text pointer, size_t *where);
/*
 * The value in @payload at @pointer, which was checked: a string, number, truth value or null. NULL, or a sentence without
 * subject: there is none, it is an object or array, a name on the way stands twice in one object, or the payload, which is
 * read to its end, is no JSON.
 */
const char *cesql_pointer_find(struct rh_cesql_text pointer, struct rh_cesql_text payload, struct json_piece *out);
