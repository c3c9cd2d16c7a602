#include "controlplane/ctl/call.h"
#include "controlplane/ctl/ids.h"
#include "dataplane/base/clock.h"

#include <stdlib.h>

static void set(json_t *row, const char *key, uint64_t value)
{
	(void)json_object_set_new(row, key, ctl_json_u64(value));
}

/* What is left of a cumulative grant; null when there is no bound. */
static void set_left(json_t *row, const char *key, uint64_t granted, uint64_t used)
{
	json_t *left = json_null();

	if (granted != RH_CREDIT_UNLIMITED)
		left = ctl_json_u64(granted > used ? granted - used : 0);
	(void)json_object_set_new(row, key, left);
}

static json_t *address_of(const struct dp_address *a)
{
	json_t *ip = ctl_json_ip(a->family, a->bytes);
	json_t *text =
		json_sprintf(a->family == 6 ? "[%s]:%u" : "%s:%u", json_string_value(ip), a->port);

	json_decref(ip);
	return text;
}

static const char *port_name(const struct ctl_context *ctx, uint32_t index)
{
	for (uint32_t p = 0; p < ctx->conf->port_count; p++)
		if (ctx->ports[p] == index)
			return ctx->conf->ports[p].dp.name;
	return "";
}

static void add_who(json_t *row, struct ctl_call *call, const struct cp_session_row *s)
{
	set(row, "session", s->slot);
	(void)json_object_set_new(row, "client_id", ctl_json_client(call, s->slot));
	(void)json_object_set_new(row, "address", address_of(&s->remote));
	(void)json_object_set_new(row, "port_name", json_string(port_name(call->ctx, s->port)));
	(void)json_object_set_new(
		row, "vlan", s->vlan == DP_VLAN_NONE ? json_null() : json_integer(s->vlan));
	set(row, "worker", s->owner);
	set(row, "tenant", s->tenant);
	(void)json_object_set_new(row, "since", ctl_json_time(s->since_wall_ns));
	set(row, "subscriptions", s->subscriptions);
}

static void add_counts(json_t *row, const struct dp_session_stats *st)
{
	uint64_t now = rh_tsc();

	set(row, "rx_events", st->rx_events);
	set(row, "rx_bytes", st->rx_bytes);
	set(row, "lost_before_router", st->lost_before_router);
	set(row, "duplicates", st->duplicates);
	set(row, "copies_made", st->copies_made);
	set(row, "tx_events", st->tx_events);
	set(row, "tx_bytes", st->tx_bytes);
	set(row, "queued_events", st->queued_events);
	set(row, "queued_bytes", st->queued_bytes);
	set(row, "longest_queue_bytes", st->longest_queue_bytes);
	set_left(row, "credit_events", st->tx_granted_events, st->tx_events);
	set_left(row, "credit_bytes", st->tx_granted_bytes, st->tx_bytes);
	set_left(row, "granted_events", st->rx_granted_events,
		st->rx_events + st->lost_before_router);
	set_left(row, "granted_bytes", st->rx_granted_bytes, st->rx_bytes);
	set(row, "silent_ms",
		now > st->last_rx_tsc ? (now - st->last_rx_tsc) / (rh_tsc_hz() / 1000) : 0);
	(void)json_object_set_new(row, "drops", ctl_json_drops(st->drops));
}

static json_t *row_of(struct ctl_call *call, void *rows, uint32_t index)
{
	const struct ctl_ids *ids = rows;
	struct dp_session_stats stats = {.last_rx_tsc = rh_tsc()};
	struct cp_session_row session;
	json_t *row;

	if (cp_sessions_find(call->ctx->sessions, ids->id[index], &session) < 0)
		return NULL;
	(void)dp_session_stats(call->ctx->eng, session.slot, &stats);
	row = json_object();
	add_who(row, call, &session);
	add_counts(row, &stats);
	return row;
}

static bool add_slot(void *arg, const struct cp_session_row *row)
{
	return ctl_ids_add(arg, row->slot);
}

void ctl_show_sessions(struct ctl_call *call)
{
	struct ctl_ids *ids;

	if (!ctl_args_none(call))
		return;
	ids = calloc(1, sizeof(*ids));
	if (ids == NULL) {
		ctl_refuse(call, CTL_STATUS_BUSY, "out of memory");
		return;
	}
	cp_sessions_each(call->ctx->sessions, add_slot, ids);
	ctl_reply_list(call, &(struct ctl_list){.key = "sessions",
				     .count = ids->count,
				     .rows = ids,
				     .row = row_of,
				     .free_rows = ctl_ids_free});
}
