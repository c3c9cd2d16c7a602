#pragma once

/* One open-loop trial. */

#include "perf/gen/gen.h"

struct gen_trial_spec {
	uint64_t rate, ramp_from; /* events per second; ramp_from 0: constant */
	double seconds;
	uint32_t burst; /* datagrams sent back to back */
	uint64_t subscriber_rate; /* events per second granted to all subscribers together; with paced credit */
	bool judge_classes;	  /* count inversions */
	uint64_t queue_ms;	  /* for that: time bound of the router's queues, or 0 (inversions.h) */
};

struct gen_trial_extra {
	uint64_t wire_full; /* frames that the device did not take */
	uint64_t frames_other;
	uint64_t inversions; /* with judge_classes */
	double busy; /* share of the loop's turns that sent or received */
};

/* 0 or a negative errno with a sentence. */
int gen_trial(struct gen *gen, uint32_t trial, const struct gen_trial_spec *spec,
	struct trial_result *out, struct gen_trial_extra *extra, struct rh_error *err);
