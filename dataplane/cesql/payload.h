#pragma once

/* What an event's payload is asked, and answers from what is known of it (known.h). Private to the room. */

#include "dataplane/cesql/pointer.h"

/* As cesql_pointer_find. */
const char *cesql_payload_find(const struct rh_cesql_event *event, struct rh_cesql_text pointer, struct json_piece *out);
/* Is it UTF-8? */
bool cesql_payload_is_text(const struct rh_cesql_event *event);
