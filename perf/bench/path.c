/*
 * The router's side of the one-core scenarios: workers, each from a pcap port to a null port. Prints one JSON object: windows
 * and what was checked. perf/run interleaves it with the reference forwarder. See docs/rig.md.
 */

#include "perf/bench/path.h"
#include "perf/bench/path_main.h"
#include "perf/bench/thread_cpu.h"

#include "dataplane/api/counters.h"
#include "dataplane/api/port.h"
#include "dataplane/api/topics.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/rcu.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WARM_UP_SECONDS	  0.5
/* A pass takes milliseconds to seconds; two minutes mean that it hangs. */
#define CHECK_TIMEOUT_NS  (120 * RH_NS_PER_S)
#define SETTLE_SECONDS	  0.2
/* What a busy operator does: a scrape ten times a second. */
#define TELEMETRY_SECONDS 0.1

struct sample {
	struct dp_counters lane[PATH_LANES];
	uint64_t cpu_ns[PATH_LANES];
	uint64_t wall_ns;
};

static void sleep_seconds(double seconds)
{
	(void)usleep((useconds_t)(seconds * 1e6));
}

/* Starts a window: the longest loop counts from here on. */
static void sample_take(const struct path *path, struct sample *out)
{
	for (uint32_t l = 0; l < path->opt.lanes; l++) {
		char thread[32];

		(void)snprintf(thread, sizeof(thread), "worker-%u", path->opt.cores[l]);
		(void)dp_counters_read(path->eng, l, &out->lane[l]);
		out->cpu_ns[l] = perf_thread_cpu_ns(thread);
	}
	out->wall_ns = rh_clock_ns();
	dp_counters_reset_longest(path->eng);
}

static double per(uint64_t part, uint64_t whole)
{
	return whole ? (double)part / (double)whole : 0;
}

static void stages_print(const struct dp_counters *a, const struct dp_counters *b, uint64_t events)
{
	static const char *const names[] = {
#define X(id, name) name,
		DP_STAGES(X)
#undef X
	};

	(void)printf(", \"stage_cycles\": {");
	for (int s = 0; s < DP_STAGE_COUNT; s++)
		(void)printf("%s\"%s\": %.2f", s ? ", " : "", names[s],
			per(b->stage_cycles[s] - a->stage_cycles[s], events));
	(void)printf("}");
}

static void lane_print(const struct sample *from, const struct sample *to, uint32_t l)
{
	const struct dp_counters *a = &from->lane[l], *b = &to->lane[l];
	uint64_t events = b->events_parsed - a->events_parsed;
	uint64_t hits = b->cache_hits - a->cache_hits, misses = b->cache_misses - a->cache_misses;

	(void)printf("%s{\"datagrams\": %" PRIu64 ", \"events\": %" PRIu64 ", \"copies\": %" PRIu64
		     ", \"cpu_ns\": %" PRIu64 ", \"busy_cycles\": %" PRIu64
		     ", \"longest_gap_ns\": %.0f, \"hit_rate\": %.6f",
		l ? ", " : "", b->rx_datagrams - a->rx_datagrams, events, b->copies_tx - a->copies_tx,
		to->cpu_ns[l] - from->cpu_ns[l], b->busy_cycles - a->busy_cycles,
		(double)b->longest_loop_cycles * 1e9 / (double)rh_tsc_hz(), per(hits, hits + misses));
	stages_print(a, b, events);
	(void)printf("}");
}

static void window_print(const struct path *path, const struct sample *a, const struct sample *b, bool last)
{
	(void)printf("    {\"wall_ns\": %" PRIu64 ", \"lanes\": [", b->wall_ns - a->wall_ns);
	for (uint32_t l = 0; l < path->opt.lanes; l++)
		lane_print(a, b, l);
	(void)printf("]}%s\n", last ? "" : ",");
}

static void topic_count(void *arg, const struct dp_topic_row *topic)
{
	*(uint64_t *)arg += topic->events;
}

