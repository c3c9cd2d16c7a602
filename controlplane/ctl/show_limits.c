#include "controlplane/ctl/call.h"
#include "controlplane/ctl/connection.h"
#include "dataplane/api/counters.h"

/* What is not counted. */
#define NONE UINT64_MAX

struct usage {
	uint64_t used[32], hits[32]; /* by row of DP_LIMITS */
};

enum limit_row {
#define X(id, value, unit, help) ROW_##id,
	DP_LIMITS(X)
#undef X
		ROW_COUNT
};

static json_t *count_or_null(uint64_t value)
{
	return value == NONE ? json_null() : ctl_json_u64(value);
}

static void add(json_t *list, const char *name, uint64_t limit, const char *unit, uint64_t used,
	uint64_t hits, const char *help)
{
	(void)json_array_append_new(
		list, json_pack("{s:s, s:o, s:o, s:s, s:o, s:s}", "name", name, "limit",
			      ctl_json_u64(limit), "used", count_or_null(used), "unit", unit,
			      "hits", count_or_null(hits), "help", help));
}

static void use_of_workers(const struct ctl_context *ctx, struct usage *u)
{
	u->used[ROW_EVENT_BUFFERS] = u->used[ROW_REASSEMBLY_TOTAL] = u->used[ROW_LANE_EVENTS] = u->used[ROW_LANE_BYTES] = 0;
	for (uint32_t w = 0; w < dp_engine_workers(ctx->eng); w++) {
		struct dp_worker_status s;
		uint64_t held;

		if (dp_engine_worker_status(ctx->eng, w, &s) < 0)
			continue;
		held = s.event_buffers_free < DP_LIMIT_EVENT_BUFFERS
			       ? DP_LIMIT_EVENT_BUFFERS - s.event_buffers_free
			       : 0;
		/* Limits of one worker: the fullest counts. */
		if (held > u->used[ROW_EVENT_BUFFERS])
			u->used[ROW_EVENT_BUFFERS] = held;
		if (s.reassemblies > u->used[ROW_REASSEMBLY_TOTAL])
			u->used[ROW_REASSEMBLY_TOTAL] = s.reassemblies;
		if (s.lane_events > u->used[ROW_LANE_EVENTS])
			u->used[ROW_LANE_EVENTS] = s.lane_events;
		if (s.lane_bytes > u->used[ROW_LANE_BYTES])
			u->used[ROW_LANE_BYTES] = s.lane_bytes;
	}
}

static void usage_of(const struct ctl_context *ctx, const struct dp_counters *sum, struct usage *u)
{
	struct cp_sessions_stats sessions;
	struct cp_subs_stats subs;
	struct cp_kernel_stats kernel;

	for (unsigned r = 0; r < RH_ARRAY_LEN(u->used); r++)
		u->used[r] = u->hits[r] = NONE;
	cp_sessions_stats(ctx->sessions, &sessions);
	cp_subs_stats(ctx->subs, &subs);
	use_of_workers(ctx, u);
	u->used[ROW_WORKERS] = dp_engine_workers(ctx->eng);
	u->used[ROW_PORTS] = dp_port_count();
	u->used[ROW_SESSIONS] = sessions.live;
	u->used[ROW_SUBSCRIPTIONS] = subs.subscriptions;
	u->used[ROW_CONTENTS] = subs.contents;
	u->used[ROW_PATTERNS] = subs.patterns;
	u->hits[ROW_SESSIONS] = sessions.no_slot;
	u->hits[ROW_COMMAND_RING] = sessions.commands_full;
	u->hits[ROW_SUBSCRIPTIONS] = subs.table_full;
	u->hits[ROW_SHAPES] = subs.shapes_full;
	u->hits[ROW_SAME_KEY] = subs.same_key_full;
	u->hits[ROW_CONTENTS] = subs.contents_full;
	u->hits[ROW_PATTERNS] = subs.pattern_numbers_full;
	u->used[ROW_ADJACENCIES] = 0;
	for (uint32_t p = 0; p < ctx->conf->port_count; p++) {
		cp_kernel_stats(ctx->kernel, ctx->ports[p], &kernel);
		u->used[ROW_ADJACENCIES] += kernel.adjacencies;
	}
	u->hits[ROW_PUNT_RING] = sum->drop_datagrams[DP_DROP_PUNT_FULL];
	u->hits[ROW_REASSEMBLY_TOTAL] = sum->drop_events[DP_DROP_REASSEMBLY_FULL];
	u->hits[ROW_REASSEMBLY_PER_SESSION] = sum->drop_events[DP_DROP_REASSEMBLY_FULL];
	u->hits[ROW_REASSEMBLY_MS] = sum->drop_events[DP_DROP_REASSEMBLY_TIMEOUT];
	u->hits[ROW_EVENT_BUFFERS] =
		sum->drop_events[DP_DROP_NO_EVENT_BUFFER] + sum->drop_copies[DP_DROP_NO_BUFFER];
	u->hits[ROW_LANE_EVENTS] = u->hits[ROW_LANE_BYTES] = sum->drop_events[DP_DROP_CONTENT_BUDGET] + sum->content_skipped;
	u->hits[ROW_SEQUENCE_WINDOW] = sum->drop_events[DP_DROP_STALE_SEQUENCE];
}

