#include "dataplane/worker/lane_priv.h"

#include <unistd.h>

/* A full eventfd is rung already. */
void dp_bell_ring(int fd)
{
	const uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) < 0)
		return;
}

void dp_punt_kick(struct dp_engine *eng, struct dp_ctx *ctx)
{
	struct dp_bell *bell = &eng->bell[ctx->worker];

	if (dp_bytering_empty(&ctx->punts) || !__atomic_load_n(&bell->armed, __ATOMIC_SEQ_CST) ||
		ctx->now_tsc - bell->last_kick_tsc < ctx->cycles_per_ms)
		return;
	bell->last_kick_tsc = ctx->now_tsc;
	rh_store_relaxed(&bell->armed, 0);
	dp_bell_ring(eng->punt_fd);
}

/* No fence behind the event that was handed over: what this round does not see, the next housekeeping does. */
void dp_lane_kick(const struct dp_engine *eng, const struct dp_ctx *ctx)
{
	struct dp_lane *lane = eng->lane;

	if (rh_likely(!ctx->lane_waiting) || !rh_load_relaxed(&lane->armed))
		return;
	rh_store_relaxed(&lane->armed, 0);
	dp_bell_ring(lane->bell);
}
