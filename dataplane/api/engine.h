#pragma once

/*
 * The running dataplane: workers pinned one to a core, each owning one rx and one tx queue of its ports. Start order:
 * dp_eal_start, dp_port_open for each port, dp_engine_create, dp_engine_start; stop in reverse.
 */

#include "dataplane/api/limits.h"
#include "dataplane/base/error.h"

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

struct dp_engine;
struct dp_table;

enum dp_idle_mode {
	DP_IDLE_POLL,  /* dedicated core: never sleep */
	DP_IDLE_YIELD, /* shared machine: sleep up to 50 us after a run of empty polls */
};

struct dp_worker_conf {
	unsigned core; /* must be among dp_eal_conf.cores, and not the control core */
	enum dp_idle_mode idle;
	uint32_t ports[DP_LIMIT_PORTS]; /* indexes given by dp_port_open whose queue this worker polls */
	uint32_t port_count;
};

struct dp_engine_conf {
	struct dp_worker_conf workers[DP_LIMIT_WORKERS];
	uint32_t worker_count;
	uint32_t max_sessions;	  /* 0: DP_LIMIT_SESSIONS */
	uint16_t udp_port;	  /* 0: RH_WIRE_UDP_PORT */
	uint32_t punt_rate;	  /* frames per second and worker to the kernel; 0: no bound */
	uint32_t content_share;	  /* percent of its core that content may cost a worker, for each tenant; 0 or 100: no bound */
	cpu_set_t lane_cores;	  /* where the content lane's thread may run; empty: where its creator may */
	uint32_t control_rate;	  /* control messages per second and worker to the control loop; 0: no bound */
	bool stage_timing;	  /* count cycles by stage: two rdtsc a stage and burst */
	uint64_t max_rx_datagrams; /* tests and perf: each worker stops receiving after so many; 0: no bound */
	uint64_t node_incarnation; /* random, non-zero */
	uint64_t session_seed; /* tests and perf: session numbers and checks follow from it; 0: random, as it must be in service */
	struct dp_table *table;	   /* borrowed; outlives the engine */
};

/* Ctx: control, once. -EINVAL with a sentence for a configuration that cannot work. */
int dp_engine_create(
	const struct dp_engine_conf *conf, struct dp_engine **out, struct rh_error *err);
/* Launch the workers; returns when each runs its loop. Ctx: control. */
int dp_engine_start(struct dp_engine *eng, struct rh_error *err);
/* From now on new events are refused as `draining`; queues go on to run empty. Ctx: control. Blocks: no. */
void dp_engine_drain(struct dp_engine *eng);
/*
 * Refuse new events (`draining`), let queues run empty for at most @drain_ms, stop the workers, count what was left as
 * `stopped`. Ctx: control. Blocks: up to @drain_ms and a little. The counters stay readable.
 */
void dp_engine_stop(struct dp_engine *eng, uint32_t drain_ms);
/* Accepts NULL and a half-built engine. */
void dp_engine_destroy(struct dp_engine *eng);

/* An address of the router on a port. */
struct dp_local {
	uint8_t family; /* 4 or 6 */
	uint8_t bytes[16];
	uint16_t vlan; /* DP_VLAN_NONE: untagged frames (or priority-tagged, VLAN id 0) */
};
#define DP_LOCAL_MAX 64

/*
 * The addresses events are taken at on @port: frames for them with our UDP port are event frames. With none (the state
 * after create; ports without slow path) the UDP port alone decides, tagged or not. Copied; effective from each worker's
 * next burst. 0, -ENOENT (port no worker polls), -ENOSPC beyond DP_LOCAL_MAX, -ENOMEM. Ctx: control, RCU-registered.
 */
int dp_engine_set_local(
	struct dp_engine *eng, uint32_t port, const struct dp_local *addresses, uint32_t count);
/*
 * Does @port have a tap twin? With it, frames that are not ours are punted (DP_PUNT_KERNEL), without (the state after
 * create) they are dropped as `no_slow_path`. 0, -ENOENT. Ctx: control.
 */
int dp_engine_set_slow_path(struct dp_engine *eng, uint32_t port, bool twin);

uint32_t dp_engine_workers(const struct dp_engine *eng);
/* The smallest generation that any running worker has loaded; UINT64_MAX when none runs. Ctx: any. */
uint64_t dp_engine_seen(const struct dp_engine *eng);

struct dp_worker_status {
	unsigned core;
	enum dp_idle_mode idle;
	bool running;
	uint64_t last_loop_tsc; /* stored at every loop: a worker whose value stands still is stuck */
	uint64_t generation;
	uint32_t sessions; /* owned */
	uint32_t queued_copies, queued_bytes;
	uint32_t event_buffers_free;
	uint32_t reassemblies;
	uint32_t lane_events; /* in the content lane, or on their way there or back */
	uint64_t lane_bytes;  /* of their records */
};

/* -ENOENT for a worker that does not exist. Ctx: any. */
int dp_engine_worker_status(const struct dp_engine *eng, uint32_t worker, struct dp_worker_status *out);
