#pragma once

/*
 * GET /metrics (OpenMetrics 1.0 text) and GET /healthz (JSON) over HTTP, from the tables the CLI
 * prints. libmicrohttpd runs inside the control loop, over its epoll descriptor: no thread, and
 * nothing a worker could notice. Ctx of everything: control loop.
 */

#include "controlplane/session/session.h"
#include "controlplane/telemetry/health.h"

#include <stddef.h>
#include <uv.h>

/* What an answer is made from; all borrowed. */
struct cp_metrics_source {
	const struct dp_engine *eng;
	const struct cp_conf *conf;
	const uint32_t *ports; /* dataplane index of conf->ports[i] */
	const struct cp_sessions *sessions;
	const struct cp_subs *subs;
	const struct cp_kernel *kernel;
	const struct cp_health *health;
	const char *version, *hs_version, *dpdk_version;
	uint64_t started_ns;
};

/* The whole exposition, malloc'd, terminated; NULL: out of memory. */
char *cp_metrics_text(const struct cp_metrics_source *source, size_t *len);
/* {"status", "process", "dataplane", "problems"}; *@http gets 200 or 503. malloc'd. */
char *cp_healthz_text(const struct cp_health *health, unsigned *http);

struct cp_metrics;
/* Listen where conf says. *@out is NULL with metrics off. 0, -errno with a sentence. */
int cp_metrics_create(uv_loop_t *loop, const struct cp_metrics_source *source,
	struct cp_metrics **out, struct rh_error *err);
/* Accepts NULL. */
void cp_metrics_destroy(struct cp_metrics *metrics);
