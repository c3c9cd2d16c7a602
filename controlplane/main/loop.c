#include "controlplane/main/loop.h"

#include "dataplane/base/rcu.h"

#include <poll.h>

static void sleep_for(uv_loop_t *loop, int timeout_ms)
{
	struct pollfd fd = {.fd = uv_backend_fd(loop), .events = POLLIN};

	rh_rcu_offline();
	/* Interrupted or not: the pass that follows looks at everything. */
	(void)poll(&fd, 1, timeout_ms);
	rh_rcu_online();
}

void rhumbd_loop_run(uv_loop_t *loop, const bool *stop)
{
	while (!*stop) {
		int timeout_ms;

		uv_update_time(loop);
		timeout_ms = uv_backend_timeout(loop);
		if (timeout_ms != 0)
			sleep_for(loop, timeout_ms);
		(void)uv_run(loop, UV_RUN_NOWAIT);
		rh_rcu_quiescent();
	}
}
