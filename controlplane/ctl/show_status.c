#include "controlplane/ctl/call.h"
#include "dataplane/base/clock.h"

#include <unistd.h>

#define PROBLEMS_MAX 64

static json_t *problems_of(const struct cp_health *health)
{
	char text[PROBLEMS_MAX][CP_HEALTH_PROBLEM_MAX];
	uint32_t n = cp_health_problems(health, text, PROBLEMS_MAX);
	json_t *list = json_array();

	for (uint32_t i = 0; i < n; i++)
		(void)json_array_append_new(list, json_string(text[i]));
	return list;
}

/* Failed is a degraded router to whoever asks for its status; /healthz tells the two apart. */
static const char *health_name(const struct cp_health *health)
{
	return cp_health_level(health) == CP_HEALTH_OK ? "ok" : "degraded";
}

static void set(json_t *body, const char *key, uint64_t value)
{
	(void)json_object_set_new(body, key, ctl_json_u64(value));
}

void ctl_show_status(struct ctl_call *call)
{
	const struct ctl_context *ctx = call->ctx;
	struct cp_subs_stats subs;
	struct cp_sessions_stats sessions;
	char digest[17];
	json_t *body;

	if (!ctl_args_none(call))
		return;
	cp_subs_stats(ctx->subs, &subs);
	cp_sessions_stats(ctx->sessions, &sessions);
	(void)snprintf(digest, sizeof(digest), "%016llx", (unsigned long long)ctx->conf->digest);
	body = json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:b, s:s, s:s}", "node",
		ctx->conf->node_name, "version", RHUMB_VERSION, "hs_version", ctx->hs_version,
		"dpdk_version", ctx->dpdk_version, "health", health_name(ctx->health), "problems",
		problems_of(ctx->health), "hugepages", (int)dp_eal_has_hugepages(), "config",
		ctx->config_path, "config_digest", digest);
	set(body, "pid", (uint64_t)getpid());
	set(body, "uptime_s", (rh_clock_ns() - ctx->started_ns) / RH_NS_PER_S);
	set(body, "workers", dp_engine_workers(ctx->eng));
	set(body, "ports", ctx->conf->port_count);
	set(body, "sessions", sessions.live);
	set(body, "subscriptions", subs.subscriptions);
	set(body, "generation", dp_engine_seen(ctx->eng));
	set(body, "events_per_s", cp_health_events_per_s(ctx->health));
	set(body, "copies_per_s", cp_health_copies_per_s(ctx->health));
	ctl_reply(call, body);
}
