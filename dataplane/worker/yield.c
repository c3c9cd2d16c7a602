#include "dataplane/worker/engine_priv.h"

#include "dataplane/base/rcu.h"

#include <time.h>

/* Long against a round, short against what a subscriber notices. */
#define SLEEP_NS 50000

/* Sleeping is quiescent, and must not hold a grace period up. */
void dp_worker_yield(struct dp_ctx *ctx)
{
	const struct timespec ts = {.tv_nsec = SLEEP_NS};

	rh_rcu_offline();
	(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
	rh_rcu_online();
	ctx->idle_rounds = 0;
}
