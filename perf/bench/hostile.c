/*
 * Other tenants beside a hostile one: the same frames on two lanes, on the first of which the hostile tenant has content subscriptions, payload patterns that were admitted. Prints one JSON object: in each window,
 * TSC cycles of a pass of each lane; perf/run hostile makes a ratio of them (docs/rig.md). As in content.c each burst is timed by itself, and the median over the passes of a window
 * stands for it.
 */

#include "perf/bench/hostile.h"

#include "perf/bench/path_main.h"
#include "perf/bench/path_options.h"

#include "dataplane/api/counters.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/rcu.h"
#include "dataplane/worker/engine_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PASSES_LEAST 3
#define PASSES_MOST  31

/* Until the content lane has given back what it has. */
#define DRAIN_MS 5000

struct samples {
	uint32_t bursts, passes;
	uint64_t (*cycles)[PASSES_MOST]; /* of each lane and burst */
	uint64_t sum[PATH_LANES];	 /* of a window, bursts whatever they took */
	uint64_t longest[PATH_LANES];	 /* burst of a window */
};

static uint64_t passes_done;

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * RH_NS_PER_S + (uint64_t)ts.tv_nsec;
}

static void lane_pass(struct hostile *h, struct samples *s, uint32_t lane)
{
	struct dp_ctx *ctx = h->path.eng->ctx[lane];

	for (uint32_t b = 0; b < s->bursts; b++) {
		uint64_t start = rh_tsc(), cycles;

		(void)dp_worker_poll_once(h->path.eng, ctx);
		cycles = rh_tsc() - start;
		s->cycles[lane * s->bursts + b][s->passes] = cycles;
		s->sum[lane] += cycles;
		s->longest[lane] = cycles > s->longest[lane] ? cycles : s->longest[lane];
	}
}

