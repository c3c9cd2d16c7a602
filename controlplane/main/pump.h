#pragma once

/*
 * What workers send up: frames for the kernel go to the tap twins, control records to the sessions.
 * At most PUMP_BUDGET messages a worker and pass of the loop, so that a flood leaves time for
 * everything else.
 */

#include "controlplane/kernel/kernel.h"
#include "controlplane/session/session.h"

#include <uv.h>

#define PUMP_BUDGET 256

struct pump;

/* All borrowed. 0, -errno with a sentence. Ctx: control loop. */
int pump_create(uv_loop_t *loop, struct dp_engine *eng, struct cp_kernel *kernel,
	struct cp_sessions *sessions, struct pump **out, struct rh_error *err);
/* Accepts NULL. */
void pump_destroy(struct pump *pump);
