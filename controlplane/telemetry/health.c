#include "controlplane/telemetry/health.h"

#include "controlplane/policy/policy.h"
#include "controlplane/telemetry/content.h"
#include "dataplane/api/counters.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Four looks within the second after which a standing loop counts as stuck. */
#define LOOK_MS 250

struct watched {
	uint64_t loop_tsc, moved_ns;
	bool stuck, running;
};

struct cp_health {
	uv_timer_t timer;
	const struct dp_engine *eng;
	const struct cp_conf *conf;
	const uint32_t *ports;
	struct watched workers[DP_LIMIT_WORKERS];
	bool link_down[DP_LIMIT_PORTS];
	struct cp_content_watch content[DP_LIMIT_TENANTS];
	uint64_t looked_ns;
	bool draining;
	uint64_t stuck_total;
	uint64_t sampled_ns, events, copies, events_per_s, copies_per_s;
};

static void look_at_worker(struct cp_health *h, uint32_t w, uint64_t now_ns)
{
	struct watched *seen = &h->workers[w];
	struct dp_worker_status status;

	if (dp_engine_worker_status(h->eng, w, &status) < 0)
		return;
	if (status.running != seen->running || status.last_loop_tsc != seen->loop_tsc) {
		if (seen->stuck)
			rh_log_warn(WORKER, "worker %u on core %u turns again after %llu ms", w,
				status.core,
				(unsigned long long)((now_ns - seen->moved_ns) / RH_NS_PER_MS));
		*seen = (struct watched){status.last_loop_tsc, now_ns, false, status.running};
		return;
	}
	if (!status.running || seen->stuck || now_ns - seen->moved_ns <= CP_HEALTH_STUCK_NS)
		return;
	seen->stuck = true;
	h->stuck_total++;
	rh_log_error(WORKER,
		"worker %u on core %u has not turned its loop for %llu ms: is something else "
		"pinned there? (docs/operations.md)",
		w, status.core, (unsigned long long)((now_ns - seen->moved_ns) / RH_NS_PER_MS));
}

static void look_at_port(struct cp_health *h, uint32_t p)
{
	struct dp_port_info info;
	bool down;

	if (dp_port_info(h->ports[p], &info) < 0)
		return;
	down = !info.link_up;
	if (down != h->link_down[p])
		rh_log_warn(PORT, "port %s: link %s", info.name, down ? "down" : "up");
	h->link_down[p] = down;
}

static void look_at_tenants(struct cp_health *h, uint64_t now_ns)
{
	const char *name;

	for (uint16_t t = 0; t < DP_LIMIT_TENANTS && (name = cp_policy_tenant_name(t)); t++)
		cp_content_look(&h->content[t], h->eng, t, name, h->conf->engine.content_share, now_ns);
}

static bool tenant_loses(const struct cp_health *h, uint16_t tenant)
{
	return cp_content_loses(&h->content[tenant], h->looked_ns);
}

static void sample_rates(struct cp_health *h, uint64_t now_ns)
{
	struct dp_counters sum;
	uint64_t passed = now_ns - h->sampled_ns;

	if (passed < RH_NS_PER_S)
		return;
	dp_counters_sum(h->eng, &sum);
	if (h->sampled_ns != 0) {
		h->events_per_s =
			(uint64_t)((double)(sum.events_parsed - h->events) * 1e9 / (double)passed);
		h->copies_per_s =
			(uint64_t)((double)(sum.copies_tx - h->copies) * 1e9 / (double)passed);
	}
	h->events = sum.events_parsed;
	h->copies = sum.copies_tx;
	h->sampled_ns = now_ns;
}

void cp_health_tick(struct cp_health *h, uint64_t now_ns)
{
	for (uint32_t w = 0; w < dp_engine_workers(h->eng); w++)
		look_at_worker(h, w, now_ns);
	for (uint32_t p = 0; p < h->conf->port_count; p++)
		look_at_port(h, p);
	look_at_tenants(h, now_ns);
	h->looked_ns = now_ns;
	sample_rates(h, now_ns);
}

