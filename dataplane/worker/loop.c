/*
 * The loop of a worker. Once a round: quiescent state, snapshot, receive and everything behind it, what other workers
 * and control sent, queues that may move, now and then housekeeping, transmit. One reading of the TSC a round.
 *
 * Activation (docs/threading.md): the generation of the snapshot is stored where dp_engine_seen looks, but not
 * before the frames that were built under an older one and still wait for a transmit queue are gone.
 */

#include "dataplane/worker/engine_priv.h"

#include "dataplane/base/rcu.h"
#include "dataplane/match/budget.h"
#include "dataplane/node/lane.h"
#include "dataplane/node/node.h"
#include "dataplane/node/transmit.h"

#define HOUSEKEEPING_PER_MS 10
/* Rounds without work before a worker in yield mode sleeps (yield.c). */
#define IDLE_ROUNDS 64

static void marks_set(struct dp_ctx *ctx)
{
	for (uint32_t q = 0; q < ctx->rxq_count; q++) {
		struct dp_txq *txq = ctx->txq[ctx->rxq[q].port];

		txq->mark = txq->tail;
	}
}

static bool marks_passed(const struct dp_ctx *ctx)
{
	for (uint32_t q = 0; q < ctx->rxq_count; q++) {
		const struct dp_txq *txq = ctx->txq[ctx->rxq[q].port];

		if ((int32_t)(txq->head - txq->mark) < 0)
			return false;
	}
	return true;
}

static void generation_load(struct dp_ctx *ctx)
{
	ctx->loaded_generation = dp_match_begin(ctx->match);
	if (rh_likely(ctx->loaded_generation == ctx->seen_generation))
		return;
	if (!ctx->pending_generation) {
		ctx->pending_generation = ctx->loaded_generation;
		marks_set(ctx);
	}
	if (!marks_passed(ctx))
		return;
	/* Pairs with the load in dp_engine_seen: who sees it sees all frames of the generations before handed over. */
	rh_store_release(&ctx->seen_generation, ctx->pending_generation);
	ctx->pending_generation = 0;
}

/* Transmitting was the last stage of that round: the clock that ends both was read once. */
static void busy_note(struct dp_ctx *ctx, uint64_t now, uint64_t length)
{
	dp_count(ctx, busy_cycles, length);
	if (rh_unlikely(ctx->tables->stage_timing))
		dp_stage_end_at(ctx, DP_STAGE_TX, now);
}

static void idle_note(struct dp_ctx *ctx, uint64_t length)
{
	dp_count(ctx, idle_cycles, length);
	if (ctx->budget)
		dp_budget_idle(ctx->budget, length);
}

static void round_begin(struct dp_ctx *ctx)
{
	uint64_t now = rh_tsc(), length = now - ctx->now_tsc;

	if (rh_likely(ctx->now_tsc != 0)) {
		if (ctx->was_busy)
			busy_note(ctx, now, length);
		else
			idle_note(ctx, length);
		if (rh_unlikely(length > rh_load_relaxed(&ctx->counters.longest_loop_cycles)))
			rh_store_relaxed(&ctx->counters.longest_loop_cycles, length);
	}
	ctx->now_tsc = ctx->stage_tsc = now;
	ctx->stage_idle = false;
	rh_store_relaxed(&ctx->last_loop_tsc, now);
	dp_count(ctx, loops, 1);
}

static void gauge_store(struct dp_ctx *ctx)
{
	uint64_t waiting = ctx->queued_copies + ctx->copies_lent;

	for (uint32_t q = 0; q < ctx->rxq_count; q++)
		waiting += ctx->txq[ctx->rxq[q].port]->waits.copies;
	rh_store_relaxed(&ctx->counters.copies_queued, waiting);
}

static uint32_t receive(struct dp_engine *eng, struct dp_ctx *ctx)
{
	uint32_t n = 0;

	if (rh_unlikely(rh_load_acquire(&eng->phase) != DP_PHASE_RUN))
		return 0;
	for (uint32_t q = 0; q < ctx->rxq_count; q++)
		n += dp_node_rx(ctx, &ctx->rxq[q]);
	if (!n)
		dp_count(ctx, empty_polls, 1);
	return n;
}

bool dp_worker_poll_once(struct dp_engine *eng, struct dp_ctx *ctx)
{
	uint32_t work, received;

	round_begin(ctx);
	if (rh_unlikely(rh_rcu_wake_wanted()))
		dp_count(ctx, grace_periods, 1);
	rh_rcu_quiescent();
	generation_load(ctx);
	ctx->trace = rh_rcu_deref(ctx->tables->trace);
	received = dp_commands_drain(ctx);
	received += receive(eng, ctx);
	work = received;
	if (ctx->worker_count > 1)
		work += dp_node_inbox(ctx);
	if (rh_unlikely(ctx->lane_waiting))
		work += dp_node_lane(ctx);
	work += dp_injects_drain(ctx);
	if (ctx->ready_head != ctx->ready_tail)
		work += dp_node_egress(ctx);
	ctx->stage_idle = work == 0;
	if (work != received)
		dp_stage_end(ctx, DP_STAGE_EGRESS);
	if (ctx->now_tsc - ctx->housekeeping_tsc > ctx->cycles_per_ms / HOUSEKEEPING_PER_MS) {
		ctx->housekeeping_tsc = ctx->now_tsc;
		dp_worker_housekeeping(eng, ctx);
	}
	dp_node_transmit(ctx);
	gauge_store(ctx);
	ctx->was_busy = work != 0;
	return work != 0;
}

int dp_worker_main(void *arg)
{
	struct dp_engine *eng = ((struct dp_worker_arg *)arg)->eng;
	struct dp_ctx *ctx = ((struct dp_worker_arg *)arg)->ctx;
	bool may_sleep = eng->conf.workers[ctx->worker].idle == DP_IDLE_YIELD;

	rh_rcu_register();
	/* Pairs with the load in dp_engine_start. */
	rh_store_release(&ctx->running, 1);
	while (rh_load_acquire(&eng->phase) != DP_PHASE_EXIT) {
		if (dp_worker_poll_once(eng, ctx))
			ctx->idle_rounds = 0;
		else if (may_sleep && ++ctx->idle_rounds >= IDLE_ROUNDS)
			dp_worker_yield(ctx);
	}
	rh_rcu_unregister();
	/* Pairs with the load in dp_engine_stop: everything of this context is control's again. */
	rh_store_release(&ctx->running, 0);
	return 0;
}
