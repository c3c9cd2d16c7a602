#include "dataplane/base/typical.h"

#include "dataplane/base/clock.h"

#define RUNS_LEAST  2
#define RUNS_MOST   4
#define CYCLES_MOST 20000000

struct measure {
	rh_typical_clock clock;
	rh_typical_scan scan;
	void *arg;
	uint64_t spent; /* by scans alone, so that a core that is shared does not make it careless */
};

/* The first run warms caches: it is rarely the least. */
static uint64_t least_of(struct measure *m, const uint8_t *bytes, uint32_t len)
{
	uint64_t least = UINT64_MAX, start, took;

	for (uint32_t i = 0; i < RUNS_MOST && (i < RUNS_LEAST || m->spent + i * least < CYCLES_MOST); i++) {
		start = m->clock();
		m->scan(m->arg, bytes, len);
		took = m->clock() - start;
		least = took < least ? took : least;
	}
	m->spent += RUNS_MOST * least;
	return least;
}

uint32_t rh_typical_cost_by(
	rh_typical_clock clock, rh_typical_scan scan, void *arg, const struct rh_typical_payload *payloads, uint32_t count)
{
	struct measure m = {.clock = clock, .scan = scan, .arg = arg};
	uint64_t base = least_of(&m, payloads[0].bytes, 1), cycles = 0, bytes = 0, cost;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t took = least_of(&m, payloads[i].bytes, payloads[i].len);

		cycles += took > base ? took - base : 0;
		bytes += payloads[i].len > RH_TYPICAL_LEAST ? payloads[i].len : RH_TYPICAL_LEAST;
	}
	cost = cycles * 100 / bytes;
	return cost < UINT32_MAX ? (uint32_t)cost : UINT32_MAX - 1;
}

uint32_t rh_typical_cost(rh_typical_scan scan, void *arg, const struct rh_typical_payload *payloads, uint32_t count)
{
	return rh_typical_cost_by(rh_tsc, scan, arg, payloads, count);
}
