#include "controlplane/ctl/call.h"
#include "dataplane/api/counters.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/rcu.h"

static double share(uint64_t part, uint64_t whole)
{
	return whole == 0 ? 0.0 : (double)part / (double)whole;
}

static json_t *stages_of(const struct dp_counters *c)
{
	static const char *const names[] = {
#define X(id, name) [DP_STAGE_##id] = name,
		DP_STAGES(X)
#undef X
	};
	json_t *out = json_object();

	for (unsigned s = 0; s < DP_STAGE_COUNT; s++)
		(void)json_object_set_new(
			out, names[s], json_real(share(c->stage_cycles[s], c->events_parsed)));
	return out;
}

static json_t *bursts_of(const struct dp_counters *c)
{
	json_t *out = json_array();

	for (unsigned b = 0; b < DP_BURST_BUCKETS; b++)
		(void)json_array_append_new(out, ctl_json_u64(c->burst_fill[b]));
	return out;
}

static void set(json_t *row, const char *key, uint64_t value)
{
	(void)json_object_set_new(row, key, ctl_json_u64(value));
}

static json_t *row_of(const struct ctl_context *ctx, uint32_t w)
{
	struct dp_worker_status s = {0};
	struct dp_counters c = {0};
	json_t *row;

	(void)dp_engine_worker_status(ctx->eng, w, &s);
	(void)dp_counters_read(ctx->eng, w, &c);
	row = json_pack("{s:s, s:b, s:b, s:f, s:f, s:f, s:f, s:o, s:o}", "idle",
		s.idle == DP_IDLE_YIELD ? "yield" : "poll", "running", (int)s.running, "stuck",
		(int)cp_health_stuck(ctx->health, w), "busy_share",
		share(c.busy_cycles, c.busy_cycles + c.idle_cycles), "cycles_per_event",
		share(c.busy_cycles, c.events_parsed), "hit_rate",
		share(c.cache_hits, c.cache_hits + c.cache_misses), "longest_loop_us",
		(double)c.longest_loop_cycles * 1e6 / (double)rh_tsc_hz(), "burst_fill",
		bursts_of(&c), "stage_cycles", stages_of(&c));
	set(row, "worker", w);
	set(row, "core", s.core);
	set(row, "sessions", s.sessions);
	set(row, "loops", c.loops);
	set(row, "empty_polls", c.empty_polls);
	set(row, "events", c.events_parsed);
	set(row, "queued_copies", s.queued_copies);
	set(row, "queued_bytes", s.queued_bytes);
	set(row, "event_buffers_free", s.event_buffers_free);
	set(row, "reassemblies", s.reassemblies);
	set(row, "generation", s.generation);
	return row;
}

void ctl_show_workers(struct ctl_call *call)
{
	json_t *list;

	if (!ctl_args_none(call))
		return;
	list = json_array();
	for (uint32_t w = 0; w < dp_engine_workers(call->ctx->eng); w++)
		(void)json_array_append_new(list, row_of(call->ctx, w));
	ctl_reply(call, json_pack("{s:o, s:{s:f, s:o}}", "workers", list, "rcu", "grace_us",
				(double)rh_rcu_last_grace_ns() / 1e3, "backlog",
				ctl_json_u64(rh_rcu_backlog())));
}
