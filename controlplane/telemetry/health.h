#pragma once

/*
 * Is the router well? Watches that every worker's loop turns, that links are up, and samples rates
 * once a second. Read by `show status`, `show workers` and /healthz. Ctx of everything: control
 * loop.
 */

#include "controlplane/conf/conf.h"

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#define CP_HEALTH_STUCK_NS    1000000000ULL
#define CP_HEALTH_PROBLEM_MAX 160

struct cp_health;

enum cp_health_level {
	CP_HEALTH_OK,
	CP_HEALTH_DEGRADED, /* works, with something to look at: a link down, events refused as content_budget */
	CP_HEALTH_FAILED, /* does not do its job: a worker is stuck or not running, or the router is
			     stopping */
};

/* @ports[i] is the dataplane's index of conf->ports[i]; all borrowed. 0, -ENOMEM. */
int cp_health_create(uv_loop_t *loop, const struct dp_engine *eng, const struct cp_conf *conf,
	const uint32_t *ports, struct cp_health **out, struct rh_error *err);
/* Accepts NULL. */
void cp_health_destroy(struct cp_health *health);

/* One look at time @now_ns (rh_clock_ns). Called by the timer; tests call it themselves. */
void cp_health_tick(struct cp_health *health, uint64_t now_ns);
/* From now on the router is stopping. */
void cp_health_set_draining(struct cp_health *health);

enum cp_health_level cp_health_level(const struct cp_health *health);
const char *cp_health_level_name(enum cp_health_level level);
bool cp_health_stuck(const struct cp_health *health, uint32_t worker);
/* Times a worker was found stuck since start. */
uint64_t cp_health_stuck_total(const struct cp_health *health);
uint64_t cp_health_events_per_s(const struct cp_health *health);
uint64_t cp_health_copies_per_s(const struct cp_health *health);
/* Sentences, at most @max; returns their number. */
uint32_t cp_health_problems(
	const struct cp_health *health, char (*out)[CP_HEALTH_PROBLEM_MAX], uint32_t max);
