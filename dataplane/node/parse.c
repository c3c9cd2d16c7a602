/*
 * Datagrams into events. A datagram is counted once, at its end: dropped when its header, its session or a record was refused or
 * a control record could not be punted (what came before the fault stands), else as event datagram when it
 * held an event or a part of one, else as control datagram.
 */

#include "dataplane/node/admit.h"
#include "dataplane/node/node.h"
#include "dataplane/node/plain.h"

#include <rte_mbuf.h>

/* What one datagram turned out to be. */
struct walk {
	enum rh_frame_error err;
	bool events, punt_failed, answered;
};

/*
 * The event taken last waits for its checks, and plain ones behind it would overtake it. That is nothing to one that is ahead of its publisher's
 * highest, and not too far (sequence.h), as nearly all are; the checks of any other come now.
 */
static inline void open_end(struct dp_ctx *ctx)
{
	const struct dp_event *event = &ctx->events[ctx->event_count - 1];
	uint64_t ahead = rh_event_sequence(event->record) - event->publisher->sequence.highest;

	if (ctx->event_count == DP_BURST || rh_unlikely(ahead - 1 >= UINT32_MAX))
		dp_node_session(ctx);
}

/* @end: of the record and its padding. @last: no record of this datagram follows, so its frame may leave as a copy of this event, behind those of the events before. */
static inline void publish_take(struct dp_ctx *ctx, struct dp_packet *p, struct rh_record rec,
	const uint8_t *end, bool last)
{
	struct dp_event *event = &ctx->events[ctx->event_count];
	struct rh_event view;
	enum rh_frame_error err = rh_event_take(rec.bytes, rec.len, &view);

	if (rh_unlikely(err != RH_FRAME_OK)) {
		dp_count(ctx, events_parsed, 1);
		dp_drop_event(ctx, p->slot, (enum dp_drop)err);
		return;
	}
	dp_event_begin(event, p->slot, &view);
	event->packet = last ? p : NULL;
	event->end = view.alias ? NULL : end;
	ctx->events_open = true;
	ctx->event_count++;
	open_end(ctx);
}

static enum rh_frame_error fragment_take(struct dp_ctx *ctx, struct dp_packet *p, struct rh_record rec)
{
	struct rh_fragment fragment;
	enum rh_frame_error err = rh_fragment_parse(rec.bytes, rec.len, &fragment);

	if (err != RH_FRAME_OK)
		return err;
	dp_count(ctx, fragments, 1);
	/* Events that came whole before it must be in the window first. */
	if (ctx->event_count)
		dp_node_session(ctx);
	dp_node_fragment(ctx, p->slot, p->lane, &fragment);
	if (ctx->event_count)
		open_end(ctx);
	return RH_FRAME_OK;
}

static inline enum rh_frame_error punt_take(struct dp_ctx *ctx, struct dp_packet *p,
	struct rh_record rec, struct walk *w)
{
	if (!dp_punt_record(ctx, p, p->slot != NULL, rec.bytes, rec.len))
		w->punt_failed = true;
	return RH_FRAME_OK;
}

static inline enum rh_frame_error keepalive_take(struct dp_ctx *ctx, struct dp_packet *p,
	struct rh_record rec, struct walk *w)
{
	bool answered = w->answered;
	enum rh_frame_error err = dp_node_keepalive(ctx, p->slot, &rec, &answered);

	w->answered = answered;
	return err;
}

/*
 * Any record but PUBLISH. What only a router sends is refused. By value, and nobody gets @w: what the walk looks at for each PUBLISH
 * then need not be in memory.
 */
