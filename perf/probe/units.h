#pragma once

/*
 * Does somebody else use the core's execution units? A core that runs two hardware threads (SMT) gives each about half of them, also to
 * one of another virtual machine, and nothing else tells: the thread is on its core all the time. Additions that wait for each other take a
 * cycle each, with and without a neighbour; how many independent ones fit beside one of them does tell.
 */

#include "dataplane/base/clock.h"

#define UNITS_ADDITIONS 1536
/* Narrower than this, somebody shares the core: between what one half and a whole give on cores with four or more adders. */
#define UNITS_ALONE 3.0

/* Additions that wait for each other: a third as many. */
static inline void units_chain(void)
{
	uint64_t a = 1;

	for (unsigned i = 0; i < UNITS_ADDITIONS / 3 / 4; i++)
		__asm__ volatile("add %0, %0\n\tadd %0, %0\n\tadd %0, %0\n\tadd %0, %0" : "+r"(a));
}

static inline void units_wide(void)
{
	uint64_t a = 1, b = 1, c = 1, d = 1, e = 1, f = 1;

	for (unsigned i = 0; i < UNITS_ADDITIONS / 12; i++)
		__asm__ volatile("add $1, %0\n\tadd $1, %1\n\tadd $1, %2\n\tadd $1, %3\n\tadd $1, %4\n\tadd $1, %5\n\t"
				 "add $1, %0\n\tadd $1, %1\n\tadd $1, %2\n\tadd $1, %3\n\tadd $1, %4\n\tadd $1, %5"
				 : "+r"(a), "+r"(b), "+r"(c), "+r"(d), "+r"(e), "+r"(f));
}

/* Independent additions in the time of one of a chain: some 4 on a core of one's own, 2 beside a busy neighbour. Below a microsecond. */
static inline double units_width(void)
{
	uint64_t start = rh_tsc(), middle, end;

	units_chain();
	middle = rh_tsc();
	units_wide();
	end = rh_tsc();
	return 3.0 * (double)(middle - start) / (double)(end - middle);
}
