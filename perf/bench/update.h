#pragma once

/* What the two halves of rhumb-perf-update share. */

#include "perf/bench/churned.h"
#include "perf/bench/pace.h"

#include <stdint.h>

struct update {
	struct path path;
	struct pace pace;
	struct churned churned;
};

/* A look at everything that counts, at the start and the end of a window. */
struct update_sample {
	struct dp_counters counters;
	uint64_t wall_ns, process_ns, worker_ns;
	uint64_t offered, lost, looks, shared;
};

/* The longest loop counts from here on. */
void update_sample_take(struct update *u, struct update_sample *out);
/* The members of a window that are common to all kinds, without braces. */
void update_window_print(const char *kind, const struct update_sample *a, const struct update_sample *b);
/* Sleep for a window while the worker takes all it can: datagrams a second on its core. Prints the window. */
double update_saturate(struct update *u);

/* update_rate.c: windows of scenario churn. 0 or a negative errno with a sentence. */
int update_rate(struct update *u, struct rh_error *err);
/* update_effect.c: those of scenario visible. */
int update_effect(struct update *u, struct rh_error *err);
/* update_soak.c: opt.soak events while everything changes, then memory is compared. */
int update_soak(struct update *u, struct rh_error *err);
