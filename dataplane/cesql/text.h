#pragma once

/* Characters of UTF-8 strings that were validated. Private to the room. */

#include "dataplane/cesql/value.h"

uint32_t cesql_text_length(struct rh_cesql_text text);
/* The first @count characters, or all. */
struct rh_cesql_text cesql_text_left(struct rh_cesql_text text, uint32_t count);
/* Without the first @count characters. */
struct rh_cesql_text cesql_text_behind(struct rh_cesql_text text, uint32_t count);
/* Without white space (Unicode's White_Space) at both ends. */
struct rh_cesql_text cesql_text_trim(struct rh_cesql_text text);
/* Every character that the table of text.c has in its lower or upper case, with as many bytes; @out has text.size. */
void cesql_text_case(struct rh_cesql_text text, bool upper, char *out);
