#pragma once

/*
 * Frames out: one copy as a frame or cut into FRAGMENTs, and the transmit queues with what waits for them. Headers: encap.h.
 * Ctx of everything: worker, unless said otherwise.
 */

#include "dataplane/frame/wire.h"
#include "dataplane/node/context.h"

#include <rte_mbuf.h>

/* IP and UDP in front of a datagram, bytes. */
#define DP_IPV4_UDP_HEADERS 28
#define DP_IPV6_UDP_HEADERS 48
/*
 * Least MTU of a port that is sent on: the smallest datagram a client may ask for, over IPv6. What an event is cut into is
 * bounded by that datagram; on a narrower port there would be more slices than transmit has room for.
 */
#define DP_MTU_MIN (RH_DATAGRAM_MIN_MAX + DP_IPV6_UDP_HEADERS)

/*
 * So many frames wait for a device before it gets them within a round: their buffers come back while they are in the cache. 64: with 32
 * receivers of each event a copy costs 70 cycles, 95 without (32 and 128 are alike; rhumb-perf-path --copies 32, Xeon model 207).
 */
#define DP_TX_FLUSH_AT 64

/* The transmit queue towards @hop, or NULL when there is no hop, it is not resolved, or this worker has none on its port. */
static inline struct dp_txq *dp_txq_of(const struct dp_ctx *ctx, const struct dp_hop *hop)
{
	return rh_likely(hop != NULL) ? ctx->txq[hop->port] : NULL;
}

static inline uint32_t dp_txq_waiting(const struct dp_txq *txq)
{
	return txq->tail - txq->head;
}

/* Room for another copy, also a large one? */
static inline bool dp_txq_open(const struct dp_txq *txq)
{
	return dp_txq_waiting(txq) < DP_TX_BACKLOG_SOFT;
}

/* A frame more, or more in one: so many bytes of it, @copies with @record_bytes. */
static inline void dp_tx_sum_add(struct dp_tx_sum *sum, uint32_t frame_bytes, uint32_t record_bytes, uint32_t copies)
{
	sum->frame_bytes += frame_bytes;
	sum->record_bytes += record_bytes;
	sum->copies += copies;
}

/* Append; the caller knows that there is room. The place behind it. Inline: once a frame. */
static inline uint32_t dp_txq_add(struct dp_txq *txq, struct rte_mbuf *frame, struct dp_tx_meta meta)
{
	uint32_t tail = txq->tail, at = tail & (DP_TX_BACKLOG - 1);
	struct dp_tx_meta *place = rh_opaque(&txq->meta[at]);

	txq->frame[at] = frame;
	*place = meta;
	dp_tx_sum_add(&txq->waits, meta.frame_bytes, meta.record_bytes, meta.copies);
	return txq->tail = tail + 1;
}

/* The same, @meta but for frame_bytes. */
static inline void dp_txq_put(struct dp_txq *txq, struct rte_mbuf *frame, struct dp_tx_meta meta)
{
	meta.frame_bytes = frame->data_len;
	(void)dp_txq_add(txq, frame, meta);
}

/* A frame that holds no copies. */
static inline void dp_txq_put_other(struct dp_txq *txq, struct rte_mbuf *frame)
{
	dp_txq_put(txq, frame, (struct dp_tx_meta){.slot = DP_SLOT_NONE});
}

/* Has @slot credit for @copies of @bytes together? */
static inline bool dp_has_credit(const struct dp_session *slot, uint64_t copies, uint64_t bytes)
{
	return slot->tx_events + copies <= slot->tx_granted_events && slot->tx_bytes + bytes <= slot->tx_granted_bytes;
}

/* Does nobody wait before them either? */
static inline bool dp_may_leave(const struct dp_session *slot, uint64_t copies, uint64_t bytes)
{
	return slot->queue_count == 0 && dp_has_credit(slot, copies, bytes);
}

/* And by @txq now? */
static inline bool dp_may_send_now(const struct dp_session *slot, const struct dp_txq *txq, uint64_t copies, uint64_t bytes)
{
	return dp_may_leave(slot, copies, bytes) && dp_txq_open(txq);
}

/* Copies of @bytes take that much of @slot's credit. */
static inline void dp_count_sent(struct dp_session *slot, uint64_t copies, uint64_t bytes)
{
	rh_add_relaxed(&slot->tx_events, copies);
	rh_add_relaxed(&slot->tx_bytes, bytes);
}

/* They never left, not even in part: their credit is the subscriber's again. */
static inline void dp_count_unsent(struct dp_session *slot, uint32_t copies, uint32_t bytes)
{
	rh_add_relaxed(&slot->tx_events, -(uint64_t)copies);
	rh_add_relaxed(&slot->tx_bytes, -(uint64_t)bytes);
}

/* Hand waiting frames to the device; those it does not take stay, for at most 10 ms of standstill. */
void dp_txq_flush(struct dp_ctx *ctx, struct dp_txq *txq);

/* Within a round, if many wait and the device takes them. */
static inline void dp_txq_relieve(struct dp_ctx *ctx, struct dp_txq *txq)
{
	if (dp_txq_waiting(txq) >= DP_TX_FLUSH_AT && !txq->blocked_since_tsc)
		dp_txq_flush(ctx, txq);
}

void dp_node_transmit(struct dp_ctx *ctx);
/* Drop everything that waits, with @reason. */
void dp_txq_drop(struct dp_ctx *ctx, struct dp_txq *txq, enum dp_drop reason);
/* Frames of @slot that wait no longer count for it: it is being let go. */
void dp_txq_forget(struct dp_ctx *ctx, uint32_t slot);

/*
 * Send one copy that does not go as it came (forward.h): DP_DROP_NONE when its frames wait for the device, else why not (counted by the
 * caller). The caller has seen dp_txq_open. An event too long for one datagram is stored first.
 */
enum dp_drop dp_transmit_long(struct dp_ctx *ctx, struct dp_session *slot, const struct dp_hop *hop,
	struct dp_txq *txq, struct dp_event *event);
enum dp_drop dp_transmit_blob(struct dp_ctx *ctx, struct dp_session *slot, const struct dp_hop *hop,
	struct dp_txq *txq, const struct dp_blob *blob);
/* Records of the router's own for a session this worker owns. False when they could not be sent (counted). */
bool dp_transmit_records(struct dp_ctx *ctx, struct dp_session *slot, const uint8_t *records, uint32_t len);
