/*
 * The room in its real surroundings. A file of its own, so that tests with their own need not link
 * them.
 */
#include "controlplane/session/session_priv.h"

#include "dataplane/base/clock.h"

static uint64_t tsc(void)
{
	return rh_tsc();
}

static const struct cp_sessions_ops ops = {
	.open = dp_session_open,
	.close = dp_session_close,
	.reap = dp_sessions_reap,
	.set_adjacency = dp_session_set_adjacency,
	.alias = dp_session_alias,
	.stats = dp_session_stats,
	.seen = dp_engine_seen,
	.send = dp_control_send,
	.adj_get = cp_kernel_adj_get,
	.adj_put = cp_kernel_adj_put,
	.adj_known = cp_kernel_knows,
	.subs_add = cp_subs_add,
	.subs_del = cp_subs_del,
	.subs_drop = cp_subs_drop_session,
	.subs_count = cp_subs_session_count,
	.now_ns = rh_clock_ns,
	.tsc = tsc,
};

int cp_sessions_create(uv_loop_t *loop, struct dp_engine *eng, struct cp_subs *subs,
	struct cp_kernel *kernel, const struct cp_conf *conf, struct cp_sessions **out,
	struct rh_error *err)
{
	int ret = cp_sessions_create_with(loop, &ops, eng, subs, kernel, conf, out, err);

	if (ret == 0)
		cp_kernel_on_moved(kernel, cp_sessions_moved, *out);
	return ret;
}
