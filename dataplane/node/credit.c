/*
 * Credit both ways (docs/protocol.md, section 5). Towards publishers: a grant is the window beyond what arrived and what is known to be
 * lost: gaps in the sequence at once, the rest by what KEEPALIVE says was sent. Events and bytes, cumulative, only growing.
 * Sent when a quarter of the window is free to be granted, with each answer to a KEEPALIVE, and when a publisher falls silent.
 */

#include "dataplane/frame/control.h"
#include "dataplane/node/node.h"
#include "dataplane/node/transmit.h"

static uint64_t events_open(const struct dp_session *slot)
{
	if (!slot->rx_window_events)
		return RH_CREDIT_UNLIMITED;
	return slot->rx_events + slot->rx_lost_events + slot->rx_window_events;
}

static uint64_t bytes_open(const struct dp_session *slot)
{
	if (!slot->rx_window_bytes)
		return RH_CREDIT_UNLIMITED;
	return slot->rx_bytes + slot->rx_lost_bytes + slot->rx_window_bytes;
}

static bool quarter_free(uint64_t open, uint64_t granted, uint32_t window)
{
	return window && open > granted && open - granted >= (window + 3) / 4;
}

static bool grows(uint64_t open, uint64_t granted)
{
	return open > granted;
}

/* Raise what is granted and encode the CREDIT record that says so. */
static uint32_t grant_encode(struct dp_session *slot, uint8_t *out, size_t room)
{
	uint64_t events = events_open(slot), bytes = bytes_open(slot);
	struct rh_credit credit;

	if (grows(events, slot->rx_granted_events))
		rh_store_relaxed(&slot->rx_granted_events, events);
	if (grows(bytes, slot->rx_granted_bytes))
		rh_store_relaxed(&slot->rx_granted_bytes, bytes);
	credit = (struct rh_credit){slot->rx_granted_events, slot->rx_granted_bytes};
	return (uint32_t)rh_credit_encode(out, room, &credit);
}

void dp_credit_used(struct dp_ctx *ctx, struct dp_session *slot)
{
	if (rh_likely(!quarter_free(events_open(slot), slot->rx_granted_events, slot->rx_window_events) &&
		      !quarter_free(bytes_open(slot), slot->rx_granted_bytes, slot->rx_window_bytes)))
		return;
	if (slot->credit_due || ctx->credit_count == DP_BURST)
		return;
	slot->credit_due = 1;
	ctx->credit_due[ctx->credit_count++] = slot;
}

static void credit_send(struct dp_ctx *ctx, struct dp_session *slot)
{
	uint8_t record[RH_CREDIT_HDR];

	if (dp_transmit_records(ctx, slot, record, grant_encode(slot, record, sizeof(record))))
		dp_count(ctx, credits_sent, 1);
}

void dp_node_credit(struct dp_ctx *ctx)
{
	for (uint32_t i = 0; i < ctx->credit_count; i++) {
		ctx->credit_due[i]->credit_due = 0;
		credit_send(ctx, ctx->credit_due[i]);
	}
	ctx->credit_count = 0;
}

void dp_credit_refresh(struct dp_ctx *ctx, struct dp_session *slot)
{
	if (grows(events_open(slot), slot->rx_granted_events) ||
		grows(bytes_open(slot), slot->rx_granted_bytes))
		credit_send(ctx, slot);
}

void dp_credit_gap(struct dp_session *slot, int64_t gap)
{
	/* This event itself has not been counted as arrived yet. */
	uint64_t known = slot->rx_events + slot->rx_lost_events + 1;
	uint64_t room = slot->rx_granted_events > known ? slot->rx_granted_events - known : 0;

	if (gap < 0)
		slot->rx_lost_events -= slot->rx_lost_events != 0;
	else
		slot->rx_lost_events += (uint64_t)gap < room ? (uint64_t)gap : room;
}

static uint64_t lost_of(uint64_t sent, uint64_t arrived, uint64_t granted)
{
	/* Who claims to have sent beyond the grant gets nothing for it. */
	if (sent > granted)
		sent = granted;
	return sent > arrived ? sent - arrived : 0;
}

/* Set, not added to: what was only late corrects itself with the next one. */
static void lost_take(struct dp_session *slot, const struct rh_keepalive *k)
{
	if (slot->rx_window_events)
		slot->rx_lost_events =
			lost_of(k->sent_events, slot->rx_events, slot->rx_granted_events);
	if (slot->rx_window_bytes)
		slot->rx_lost_bytes = lost_of(k->sent_bytes, slot->rx_bytes, slot->rx_granted_bytes);
}

static uint64_t copies_dropped(const struct dp_ctx *ctx, const struct dp_session *slot)
{
	const struct dp_session_cold *cold = &ctx->tables->cold[dp_slot_index(ctx, slot)];
	const struct dp_session_drops *drops = &ctx->tables->drops[dp_slot_index(ctx, slot)];
	uint64_t sum = 0;

	for (int i = 0; i < DP_DROP_COUNT; i++)
		if (dp_drop_level((enum dp_drop)i) == DP_DROP_COPY)
			sum += drops->count[i];
	return sum + dp_owner_full_sum(ctx, dp_slot_index(ctx, slot)) - cold->owner_full_base;
}

enum rh_frame_error dp_node_keepalive(struct dp_ctx *ctx, struct dp_session *slot,
	const struct rh_record *record, bool *answered)
{
	uint8_t out[RH_KEEPALIVE_HDR + RH_CREDIT_HDR];
	struct rh_keepalive k, answer;
	enum rh_frame_error err = rh_keepalive_parse(record->bytes, record->len, &k);
	uint32_t len;

	if (err != RH_FRAME_OK)
		return err;
	lost_take(slot, &k);
	if (!k.answer || *answered)
		return RH_FRAME_OK;
	*answered = true;
	answer = (struct rh_keepalive){.sent_events = slot->tx_events,
		.sent_bytes = slot->tx_bytes,
		.stamp = k.stamp,
		.dropped_copies = copies_dropped(ctx, slot)};
	len = (uint32_t)rh_keepalive_encode(out, sizeof(out), &answer);
	len += grant_encode(slot, out + len, sizeof(out) - len);
	if (dp_transmit_records(ctx, slot, out, len))
		dp_count(ctx, credits_sent, 1);
	return RH_FRAME_OK;
}

enum rh_frame_error dp_node_grant(struct dp_ctx *ctx, struct dp_session *slot,
	const struct rh_record *record)
{
	struct rh_credit credit;
	enum rh_frame_error err = rh_credit_parse(record->bytes, record->len, &credit);

	if (err != RH_FRAME_OK)
		return err;
	/* Datagrams may overtake each other: a grant never shrinks. */
	if (credit.events > slot->tx_granted_events)
		rh_store_relaxed(&slot->tx_granted_events, credit.events);
	if (credit.bytes > slot->tx_granted_bytes)
		rh_store_relaxed(&slot->tx_granted_bytes, credit.bytes);
	dp_egress_wake(ctx, slot);
	return RH_FRAME_OK;
}
