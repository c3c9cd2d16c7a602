#include "controlplane/kernel/kernel_priv.h"

#include <limits.h>
#include <stdio.h>

static const struct cp_kernel_ops engine_ops = {
	.adj_create = dp_adj_create,
	.adj_update = dp_adj_update,
	.adj_destroy = dp_adj_destroy,
	.inject = dp_inject_frame,
	.port_info = dp_port_info,
	.set_local = dp_engine_set_local,
	.set_slow_path = dp_engine_set_slow_path,
};

/* In a file of its own: what links cp_kernel_create_with alone needs no dataplane. */
int cp_kernel_create(uv_loop_t *loop, struct dp_engine *eng, const struct cp_conf *conf,
	const uint32_t *ports, struct cp_kernel **out, struct rh_error *err)
{
	char state[PATH_MAX];
	struct cp_kernel_setup setup = {.ops = &engine_ops, .state_file = state};

	(void)snprintf(state, sizeof(state), "/run/rhumb/%s.restore", conf->file_prefix);
	return cp_kernel_create_with(loop, eng, conf, ports, &setup, out, err);
}
