/*
 * A million filters over attributes: the router's matcher beside the counting matcher (counting.h) on the same filters and events, by turns in one thread. Prints one JSON object: in each window, TSC cycles
 * an event of either; perf/run typed makes ratios of them (docs/rig.md). As in content.c each burst is timed by itself and the median over the passes of a window stands for it.
 */

#include "perf/bench/typed.h"

#include "dataplane/base/clock.h"
#include "dataplane/base/compiler.h"
#include "dataplane/base/rcu.h"
#include "perf/gen/options.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PASSES_MOST 31
#define ROUTER	    COUNTING_VARIANTS /* behind the two others */
#define SUBJECTS    (COUNTING_VARIANTS + 1)

static uint64_t taken; /* keeps the work from being optimised away */

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * RH_NS_PER_S + (uint64_t)ts.tv_nsec;
}

static uint64_t burst_time(struct typed *t, uint32_t subject, uint32_t first)
{
	struct dp_match_result results[TYPED_BURST];
	uint64_t start = rh_tsc();

	if (subject == ROUTER) {
		typed_match(t, first, results);
		for (uint32_t i = 0; i < TYPED_BURST; i++)
			taken += results[i].count;
		return rh_tsc() - start;
	}
	for (uint32_t i = 0; i < TYPED_BURST; i++) {
		const struct typed_event *e = &t->events[first + i];

		taken += counting_match(t->counting, (enum counting_variant)subject, e->attribute, e->count, t->out);
	}
	return rh_tsc() - start;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static double cycles_of(uint64_t (*samples)[PASSES_MOST], uint32_t bursts, uint32_t passes)
{
	uint64_t sum = 0;

	for (uint32_t b = 0; b < bursts; b++) {
		qsort(samples[b], passes, sizeof(samples[b][0]), by_value);
		sum += samples[b][passes / 2];
	}
	return (double)sum / ((double)bursts * TYPED_BURST);
}

/* Passes until the time is over, three at the least. */
static void window(struct typed *t, uint64_t (*samples)[PASSES_MOST], bool last)
{
	static const char *const names[SUBJECTS] = {"counting", "pruned", "router"};
	uint64_t wall = rh_clock_ns(), cpu = cpu_ns(), until = wall + (uint64_t)(t->opt.seconds * RH_NS_PER_S);
	uint32_t bursts = t->checked / TYPED_BURST, passes = 0;

	for (; passes < 3 || (passes < PASSES_MOST && rh_clock_ns() < until); passes++)
		for (uint32_t s = 0; s < SUBJECTS; s++)
			for (uint32_t b = 0; b < bursts; b++)
				samples[s * bursts + b][passes] = burst_time(t, s, b * TYPED_BURST);
	(void)printf("    {\"wall_ns\": %" PRIu64 ", \"cpu_ns\": %" PRIu64 ", \"passes\": %u", rh_clock_ns() - wall, cpu_ns() - cpu, passes);
	for (uint32_t s = 0; s < SUBJECTS; s++)
		(void)printf(", \"%s\": %.1f", names[s], cycles_of(samples + (size_t)s * bursts, bursts, passes));
	(void)printf("}%s\n", last ? "" : ",");
}

static int windows_run(struct typed *t, struct rh_error *err)
{
	uint64_t(*samples)[PASSES_MOST] = calloc((size_t)SUBJECTS * (t->checked / TYPED_BURST), sizeof(*samples));

	if (!samples)
		return rh_error_set(err, ENOMEM, "no memory for samples");
	(void)printf("  \"windows\": [\n");
	for (uint32_t i = 0; i < t->opt.windows; i++)
		window(t, samples, i + 1 == t->opt.windows);
	(void)printf("  ],\n");
	free(samples);
	return 0;
}

static int measure(struct typed *t, struct rh_error *err)
{
	struct dp_table_stats stats;
	int ret = typed_check(t, err);

	if (ret)
		return ret;
	dp_table_stats(t->table, &stats);
	(void)printf("{\n  \"tsc_hz\": %" PRIu64 ", \"filters\": %u, \"events\": %u, \"matched\": %.1f, \"receivers\": %.1f, \"table_bytes\": %" PRIu64
		     ", \"counting_bytes\": %" PRIu64 ", \"build_seconds\": %.2f, \"counting_build_seconds\": %.2f,\n",
		rh_tsc_hz(), t->opt.filters, t->checked, (double)t->matched / t->checked, (double)t->receivers / t->checked, stats.bytes,
		counting_bytes(t->counting), t->rhumb_seconds, t->counting_seconds);
	ret = windows_run(t, err);
	if (!ret)
		(void)printf("  \"checked\": \"receivers of %u events: the router's and both counting matchers' are the same, of %u events also those of a reference that looks at every filter\"\n}\n",
			t->checked, t->naive);
	return ret;
}

static int options_take(int argc, char **argv, struct typed_options *opt, struct rh_error *err)
{
	const struct option_row rows[] = {
		{"filters", OPTION_U32, &opt->filters, "over attributes", NULL},
		{"sessions", OPTION_U32, &opt->sessions, "that have them", NULL},
		{"events", OPTION_U32, &opt->events, "in a pass, if time allows; a multiple of 32", NULL},
		{"names", OPTION_U32, &opt->names, "of attributes", NULL},
		{"values", OPTION_U32, &opt->values, "of each", NULL},
		{"windows", OPTION_U32, &opt->windows, "timed windows", NULL},
		{"seconds", OPTION_NUMBER, &opt->seconds, "of a window, and for the check before", NULL},
		{"core", OPTION_U32, &opt->core, "where it runs", NULL},
		{"seed", OPTION_U64, &opt->seed, "of filters and events", NULL},
	};

	*opt = (struct typed_options){.filters = 1000000, .sessions = 100000, .events = 1024, .names = 1000, .values = 1000, .windows = 3, .seconds = 3, .core = 1,
		.seed = OPTIONS_SEED};
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		options_print("rhumb-perf-typed", rows, RH_ARRAY_LEN(rows));
		return 1;
	}
	return options_parse(argc, argv, rows, RH_ARRAY_LEN(rows), err);
}

static void pin(uint32_t core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	/* Where it may not, the figures say so by their spread. */
	(void)sched_setaffinity(0, sizeof(set), &set);
}

int main(int argc, char **argv)
{
	struct typed_options opt;
	struct rh_error err = {""};
	static struct typed t;
	int ret = options_take(argc, argv, &opt, &err);

	if (ret > 0)
		return 0;
	if (ret < 0) {
		(void)fprintf(stderr, "rhumb-perf-typed: %s\n", err.text);
		return 2;
	}
	pin(opt.core);
	rh_rcu_register();
	ret = typed_init(&t, &opt, &err);
	if (!ret)
		ret = measure(&t, &err);
	typed_fini(&t);
	rh_rcu_barrier();
	rh_rcu_unregister();
	if (ret)
		(void)fprintf(stderr, "rhumb-perf-typed: %s\n", err.text);
	return ret || !taken;
}
