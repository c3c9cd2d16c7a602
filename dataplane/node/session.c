#include "dataplane/match/text.h"
#include "dataplane/node/node.h"
#include "dataplane/node/trace_write.h"

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
	entry = rh_rcu_deref(aliases->entry[event->alias]);
	if (!entry)
		return false;
	event->key.topic = entry->topic;
	event->key.topic_len = entry->len;
	return true;
}

/* Checks on the event itself, once it is known to be new. */
static enum dp_drop event_check(struct dp_event *event, const struct rh_event *view)
{
	if (rh_unlikely(view->tenant))
		return DP_DROP_TENANT;
	if (rh_unlikely(view->mode != RH_MODE_BEST_EFFORT))
		return DP_DROP_MODE;
	if (rh_unlikely(event->alias) && !alias_resolve(event->publisher, event))
		return DP_DROP_BAD_ALIAS;
	if (rh_unlikely(!view->hop_limit))
		return DP_DROP_HOP_LIMIT;
	if (rh_unlikely(!view->ttl_ms))
		return DP_DROP_EXPIRED;
	return DP_DROP_NONE;
}

static enum dp_drop session_check(struct dp_ctx *ctx, struct dp_event *event)
{
	struct dp_session *slot = event->publisher;
	struct rh_event view;
	enum dp_drop drop;

	rh_event_load_header(event->record, &view);
	if (rh_unlikely(rh_load_relaxed(&ctx->tables->draining)))
		return DP_DROP_DRAINING;
	if (rh_unlikely(rh_load_relaxed(&slot->state) != DP_SLOT_OPEN))
		return DP_DROP_SESSION_CLOSED;
	if (rh_unlikely(view.incarnation != slot->incarnation))
		return DP_DROP_INCARNATION;
	drop = sequence_take(ctx, slot, view.sequence);
	if (rh_unlikely(drop != DP_DROP_NONE))
		return drop;
	drop = credit_take(ctx, slot, event->record_len);
	if (rh_unlikely(drop != DP_DROP_NONE))
		return drop;
	return event_check(event, &view);
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

static void event_refuse(struct dp_ctx *ctx, struct dp_event *event, enum dp_drop reason)
{
	dp_drop_event(ctx, event->publisher, reason);
	if (rh_unlikely(ctx->trace != NULL))
		dp_trace_refused(ctx, event, reason);
	dp_event_release(ctx, event);
}

/* Events of the long way, and those that came beside them: one after the other. Those that go on close up. */
static __attribute__((noinline)) void events_check(struct dp_ctx *ctx)
{
	struct dp_event *kept = ctx->events, *end = ctx->events + ctx->event_count;

	for (struct dp_event *event = ctx->events; event < end; event++) {
		enum dp_drop drop = event->open ? session_check(ctx, event) : DP_DROP_NONE;

		if (rh_unlikely(drop != DP_DROP_NONE)) {
			event_refuse(ctx, event, drop);
			continue;
		}
		if (kept != event)
			*kept = *event;
		kept++;
	}
	ctx->event_count = (uint32_t)(kept - ctx->events);
	ctx->events_open = false;
}

static inline bool same_topic(const struct dp_event *a, const struct dp_event *b)
{
	return a->publisher == b->publisher && a->key.topic_len == b->key.topic_len &&
	       dp_text_equal(a->key.topic, b->key.topic, a->key.topic_len);
}

/* Publishers send several events of one topic in a row: comparing is cheaper than asking for each. */
static __attribute__((noinline)) void topics_compare(struct dp_ctx *ctx)
{
	for (struct dp_event *event = ctx->events + 1; event < ctx->events + ctx->event_count; event++)
		event->key.same = same_topic(&event[-1], event);
}

void dp_node_session(struct dp_ctx *ctx)
{
	bool several;

	/* Here, since a burst may be full before its last datagram is parsed. */
	dp_stage_end(ctx, DP_STAGE_PARSE);
	dp_count(ctx, events_parsed, ctx->event_count);
	/* Several of one topic come in one datagram; how many the last one held is a guess at the others. */
	several = ctx->events_open || ctx->datagram_events > 1;
	if (rh_unlikely(ctx->events_open))
		events_check(ctx);
	if (rh_unlikely(several)) {
		topics_compare(ctx);
		dp_stage_end(ctx, DP_STAGE_SESSION);
	}
	dp_node_match(ctx, several);
	dp_node_credit(ctx);
}
