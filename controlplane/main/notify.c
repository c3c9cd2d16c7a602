/*
 * systemd's Type=notify (sd_notify(3)): ready, a status line each second, the watchdog when asked.
 * With a stuck worker the watchdog is not fed, so that a restart can help; everywhere else the
 * calls do nothing.
 */

#include "controlplane/main/router.h"

#include "dataplane/base/log.h"

#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#define STATUS_MS 1000

static void say_status(struct router *r)
{
	struct cp_sessions_stats sessions;
	struct cp_subs_stats subs;

	cp_sessions_stats(r->sessions, &sessions);
	cp_subs_stats(r->subs, &subs);
	(void)sd_notifyf(0,
		"STATUS=%s: %u sessions, %llu subscriptions, %llu events/s, %llu copies/s",
		cp_health_level_name(cp_health_level(r->health)), sessions.live,
		(unsigned long long)subs.subscriptions,
		(unsigned long long)cp_health_events_per_s(r->health),
		(unsigned long long)cp_health_copies_per_s(r->health));
}

static bool any_stuck(const struct router *r)
{
	for (uint32_t w = 0; w < dp_engine_workers(r->eng); w++)
		if (cp_health_stuck(r->health, w))
			return true;
	return false;
}

static void on_time(uv_timer_t *timer)
{
	struct router *r = timer->data;

	if (!r->stopping)
		say_status(r);
	if (!any_stuck(r))
		(void)sd_notify(0, "WATCHDOG=1");
}

static void log_ready(const struct router *r)
{
	const struct cp_conf *conf = r->conf;
	char cores[128] = "";

	for (uint32_t w = 0; w < conf->engine.worker_count; w++) {
		size_t n = strlen(cores);

		(void)snprintf(cores + n, sizeof(cores) - n, "%s%u%s", w > 0 ? ", " : "",
			conf->engine.workers[w].core,
			conf->engine.workers[w].idle == DP_IDLE_YIELD ? " (yield)" : "");
	}
	rh_log_info(MAIN,
		"ready: node %s, %u ports, %u workers on cores %s, UDP %u, %s memory, control "
		"socket %s",
		conf->node_name, conf->port_count, conf->engine.worker_count, cores,
		conf->engine.udp_port, dp_eal_has_hugepages() ? "hugepage" : "ordinary",
		conf->control_socket);
}

int router_notify_up(struct router *r, struct rh_error *err)
{
	uint64_t watchdog_us = 0, period_ms = STATUS_MS;

	(void)err;
	if (sd_watchdog_enabled(0, &watchdog_us) > 0 && watchdog_us / 2000 < period_ms)
		period_ms = watchdog_us / 2000 > 0 ? watchdog_us / 2000 : 1;
	(void)uv_timer_init(&r->loop, &r->notify);
	r->notify.data = r;
	(void)uv_timer_start(&r->notify, on_time, period_ms, period_ms);
	log_ready(r);
	(void)sd_notify(0, "READY=1");
	return 0;
}

void router_notify_down(struct router *r)
{
	uv_close((uv_handle_t *)&r->notify, NULL);
}
