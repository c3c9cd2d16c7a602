/*
 * One event, many receivers. The copies of a burst are taken in chunks: fetch the sessions, fetch their next hops, then make
 * the copies. A copy leaves at once when its session is ours, has credit and nobody waits before it; otherwise
 * it queues; the copy for a session of another worker goes to that worker.
 */

#include "dataplane/node/forward.h"

struct copy {
	struct dp_event *event;
	const struct dp_receiver *to;
	struct dp_session *slot;
	const struct dp_hop *hop;
	bool last; /* of its event */
};

struct chunk {
	uint32_t count;
	struct copy copy[DP_BURST];
};

/*
 * So many frames wait for a device before it gets them within a round: their buffers come back while they are in the cache. 64: with 32
 * receivers of each event a copy costs 70 cycles, 95 without (32 and 128 are alike; rhumb-perf-path --copies 32, Xeon model 207).
 */
#define FLUSH_AT 64

static bool may_send_now(const struct dp_session *slot, const struct dp_txq *txq, uint32_t bytes)
{
	return slot->queue_count == 0 && slot->tx_events < slot->tx_granted_events &&
	       slot->tx_bytes + bytes <= slot->tx_granted_bytes && dp_txq_open(txq);
}

/* More than half a backlog within one round: what the device takes now need not queue. */
static bool may_send_after_flush(struct dp_ctx *ctx, const struct dp_session *slot, struct dp_txq *txq,
	uint32_t bytes)
{
	if (dp_txq_open(txq) || txq->blocked_since_tsc)
		return false;
	dp_txq_flush(ctx, txq);
	return may_send_now(slot, txq, bytes);
}

static void queue_copy(struct dp_ctx *ctx, const struct copy *c)
{
	dp_blob_id_t blob = dp_event_blob(ctx, c->event);

	if (blob == DP_BLOB_NONE)
		dp_drop_copy(ctx, c->slot, DP_DROP_NO_BUFFER);
	else
		dp_egress_enqueue(ctx, c->slot, blob, c->to->sub, c->to->sub_tag);
}

static void own_copy(struct dp_ctx *ctx, const struct copy *c)
{
	struct dp_txq *txq;
	enum dp_drop drop;

	if (rh_unlikely(!c->hop || !c->hop->resolved || !dp_txq_of(ctx, c->hop))) {
		dp_drop_copy(ctx, c->slot, DP_DROP_NO_ADJACENCY);
		return;
	}
	txq = dp_txq_of(ctx, c->hop);
	if (rh_unlikely(!may_send_now(c->slot, txq, dp_outgoing_len(c->event))) &&
		!may_send_after_flush(ctx, c->slot, txq, dp_outgoing_len(c->event))) {
		queue_copy(ctx, c);
		return;
	}
	drop = dp_forward(ctx, c->slot, c->hop, txq, c->event, c->last);
	if (rh_unlikely(drop != DP_DROP_NONE))
		dp_drop_copy(ctx, c->slot, drop);
}

static void queues_flush(struct dp_ctx *ctx)
{
	for (uint32_t q = 0; q < ctx->rxq_count; q++) {
		struct dp_txq *txq = ctx->txq[ctx->rxq[q].port];

		if (dp_txq_waiting(txq) >= FLUSH_AT && !txq->blocked_since_tsc)
			dp_txq_flush(ctx, txq);
	}
}

static void chunk_send(struct dp_ctx *ctx, struct chunk *chunk)
{
	for (uint32_t i = 0; i < chunk->count; i++) {
		struct copy *c = &chunk->copy[i];

		c->hop = rh_rcu_deref(ctx->tables->hops[rh_load_relaxed(&c->slot->adjacency)]);
		rh_prefetch(c->hop);
	}
	for (uint32_t i = 0; i < chunk->count; i++) {
		struct copy *c = &chunk->copy[i];

		if (rh_unlikely(rh_load_acquire(&c->slot->state) != DP_SLOT_OPEN))
			dp_drop_copy_unowned(ctx, DP_DROP_SUBSCRIBER_GONE);
		else if (rh_unlikely(c->slot->owner != ctx->worker))
			dp_outbox_add(ctx, c->event, c->to, c->slot);
		else
			own_copy(ctx, c);
	}
	chunk->count = 0;
	queues_flush(ctx);
}

static void chunk_add(struct dp_ctx *ctx, struct chunk *chunk, struct dp_event *event,
	const struct dp_receiver *to, bool last)
{
	struct copy *c = &chunk->copy[chunk->count++];

	*c = (struct copy){.event = event,
		.to = to,
		.slot = &ctx->tables->slots[to->session],
		.last = last};
	rh_prefetch(c->slot);
	rh_prefetch(c->slot->template);
	rh_prefetch(&c->slot->tx_packet_number);
	if (chunk->count == DP_BURST)
		chunk_send(ctx, chunk);
}

static void event_add(struct dp_ctx *ctx, struct chunk *chunk, struct dp_event *event,
	const struct dp_match_result *result)
{
	for (uint32_t i = 0; i < result->count; i++)
		chunk_add(ctx, chunk, event, &result->receivers[i], i + 1 == result->count);
}

void dp_node_fanout(struct dp_ctx *ctx)
{
	struct chunk chunk;

	chunk.count = 0;
	for (uint32_t i = 0; i < ctx->live_count; i++)
		event_add(ctx, &chunk, &ctx->events[ctx->live[i]], &ctx->results[i]);
	if (chunk.count)
		chunk_send(ctx, &chunk);
	if (rh_unlikely(ctx->worker_count > 1))
		dp_outbox_flush(ctx);
	for (uint32_t i = 0; i < ctx->event_count; i++)
		if (rh_unlikely(dp_event_holds(&ctx->events[i])))
			dp_event_release(ctx, &ctx->events[i]);
	ctx->event_count = ctx->live_count = 0;
	dp_stage_end(ctx, DP_STAGE_FANOUT);
}