static inline enum rh_frame_error other_take(struct dp_ctx *ctx, struct dp_packet *p,
	struct rh_record rec, struct walk *w)
{
	if (!p->slot)
		return rec.type == RH_RECORD_HELLO ? punt_take(ctx, p, rec, w) : RH_FRAME_RECORD_TYPE;
	switch (rec.type) {
	case RH_RECORD_FRAGMENT:
		w->events = true;
		return fragment_take(ctx, p, rec);
	case RH_RECORD_BYE:
	case RH_RECORD_SUBSCRIBE:
	case RH_RECORD_UNSUBSCRIBE:
	case RH_RECORD_ALIAS:
		return punt_take(ctx, p, rec, w);
	case RH_RECORD_KEEPALIVE:
		return keepalive_take(ctx, p, rec, w);
	case RH_RECORD_CREDIT:
		return dp_node_grant(ctx, p->slot, &rec);
	default:
		return RH_FRAME_RECORD_TYPE;
	}
}

static inline void datagram_count(struct dp_ctx *ctx, const struct walk *w)
{
	if (rh_unlikely(w->err != RH_FRAME_OK))
		dp_drop_datagrams(ctx, (enum dp_drop)w->err, 1);
	else if (rh_unlikely(w->punt_failed))
		dp_drop_datagrams(ctx, DP_DROP_PUNT_FULL, 1);
	else if (rh_likely(w->events))
		dp_count(ctx, event_datagrams, 1);
	else
		dp_count(ctx, control_datagrams, 1);
}

/* Types below it carry events: malformed, they cost their datagram, not the session (docs/protocol.md section 2). */
#define FIRST_CONTROL_TYPE RH_RECORD_HELLO

/* A client that sends wrong control records would repeat them for ever. */
static void control_refused(struct dp_packet *p, uint8_t type)
{
	if (p->slot && type >= FIRST_CONTROL_TYPE)
		dp_session_protocol_error(p->slot, RH_BYE_PROTOCOL);
}

/* The plain events that come next; true: nothing is behind them. Inline wherever records are walked. */
static inline __attribute__((always_inline)) bool plain_take(struct dp_ctx *ctx, struct dp_packet *p, struct dp_session *slot,
	struct rh_record_cursor *cur, uint32_t *count)
{
	while (rh_likely(dp_plain_take(ctx, p, slot, cur))) {
		++*count;
		if (++ctx->event_count == DP_BURST)
			dp_node_session(ctx);
		if (rh_likely(cur->next == cur->end))
			return true;
	}
	return false;
}

/* The next record, of any kind; false: there is none, or the datagram ends with it. */
static bool record_take(struct dp_ctx *ctx, struct dp_packet *p, struct rh_record_cursor *cur, struct walk *w)
{
	const uint8_t *at = cur->next;
	struct rh_record rec;

	w->err = rh_record_next(cur, &rec);
	if (rh_unlikely(w->err != RH_FRAME_OK)) {
		control_refused(p, *at);
		return false;
	}
	if (!rec.bytes)
		return false;
	if (rh_likely(rec.type == RH_RECORD_PUBLISH && p->slot)) {
		w->events = true;
		publish_take(ctx, p, rec, cur->next, cur->next == cur->end);
		return true;
	}
	w->err = other_take(ctx, p, rec, w);
	if (w->err != RH_FRAME_OK)
		control_refused(p, rec.type);
	return w->err == RH_FRAME_OK;
}

/* What the long way does for each event, once for a datagram's plain ones. */
static inline void plain_end(struct dp_ctx *ctx, struct dp_session *slot)
{
	if (rh_unlikely(slot->rx_window_events | slot->rx_window_bytes))
		dp_credit_used(ctx, slot);
}

/* From @cur on, behind @count plain events. */
static __attribute__((noinline)) void records_walk(struct dp_ctx *ctx, struct dp_packet *p, struct rh_record_cursor cur,
	uint32_t count, bool plain)
{
	struct walk w = {0};

	while (record_take(ctx, p, &cur, &w) && !(plain && plain_take(ctx, p, p->slot, &cur, &count)))
		;
	ctx->datagram_events = count;
	if (count)
		plain_end(ctx, p->slot);
	w.events |= count != 0;
	datagram_count(ctx, &w);
}

