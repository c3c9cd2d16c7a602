/*
 * Stopping: new events are refused at once, what waits for subscribers may leave for a while (the
 * loop keeps running: credit, acknowledgements and the CLI work), then everything goes down in
 * reverse.
 */

#include "controlplane/main/router.h"

#include "dataplane/api/counters.h"
#include "dataplane/api/punt.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/log.h"

#include <systemd/sd-daemon.h>

#define DRAIN_LOOK_MS 5
/* Within which workers send the goodbyes: ten thousand are a matter of milliseconds, if the worker has a core to itself. */
#define GOODBYE_MS 2000
/* For what comes after the drain. */
#define STOP_MS 30000

static bool goodbyes_wait(const struct router *r)
{
	return cp_sessions_unsent(r->sessions) || dp_control_waits(r->eng);
}

static void on_drain(uv_timer_t *timer)
{
	struct router *r = timer->data;
	struct dp_counters sum;

	if (r->goodbye) {
		if (goodbyes_wait(r) && rh_clock_ns() < r->goodbye_until_ns)
			return;
		(void)uv_timer_stop(timer);
		r->stop = true;
		return;
	}
	dp_counters_sum(r->eng, &sum);
	/* The gauge is stored once a loop: nothing must wait twice in a row. */
	r->drained = sum.copies_queued + sum.events_waiting == 0 ? r->drained + 1 : 0;
	if (r->drained < 2 && rh_clock_ns() < r->drain_until_ns)
		return;
	if (sum.copies_queued > 0)
		rh_log_warn(MAIN, "%llu copies still waited and are dropped as stopped",
			(unsigned long long)sum.copies_queued);
	if (sum.events_waiting > 0)
		rh_log_warn(MAIN, "%llu events still waited for the content lane and are dropped as draining",
			(unsigned long long)sum.events_waiting);
	cp_sessions_goodbye(r->sessions);
	r->goodbye = true;
	r->goodbye_until_ns = r->drain_until_ns ? rh_clock_ns() + GOODBYE_MS * RH_NS_PER_MS : 0;
}

void router_stop(struct router *r, uint32_t drain_ms)
{
	if (r->stopping) {
		rh_log_info(MAIN, "asked again: stopping at once");
		r->drain_until_ns = r->goodbye_until_ns = 0;
		return;
	}
	rh_log_info(MAIN, "stopping: queues have %u ms to run empty", drain_ms);
	/* Else systemd kills a drain that is longer than the unit's TimeoutStopSec. */
	(void)sd_notifyf(0, "STOPPING=1\nSTATUS=draining\nEXTEND_TIMEOUT_USEC=%llu",
		(drain_ms + STOP_MS) * 1000ull);
	r->stopping = true;
	cp_health_set_draining(r->health);
	cp_sessions_drain(r->sessions);
	dp_engine_drain(r->eng);
	r->drain_until_ns = rh_clock_ns() + drain_ms * RH_NS_PER_MS;
	(void)uv_timer_start(&r->drain, on_drain, DRAIN_LOOK_MS, DRAIN_LOOK_MS);
}
