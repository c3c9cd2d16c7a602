#pragma once

/*
 * The direct way of a copy: events of this burst, whole, behind what waits for their session already, in the frame that they came in, or in a
 * buffer of their own. Inline: once a copy. Ctx of everything: worker.
 */

#include "dataplane/node/append.h"
#include "dataplane/node/encap.h"
#include "dataplane/node/node.h"
#include "dataplane/node/outgoing.h"
#include "dataplane/node/transmit.h"

static inline void dp_pad(uint8_t *records, uint32_t len, uint32_t padded)
{
	for (uint32_t i = len; i < padded; i++)
		records[i] = 0;
}

static inline void dp_count_sent(struct dp_session *slot, uint32_t copies, uint32_t bytes)
{
	rh_add_relaxed(&slot->tx_events, copies);
	rh_add_relaxed(&slot->tx_bytes, bytes);
}

/* Put @m, a datagram for @slot. */
static inline void dp_frame_put(struct dp_txq *txq, struct rte_mbuf *m, struct dp_session *slot,
	struct dp_tx_meta meta)
{
	slot->tx_packet_number++;
	slot->tx_open = txq->tail;
	dp_txq_put(txq, m, meta);
}

/* Is the buffer this worker's alone, one piece, with its bytes in itself? */
static inline bool dp_buffer_is_own(const struct rte_mbuf *m)
{
	return rte_mbuf_refcnt_read(m) == 1 && m->nb_segs == 1 && RTE_MBUF_DIRECT(m);
}

/*
 * The received frame, from @headers bytes before the run's first record on: nothing is allocated, nothing copied. NULL when somebody
 * else needs its bytes, it has no room for other headers or padding, or its pool has no buffers to spare.
 */
static inline struct rte_mbuf *dp_frame_reuse(const struct dp_ctx *ctx, const struct dp_txq *txq,
	const struct dp_run *run, uint32_t headers)
{
	struct dp_packet *packet = run->packet;
	struct rte_mbuf *m;
	ptrdiff_t at;

	if (!packet || !ctx->lends[packet->port] || dp_txq_waiting(txq) >= DP_TX_REUSE_WAITING)
		return NULL;
	m = packet->mbuf;
	at = run->events->view.record - (const uint8_t *)m->buf_addr;
	if (rh_unlikely(!dp_buffer_is_own(m) || at < (ptrdiff_t)headers || at + run->padded > m->buf_len))
		return NULL;
	m->data_off = (uint16_t)(at - headers);
	m->ol_flags = 0;
	packet->mbuf = NULL;
	return m;
}

/* @run as one datagram in @m, where its records may stand already. */
static inline void dp_forward_in(struct rte_mbuf *m, struct dp_session *slot, uint32_t index,
	const struct dp_hop *hop, struct dp_txq *txq, const struct dp_run *run, bool in_place)
{
	dp_run_write(dp_headers_put(m, slot, hop, slot->tx_packet_number, run->padded), run, in_place);
	dp_frame_finish(m, slot, hop);
	dp_frame_put(txq, m, slot,
		(struct dp_tx_meta){.slot = index,
			.record_bytes = run->bytes,
			.copies = (uint16_t)run->count,
			.l2_len = hop->l2_len});
}

/* As one datagram of its own in a new buffer. Not inline: of the copies of an event, the last goes without. */
static __attribute__((noinline)) bool dp_forward_copied(struct dp_session *slot, uint32_t index,
	const struct dp_hop *hop, struct dp_txq *txq, const struct dp_run *run)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(txq->pool);

	if (rh_unlikely(!m))
		return false;
	dp_forward_in(m, slot, index, hop, txq, run, false);
	return true;
}

/*
 * Send one copy of each event of @run to @to, whose session is @slot: DP_DROP_NONE when they wait for the device, else why not (counted
 * by the caller). The caller has seen dp_txq_open, and that the run fits dp_datagram_max.
 */
static inline __attribute__((always_inline)) enum dp_drop dp_forward(struct dp_ctx *ctx, struct dp_session *slot,
	const struct dp_receiver *to, const struct dp_hop *hop, struct dp_txq *txq, const struct dp_run *run)
{
	struct rte_mbuf *m = NULL;

	if (dp_append_fits(txq, slot, to->session, run->padded)) {
		dp_run_write(dp_append_place(txq, slot), run, false);
		dp_append_close(txq, slot, run->padded, run->bytes, run->count);
	} else {
		if (to == run->last)
			m = dp_frame_reuse(ctx, txq, run, dp_headers_len(slot, hop));
		if (m)
			dp_forward_in(m, slot, to->session, hop, txq, run, true);
		else if (rh_unlikely(!dp_forward_copied(slot, to->session, hop, txq, run)))
			return DP_DROP_NO_BUFFER;
	}
	dp_count_sent(slot, run->count, run->bytes);
	return DP_DROP_NONE;
}
