#pragma once

/*
 * The control socket: accept, peer credentials, permission, dispatch. No policy. Handlers live in
 * show_*.c files, one noun each, and read through the api headers only, so no request can stall a
 * worker. Ctx: control loop.
 */

#include "controlplane/api/ctl.h"
#include "controlplane/session/session.h"
#include "controlplane/telemetry/health.h"

#include <uv.h>

#define CTL_CONNECTIONS_MAX 64

struct ctl_server;

/* What handlers may read; all borrowed. */
struct ctl_context {
	struct dp_engine *eng;
	const struct cp_conf *conf;
	struct cp_sessions *sessions;
	struct cp_subs *subs;
	struct cp_kernel *kernel;
	const uint32_t *ports; /* dataplane index of conf->ports[i] */
	const struct cp_health *health;
	const char *config_path, *hs_version, *dpdk_version;
	uint64_t started_ns;
	void (*shutdown)(void *arg, uint32_t drain_ms);
	void *shutdown_arg;
};

/* Refuses a socket that another rhumbd listens on; removes a stale one. Mode 0660, group of the
 * configuration. */
int ctl_server_create(uv_loop_t *loop, const char *path, const char *group,
	const struct ctl_context *ctx, struct ctl_server **out, struct rh_error *err);
/* Closes every connection; returns when libuv has let go of them (runs @loop). Accepts NULL. */
void ctl_server_destroy(struct ctl_server *server);

/* Does another rhumbd answer at @path? 0, or -EADDRINUSE with a sentence. */
int ctl_socket_probe(const char *path, struct rh_error *err);

struct ctl_server_stats {
	uint64_t accepted, refused, requests, malformed, denied, too_slow;
	uint32_t connections;
};
void ctl_server_stats(const struct ctl_server *server, struct ctl_server_stats *out);
