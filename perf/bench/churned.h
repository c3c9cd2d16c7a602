#pragma once

/*
 * Subscriptions that come and go while others stay: filters of the same kind as the workload's, below a root of their own, so that none matches an event of the trace
 * and every copy counter stays exact. Each of `count` places has one of two filters and changes to the other one: one unsubscribe, one subscribe.
 */

#include "perf/bench/path.h"

#include <stdint.h>

#define CHURNED_BATCH 64 /* pairs in one publish */

struct churned {
	struct path *path;
	struct workload workload; /* twice as many filters as places */
	struct perf_random random;
	uint32_t count;
	dp_sub_id_t *sub;
	uint8_t *other; /* the place has its second filter */
	struct rh_filter *filter; /* CHURNED_BATCH of them */
	uint32_t place[CHURNED_BATCH], chosen;
};

/* Subscribes all @count places and publishes. 0 or a negative errno with a sentence; churned_fini accepts what was half made. Ctx: builder, as for all of these. */
int churned_init(struct churned *c, struct path *path, uint32_t count, struct rh_error *err);
void churned_fini(struct churned *c);
/* Choose @places, up to CHURNED_BATCH, and parse their next filters: what the registry would have done before the builder. */
int churned_prepare(struct churned *c, uint32_t places, struct rh_error *err);
/* Change the chosen places and publish. The generation of it, 0 when an update was refused. */
uint64_t churned_run(struct churned *c, struct rh_error *err);
/* Of the first place chosen: only its unsubscribe (@add false) or only its subscribe, and publish. The same. */
uint64_t churned_half(struct churned *c, bool add, struct rh_error *err);
