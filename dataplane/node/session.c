#include "dataplane/node/node.h"

void dp_session_protocol_error(struct dp_session *slot, uint8_t bye_reason)
{
	if (slot->protocol_error)
		return;
	rh_store_relaxed(&slot->protocol_reason, bye_reason);
	rh_store_relaxed(&slot->protocol_error, 1);
}

static enum dp_drop sequence_take(struct dp_ctx *ctx, struct dp_session *slot, uint64_t sequence)
{
	int64_t gap;

	if (rh_likely(dp_sequence_follow(&slot->sequence, sequence)))
		return DP_DROP_NONE;
	switch (dp_sequence_accept(&slot->sequence, sequence, &gap)) {
	case DP_SEQUENCE_DUPLICATE:
		rh_add_relaxed(&slot->duplicates, 1);
		return DP_DROP_DUPLICATE;
	case DP_SEQUENCE_STALE:
		return DP_DROP_STALE_SEQUENCE;
	case DP_SEQUENCE_RESYNC:
		dp_count(ctx, resyncs, 1);
		break;
	case DP_SEQUENCE_NEW:
		break;
	}
	if (rh_unlikely(gap)) {
		dp_count(ctx, lost_before_router, gap);
		dp_credit_gap(slot, gap);
	}
	return DP_DROP_NONE;
}

/* Count what arrived against what was granted. */
static enum dp_drop credit_take(struct dp_ctx *ctx, struct dp_session *slot, uint32_t bytes)
{
	rh_add_relaxed(&slot->rx_events, 1);
	rh_add_relaxed(&slot->rx_bytes, bytes);
	if (rh_unlikely(slot->rx_events > slot->rx_granted_events ||
			slot->rx_bytes > slot->rx_granted_bytes)) {
		dp_session_protocol_error(slot, RH_BYE_CREDIT);
		return DP_DROP_OVER_CREDIT;
	}
	if (slot->rx_window_events || slot->rx_window_bytes)
		dp_credit_used(ctx, slot);
	return DP_DROP_NONE;
}

/* Topic of an alias; the entry lives until this worker's next quiescent state. */
static bool alias_resolve(const struct dp_session *slot, struct dp_event *event)
{
	const struct dp_aliases *aliases = rh_rcu_deref(slot->aliases);
	const struct dp_alias_entry *entry;

	if (!aliases)
		return false;
	entry = rh_rcu_deref(aliases->entry[event->view.alias]);
	if (!entry)
		return false;
	event->topic = entry->topic;
	event->topic_len = entry->len;
	return true;
}

/* Checks on the event itself, once it is known to be new. */
static enum dp_drop event_check(struct dp_event *event)
{
	if (rh_unlikely(event->view.tenant))
		return DP_DROP_TENANT;
	if (rh_unlikely(event->view.mode != RH_MODE_BEST_EFFORT))
		return DP_DROP_MODE;
	if (rh_unlikely(event->view.alias) && !alias_resolve(event->publisher, event))
		return DP_DROP_BAD_ALIAS;
	if (rh_unlikely(!event->view.hop_limit))
		return DP_DROP_HOP_LIMIT;
	if (rh_unlikely(!event->view.ttl_ms))
		return DP_DROP_EXPIRED;
	return DP_DROP_NONE;
}

static enum dp_drop session_check(struct dp_ctx *ctx, struct dp_event *event)
{
	struct dp_session *slot = event->publisher;
	enum dp_drop drop;

	event->topic = (const char *)event->view.topic;
	event->topic_len = event->view.topic_len;
	if (rh_unlikely(rh_load_relaxed(&ctx->tables->draining)))
		return DP_DROP_DRAINING;
	if (rh_unlikely(rh_load_relaxed(&slot->state) != DP_SLOT_OPEN))
		return DP_DROP_SESSION_CLOSED;
	if (rh_unlikely(event->view.incarnation != slot->incarnation))
		return DP_DROP_INCARNATION;
	drop = sequence_take(ctx, slot, event->view.sequence);
	if (rh_unlikely(drop != DP_DROP_NONE))
		return drop;
	drop = credit_take(ctx, slot, event->view.record_len);
	if (rh_unlikely(drop != DP_DROP_NONE))
		return drop;
	return event_check(event);
}

void dp_session_discard(struct dp_ctx *ctx, struct dp_session *slot, uint64_t sequence, uint32_t bytes,
	enum dp_drop reason)
{
	/* Taken as seen: its remaining fragments are then late ones, and it is not counted as lost before us. */
	if (sequence_take(ctx, slot, sequence) == DP_DROP_NONE)
		(void)credit_take(ctx, slot, bytes);
	dp_count(ctx, events_parsed, 1);
	dp_drop_event(ctx, slot, reason);
}

/* Events of the long way, and those that came beside them: one after the other. Returns how many go on. */
static uint32_t events_check(struct dp_ctx *ctx)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < ctx->event_count; i++) {
		struct dp_event *event = &ctx->events[i];

		if (event->drop == DP_EVENT_OPEN)
			event->drop = session_check(ctx, event);
		if (rh_likely(event->drop == DP_DROP_NONE))
			ctx->live[n++] = (uint8_t)i;
		else
			dp_drop_event(ctx, event->publisher, event->drop);
	}
	ctx->events_open = false;
	return n;
}

/* Events that are all admitted go on, all of them. */
static uint32_t events_pass(struct dp_ctx *ctx)
{
	for (uint32_t i = 0; i < DP_BURST; i++)
		ctx->live[i] = (uint8_t)i;
	return ctx->event_count;
}

void dp_node_session(struct dp_ctx *ctx)
{
	/* Here, since a burst may be full before its last datagram is parsed. */
	dp_stage_end(ctx, DP_STAGE_PARSE);
	dp_count(ctx, events_parsed, ctx->event_count);
	ctx->live_count = rh_unlikely(ctx->events_open) ? events_check(ctx) : events_pass(ctx);
	dp_stage_end(ctx, DP_STAGE_SESSION);
	dp_node_match(ctx);
	dp_node_credit(ctx);
}
