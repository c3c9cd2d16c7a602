#pragma once

/*
 * Sampled payloads (dataplane/api/samples.h), as workers write them: each its own part of a tenant's places, in turn.
 *
 * Time decides, not the number of events: every DP_SAMPLE_LOOK cycles, told by housekeeping, a worker looks at one burst, from an event
 * drawn at random on, and takes the first one whose tenant is due. So a burst pays one comparison, whatever is published, and a second
 * at most some hundred copies of DP_SAMPLE_BYTES for all tenants together. Places that are empty are filled at once, those that are full
 * written anew so seldom that what is kept spans seconds.
 *
 * Written by its worker alone, with relaxed stores; read by control. The seq of a place is odd while it is written.
 */

#include "dataplane/api/limits.h"
#include "dataplane/api/samples.h"
#include "dataplane/base/compiler.h"
#include "dataplane/base/rcu.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

struct dp_match;
struct dp_match_keys;

/* Cycles: 1.6 ms, 6 ms and 0.4 s at 2.7 GHz. */
#define DP_SAMPLE_LOOK	(1ull << 22)
#define DP_SAMPLE_FIRST (1ull << 24) /* between two samples of a tenant, while it has empty places */
#define DP_SAMPLE_NEXT	(1ull << 30) /* afterwards */

struct dp_sample_place {
	uint32_t seq;
	uint32_t len;
	uint8_t bytes[DP_SAMPLE_BYTES] __attribute__((aligned(4)));
};

/* One worker's part. */
struct dp_sample_part {
	uint64_t due_tsc; /* the worker's */
	uint64_t taken;	  /* worker writes, control reads */
} rh_cache_aligned;

struct dp_tenant_samples {
	struct rh_rcu_head head;
	uint32_t places; /* of each worker */
	struct dp_sample_place *place;
	struct dp_sample_part part[DP_LIMIT_WORKERS];
};

static_assert(DP_SAMPLES >= DP_LIMIT_WORKERS, "a place for each worker");

/* Ctx: control, without workers. */
void dp_samples_free_all(struct dp_table *table);

/* The time, every 100 us or so. Ctx: worker. */
void dp_samples_tick(struct dp_match *match, uint64_t now_tsc);
/* A look at the burst of @count events, after dp_samples_tick has said that one is due. Ctx: worker. */
void dp_samples_look(struct dp_match *match, struct dp_match_keys keys, uint32_t count);
