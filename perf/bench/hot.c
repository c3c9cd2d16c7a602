/*
 * Scenario `hot`, the router's side: one worker, pcap port to null port. Prints one JSON object: windows, stage cycles, and
 * that everything was checked. perf/run interleaves it with the reference forwarder.
 */

#include "perf/bench/hot.h"
#include "perf/bench/thread_cpu.h"

#include "dataplane/api/counters.h"
#include "dataplane/api/port.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/rcu.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORKER_THREAD	   "worker"
#define WARM_UP_SECONDS	   0.5
/* A pass of 16,384 events takes milliseconds; a minute means that it hangs. */
#define CHECK_TIMEOUT_NS   (60 * RH_NS_PER_S)
#define SETTLE_NS	   (200 * RH_NS_PER_MS)
#define DEFAULT_SEED	   20260101

struct sample {
	struct dp_counters sum;
	uint64_t wall_ns, cpu_ns, tsc;
};

static void sleep_seconds(double seconds)
{
	(void)usleep((useconds_t)(seconds * 1e6));
}

static void sample_take(const struct hot *hot, struct sample *out)
{
	dp_counters_sum(hot->eng, &out->sum);
	out->wall_ns = rh_clock_ns();
	out->cpu_ns = perf_thread_cpu_ns(WORKER_THREAD);
	out->tsc = rh_tsc();
}

static void window_print(const struct sample *a, const struct sample *b, bool last)
{
	uint64_t events = b->sum.events_parsed - a->sum.events_parsed;
	uint64_t hits = b->sum.cache_hits - a->sum.cache_hits;
	uint64_t misses = b->sum.cache_misses - a->sum.cache_misses;
	uint64_t wall = b->wall_ns - a->wall_ns, cpu = b->cpu_ns - a->cpu_ns;

	(void)printf("    {\"events\": %" PRIu64 ", \"copies\": %" PRIu64 ", \"wall_ns\": %" PRIu64
		     ", \"cpu_ns\": %" PRIu64 ", \"busy_cycles\": %" PRIu64 ", \"hit_rate\": %.6f",
		events, b->sum.copies_tx - a->sum.copies_tx, wall, cpu,
		b->sum.busy_cycles - a->sum.busy_cycles,
		hits + misses ? (double)hits / (double)(hits + misses) : 0.0);
	(void)printf(", \"stage_cycles\": {");
	for (int s = 0; s < DP_STAGE_COUNT; s++) {
		static const char *const names[] = {
#define X(id, name) name,
			DP_STAGES(X)
#undef X
		};

		(void)printf("%s\"%s\": %.2f", s ? ", " : "", names[s],
			events ? (double)(b->sum.stage_cycles[s] - a->sum.stage_cycles[s]) /
					(double)events
			       : 0.0);
	}
	(void)printf("}}%s\n", last ? "" : ",");
}

static void windows_run(const struct hot *hot)
{
	struct sample a, b;

	sleep_seconds(WARM_UP_SECONDS);
	(void)printf("  \"windows\": [\n");
	sample_take(hot, &a);
	for (uint32_t i = 0; i < hot->opt.windows; i++, a = b) {
		sleep_seconds(hot->opt.seconds);
		sample_take(hot, &b);
		window_print(&a, &b, i + 1 == hot->opt.windows);
	}
	(void)printf("  ],\n");
}

static int pass_wait(const struct hot *hot, struct rh_error *err)
{
	uint64_t deadline = rh_clock_ns() + CHECK_TIMEOUT_NS;
	struct dp_counters sum;

	do {
		sleep_seconds(0.01);
		dp_counters_sum(hot->eng, &sum);
		if (sum.rx_datagrams >= WORKLOAD_EVENTS) {
			sleep_seconds((double)SETTLE_NS / RH_NS_PER_S);
			return 0;
		}
	} while (rh_clock_ns() < deadline);
	return rh_error_set(err, ETIMEDOUT, "only %" PRIu64 " of %u events arrived in a minute",
		sum.rx_datagrams, WORKLOAD_EVENTS);
}

static int measure(struct hot *hot, struct rh_error *err)
{
	int ret = dp_engine_start(hot->eng, err);

	if (ret)
		return ret;
	if (hot->opt.check)
		ret = pass_wait(hot, err);
	else
		windows_run(hot);
	dp_engine_stop(hot->eng, 1000);
	if (!ret)
		ret = hot_verify_counters(hot, err);
	return ret;
}

/* The out file is complete only when its port is closed, so the frames are compared after that. */
static int run(const struct hot_options *opt, struct rh_error *err)
{
	struct hot hot;
	int ret = hot_init(&hot, opt, err);

	if (!ret) {
		(void)printf("{\n  \"tsc_hz\": %" PRIu64 ",\n", rh_tsc_hz());
		ret = measure(&hot, err);
	}
	if (!ret && opt->check) {
		dp_port_close(hot.port_out);
		ret = hot_verify_frames(&hot, err);
	}
	if (!ret)
		(void)printf("  \"checked\": \"%s\"\n}\n",
			opt->check ? "frames and counters" : "counters");
	hot_fini(&hot);
	return ret;
}

static int usage(void)
{
	(void)fprintf(stderr, "usage: rhumb-perf-hot --dir DIR [--core N] [--control-core N] "
			      "[--windows N] [--seconds S] [--cache ENTRIES] [--check] "
			      "[--stages] [--no-huge] [--seed N]\n");
	return 2;
}

static int options_parse(int argc, char **argv, struct hot_options *opt)
{
	static const struct option longs[] = {
		{"dir", required_argument, NULL, 'd'}, {"core", required_argument, NULL, 'c'},
		{"control-core", required_argument, NULL, 'C'},
		{"windows", required_argument, NULL, 'w'}, {"seconds", required_argument, NULL, 's'},
		{"cache", required_argument, NULL, 'e'}, {"seed", required_argument, NULL, 'S'},
		{"check", no_argument, NULL, 'k'}, {"stages", no_argument, NULL, 't'},
		{"no-huge", no_argument, NULL, 'n'}, {NULL, 0, NULL, 0}};
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1)
		switch (c) {
		case 'd': opt->dir = optarg; break;
		case 'c': opt->core = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'C': opt->control_core = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'w': opt->windows = (uint32_t)strtoul(optarg, NULL, 10); break;
		case 's': opt->seconds = strtod(optarg, NULL); break;
		case 'e': opt->cache_entries = (uint32_t)strtoul(optarg, NULL, 10); break;
		case 'S': opt->seed = strtoull(optarg, NULL, 10); break;
		case 'k': opt->check = true; break;
		case 't': opt->stage_timing = true; break;
		case 'n': opt->hugepages = false; break;
		default: return -EINVAL;
		}
	return opt->dir && optind == argc ? 0 : -EINVAL;
}

int main(int argc, char **argv)
{
	struct hot_options opt = {.core = 1, .control_core = 0, .seed = DEFAULT_SEED,
		.cache_entries = 65536, .hugepages = true, .seconds = 1, .windows = 3};
	struct rh_error err = {""};
	int ret;

	if (options_parse(argc, argv, &opt) < 0)
		return usage();
	rh_rcu_register();
	ret = run(&opt, &err);
	rh_rcu_unregister();
	if (ret)
		(void)fprintf(stderr, "rhumb-perf-hot: %s\n", err.text);
	return ret ? 1 : 0;
}
