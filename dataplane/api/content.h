#pragma once

/* What a tenant's content costs, where a share bounds it (dp_engine_conf.content_share). */

#include <stdint.h>

struct dp_engine;

struct dp_content_use {
	uint64_t worker_cycles; /* TSC, of all workers, ever */
	uint64_t lane_cycles;	/* of the content lane */
	uint64_t to_lane;	/* events handed to it */
	uint64_t refused;	/* events whose conditions were not decided: dropped as content_budget, or content_skipped */
	uint32_t waiting;	/* events in the lane now */
	uint64_t waiting_bytes; /* their records */
};

/* All workers together. -ENOENT: nothing is bounded, or no such tenant. Ctx: any. */
int dp_content_use(const struct dp_engine *eng, uint16_t tenant, struct dp_content_use *out);
