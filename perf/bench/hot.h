#pragma once

/*
 * The router under test of scenario `hot`: engine, table, sessions, subscriptions, ports, set up through dataplane/api alone.
 */

#include "perf/gen/trace.h"

#include "dataplane/api/engine.h"
#include "dataplane/api/session.h"
#include "dataplane/api/table.h"
#include "dataplane/base/error.h"

#include <stdbool.h>

struct hot_options {
	const char *dir;    /* for trace.pcap and out.pcap */
	unsigned core;	    /* of the worker */
	unsigned control_core;
	uint64_t seed;
	uint32_t cache_entries;
	bool check;	    /* one pass into a pcap port, compared byte for byte */
	bool stage_timing;
	bool hugepages;
	double seconds;	    /* of a window */
	uint32_t windows;
};

struct hot {
	struct hot_options opt;
	struct workload workload;
	uint32_t *receiver; /* of event e: subscriber index, or WORKLOAD_NOBODY */
	struct dp_table *table;
	struct dp_engine *eng;
	uint32_t port_in, port_out;
	dp_adj_id_t adjacency;
	struct trace_publisher publishers[WORKLOAD_PUBLISHERS];
	dp_session_id_t publisher_slot[WORKLOAD_PUBLISHERS];
	dp_session_id_t subscriber_slot[WORKLOAD_SUBSCRIBERS];
	uint32_t subscriber_wire[WORKLOAD_SUBSCRIBERS], subscriber_check[WORKLOAD_SUBSCRIBERS];
};

/* Everything but dp_engine_start. 0 or a negative errno with a sentence; hot_fini accepts what was half built. */
int hot_init(struct hot *hot, const struct hot_options *opt, struct rh_error *err);
void hot_fini(struct hot *hot);

/* After the engine has stopped: compare counters and laws with the reference. 0 or -EINVAL with the first difference. */
int hot_verify_counters(const struct hot *hot, struct rh_error *err);
/* After a check pass: compare out.pcap with frames built from the reference. 0 or -EINVAL with the first difference. */
int hot_verify_frames(const struct hot *hot, struct rh_error *err);
/* What subscriber @s should receive of event @e as its @number-th copy (from 1). */
void hot_expected_frame(const struct hot *hot, uint32_t s, uint32_t e, uint64_t number, uint8_t *frame);
