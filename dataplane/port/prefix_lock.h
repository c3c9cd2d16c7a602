#pragma once

/*
 * One process per file prefix. EAL's own lock does not exist with --in-memory and --no-shconf, so we hold a flock on
 * <dir>/<prefix>.lock, which the kernel releases however the process ends. The file holds the owner's pid as text and
 * stays behind: removing it would race with the next owner.
 */

#include "dataplane/base/error.h"

#define DP_RUN_DIR "/run/rhumb"

/*
 * Take the lock, creating @dir (0755) if need be. Returns the descriptor that holds it (close releases), -EINVAL (a
 * prefix that is not a file name), -EBUSY (the sentence names the owner's pid), or another negative errno.
 *
 * Ctx: control. Blocks: no.
 */
int dp_prefix_lock(const char *dir, const char *prefix, struct rh_error *err);
