#pragma once

/*
 * When each event of an open-loop trial is to leave. Event n, counted from 0, is due at the first
 * nanosecond t with N(t) >= n, where N(t) is the integral of the rate from the start of the trial:
 * exact in integers, so no drift however long it runs. Events leave in bursts: all events of a
 * burst are due when its first is.
 *
 * Times are nanoseconds since the start of the trial; the caller keeps the clock. One thread.
 */

#include "dataplane/base/error.h"

#include <stdbool.h>
#include <stdint.h>

#define SCHEDULE_RATE_MAX     1000000000ULL    /* events per second */
#define SCHEDULE_DURATION_MAX 3600000000000ULL /* ns: with the rate, what 128 bits carry */

struct schedule_spec {
	uint64_t rate;	    /* events per second, at the end of the ramp */
	uint64_t ramp_from; /* rate at the start, changing linearly; the same as rate: constant */
	uint64_t duration_ns;
	uint32_t burst;		/* events, at least 1 */
	uint64_t late_after_ns; /* a send is late when it happens more than this after its time */
};

struct schedule {
	struct schedule_spec spec;
	uint64_t total;	  /* events due before the end: ceil(N(duration)) */
	uint64_t next;	  /* number of the next event to leave; as many left */
	uint64_t next_ns; /* when it is due; UINT64_MAX when all have left */
	uint64_t late_sends;
	uint64_t latest_ns; /* of the event that left longest after its time */
};

/* 0 or -EINVAL with a sentence. */
int schedule_init(struct schedule *s, const struct schedule_spec *spec, struct rh_error *err);
/* Time of event @n, bursts taken into account; @n below total. Pure. */
uint64_t schedule_intended_ns(const struct schedule *s, uint64_t n);
/* How many events are due up to and at @now_ns, sent or not. Pure. */
uint64_t schedule_offered(const struct schedule *s, uint64_t now_ns);

static inline bool schedule_done(const struct schedule *s)
{
	return s->next == s->total;
}

/* How many events may leave at @now_ns with intended time next_ns: the rest of one burst, or 0. */
static inline uint32_t schedule_due(const struct schedule *s, uint64_t now_ns)
{
	uint64_t left = s->total - s->next, burst = s->spec.burst - s->next % s->spec.burst;

	if (now_ns < s->next_ns)
		return 0;
	return (uint32_t)(burst < left ? burst : left);
}

/* @n events, at most what schedule_due said, left at @now_ns. */
void schedule_sent(struct schedule *s, uint32_t n, uint64_t now_ns);
