#include "dataplane/base/clock.h"

#include "dataplane/base/atomic.h"

#include <time.h>

/* Long enough that the two clock reads' error stays under 10 ppm. */
#define CALIBRATION_NS (20 * RH_NS_PER_MS)

static uint64_t clock_read_ns(clockid_t id)
{
	struct timespec ts;

	(void)clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * RH_NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t rh_clock_ns(void)
{
	return clock_read_ns(CLOCK_MONOTONIC);
}

uint64_t rh_clock_wall_ns(void)
{
	return clock_read_ns(CLOCK_REALTIME);
}

static uint64_t tsc_hz_measure(void)
{
	uint64_t ns0 = rh_clock_ns(), tsc0 = rh_tsc(), ns1;

	do
		ns1 = rh_clock_ns();
	while (ns1 - ns0 < CALIBRATION_NS);
	return (uint64_t)((double)(rh_tsc() - tsc0) * (double)RH_NS_PER_S / (double)(ns1 - ns0));
}

uint64_t rh_tsc_hz(void)
{
	static uint64_t hz;
	uint64_t v = rh_load_relaxed(&hz);

	if (!v) {
		v = tsc_hz_measure();
		rh_store_relaxed(&hz, v);
	}
	return v;
}
