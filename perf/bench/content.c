/*
 * The content stage beside bare hs_scan: lane 0 has content subscriptions on half of its topics, lane 1 is the same without them. Prints one JSON object: in each window, TSC cycles an event of
 * each kind of burst on each lane, and of hs_scan on the same database and payloads; perf/run content makes ratios of them (docs/rig.md).
 *
 * The trace repeats, so each burst is timed by itself in every pass, and the median over the passes of a window stands for it: what the machine does in between meets one pass and is
 * not counted. Nothing is subtracted for the two clock reads a burst, one cycle an event.
 */

#include "perf/bench/content.h"

#include "perf/bench/hits.h"
#include "perf/bench/path_main.h"
#include "perf/bench/path_options.h"

#include "dataplane/base/clock.h"
#include "dataplane/base/rcu.h"
#include "dataplane/worker/engine_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PASSES_LEAST 5
#define PASSES_MOST  61
#define HOT	     2 /* behind the two lanes: hs_scan, one burst after the other */
#define BETWEEN	     3 /* hs_scan between the bursts of the lane without content, whose work has just gone through the caches */
#define SUBJECTS     4
/* The first bursts hold the restarts (workload.h), which nobody asked for. */
#define SKIPPED	     4

struct samples {
	uint32_t bursts, passes;
	uint64_t *cycles; /* of each subject, burst and pass */
};

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * RH_NS_PER_S + (uint64_t)ts.tv_nsec;
}

static uint64_t *sample_at(const struct samples *s, uint32_t subject, uint32_t burst)
{
	return s->cycles + ((size_t)subject * s->bursts + burst) * PASSES_MOST;
}

static void lane_pass(struct content *c, struct samples *s, uint32_t lane)
{
	struct dp_ctx *ctx = c->path.eng->ctx[lane];

	for (uint32_t b = 0; b < s->bursts; b++) {
		uint64_t start = rh_tsc();

		(void)dp_worker_poll_once(c->path.eng, ctx);
		sample_at(s, lane, b)[s->passes] = rh_tsc() - start;
	}
	c->passes += lane == 0;
}

/* Those of the burst's events with content, the payloads as warm as the worker has them, which just received them. */
static uint64_t bare_burst(struct content *c, uint32_t burst)
{
	static uint8_t bytes[CONTENT_BURST][TRACE_FRAME_MAX];
	const struct workload *w = &c->path.lane[0].workload;
	uint32_t len[CONTENT_BURST], count = 0;
	uint64_t start, found = 0;

	for (uint32_t i = burst * CONTENT_BURST; i < (burst + 1) * CONTENT_BURST; i++) {
		if (!workload_has_content(w, i))
			continue;
		len[count] = c->events[i].payload_len;
		memcpy(bytes[count++], c->events[i].payload, c->events[i].payload_len);
	}
	start = rh_tsc();
	for (uint32_t i = 0; i < count; i++)
		(void)hs_scan(c->db, (const char *)bytes[i], len[i], 0, c->scratch, hits_count, &found);
	return rh_tsc() - start;
}

static enum workload_burst kind_of(const struct content *c, uint32_t burst)
{
	return workload_burst_kind(&c->path.lane[0].workload, burst * CONTENT_BURST);
}

static void hot_pass(struct content *c, struct samples *s)
{
	for (uint32_t b = 0; b < s->bursts; b++)
		if (kind_of(c, b) == WORKLOAD_BURST_CONTENT)
			sample_at(s, HOT, b)[s->passes] = bare_burst(c, b);
}

/*
 * What the router's own scan meets: between two of them lies the rest of a burst. The other lane goes through its trace
 * once more too, so that the caches keep no more of one than of the other.
 */