static void add_configured(json_t *list, const struct ctl_call *call, const struct dp_counters *sum)
{
	const struct cp_conf *conf = call->ctx->conf;
	struct cp_sessions_stats sessions;
	struct ctl_server_stats server;
	struct cp_subs_stats subs;

	ctl_server_stats(call->server, &server);
	cp_sessions_stats(call->ctx->sessions, &sessions);
	cp_subs_stats(call->ctx->subs, &subs);
	add(list, "configured_sessions", conf->sessions_max, "sessions", sessions.live,
		sessions.over_limit, "session/sessions-max");
	add(list, "configured_subs_per_session", conf->subs_per_session, "subscriptions", NONE,
		subs.over_limit, "session/subscriptions-max");
	add(list, "configured_expressions", conf->expressions_max, "expressions", NONE,
		subs.contents_over_limit, "content/expressions-max, of one tenant");
	add(list, "configured_expression_bytes", conf->expression_bytes_max, "bytes", subs.content_bytes_most,
		subs.content_bytes_over_limit, "content/expression-memory-max, of one tenant; used: of the one that has most");
	add(list, "configured_patterns", conf->patterns_max, "patterns", NONE,
		subs.patterns_over_limit, "content/patterns-max");
	add(list, "publisher_window_events", conf->rx_window_events, "events", NONE,
		sum->drop_events[DP_DROP_OVER_CREDIT],
		"session/publisher-window-events; 0: unlimited");
	add(list, "publisher_window_bytes", conf->rx_window_bytes, "bytes", NONE,
		sum->drop_events[DP_DROP_OVER_CREDIT],
		"session/publisher-window-bytes; 0: unlimited");
	add(list, "queue_bytes", conf->queue_bytes, "bytes", NONE,
		sum->drop_copies[DP_DROP_QUEUE_FULL], "session/queue-bytes, of one subscriber");
	add(list, "queue_ms", conf->queue_ms, "ms", NONE, sum->drop_copies[DP_DROP_QUEUE_EXPIRED],
		"session/queue-time, of one subscriber");
	add(list, "punt_rate", conf->engine.punt_rate, "frames/s", NONE,
		sum->drop_datagrams[DP_DROP_PUNT_FULL],
		"dataplane/punt-rate, per worker; 0: unlimited");
	add(list, "control_rate", conf->engine.control_rate, "records/s", NONE,
		sum->drop_datagrams[DP_DROP_PUNT_FULL],
		"dataplane/control-rate, per worker; 0: unlimited");
	add(list, "control_connections", CTL_CONNECTIONS_MAX, "connections", server.connections,
		server.refused, "to the control socket");
	add(list, "control_message_ms", CTL_MESSAGE_MS, "ms", NONE, server.too_slow,
		"for a request to arrive and an answer to be read");
}

void ctl_show_limits(struct ctl_call *call)
{
	struct dp_counters sum;
	struct usage u;
	json_t *list;

	_Static_assert(ROW_COUNT <= RH_ARRAY_LEN(u.used), "struct usage holds every row");
	if (!ctl_args_none(call))
		return;
	dp_counters_sum(call->ctx->eng, &sum);
	usage_of(call->ctx, &sum, &u);
	list = json_array();
#define X(id, value, unit, help)                                                                   \
	add(list, #id, value, unit, u.used[ROW_##id], u.hits[ROW_##id], help);
	DP_LIMITS(X)
#undef X
	add_configured(list, call, &sum);
	ctl_reply(call, json_pack("{s:o}", "limits", list));
}