/* A window's time, spent as an operator's tools would. */
static void observe(const struct path *path)
{
	uint64_t until = rh_clock_ns() + (uint64_t)(path->opt.seconds * RH_NS_PER_S);

	while (rh_clock_ns() < until) {
		struct dp_counters sum;
		uint64_t events = 0;

		dp_counters_sum(path->eng, &sum);
		dp_topics_each(path->eng, topic_count, &events);
		sleep_seconds(TELEMETRY_SECONDS);
	}
}

static void windows_run(const struct path *path)
{
	struct sample a, b;

	sleep_seconds(WARM_UP_SECONDS);
	(void)printf("  \"windows\": [\n");
	sample_take(path, &a);
	for (uint32_t i = 0; i < path->opt.windows; i++, a = b) {
		if (path->opt.telemetry)
			observe(path);
		else
			sleep_seconds(path->opt.seconds);
		sample_take(path, &b);
		window_print(path, &a, &b, i + 1 == path->opt.windows);
	}
	(void)printf("  ],\n");
}

static int pass_wait(const struct path *path, struct rh_error *err)
{
	uint64_t wanted = (uint64_t)path->opt.lanes * path->opt.workload.datagrams;
	uint64_t deadline = rh_clock_ns() + CHECK_TIMEOUT_NS;
	struct dp_counters sum;

	do {
		sleep_seconds(0.01);
		dp_counters_sum(path->eng, &sum);
		if (sum.rx_datagrams >= wanted) {
			sleep_seconds(SETTLE_SECONDS);
			return 0;
		}
	} while (rh_clock_ns() < deadline);
	return rh_error_set(err, ETIMEDOUT, "only %" PRIu64 " of %" PRIu64 " datagrams arrived in two minutes",
		sum.rx_datagrams, wanted);
}

static int measure(struct path *path, struct rh_error *err)
{
	int ret = dp_engine_start(path->eng, err);

	if (ret)
		return ret;
	if (path->opt.check)
		ret = pass_wait(path, err);
	else
		windows_run(path);
	dp_engine_stop(path->eng, 1000);
	return ret ? ret : path_verify_counters(path, err);
}

/* The out files are complete only when their ports are closed, so the frames are compared after that. */
static int frames_check(struct path *path, struct rh_error *err)
{
	for (uint32_t l = 0; l < path->opt.lanes; l++)
		dp_port_close(path->lane[l].port_out);
	return path_verify_frames(path, err);
}

static int run(const struct path_options *opt, struct rh_error *err)
{
	struct dp_table_stats table;
	struct path path;
	int ret = path_init(&path, opt, err);

	if (!ret) {
		dp_table_stats(path.table, &table);
		(void)printf("{\n  \"tsc_hz\": %" PRIu64 ", \"frame_bytes\": %u, \"table_bytes\": %" PRIu64 ",\n",
			rh_tsc_hz(), trace_frame_bytes(opt->workload.events, opt->record_bytes),
			table.bytes);
		ret = measure(&path, err);
	}
	if (!ret && opt->check)
		ret = frames_check(&path, err);
	if (!ret)
		(void)printf("  \"checked\": \"%s\"\n}\n", path.checked);
	path_fini(&path);
	return ret;
}

static int options_check(const struct path_options *opt, struct rh_error *err)
{
	if (opt->queued)
		return rh_error_set(err, EINVAL, "--queued belongs to rhumb-perf-count");
	if (opt->churned || opt->visible)
		return rh_error_set(err, EINVAL, "--churned and --visible belong to rhumb-perf-update");
	return 0;
}

/* What was asked for: the packet memory, or to measure. */
static int answer(const struct path_options *opt, struct rh_error *err)
{
	if (!opt->memory)
		return run(opt, err);
	(void)printf("%u\n", path_memory_mib(opt));
	return 0;
}

int main(int argc, char **argv)
{
	return path_main(argc, argv,
		&(struct path_program){"rhumb-perf-path", options_check, answer});
}