static void both_pass(struct hostile *h, struct samples *s)
{
	for (uint32_t l = 0; l < PATH_LANES; l++)
		lane_pass(h, s, l);
	passes_done++;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* TSC cycles of a pass. */
static uint64_t cycles_of(const struct samples *s, uint32_t lane)
{
	uint64_t sum = 0;

	for (uint32_t b = 0; b < s->bursts; b++) {
		uint64_t *sample = s->cycles[lane * s->bursts + b];

		qsort(sample, s->passes, sizeof(*sample), by_value);
		sum += sample[s->passes / 2];
	}
	return sum;
}

static void window(struct hostile *h, struct samples *s, bool last)
{
	uint64_t wall = rh_clock_ns(), cpu = cpu_ns(), until = wall + (uint64_t)(h->path.opt.seconds * RH_NS_PER_S);
	struct dp_counters a, b;

	(void)dp_counters_read(h->path.eng, 0, &a);
	memset(s->sum, 0, sizeof(s->sum));
	memset(s->longest, 0, sizeof(s->longest));
	for (s->passes = 0; s->passes < PASSES_LEAST || (s->passes < PASSES_MOST && rh_clock_ns() < until); s->passes++)
		both_pass(h, s);
	(void)dp_counters_read(h->path.eng, 0, &b);
	(void)printf("    {\"wall_ns\": %" PRIu64 ", \"cpu_ns\": %" PRIu64 ", \"passes\": %u, \"with\": %" PRIu64 ", \"without\": %" PRIu64 ", \"with_all\": %" PRIu64 ", \"without_all\": %" PRIu64 ", \"longest_round_cycles\": %" PRIu64
		     ", \"content_cycles\": %" PRIu64 ", \"lane_cycles\": %" PRIu64 ", \"to_lane\": %" PRIu64 "}%s\n",
		rh_clock_ns() - wall, cpu_ns() - cpu, s->passes, cycles_of(s, 0), cycles_of(s, 1), s->sum[0], s->sum[1], s->longest[0], b.content_cycles - a.content_cycles,
		b.lane_cycles - a.lane_cycles, b.content_to_lane - a.content_to_lane, last ? "" : ",");
}

static int windows_run(struct hostile *h, struct rh_error *err)
{
	struct samples s = {.bursts = hostile_datagrams(h) / HOSTILE_BURST};

	s.cycles = calloc((size_t)PATH_LANES * s.bursts, sizeof(*s.cycles));
	if (!s.cycles)
		return rh_error_set(err, ENOMEM, "no memory for samples");
	both_pass(h, &s);
	(void)printf("  \"windows\": [\n");
	for (uint32_t i = 0; i < h->path.opt.windows; i++)
		window(h, &s, i + 1 == h->path.opt.windows);
	(void)printf("  ],\n");
	free(s.cycles);
	return 0;
}

/* Copies to the hostile tenant's subscriber, and *@refused events for which the content lane had no place. */
static uint64_t sent(const struct hostile *h, uint32_t lane, uint64_t *taken, uint64_t *refused)
{
	struct dp_session_stats st = {0};

	(void)dp_session_stats(h->path.eng, h->lane[lane].publisher, &st);
	*taken = st.rx_events;
	*refused = st.drops[DP_DROP_CONTENT_BUDGET];
	(void)dp_session_stats(h->path.eng, h->lane[lane].subscriber, &st);
	return st.tx_events;
}

/* Every copy of the others; and of the hostile tenant, each event whose payload has a pattern in it, where it asks for them, but those refused. */
static int verify(struct hostile *h, struct rh_error *err)
{
	uint64_t events = passes_done * workload_events(&h->path.lane[0].workload), due = h->bare_hits ? passes_done * (HOSTILE_EVENTS - 1) : 0, got, taken, refused;
	int ret = path_verify_laws(&h->path, err);

	for (uint32_t l = 0; l < PATH_LANES && !ret; l++) {
		ret = path_verify_lane(&h->path, l, events, err);
		got = sent(h, l, &taken, &refused);
		if (!ret && got + refused != (l ? 0 : due))
			ret = rh_error_set(err, EINVAL, "lane %u: the hostile tenant got %" PRIu64 " copies of %" PRIu64 " events, %" PRIu64 " were refused, %" PRIu64 " are due", l, got, taken,
				refused, l ? 0 : due);
		h->got[l] = got;
		h->refused[l] = refused;
	}
	return ret;
}

static void head_print(const struct hostile *h)
{
	(void)printf("{\n  \"tsc_hz\": %" PRIu64 ", \"hs_version\": \"%s\", \"patterns\": %u, \"others_events\": %u, \"hostile_events\": %d, \"hostile_datagrams\": %u, \"payload\": \"%s\", \"cycles_per_byte\": %.2f, "
		     "\"patterns_in_payload\": %" PRIu64 ",\n",
		rh_tsc_hz(), hs_version(), h->patterns, workload_events(&h->path.lane[0].workload), HOSTILE_EVENTS, h->hostile_datagrams, h->kind, h->cycles_per_byte,
		h->bare_hits);
}

static int measure(struct hostile *h, struct rh_error *err)
{
	int ret;

	rh_rcu_barrier();
	head_print(h);
	ret = dp_lane_start(h->path.eng, err);
	if (!ret)
		ret = windows_run(h, err);
	dp_engine_stop(h->path.eng, DRAIN_MS);
	if (!ret)
		ret = verify(h, err);
	if (!ret)
		(void)printf("  \"hostile_copies\": %" PRIu64 ", \"hostile_refused\": %" PRIu64 ",\n  \"checked\": \"every copy of the other tenants in %" PRIu64 " passes of both lanes, and how many the hostile one gets or is refused\"\n}\n",
			h->got[0], h->refused[0], passes_done);
	return ret;
}

static int run(const struct path_options *opt, struct rh_error *err)
{
	static struct hostile h;
	struct path_options own;
	int ret = hostile_options(&h, opt, &own, err);

	if (!ret && own.memory) {
		(void)printf("%u\n", path_memory_mib(&own));
		return 0;
	}
	if (!ret)
		ret = path_init(&h.path, &own, err);
	if (!ret)
		ret = hostile_subscribe(&h, err);
	if (!ret)
		ret = measure(&h, err);
	hostile_fini(&h);
	return ret;
}

int main(int argc, char **argv)
{
	return path_main(argc, argv, &(struct path_program){"rhumb-perf-hostile", path_options_two_lanes, run});
}
