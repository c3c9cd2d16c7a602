#pragma once

/*
 * A worker that receives at a rate: it runs the worker's own round (dp_worker_poll_once) on its core and lets each round take no more datagrams than have
 * come by then. What has come and was not taken waits in a receive ring of PACE_RING descriptors, as with a card; what finds it full is lost and counted.
 * The pcap port behind it never runs dry, so the rate is exact and nothing is lost anywhere else. Four times a millisecond the worker looks whether the core is its
 * own (perf/probe/units.h), which costs it 0.3 %.
 */

#include "dataplane/base/compiler.h"
#include "dataplane/base/error.h"
#include "dataplane/worker/engine_priv.h"

#include <stdbool.h>
#include <stdint.h>

#define PACE_RING 4096

struct pace {
	struct dp_engine *eng;
	bool launched; /* control */
	/* Orders: written by control, read by the worker. */
	uint64_t cycles_q16 rh_cache_aligned; /* between two datagrams, times 2^16; 0: no bound */
	uint64_t serial; /* release: the worker begins anew when it changes */
	uint64_t stop;
	/* The worker's; counters are read relaxed by control. */
	uint64_t seen rh_cache_aligned;
	uint64_t step, start_tsc;
	uint64_t gone; /* taken or lost since start_tsc */
	uint64_t offered, lost; /* running sums */
	uint64_t look_tsc;
	uint64_t looks, shared; /* running sums; shared: somebody had half of the core */
};

/* Launch worker 0 of @eng, which must not be started otherwise. 0 or -EBUSY with a sentence. Ctx: control. */
int pace_start(struct pace *pace, struct dp_engine *eng, struct rh_error *err);
/* @rate: datagrams a second; 0: as many as the worker takes. Effective at its next round. Ctx: control. */
void pace_set(struct pace *pace, double rate);
/* The worker has ended when this returns; the engine is to be stopped then. Accepts one that never started. Ctx: control. */
void pace_stop(struct pace *pace);
