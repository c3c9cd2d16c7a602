#include "dataplane/base/rcu.h"

#include "dataplane/base/atomic.h"
#include "dataplane/base/clock.h"

#ifdef RH_RCU_TSAN
char rh_rcu_tsan_clock;
#endif

/* called: any writer. ran, last_grace_ns: the reclaim thread. All read by telemetry. */
static uint64_t called, ran, last_grace_ns;

static void callback_run(struct rcu_head *rcu)
{
	struct rh_rcu_head *head = caa_container_of(rcu, struct rh_rcu_head, rcu);

	rh_rcu_tsan_acquire();
	rh_store_relaxed(&last_grace_ns, rh_clock_ns() - head->queued_ns);
	head->func(head);
	rh_add_relaxed(&ran, 1);
}

void rh_rcu_call(struct rh_rcu_head *head, void (*func)(struct rh_rcu_head *head))
{
	head->func = func;
	head->queued_ns = rh_clock_ns();
	__atomic_add_fetch(&called, 1, __ATOMIC_RELAXED);
	rh_rcu_tsan_release();
	urcu_qsbr_call_rcu(&head->rcu, callback_run);
}

uint64_t rh_rcu_backlog(void)
{
	uint64_t done = rh_load_relaxed(&ran);

	return rh_load_relaxed(&called) - done;
}

uint64_t rh_rcu_last_grace_ns(void)
{
	return rh_load_relaxed(&last_grace_ns);
}
