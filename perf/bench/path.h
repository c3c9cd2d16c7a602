#pragma once

/*
 * The router under test of the one-core scenarios: engine, table, sessions, subscriptions, ports, set up through dataplane/api alone. One lane
 * is one worker with ports, trace, publishers and subscribers of its own.
 */

#include "perf/gen/trace.h"

#include "dataplane/api/engine.h"
#include "dataplane/api/session.h"
#include "dataplane/api/table.h"
#include "dataplane/base/error.h"

#include <stdbool.h>

#define PATH_LANES 2
/* Frames of the trace for the reference forwarder, whatever the router gets: longer ones would slow it and flatter us. */
#define PATH_REFERENCE_FRAMES 16384

struct path;

/* What a program has on its own beside the workload. */
struct path_hooks {
	/* More sessions, on each engine that is made: there are two, of which the first one tells the sessions' numbers. 0 or a negative errno with a sentence. */
	int (*sessions)(struct path *path, void *arg, struct rh_error *err);
	/* The trace of a lane, instead of the workload's datagrams alone. Likewise. */
	int (*trace)(struct path *path, uint32_t lane, const char *file, void *arg, struct rh_error *err);
	uint32_t datagrams; /* of it, beside those of the workload */
	void *arg;
};

struct path_options {
	const char *file_prefix; /* of DPDK; one process each */
	const char *dir; /* for traceN.pcap, reference.pcap and outN.pcap */
	unsigned cores[PATH_LANES];
	uint32_t lanes;
	unsigned control_core;
	struct workload_spec workload;
	uint32_t record_bytes;
	uint32_t cache_entries;
	bool check;	   /* the reference matcher is asked; one pass into a pcap port, compared byte for byte */
	bool stage_timing;
	bool telemetry;	   /* everything an operator can switch on and read, while it runs */
	bool queued; /* rhumb-perf-count: every copy waits for credit once */
	double load;	  /* rhumb-perf-update: percent of the most that the worker takes */
	uint32_t churned; /* rhumb-perf-update: subscriptions that come and go */
	bool visible;	  /* rhumb-perf-update: time from update to effect */
	uint32_t soak;	  /* rhumb-perf-update: events while subscriptions change; 0: windows instead */
	bool hugepages;
	const struct path_hooks *hooks;	     /* or NULL */
	const struct trace_payload *payload; /* rhumb-perf-content: NULL: digits */
	const char *patterns;		     /* rhumb-perf-content: literals or regexes; rhumb-perf-hostile: files */
	uint32_t payload_bytes;		     /* rhumb-perf-content: of the shortest; makes record_bytes */
	bool same_draw; /* in both lanes, which are compared with each other */
	uint32_t matchers; /* beside those of the workers: a program's own */
	uint32_t content_share;	   /* rhumb-perf-hostile: percent of a core a tenant; 0: no bound */
	cpu_set_t lane_cores;
	bool memory; /* print path_memory_mib and end */
	double seconds;	   /* of a window */
	uint32_t windows;
};

struct path_lane {
	struct workload workload;
	struct trace trace;
	uint32_t port_in, port_out;
	dp_adj_id_t adjacency;
	struct trace_publisher *publishers;
	dp_session_id_t publisher_slot; /* of the last one */
	dp_session_id_t *subscriber_slot;
	uint32_t *subscriber_wire, *subscriber_check;
};

struct path {
	struct path_options opt;
	struct path_lane lane[PATH_LANES];
	struct dp_table *table;
	struct dp_engine *eng;
	char checked[160]; /* what was compared with what */
};

/* Memory for packets that @opt needs, MiB. */
uint32_t path_memory_mib(const struct path_options *opt);
/* Everything but dp_engine_start. 0 or a negative errno with a sentence; path_fini accepts what was half built. */
int path_init(struct path *path, const struct path_options *opt, struct rh_error *err);
void path_fini(struct path *path);
/* A client with that address, in host order, who takes all that comes; tenant 0, and without an incarnation yet. */
void path_session_conf(const struct path *path, uint32_t lane, uint32_t ip, struct dp_session_conf *out);

/* After the engine has stopped: compare counters and laws with the construction. 0 or -EINVAL with the first difference. */
int path_verify_counters(const struct path *path, struct rh_error *err);
/* The laws alone. */
int path_verify_laws(const struct path *path, struct rh_error *err);
/* The copies of lane @l alone, after @events of the workload. */
int path_verify_lane(const struct path *path, uint32_t l, uint64_t events, struct rh_error *err);
/* After a check pass and with the output ports closed: compare outN.pcap with frames built by hand. 0 or -EINVAL with the first difference. */
int path_verify_frames(const struct path *path, struct rh_error *err);
