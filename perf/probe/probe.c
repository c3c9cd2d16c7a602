/*
 * What the machine does to a thread while nobody asks it to: `spin` runs a loop on a core and reports the gaps in it and how often the core was shared, `line` bounces one
 * cache line between two cores and reports the round trip, `calls` says what system calls cost. Prints one JSON object. See docs/rig.md.
 */

#include "dataplane/base/atomic.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/compiler.h"
#include "perf/probe/calls.h"
#include "perf/probe/units.h"

#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS_A_SAMPLE 64
#define SAMPLES_MAX	65536

static uint64_t cycles(double seconds)
{
	return (uint64_t)(seconds * (double)rh_tsc_hz());
}

static int pin(unsigned core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	if (pthread_setaffinity_np(pthread_self(), sizeof(set), &set) == 0)
		return 0;
	(void)fprintf(stderr, "rhumb-perf-probe: cannot run on core %u: is there one, and may this process use it?\n",
		core);
	return -1;
}

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * RH_NS_PER_S + (uint64_t)ts.tv_nsec;
}

static int spin(unsigned core, double seconds)
{
	const uint64_t us10 = cycles(10e-6), us100 = cycles(100e-6), ms = cycles(1e-3);
	uint64_t over[3] = {0}, longest = 0, rounds = 0, shared = 0, start, last, end, cpu;

	if (pin(core) < 0)
		return 1;
	cpu = cpu_ns();
	start = last = rh_tsc();
	end = start + cycles(seconds);
	while (last < end) {
		double width = units_width();
		uint64_t now = rh_tsc(), gap = now - last;

		last = now;
		rounds++;
		shared += width < UNITS_ALONE;
		if (rh_likely(gap < us10))
			continue;
		over[0]++;
		over[1] += gap >= us100;
		over[2] += gap >= ms;
		longest = gap > longest ? gap : longest;
	}
	(void)printf("{\"core\": %u, \"seconds\": %.3f, \"over_10us\": %" PRIu64 ", \"over_100us\": %" PRIu64
		     ", \"over_1ms\": %" PRIu64 ", \"longest_ns\": %.0f, \"on_cpu\": %.4f, \"shared\": %.3f}\n",
		core, seconds, over[0], over[1], over[2],
		(double)longest * 1e9 / (double)rh_tsc_hz(),
		(double)(cpu_ns() - cpu) * 1e-9 * (double)rh_tsc_hz() / (double)(last - start),
		rounds ? (double)shared / (double)rounds : 0.0);
	return 0;
}

/* One line, written by turns: even by the one side, odd by the other. */
static struct {
	uint64_t turn rh_cache_aligned;
	uint64_t stop rh_cache_aligned;
} line;

static void *echo(void *arg)
{
	if (pin(*(unsigned *)arg) < 0)
		exit(1);
	while (!rh_load_relaxed(&line.stop)) {
		uint64_t turn = rh_load_acquire(&line.turn);

		if (turn & 1)
			rh_store_release(&line.turn, turn + 1);
	}
	return NULL;
}

/* TSC cycles of one round trip, or 0 when the other side was away too long. */
static uint64_t round_trip(uint64_t deadline)
{
	uint64_t start = rh_tsc();

	for (int i = 0; i < ROUNDS_A_SAMPLE; i++) {
		uint64_t turn = rh_load_relaxed(&line.turn) + 1;

		rh_store_release(&line.turn, turn);
		while (rh_load_acquire(&line.turn) == turn)
			if (rh_tsc() > deadline)
				return 0;
	}
	return (rh_tsc() - start) / ROUNDS_A_SAMPLE;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int line_measure(unsigned a, unsigned b, double seconds)
{
	static uint64_t sample[SAMPLES_MAX];
	uint64_t end = rh_tsc() + cycles(seconds), one;
	pthread_t thread;
	size_t n = 0;

	if (pin(a) < 0 || pthread_create(&thread, NULL, echo, &b) != 0)
		return 1;
	while (n < SAMPLES_MAX && rh_tsc() < end && (one = round_trip(end)))
		sample[n++] = one;
	rh_store_relaxed(&line.stop, 1);
	(void)pthread_join(thread, NULL);
	if (!n) {
		(void)fprintf(stderr, "rhumb-perf-probe: cores %u and %u never met in %.2f s: the machine is busy with others\n",
			a, b, seconds);
		return 1;
	}
	qsort(sample, n, sizeof(sample[0]), by_value);
	(void)printf("{\"cores\": [%u, %u], \"samples\": %zu, \"least_cycles\": %" PRIu64 ", \"median_cycles\": %" PRIu64
		     ", \"p90_cycles\": %" PRIu64 ", \"tsc_hz\": %" PRIu64 "}\n",
		a, b, n, sample[0], sample[n / 2], sample[n * 9 / 10], rh_tsc_hz());
	return 0;
}

static int calls(unsigned core, double seconds)
{
	return pin(core) < 0 ? 1 : calls_measure(core, seconds);
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "spin") == 0)
		return spin((unsigned)strtoul(argv[2], NULL, 10), strtod(argv[3], NULL));
	if (argc == 4 && strcmp(argv[1], "calls") == 0)
		return calls((unsigned)strtoul(argv[2], NULL, 10), strtod(argv[3], NULL));
	if (argc == 5 && strcmp(argv[1], "line") == 0)
		return line_measure((unsigned)strtoul(argv[2], NULL, 10),
			(unsigned)strtoul(argv[3], NULL, 10), strtod(argv[4], NULL));
	(void)fprintf(stderr, "usage: rhumb-perf-probe spin CORE SECONDS\n"
			      "       rhumb-perf-probe calls CORE SECONDS\n"
			      "       rhumb-perf-probe line CORE CORE SECONDS\n");
	return 2;
}
