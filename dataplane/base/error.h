#pragma once

/*
 * A sentence for a person: what failed, where, and what would be right. Functions that can be refused for
 * reasons worth explaining take a struct rh_error beside their negative errno.
 */

#include "dataplane/base/compiler.h"

#define RH_ERROR_MAX 512

struct rh_error {
	char text[RH_ERROR_MAX];
};

/*
 * Write the sentence into @err (which may be NULL) and return -@errnum, so that a refusal is one statement.
 *
 * Ctx: any but worker. Blocks: no. Truncates at RH_ERROR_MAX - 1 bytes.
 */
int rh_error_set(struct rh_error *err, int errnum, const char *fmt, ...) rh_printf(3, 4);
