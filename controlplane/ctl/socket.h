#pragma once

#include "dataplane/base/error.h"

#include <sys/types.h>

/* Bind and listen at @path, mode 0660, for @group ("": the daemon's own). The descriptor with
 * *@gid, or -errno with a sentence. */
int ctl_socket_listen(const char *path, const char *group, gid_t *gid, struct rh_error *err);
