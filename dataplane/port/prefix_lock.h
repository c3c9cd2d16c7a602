#pragma once

/*
 * One process per file prefix. EAL's own lock does not exist with --in-memory and --no-shconf, so we hold a flock on
 * <dir>/<prefix>.lock, which the kernel releases however the process ends. The file holds the owner's pid as text; it is
 * removed by an orderly stop and harmless when it stays behind.
 */

#include "dataplane/base/error.h"

#define DP_RUN_DIR "/run/rhumb"

struct dp_prefix_lock {
	int fd;		 /* -1: not held */
	char path[4096]; /* of the file */
};

/*
 * Take the lock, creating @dir (0755) if need be. 0, -EINVAL (a prefix that is not a file name), -EBUSY (the sentence names the
 * owner's pid), or another negative errno; then @lock is not held.
 *
 * Ctx: control. Blocks: no.
 */
int dp_prefix_lock(
	struct dp_prefix_lock *lock, const char *dir, const char *prefix, struct rh_error *err);
/* Remove the file and let go. Accepts a lock that is not held. */
void dp_prefix_unlock(struct dp_prefix_lock *lock);
