#pragma once

/*
 * The control socket: accept, peer credentials, permission, dispatch. No policy. Handlers live in show_*.c files, one
 * noun each, and read through the api headers only, so no request can stall a worker. Ctx: control loop.
 */

#include "controlplane/api/ctl.h"
#include "controlplane/session/session.h"

#include <uv.h>

struct ctl_server;

/* What handlers may read; all borrowed. */
struct ctl_context {
	struct dp_engine *eng;
	const struct cp_conf *conf;
	struct cp_sessions *sessions;
	struct cp_subs *subs;
	struct cp_kernel *kernel;
	const uint32_t *ports; /* dataplane index of conf->ports[i] */
	uint64_t started_ns;
	void (*shutdown)(void *arg, uint32_t drain_ms);
	void *shutdown_arg;
};

/* Refuses a socket that another rhumbd listens on; removes a stale one. Mode 0660, group of the configuration. */
int ctl_server_create(uv_loop_t *loop, const char *path, const char *group,
	const struct ctl_context *ctx, struct ctl_server **out, struct rh_error *err);
void ctl_server_destroy(struct ctl_server *server);
