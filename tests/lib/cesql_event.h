#pragma once

/* An event for tests of CESQL, and values as text. */

#include "dataplane/cesql/value.h"

extern const struct rh_cesql_event cesql_event;

/* TRUE, 12 or 'text', whose quotes are not escaped; cut at @room. */
void cesql_value_text(struct rh_cesql_value value, char *out, size_t room);
