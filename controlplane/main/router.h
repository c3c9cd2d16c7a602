#pragma once

/*
 * The running router: everything rhumbd starts, in order, and stops in reverse. A step that fails
 * says one line, and what was started before it is undone. Ctx of everything: control, the main
 * thread.
 */

#include "controlplane/ctl/ctl_server.h"
#include "controlplane/main/pump.h"
#include "controlplane/telemetry/metrics.h"

struct router {
	const char *config_path;
	struct cp_conf *conf;
	uv_loop_t loop;
	uint64_t started_ns;
	uint32_t ports[DP_LIMIT_PORTS]; /* dataplane index of conf->ports[i] */
	uint32_t ports_open;
	uint32_t steps_up;
	struct dp_table *table;
	struct dp_engine *eng;
	struct cp_subs *subs;
	struct cp_kernel *kernel;
	struct cp_sessions *sessions;
	struct cp_health *health;
	struct pump *pump;
	struct ctl_server *ctl;
	struct cp_metrics *metrics;
	uv_signal_t signals[3];
	uv_timer_t notify, drain;
	uint64_t drain_until_ns, goodbye_until_ns;
	int drained; /* looks in a row that found nothing waiting */
	bool stopping, goodbye, stop;
};

/* Start everything. On failure @err names the step's reason and nothing is left. */
int router_up(struct router *r, struct rh_error *err);
/* Undo the steps that are up, last first. */
void router_down(struct router *r);
/* Begin to stop: refuse events, wait at most @drain_ms for queues, then let the loop end. Again: at
 * once. */
void router_stop(struct router *r, uint32_t drain_ms);
/* Log what went through, with the three conservation laws. The engine is stopped. */
void router_final_counts(const struct router *r);
/* SIGHUP: read the file again and report. */
void router_reload(struct router *r);

/* SIGTERM, SIGINT and SIGHUP wait until router_signals_up. First of all, before any thread. */
void router_signals_hold(void);
int router_signals_up(struct router *r, struct rh_error *err);
void router_signals_down(struct router *r);
int router_notify_up(struct router *r, struct rh_error *err);
void router_notify_down(struct router *r);
/* Open the ports and give each worker those it can have a queue on. */
int router_ports_up(struct router *r, struct rh_error *err);
void router_ports_down(struct router *r);
