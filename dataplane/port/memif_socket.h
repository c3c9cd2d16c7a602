#pragma once

/*
 * A memif server that was killed leaves its socket file, and the next one then comes up without a word and without a
 * connection. Private to dataplane/port.
 */

#include "dataplane/base/error.h"

/* May a server take @path? Looks only: not at whether somebody listens. 0, -EEXIST (it is no socket). Ctx: control. */
int dp_memif_socket_look(const char *path, struct rh_error *err);
/* Remove @path when it is a socket nobody listens on. 0, -EADDRINUSE (somebody does), -EEXIST (no socket). Ctx: control. */
int dp_memif_socket_clear(const char *path, struct rh_error *err);
