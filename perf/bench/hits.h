#pragma once

/* What hs_scan finds, counted. */

#include <stdint.h>

/* A match_event_handler; @arg is the uint64_t it adds to. */
static inline int hits_count(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
	(void)id;
	(void)from;
	(void)to;
	(void)flags;
	++*(uint64_t *)arg;
	return 0;
}
