#include "dataplane/base/rcu.h"
#include "dataplane/worker/engine_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool port_is_polled(const struct dp_engine *eng, uint32_t port)
{
	return port < DP_LIMIT_PORTS && eng->port_worker[port] >= 0;
}

static void set_free_cb(struct rh_rcu_head *head)
{
	free(caa_container_of(head, struct dp_local_set, rcu));
}

int dp_engine_set_local(
	struct dp_engine *eng, uint32_t port, const struct dp_local *addresses, uint32_t count)
{
	struct dp_local_set *old, *next = NULL;

	if (!port_is_polled(eng, port))
		return -ENOENT;
	if (count > DP_LOCAL_MAX)
		return -ENOSPC;
	if (count) {
		next = malloc(sizeof(*next) + count * sizeof(*addresses));
		if (!next)
			return -ENOMEM;
		next->count = count;
		memcpy(next->address, addresses, count * sizeof(*addresses));
	}
	old = eng->tables.local[port];
	rh_rcu_assign(eng->tables.local[port], next);
	if (old)
		rh_rcu_call(&old->rcu, set_free_cb);
	return 0;
}

int dp_engine_set_slow_path(struct dp_engine *eng, uint32_t port, bool twin)
{
	if (!port_is_polled(eng, port))
		return -ENOENT;
	rh_store_relaxed(&eng->tables.slow_path[port], twin);
	return 0;
}
