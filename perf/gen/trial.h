#pragma once

/*
 * The answer to one trial. The sink fills what it can see; the program adds what it offered and how
 * its own loop ran.
 */

#include "dataplane/base/histogram.h"

#include <stdint.h>

#define TRIAL_CLASSES	8
#define TRIAL_FAULT_MAX 192

/*
 * Every record given to the sink is exactly one of received, altered, misdelivered, doubled, beyond
 * or late. A copy that is not received leaves no trace: when an altered one comes in place of the
 * right one, that one is lost as well.
 */
struct trial_counts {
	uint64_t sent;	       /* events */
	uint64_t expected;     /* copies of them */
	uint64_t received;     /* expected copies that came, each once and unaltered */
	uint64_t lost;	       /* expected copies that did not */
	uint64_t reordered;    /* of the received: behind a later one of its publisher and class */
	uint64_t doubled;      /* came again */
	uint64_t altered;      /* in by_class only where the stamp could be read */
	uint64_t misdelivered; /* to a subscriber whom it does not concern */
	uint64_t beyond;       /* so late that the window cannot tell doubled from reordered */
	uint64_t unsent;       /* received, but not said to be sent: a fault of the generator */
};

struct trial_result {
	uint32_t trial;
	uint32_t subscribers_with_loss;
	struct trial_counts all;
	struct trial_counts by_class[TRIAL_CLASSES];
	uint64_t late;	/* copies of another trial, unread but for their stamp */
	uint64_t early; /* of the received: before their intended time; recorded as 0 ns */
	struct rh_histogram latency; /* of the received, intended send time to arrival */
	/* A sentence about the first wrong copy; empty without. */
	char first_fault[TRIAL_FAULT_MAX];

	/* Of the program. */
	uint64_t offered;    /* events the schedule asked for */
	uint64_t late_sends; /* see schedule.h */
	uint64_t longest_gap_ns;
	uint64_t gaps_10us, gaps_100us, gaps_1ms; /* turns of the loop longer than that */
	uint64_t wall_ns, cpu_ns;
};
