#include "dataplane/worker/engine_priv.h"

#include <unistd.h>

void dp_punt_kick(struct dp_engine *eng, struct dp_ctx *ctx)
{
	struct dp_bell *bell = &eng->bell[ctx->worker];
	const uint64_t one = 1;

	if (dp_bytering_empty(&ctx->punts) || !__atomic_load_n(&bell->armed, __ATOMIC_SEQ_CST) ||
		ctx->now_tsc - bell->last_kick_tsc < ctx->cycles_per_ms)
		return;
	bell->last_kick_tsc = ctx->now_tsc;
	rh_store_relaxed(&bell->armed, 0);
	/* The one system call of a worker that polls; a full eventfd is rung already. */
	if (write(eng->punt_fd, &one, sizeof(one)) < 0)
		return;
}
