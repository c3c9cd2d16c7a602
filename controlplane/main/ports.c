#include "controlplane/main/router.h"

#include "controlplane/main/machine.h"
#include "dataplane/base/log.h"

#include <errno.h>

static int open_all(struct router *r, struct rh_error *err)
{
	for (; r->ports_open < r->conf->port_count; r->ports_open++) {
		const struct dp_port_conf *port = &r->conf->ports[r->ports_open].dp;
		int rc = dp_port_open(port, &r->ports[r->ports_open], err);

		if (rc < 0)
			return rhumbd_refuse_port(r->config_path, port, rc, err);
	}
	return 0;
}

static bool polls(const struct dp_worker_conf *worker, uint32_t port, uint32_t *at)
{
	for (uint32_t i = 0; i < worker->port_count; i++)
		if (worker->ports[i] == port) {
			*at = i;
			return true;
		}
	return false;
}

static void forget(struct dp_worker_conf *worker, uint32_t at)
{
	worker->port_count--;
	for (uint32_t i = at; i < worker->port_count; i++)
		worker->ports[i] = worker->ports[i + 1];
}

/*
 * A device has fewer queues than workers: where the configuration leaves it open, ports go round
 * the workers; where it names them, it asks for what cannot be.
 */
static int fit_port(struct router *r, uint32_t port, uint32_t queues, struct rh_error *err)
{
	struct dp_engine_conf *engine = &r->conf->engine;
	const char *name = r->conf->ports[port].dp.name;
	uint32_t polling = 0, at;

	for (uint32_t w = 0; w < engine->worker_count; w++)
		polling += polls(&engine->workers[w], port, &at);
	if (polling <= queues)
		return 0;
	if (!r->conf->spread_workers)
		return rh_error_set(err, EINVAL,
			"port %s has %u queues and %u workers: name it with fewer workers, or give "
			"its device more queues",
			name, queues, polling);
	for (uint32_t w = 0; w < engine->worker_count; w++) {
		uint32_t turn = (w + engine->worker_count - port % engine->worker_count) %
				engine->worker_count;

		if (turn >= queues && polls(&engine->workers[w], port, &at))
			forget(&engine->workers[w], at);
	}
	rh_log_info(PORT, "port %s: %u of %u workers poll it, one a queue of the device", name,
		queues, polling);
	return 0;
}

/* Workers that are left without a port are not started. */
static void drop_idle_workers(struct dp_engine_conf *engine)
{
	uint32_t kept = 0;

	for (uint32_t w = 0; w < engine->worker_count; w++) {
		if (engine->workers[w].port_count > 0)
			engine->workers[kept++] = engine->workers[w];
		else
			rh_log_warn(PORT,
				"core %u: its worker is not started, the devices have too few "
				"queues for it",
				engine->workers[w].core);
	}
	engine->worker_count = kept;
}

/* From the configuration's indexes to the dataplane's. */
static void translate(struct router *r)
{
	struct dp_engine_conf *engine = &r->conf->engine;

	for (uint32_t w = 0; w < engine->worker_count; w++)
		for (uint32_t i = 0; i < engine->workers[w].port_count; i++)
			engine->workers[w].ports[i] = r->ports[engine->workers[w].ports[i]];
}

int router_ports_up(struct router *r, struct rh_error *err)
{
	struct dp_port_info info;
	int rc = open_all(r, err);

	for (uint32_t p = 0; rc == 0 && p < r->conf->port_count; p++) {
		rc = dp_port_info(r->ports[p], &info);
		if (rc == 0)
			rc = fit_port(r, p, info.queues, err);
	}
	if (rc < 0) {
		router_ports_down(r);
		return rc;
	}
	drop_idle_workers(&r->conf->engine);
	translate(r);
	return 0;
}

void router_ports_down(struct router *r)
{
	while (r->ports_open > 0)
		dp_port_close(r->ports[--r->ports_open]);
}
