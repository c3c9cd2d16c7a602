/*
 * A transmit queue with its backlog: frames wait in a ring until the device takes them. A copy counts as handed over when the
 * device took its last frame. A device that takes nothing for 10 ms has its backlog dropped: waiting longer would hold
 * the activation of subscription changes back (docs/threading.md).
 */

#include "dataplane/node/node.h"
#include "dataplane/node/transmit.h"

#include <rte_ethdev.h>

#define STANDSTILL_MS 10
#define MASK	      (DP_TX_BACKLOG - 1)

/* Take the first @n frames that wait out of the sum of all; what they held. */
static struct dp_tx_sum sum_take(struct dp_txq *txq, uint32_t n)
{
	struct dp_tx_sum taken = {0};

	if (n == dp_txq_waiting(txq)) {
		taken = txq->waits;
		txq->waits = (struct dp_tx_sum){0};
		return taken;
	}
	for (uint32_t i = 0; i < n; i++) {
		const struct dp_tx_meta *meta = &txq->meta[(txq->head + i) & MASK];

		dp_tx_sum_add(&taken, meta->frame_bytes, meta->record_bytes, meta->copies);
	}
	txq->waits.frame_bytes -= taken.frame_bytes;
	txq->waits.record_bytes -= taken.record_bytes;
	txq->waits.copies -= taken.copies;
	return taken;
}

static void count_taken(struct dp_ctx *ctx, struct dp_txq *txq, uint32_t n)
{
	struct dp_tx_sum taken = sum_take(txq, n);

	if (n) {
		const struct dp_tx_meta *last = &txq->meta[(txq->head + n - 1) & MASK];

		txq->mid_copy = last->slot != DP_SLOT_NONE && !last->copies;
	}
	txq->head += n;
	dp_count(ctx, tx_datagrams, n);
	dp_count(ctx, tx_bytes, taken.frame_bytes);
	dp_count(ctx, copies_tx, taken.copies);
	dp_count(ctx, copies_tx_bytes, taken.record_bytes);
}

/* Hand over up to the end of the ring; true when the device took all of it. */
static bool flush_run(struct dp_ctx *ctx, struct dp_txq *txq)
{
	uint32_t waiting = dp_txq_waiting(txq), at = txq->head & MASK;
	uint32_t run = waiting < DP_TX_BACKLOG - at ? waiting : DP_TX_BACKLOG - at;
	uint16_t n = rte_eth_tx_burst(txq->ethdev, txq->queue, &txq->frame[at], (uint16_t)run);

	count_taken(ctx, txq, n);
	if (rh_likely(n))
		txq->blocked_since_tsc = 0;
	else if (!txq->blocked_since_tsc)
		txq->blocked_since_tsc = ctx->now_tsc;
	return n == run;
}

/* The copies that end in a frame which never left. */
static void copies_drop(struct dp_ctx *ctx, struct dp_txq *txq, const struct dp_tx_meta *meta,
	enum dp_drop reason)
{
	bool in_part = txq->mid_copy;
	struct dp_session *slot;

	txq->mid_copy = false;
	if (meta->slot == DP_SLOT_NONE) {
		dp_drop_copies_unowned(ctx, reason, meta->copies);
		return;
	}
	slot = &ctx->tables->slots[meta->slot];
	if (!in_part)
		dp_count_unsent(slot, meta->copies, meta->record_bytes);
	dp_drop_copies(ctx, slot, reason, meta->copies);
	dp_egress_wake(ctx, slot);
}

void dp_txq_drop(struct dp_ctx *ctx, struct dp_txq *txq, enum dp_drop reason)
{
	for (; txq->head != txq->tail; txq->head++) {
		const struct dp_tx_meta *meta = &txq->meta[txq->head & MASK];

		rte_pktmbuf_free(txq->frame[txq->head & MASK]);
		if (meta->copies)
			copies_drop(ctx, txq, meta, reason);
		else if (meta->slot == DP_SLOT_NONE)
			dp_count(ctx, tx_control_failed, 1);
	}
	txq->waits = (struct dp_tx_sum){0};
	txq->blocked_since_tsc = 0;
}

void dp_txq_flush(struct dp_ctx *ctx, struct dp_txq *txq)
{
	while (dp_txq_waiting(txq))
		if (!flush_run(ctx, txq))
			break;
	if (rh_unlikely(txq->blocked_since_tsc &&
			ctx->now_tsc - txq->blocked_since_tsc > STANDSTILL_MS * ctx->cycles_per_ms))
		dp_txq_drop(ctx, txq, DP_DROP_BACKLOG_FULL);
}

void dp_txq_forget(struct dp_ctx *ctx, uint32_t slot)
{
	for (uint32_t q = 0; q < ctx->rxq_count; q++) {
		struct dp_txq *txq = ctx->txq[ctx->rxq[q].port];

		for (uint32_t i = txq->head; i != txq->tail; i++)
			if (txq->meta[i & MASK].slot == slot)
				txq->meta[i & MASK].slot = DP_SLOT_NONE;
	}
}

void dp_node_transmit(struct dp_ctx *ctx)
{
	for (uint32_t q = 0; q < ctx->rxq_count; q++) {
		struct dp_txq *txq = ctx->txq[ctx->rxq[q].port];

		if (dp_txq_waiting(txq))
			dp_txq_flush(ctx, txq);
	}
}