/* If it holds as many events as the one before, does it fit into this burst? Its events then stay together. */
static inline void burst_make_room(struct dp_ctx *ctx)
{
	/* For one there is room: a full burst has gone on. */
	if (rh_unlikely(ctx->datagram_events > 1) && ctx->event_count + ctx->datagram_events > DP_BURST && ctx->event_count)
		dp_node_session(ctx);
}

/* Of an open session of ours. */
static inline void packet_walk(struct dp_ctx *ctx, struct dp_packet *p)
{
	struct rh_record_cursor cur = rh_record_first(p->bytes, p->len);
	struct dp_session *slot = p->slot;
	uint32_t count = 0;

	burst_make_room(ctx);
	rh_store_relaxed(&slot->last_rx_tsc, ctx->now_tsc);
	if (rh_likely(plain_take(ctx, p, slot, &cur, &count))) {
		ctx->datagram_events = count;
		plain_end(ctx, slot);
		dp_count(ctx, event_datagrams, 1);
	} else {
		records_walk(ctx, p, cur, count, true);
	}
}

/* Not of an open session of ours, or draining. False: the datagram ends here. Its frame was handed on, or is left for the end of the burst. */
static bool packet_admit(struct dp_ctx *ctx, struct dp_packet *p)
{
	switch (dp_session_admit(ctx, p)) {
	case DP_ADMIT_OWN:
		rh_store_relaxed(&p->slot->last_rx_tsc, ctx->now_tsc);
		return true;
	case DP_ADMIT_GREETING:
		p->slot = NULL;
		return true;
	case DP_ADMIT_OTHER:
		dp_outbox_datagram(ctx, p);
		p->mbuf = NULL;
		return false;
	case DP_ADMIT_UNKNOWN:
		(void)dp_punt_unknown(ctx, p);
		dp_drop_datagrams(ctx, DP_DROP_UNKNOWN_SESSION, 1);
		return false;
	default:
		dp_drop_datagrams(ctx, DP_DROP_WRONG_SOURCE, 1);
		return false;
	}
}

static __attribute__((noinline)) void packet_judge(struct dp_ctx *ctx, struct dp_packet *p)
{
	if (!packet_admit(ctx, p))
		return;
	burst_make_room(ctx);
	records_walk(ctx, p, rh_record_first(p->bytes, p->len), 0, false);
}

/* Events point into the frames until here; those that left as a copy are no longer ours. No branch depends on which did: it would be guessed wrong. */
static void frames_free(struct dp_ctx *ctx, uint32_t count)
{
	struct rte_mbuf *frames[DP_BURST + 1];
	uint32_t n = 0;

	for (uint32_t i = 0; i < count; i++) {
		frames[n] = ctx->packets[i].mbuf;
		n += frames[n] != NULL;
	}
	if (n)
		rte_pktmbuf_free_bulk(frames, n);
}

/* No session's: while new events are refused no datagram is a usual one. */
#define WAY_NONE UINT64_MAX

void dp_node_parse(struct dp_ctx *ctx)
{
	uint64_t open = rh_load_relaxed(&ctx->tables->draining) ? WAY_NONE : dp_way_open(ctx->worker);
	uint32_t n = ctx->packet_count;

	for (uint32_t i = 0; i < n; i++) {
		struct dp_packet *p = &ctx->packets[i];

		if (rh_likely(dp_session_is_own(open, p->slot, p)))
			packet_walk(ctx, p);
		else
			packet_judge(ctx, p);
	}
	if (rh_likely(ctx->event_count))
		dp_node_session(ctx);
	else
		dp_stage_end(ctx, DP_STAGE_PARSE);
	/* Of a datagram whose last event filled a burst. */
	if (rh_unlikely(ctx->credit_count))
		dp_node_credit(ctx);
	frames_free(ctx, n);
}