static void between_pass(struct content *c, struct samples *s)
{
	for (uint32_t b = 0; b < s->bursts; b++)
		(void)dp_worker_poll_once(c->path.eng, c->path.eng->ctx[0]);
	c->passes++;
	for (uint32_t b = 0; b < s->bursts; b++) {
		(void)dp_worker_poll_once(c->path.eng, c->path.eng->ctx[1]);
		if (kind_of(c, b) != WORKLOAD_BURST_PLAIN)
			sample_at(s, BETWEEN, b)[s->passes] = bare_burst(c, b);
	}
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* TSC cycles an event of @subject's bursts of @kind. */
static double cycles_of(const struct content *c, const struct samples *s, uint32_t subject, enum workload_burst kind)
{
	uint64_t sum = 0, events = 0;

	for (uint32_t b = SKIPPED; b < s->bursts; b++) {
		uint64_t *sample = sample_at(s, subject, b);

		if (kind_of(c, b) != kind)
			continue;
		qsort(sample, s->passes, sizeof(*sample), by_value);
		sum += sample[s->passes / 2];
		events += CONTENT_BURST;
	}
	return (double)sum / (double)events;
}

static void lane_print(const struct content *c, const struct samples *s, uint32_t lane, const char *name)
{
	(void)printf("\"%s\": {\"content\": %.2f, \"both\": %.2f, \"plain\": %.2f}", name, cycles_of(c, s, lane, WORKLOAD_BURST_CONTENT),
		cycles_of(c, s, lane, WORKLOAD_BURST_BOTH), cycles_of(c, s, lane, WORKLOAD_BURST_PLAIN));
}

static void window(struct content *c, struct samples *s, bool last)
{
	uint64_t wall = rh_clock_ns(), cpu = cpu_ns(), until = wall + (uint64_t)(c->path.opt.seconds * RH_NS_PER_S);

	for (s->passes = 0; s->passes < PASSES_LEAST || (s->passes < PASSES_MOST && rh_clock_ns() < until); s->passes++) {
		lane_pass(c, s, 0);
		lane_pass(c, s, 1);
		between_pass(c, s);
		hot_pass(c, s);
	}
	(void)printf("    {\"wall_ns\": %" PRIu64 ", \"cpu_ns\": %" PRIu64 ", \"passes\": %u, ", rh_clock_ns() - wall, cpu_ns() - cpu, s->passes);
	lane_print(c, s, 0, "with");
	(void)printf(", ");
	lane_print(c, s, 1, "without");
	/* In a burst of both every other event has content. */
	(void)printf(", \"hs_scan\": %.2f, \"hs_scan_both\": %.2f, \"hs_scan_hot\": %.2f}%s\n", cycles_of(c, s, BETWEEN, WORKLOAD_BURST_CONTENT),
		2 * cycles_of(c, s, BETWEEN, WORKLOAD_BURST_BOTH), cycles_of(c, s, HOT, WORKLOAD_BURST_CONTENT), last ? "" : ",");
}

static int windows_run(struct content *c, struct rh_error *err)
{
	struct samples s = {.bursts = workload_events(&c->path.lane[0].workload) / CONTENT_BURST};

	s.cycles = calloc((size_t)SUBJECTS * s.bursts * PASSES_MOST, sizeof(*s.cycles));
	if (!s.cycles)
		return rh_error_set(err, ENOMEM, "no memory for samples");
	/* The result cache fills, and the sequences of every publisher begin. */
	for (int warm = 0; warm < 2; warm++) {
		lane_pass(c, &s, 0);
		lane_pass(c, &s, 1);
	}
	(void)printf("  \"windows\": [\n");
	for (uint32_t i = 0; i < c->path.opt.windows; i++)
		window(c, &s, i + 1 == c->path.opt.windows);
	(void)printf("  ],\n");
	free(s.cycles);
	return 0;
}

static int measure(struct content *c, struct rh_error *err)
{
	int ret = content_check(c, err);

	if (ret)
		return ret;
	rh_rcu_barrier();
	(void)printf("{\n  \"tsc_hz\": %" PRIu64 ", \"hs_version\": \"%s\", \"patterns\": %u, \"database_bytes\": %zu, \"payload_bytes\": %.1f, \"hits\": %.5f,\n",
		rh_tsc_hz(), hs_version(), c->set.count, c->serialized_len, (double)c->payload_bytes / (double)c->payloads,
		(double)c->hits / (double)c->payloads);
	ret = windows_run(c, err);
	dp_engine_stop(c->path.eng, 0);
	if (!ret)
		ret = content_verify(c, err);
	if (!ret)
		(void)printf("  \"checked\": \"receivers of every event, and every counter; %" PRIu64 " of %" PRIu64
			     " payloads hold patterns by a search for literals and regexec\"\n}\n",
			c->hits, c->payloads);
	return ret;
}

static int run(const struct path_options *opt, struct rh_error *err)
{
	static struct content c;
	struct path_options own;
	int ret = content_options(&c, opt, &own, err);

	if (ret)
		return ret;
	if (own.memory) {
		(void)printf("%u\n", path_memory_mib(&own));
		return 0;
	}
	c.path.opt = own;
	ret = path_init(&c.path, &own, err);
	if (!ret)
		ret = content_init(&c, err);
	if (!ret)
		ret = measure(&c, err);
	content_fini(&c);
	return ret;
}

int main(int argc, char **argv)
{
	return path_main(argc, argv, &(struct path_program){"rhumb-perf-content", path_options_two_lanes, run});
}
