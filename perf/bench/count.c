/*
 * The router under callgrind: what rhumb-perf-path sets up, but one worker's rounds called from this thread, over a whole
 * pass of the trace that is counted after passes that are not. Prints one JSON object: what was counted, and what it was
 * built with. perf/run --instructions runs it and divides the counts by stage. See docs/rig.md.
 *
 * Nothing that is counted depends on time: the clock of the context is made so slow that nothing ever falls due, and
 * housekeeping comes after a fixed number of rounds instead of every tenth of a millisecond.
 */

#include "perf/bench/path.h"
#include "perf/bench/path_main.h"

#include "dataplane/api/counters.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/rcu.h"
#include "dataplane/frame/wire.h"
#include "dataplane/node/node.h"
#include "dataplane/worker/engine_priv.h"

#include <errno.h>
#include <gnu/libc-version.h>
#include <inttypes.h>
#include <rte_version.h>
#include <stdio.h>
#include <valgrind/callgrind.h>

/* 34 days of a TSC of 3 GHz: a thousand of them (how long copies may wait) still fit 64 bits. */
#define CYCLES_PER_MS	    (1ULL << 53)
/* About a tenth of a millisecond of a busy worker: 768 events. */
#define HOUSEKEEPING_ROUNDS 24
/* The first pass fills the cache, the second one sees what the first left behind. */
#define WARM_UP_PASSES	    2
#define PAGE_BYTES	    4096

/* One round; @keep_house makes the housekeeping due, which otherwise never is. */
static void round_run(struct path *path, bool keep_house)
{
	struct dp_ctx *ctx = path->eng->ctx[0];

	ctx->cycles_per_ms = CYCLES_PER_MS;
	ctx->housekeeping_tsc = rh_tsc() - (keep_house ? CYCLES_PER_MS / 2 : 0);
	(void)dp_worker_poll_once(path->eng, ctx);
}

static void credit_set(struct path *path, bool open)
{
	const struct path_lane *lane = &path->lane[0];
	struct dp_ctx *ctx = path->eng->ctx[0];

	for (uint32_t s = 0; s < lane->workload.spec.subscribers; s++) {
		struct dp_session *slot = &ctx->tables->slots[lane->subscriber_slot[s]];

		slot->tx_granted_events = open ? RH_CREDIT_UNLIMITED : slot->tx_events;
		if (open)
			dp_egress_wake(ctx, slot);
	}
}

/* A burst whose copies find no credit, then a round that receives nothing and sends them from their queues. */
static void round_run_queued(struct path *path, bool keep_house)
{
	struct dp_ctx *ctx = path->eng->ctx[0];

	credit_set(path, false);
	round_run(path, keep_house);
	credit_set(path, true);
	ctx->rx_left = 0;
	round_run(path, false);
	ctx->rx_left = UINT64_MAX;
}

/* As many rounds as the trace has full bursts. */
static void pass_run(struct path *path)
{
	for (uint32_t i = 0; i < path->opt.workload.datagrams / DP_BURST; i++) {
		bool keep_house = i % HOUSEKEEPING_ROUNDS == 0;

		if (path->opt.queued)
			round_run_queued(path, keep_house);
		else
			round_run(path, keep_house);
	}
}

/*
 * The C library compares bytes near the end of a page another way, and where this thread's stack lies depends on the size of the
 * environment: pad it to the start of a page.
 */
static __attribute__((noinline)) void pass_counted(struct path *path)
{
	void *pad = __builtin_alloca((uintptr_t)__builtin_frame_address(0) % PAGE_BYTES + 1);

	/* Keeps the padding although nobody reads it. */
	__asm__ volatile("" : : "r"(pad) : "memory");
	CALLGRIND_START_INSTRUMENTATION;
	pass_run(path);
	CALLGRIND_STOP_INSTRUMENTATION;
}

static void counted_print(const struct path *path, const struct dp_counters *a, const struct dp_counters *b)
{
	(void)printf("{\"compiler\": \"gcc %s\", \"dpdk\": \"%s\", \"libc\": \"%s\", \"datagrams\": %" PRIu64
		     ", \"events\": %" PRIu64 ", \"copies\": %" PRIu64 ", \"checked\": \"%s\"}\n",
		__VERSION__, rte_version(), gnu_get_libc_version(), b->rx_datagrams - a->rx_datagrams,
		b->events_parsed - a->events_parsed, b->copies_tx - a->copies_tx, path->checked);
}

static int count(struct path *path, struct rh_error *err)
{
	struct dp_counters before, after;
	int ret;

	/* What setting up left to the reclaim thread must not wake it while we count. */
	rh_rcu_barrier();
	for (int i = 0; i < WARM_UP_PASSES; i++)
		pass_run(path);
	(void)dp_counters_read(path->eng, 0, &before);
	pass_counted(path);
	(void)dp_counters_read(path->eng, 0, &after);
	dp_engine_stop(path->eng, 0);
	ret = path_verify_counters(path, err);
	if (!ret && after.rx_datagrams - before.rx_datagrams != path->opt.workload.datagrams)
		ret = rh_error_set(err, EINVAL, "%" PRIu64 " datagrams were counted, not the trace's %u",
			after.rx_datagrams - before.rx_datagrams, path->opt.workload.datagrams);
	if (!ret)
		counted_print(path, &before, &after);
	return ret;
}

static int options_check(const struct path_options *opt, struct rh_error *err)
{
	if (opt->check || opt->stage_timing || opt->lanes != 1)
		return rh_error_set(err, EINVAL,
			"--check, --stages, --telemetry and --workers 2 belong to rhumb-perf-path");
	if (opt->queued && opt->workload.copies != 1)
		return rh_error_set(err, EINVAL, "--queued: with --copies 1, so that one round empties the queues");
	if (opt->workload.datagrams % DP_BURST)
		return rh_error_set(err, EINVAL, "--trace %u: a multiple of the burst, %d",
			opt->workload.datagrams, DP_BURST);
	return 0;
}

static int run(const struct path_options *opt, struct rh_error *err)
{
	struct path path;
	int ret = path_init(&path, opt, err);

	if (!ret)
		ret = count(&path, err);
	path_fini(&path);
	return ret;
}

int main(int argc, char **argv)
{
	return path_main(argc, argv,
		&(struct path_program){"rhumb-perf-count", options_check, run});
}
