/*
 * Pairs of unsubscribe and subscribe a second beside bare deletes and adds, by turns and under the same load. Their cost is the time of all threads of this process but the worker's:
 * the builder, and whoever frees what it replaced.
 */

#include "perf/bench/bare.h"
#include "perf/bench/update.h"

#include "dataplane/base/clock.h"
#include "dataplane/base/rcu.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

static uint64_t thread_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * RH_NS_PER_S + (uint64_t)ts.tv_nsec;
}

static void window_end(const char *kind, struct update *u, const struct update_sample *a, uint64_t pairs,
	uint64_t prepared_ns)
{
	struct update_sample b;
	uint64_t others;

	/* What was replaced is freed within the window. */
	rh_rcu_offline();
	rh_rcu_barrier();
	rh_rcu_online();
	update_sample_take(u, &b);
	others = (b.process_ns - a->process_ns) - (b.worker_ns - a->worker_ns);
	(void)printf("    {");
	update_window_print(kind, a, &b);
	(void)printf(", \"pairs\": %" PRIu64 ", \"update_ns\": %" PRIu64 "},\n", pairs,
		others > prepared_ns ? others - prepared_ns : 0);
}

static uint64_t window_ns(const struct update *u)
{
	return rh_clock_ns() + (uint64_t)(u->path.opt.seconds * RH_NS_PER_S);
}

static int churn(struct update *u, const char *kind, struct rh_error *err)
{
	uint64_t until = window_ns(u), pairs = 0, prepared = 0;
	struct update_sample a;
	int ret = 0;

	update_sample_take(u, &a);
	while (!ret && rh_clock_ns() < until) {
		uint64_t before = thread_ns();

		ret = churned_prepare(&u->churned, CHURNED_BATCH, err);
		prepared += thread_ns() - before;
		if (!ret && !churned_run(&u->churned, err))
			ret = -1;
		rh_rcu_quiescent();
		pairs += CHURNED_BATCH;
	}
	window_end(kind, u, &a, pairs, prepared);
	return ret;
}

static void bare(struct update *u, const char *kind, struct bare *b)
{
	uint64_t until = window_ns(u), pairs = 0;
	struct update_sample a;

	update_sample_take(u, &a);
	while (rh_clock_ns() < until) {
		bare_run(b);
		rh_rcu_quiescent();
		pairs += BARE_BATCH;
	}
	window_end(kind, u, &a, pairs, 0);
}

static int turn(struct update *u, struct bare *b, struct rh_error *err)
{
	double most = update_saturate(u);
	int ret;

	pace_set(&u->pace, most * u->path.opt.load / 100);
	/* On both sides: what the worker loses beside these, the machine takes. */
	bare(u, "lfht", b);
	ret = churn(u, "churn", err);
	if (ret)
		return ret;
	bare(u, "lfht_after", b);
	pace_set(&u->pace, 0);
	return churn(u, "saturated_churn", err);
}

int update_rate(struct update *u, struct rh_error *err)
{
	uint32_t count = u->path.opt.workload.subscriptions + u->churned.count;
	struct bare b;
	int ret = bare_init(&b, count, u->churned.count, err);

	for (uint32_t i = 0; i < u->path.opt.windows && !ret; i++)
		ret = turn(u, &b, err);
	/* Was the machine after the last turn what it was before? */
	if (!ret)
		(void)update_saturate(u);
	bare_fini(&b);
	return ret;
}
