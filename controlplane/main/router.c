#include "controlplane/main/router.h"

#include "controlplane/main/machine.h"
#include "controlplane/main/version.h"
#include "controlplane/subs/cores.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/hash.h"
#include "dataplane/base/rcu.h"

#include <string.h>

static int conf_up(struct router *r, struct rh_error *err)
{
	int rc = cp_conf_load(r->config_path, &r->conf, err);

	/* Before anything of the machine is touched. */
	if (rc == 0)
		rc = ctl_socket_probe(r->conf->control_socket, err);
	if (rc == 0)
		rc = rhumbd_machine_check(r->conf, r->config_path, err);
	if (rc < 0) {
		cp_conf_free(r->conf);
		r->conf = NULL;
	}
	return rc;
}

static void conf_down(struct router *r)
{
	cp_conf_free(r->conf);
	r->conf = NULL;
}

static int eal_up(struct router *r, struct rh_error *err)
{
	int rc = dp_eal_start(&r->conf->eal, err);

	return rc < 0 ? rhumbd_refuse_at(r->config_path, "dataplane", rc, err) : 0;
}

static void eal_down(struct router *r)
{
	(void)r;
	dp_eal_stop();
}

static int rcu_up(struct router *r, struct rh_error *err)
{
	(void)r;
	(void)err;
	rh_rcu_register();
	return 0;
}

static void rcu_down(struct router *r)
{
	(void)r;
	rh_rcu_offline();
	rh_rcu_barrier();
	rh_rcu_online();
	rh_rcu_unregister();
}

static int loop_up(struct router *r, struct rh_error *err)
{
	int rc = uv_loop_init(&r->loop);

	return rc == 0 ? 0 : rh_error_set(err, -rc, "event loop: %s", uv_strerror(rc));
}

static void loop_down(struct router *r)
{
	/* Closing handles need passes of their own. */
	while (uv_loop_close(&r->loop) == UV_EBUSY)
		(void)uv_run(&r->loop, UV_RUN_ONCE);
}

static int table_up(struct router *r, struct rh_error *err)
{
	const struct dp_table_conf conf = {.cache_entries = r->conf->cache_entries,
		.max_workers = r->conf->engine.worker_count};

	return dp_table_create(&conf, &r->table, err);
}

static void table_down(struct router *r)
{
	dp_table_destroy(r->table);
}

/* Before the workers run: what they punt until the twins are there waits in their rings for pump_up. */
static void slow_paths_open(struct router *r)
{
	for (uint32_t p = 0; p < r->conf->port_count; p++)
		if (r->conf->ports[p].slow_path == CP_SLOW_PATH_TAP)
			(void)dp_engine_set_slow_path(r->eng, r->ports[p], true);
}

static int engine_up(struct router *r, struct rh_error *err)
{
	struct dp_engine_conf *conf = &r->conf->engine;
	int rc;

	conf->table = r->table;
	conf->node_incarnation = rh_random_seed() | 1;
	cp_cores_choose(r->conf, &conf->lane_cores);
	rc = dp_engine_create(conf, &r->eng, err);
	if (rc == 0) {
		slow_paths_open(r);
		rc = dp_engine_start(r->eng, err);
		if (rc < 0)
			dp_engine_destroy(r->eng);
	}
	return rc;
}

static void engine_down(struct router *r)
{
	dp_engine_stop(r->eng, 0);
	/* A start that failed has nothing to account for. */
	if (r->stop)
		router_final_counts(r);
	dp_engine_destroy(r->eng);
}

static int subs_up(struct router *r, struct rh_error *err)
{
	return cp_subs_create(&r->loop, r->table, r->eng, r->conf, &r->subs, err);
}

static void subs_down(struct router *r)
{
	cp_subs_destroy(r->subs);
}

static int kernel_up(struct router *r, struct rh_error *err)
{
	return cp_kernel_create(&r->loop, r->eng, r->conf, r->ports, &r->kernel, err);
}

static void kernel_down(struct router *r)
{
	cp_kernel_destroy(r->kernel);
}

static int sessions_up(struct router *r, struct rh_error *err)
{
	return cp_sessions_create(&r->loop, r->eng, r->subs, r->kernel, r->conf, &r->sessions, err);
}

static void sessions_down(struct router *r)
{
	cp_sessions_destroy(r->sessions);
}

static int health_up(struct router *r, struct rh_error *err)
{
	return cp_health_create(&r->loop, r->eng, r->conf, r->ports, &r->health, err);
}

static void health_down(struct router *r)
{
	cp_health_destroy(r->health);
}

static int pump_up(struct router *r, struct rh_error *err)
{
	return pump_create(&r->loop, r->eng, r->kernel, r->sessions, &r->pump, err);
}

static void pump_down(struct router *r)
{
	pump_destroy(r->pump);
}

static void stop_by_request(void *arg, uint32_t drain_ms)
{
	router_stop(arg, drain_ms);
}

static int ctl_up(struct router *r, struct rh_error *err)
{
	const struct ctl_context ctx = {.eng = r->eng,
		.conf = r->conf,
		.sessions = r->sessions,
		.subs = r->subs,
		.kernel = r->kernel,
		.ports = r->ports,
		.health = r->health,
		.config_path = r->config_path,
		.hs_version = rhumbd_hyperscan_version(),
		.dpdk_version = rhumbd_dpdk_version(),
		.started_ns = r->started_ns,
		.shutdown = stop_by_request,
		.shutdown_arg = r};

	return ctl_server_create(
		&r->loop, r->conf->control_socket, r->conf->control_group, &ctx, &r->ctl, err);
}

static void ctl_down(struct router *r)
{
	ctl_server_destroy(r->ctl);
}

static int metrics_up(struct router *r, struct rh_error *err)
{
	const struct cp_metrics_source source = {.eng = r->eng,
		.conf = r->conf,
		.ports = r->ports,
		.sessions = r->sessions,
		.subs = r->subs,
		.kernel = r->kernel,
		.health = r->health,
		.version = rhumbd_version(),
		.hs_version = rhumbd_hyperscan_version(),
		.dpdk_version = rhumbd_dpdk_version(),
		.started_ns = r->started_ns};

	return cp_metrics_create(&r->loop, &source, &r->metrics, err);
}

static void metrics_down(struct router *r)
{
	cp_metrics_destroy(r->metrics);
}

/* The start order; the stop order is its reverse. */
static const struct {
	int (*up)(struct router *r, struct rh_error *err);
	void (*down)(struct router *r);
} steps[] = {
	{conf_up, conf_down},
	{eal_up, eal_down},
	{rcu_up, rcu_down},
	{loop_up, loop_down},
	{router_ports_up, router_ports_down},
	{table_up, table_down},
	{engine_up, engine_down},
	{subs_up, subs_down},
	{kernel_up, kernel_down},
	{sessions_up, sessions_down},
	{health_up, health_down},
	{pump_up, pump_down},
	{ctl_up, ctl_down},
	{metrics_up, metrics_down},
	{router_signals_up, router_signals_down},
	{router_notify_up, router_notify_down},
};

int router_up(struct router *r, struct rh_error *err)
{
	r->started_ns = rh_clock_ns();
	for (; r->steps_up < RH_ARRAY_LEN(steps); r->steps_up++) {
		int rc = steps[r->steps_up].up(r, err);

		if (rc < 0) {
			if (err->text[0] == '\0')
				(void)rh_error_set(err, -rc, "start: %s", strerror(-rc));
			router_down(r);
			return rc;
		}
	}
	return 0;
}

void router_down(struct router *r)
{
	while (r->steps_up > 0)
		steps[--r->steps_up].down(r);
}
