#pragma once

/*
 * Time. Workers use the TSC only, once per burst; rh_clock_ns costs about 60 cycles (vDSO).
 */

#include <stdint.h>
#include <x86intrin.h>

#define RH_NS_PER_S  1000000000ULL
#define RH_NS_PER_MS 1000000ULL

static inline uint64_t rh_tsc(void)
{
	return __rdtsc();
}

/* CLOCK_MONOTONIC in ns. Ctx: any. */
uint64_t rh_clock_ns(void);
/* CLOCK_REALTIME in ns since 1970: information for people, never used to decide. Ctx: any but worker. */
uint64_t rh_clock_wall_ns(void);
/* TSC ticks per second, measured once over about 20 ms on the first call. Ctx: any but worker. */
uint64_t rh_tsc_hz(void);
