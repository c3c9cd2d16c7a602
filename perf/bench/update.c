/*
 * Subscriptions that change while the dataplane runs: one worker from a pcap port to a null port at a part of what it can do (pace.h), and this thread as the builder
 * beside it on the other core. Prints one JSON object of windows. perf/run's scenarios churn and visible read it; docs/rig.md says what they make of it.
 */

#include "perf/bench/update.h"

#include "perf/bench/path_main.h"
#include "perf/bench/thread_cpu.h"

#include "dataplane/api/counters.h"
#include "dataplane/base/atomic.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/rcu.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define WARM_UP_SECONDS 0.5

static uint64_t process_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * RH_NS_PER_S + (uint64_t)ts.tv_nsec;
}

void update_sample_take(struct update *u, struct update_sample *out)
{
	char thread[32];

	(void)snprintf(thread, sizeof(thread), "worker-%u", u->path.opt.cores[0]);
	(void)dp_counters_read(u->path.eng, 0, &out->counters);
	out->offered = rh_load_relaxed(&u->pace.offered);
	out->lost = rh_load_relaxed(&u->pace.lost);
	out->looks = rh_load_relaxed(&u->pace.looks);
	out->shared = rh_load_relaxed(&u->pace.shared);
	out->worker_ns = perf_thread_cpu_ns(thread);
	out->process_ns = process_ns();
	out->wall_ns = rh_clock_ns();
	dp_counters_reset_longest(u->path.eng);
}

void update_window_print(const char *kind, const struct update_sample *a, const struct update_sample *b)
{
	const struct dp_counters *from = &a->counters, *to = &b->counters;
	uint64_t looks = b->looks - a->looks;

	(void)printf("\"kind\": \"%s\", \"wall_ns\": %" PRIu64 ", \"cpu_ns\": %" PRIu64 ", \"others_ns\": %" PRIu64 ", \"datagrams\": %" PRIu64
		     ", \"events\": %" PRIu64 ", \"copies\": %" PRIu64 ", \"busy_cycles\": %" PRIu64
		     ", \"offered\": %" PRIu64 ", \"lost\": %" PRIu64 ", \"longest_gap_ns\": %.0f, \"shared\": %.3f",
		kind, b->wall_ns - a->wall_ns, b->worker_ns - a->worker_ns,
		(b->process_ns - a->process_ns) - (b->worker_ns - a->worker_ns), to->rx_datagrams - from->rx_datagrams,
		to->events_parsed - from->events_parsed, to->copies_tx - from->copies_tx,
		to->busy_cycles - from->busy_cycles, b->offered - a->offered, b->lost - a->lost,
		(double)to->longest_loop_cycles * 1e9 / (double)rh_tsc_hz(),
		looks ? (double)(b->shared - a->shared) / (double)looks : 0.0);
}

static void sleep_seconds(double seconds)
{
	/* Whoever sleeps as a reader would hold every grace period up. */
	rh_rcu_offline();
	(void)usleep((useconds_t)(seconds * 1e6));
	rh_rcu_online();
}

double update_saturate(struct update *u)
{
	struct update_sample a, b;

	pace_set(&u->pace, 0);
	sleep_seconds(WARM_UP_SECONDS / 10);
	update_sample_take(u, &a);
	sleep_seconds(u->path.opt.seconds);
	update_sample_take(u, &b);
	(void)printf("    {");
	update_window_print("saturated", &a, &b);
	(void)printf("},\n");
	return (double)(b.counters.rx_datagrams - a.counters.rx_datagrams) * 1e9 / (double)(b.worker_ns - a.worker_ns);
}

/* The engine was never started: its only worker was ours and has ended. */
static int finish(struct update *u, struct rh_error *err)
{
	dp_engine_stop(u->path.eng, 0);
	return path_verify_counters(&u->path, err);
}

static int windows(struct update *u, struct rh_error *err)
{
	if (u->path.opt.soak)
		return update_soak(u, err);
	return u->path.opt.visible ? update_effect(u, err) : update_rate(u, err);
}

static int measure(struct update *u, struct rh_error *err)
{
	int ret = pace_start(&u->pace, u->path.eng, err);

	if (ret)
		return ret;
	sleep_seconds(WARM_UP_SECONDS);
	(void)printf("  \"windows\": [\n");
	ret = windows(u, err);
	(void)printf("    {\"kind\": \"end\"}],\n");
	pace_stop(&u->pace);
	return ret ? ret : finish(u, err);
}

static int run(const struct path_options *opt, struct rh_error *err)
{
	struct dp_table_stats table;
	static struct update u;
	int ret = path_init(&u.path, opt, err);

	if (!ret)
		ret = churned_init(&u.churned, &u.path, opt->churned, err);
	if (!ret) {
		dp_table_stats(u.path.table, &table);
		(void)printf("{\n  \"tsc_hz\": %" PRIu64 ", \"subscriptions\": %" PRIu64 ", \"table_bytes\": %" PRIu64 ", \"load_percent\": %.1f,\n",
			rh_tsc_hz(), table.subscriptions, table.bytes, opt->load);
		ret = measure(&u, err);
	}
	if (!ret)
		(void)printf("  \"checked\": \"%s, while %u of %" PRIu64 " subscriptions came and went\"\n}\n", u.path.checked,
			opt->churned, table.subscriptions);
	churned_fini(&u.churned);
	path_fini(&u.path);
	return ret;
}

static int options_check(const struct path_options *opt, struct rh_error *err)
{
	if (opt->check || opt->telemetry || opt->queued || opt->lanes != 1)
		return rh_error_set(err, EINVAL, "--check, --telemetry, --queued and --workers 2 belong to others");
	if (opt->workload.family != WORKLOAD_PLANT || opt->workload.tenants > 1)
		return rh_error_set(err, EINVAL, "--family plant without --tenants: another lane's filters are those that change");
	if (!opt->churned || opt->churned > UINT32_MAX / 2 || !(opt->load > 0 && opt->load <= 100))
		return rh_error_set(err, EINVAL, "--churned from 1, --load above 0 and up to 100 percent");
	return 0;
}

int main(int argc, char **argv)
{
	return path_main(argc, argv,
		&(struct path_program){"rhumb-perf-update", options_check, run});
}