static void on_timer(uv_timer_t *timer)
{
	cp_health_tick(timer->data, rh_clock_ns());
}

int cp_health_create(uv_loop_t *loop, const struct dp_engine *eng, const struct cp_conf *conf,
	const uint32_t *ports, struct cp_health **out, struct rh_error *err)
{
	struct cp_health *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return rh_error_set(err, ENOMEM, "health: out of memory");
	h->eng = eng;
	h->conf = conf;
	h->ports = ports;
	for (uint32_t w = 0; w < DP_LIMIT_WORKERS; w++)
		h->workers[w].moved_ns = rh_clock_ns();
	cp_health_tick(h, rh_clock_ns());
	(void)uv_timer_init(loop, &h->timer);
	h->timer.data = h;
	(void)uv_timer_start(&h->timer, on_timer, LOOK_MS, LOOK_MS);
	*out = h;
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void cp_health_destroy(struct cp_health *h)
{
	if (h != NULL)
		uv_close((uv_handle_t *)&h->timer, on_closed);
}

void cp_health_set_draining(struct cp_health *h)
{
	h->draining = true;
}

enum cp_health_level cp_health_level(const struct cp_health *h)
{
	enum cp_health_level level = h->draining ? CP_HEALTH_FAILED : CP_HEALTH_OK;

	for (uint32_t w = 0; w < dp_engine_workers(h->eng); w++)
		if (h->workers[w].stuck || !h->workers[w].running)
			level = CP_HEALTH_FAILED;
	for (uint32_t p = 0; p < h->conf->port_count; p++)
		if (h->link_down[p] && level == CP_HEALTH_OK)
			level = CP_HEALTH_DEGRADED;
	for (uint16_t t = 0; cp_policy_tenant_name(t); t++)
		if (tenant_loses(h, t) && level == CP_HEALTH_OK)
			level = CP_HEALTH_DEGRADED;
	return level;
}

const char *cp_health_level_name(enum cp_health_level level)
{
	static const char *const names[] = {[CP_HEALTH_OK] = "ok",
		[CP_HEALTH_DEGRADED] = "degraded",
		[CP_HEALTH_FAILED] = "failed"};

	return names[level];
}

bool cp_health_stuck(const struct cp_health *h, uint32_t worker)
{
	return worker < DP_LIMIT_WORKERS && h->workers[worker].stuck;
}

uint64_t cp_health_stuck_total(const struct cp_health *h)
{
	return h->stuck_total;
}

uint64_t cp_health_events_per_s(const struct cp_health *h)
{
	return h->events_per_s;
}

uint64_t cp_health_copies_per_s(const struct cp_health *h)
{
	return h->copies_per_s;
}

uint32_t cp_health_problems(
	const struct cp_health *h, char (*out)[CP_HEALTH_PROBLEM_MAX], uint32_t max)
{
	uint32_t n = 0;

	if (h->draining && n < max)
		(void)snprintf(out[n++], CP_HEALTH_PROBLEM_MAX, "the router is stopping");
	for (uint32_t w = 0; w < dp_engine_workers(h->eng); w++) {
		if (n < max && h->workers[w].stuck)
			(void)snprintf(out[n++], CP_HEALTH_PROBLEM_MAX, "worker %u is stuck", w);
		else if (n < max && !h->workers[w].running)
			(void)snprintf(
				out[n++], CP_HEALTH_PROBLEM_MAX, "worker %u does not run", w);
	}
	for (uint32_t p = 0; p < h->conf->port_count; p++)
		if (n < max && h->link_down[p])
			(void)snprintf(out[n++], CP_HEALTH_PROBLEM_MAX, "port %s: link down",
				h->conf->ports[p].dp.name);
	for (uint16_t t = 0; cp_policy_tenant_name(t); t++)
		if (n < max && tenant_loses(h, t))
			(void)snprintf(out[n++], CP_HEALTH_PROBLEM_MAX, "tenant %s: events find no room in the content lane", cp_policy_tenant_name(t));
	return n;
}
