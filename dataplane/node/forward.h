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

static inline struct dp_envelope dp_envelope_of(const struct dp_ctx *ctx, const struct dp_session *slot,
	const struct dp_hop *hop)
{
	return (struct dp_envelope){
		.template = slot->template,
		.hop = hop,
		.session = slot->wire_id,
		.check = slot->check,
		.ip_sum = slot->ip_sum,
		.template_len = slot->template_len,
		.family = slot->family,
		.lane = (uint8_t)ctx->worker,
		.packet_number = slot->tx_packet_number,
	};
}

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
	struct dp_packet *packet = run->events[run->count - 1].packet;
	const struct rh_event *view = &run->events->view;
	struct rte_mbuf *m;
	ptrdiff_t at;

	if (!packet || view->alias || !ctx->lends[packet->port] ||
		dp_txq_waiting(txq) >= DP_TX_REUSE_WAITING)
		return NULL;
	m = packet->mbuf;
	at = view->record - (const uint8_t *)m->buf_addr;
	if (rh_unlikely(!dp_buffer_is_own(m) || at < (ptrdiff_t)headers || at + run->padded > m->buf_len))
		return NULL;
	m->data_off = (uint16_t)(at - headers);
	m->ol_flags = 0;
	packet->mbuf = NULL;
	return m;
}

/* As one datagram of its own. */
static inline enum dp_drop dp_forward_alone(struct dp_ctx *ctx, struct dp_session *slot, uint32_t index,
	const struct dp_hop *hop, struct dp_txq *txq, const struct dp_run *run, bool last)
{
	struct dp_envelope e = dp_envelope_of(ctx, slot, hop);
	struct rte_mbuf *m = NULL;
	bool in_place;

	if (last)
		m = dp_frame_reuse(ctx, txq, run, dp_headers_len(&e));
	in_place = m != NULL;
	if (!in_place)
		m = rte_pktmbuf_alloc(txq->pool);
	if (rh_unlikely(!m))
		return DP_DROP_NO_BUFFER;
	dp_run_write(dp_headers_put(m, &e, run->padded), run, in_place);
	dp_frame_finish(m, &e);
	dp_frame_put(txq, m, slot,
		(struct dp_tx_meta){.slot = index,
			.record_bytes = run->bytes,
			.copies = (uint16_t)run->count,
			.l2_len = hop->l2_len});
	return DP_DROP_NONE;
}

/*
 * Send one copy of each event of @run to @slot, which has number @index: DP_DROP_NONE when they wait for the device, else why not (counted by the caller). The caller has
 * seen dp_txq_open, and that a run of several fits dp_datagram_max. @last: nobody reads its events behind this call, so the copies
 * may be the received frame itself.
 */
static inline enum dp_drop dp_forward(struct dp_ctx *ctx, struct dp_session *slot, uint32_t index,
	const struct dp_hop *hop, struct dp_txq *txq, const struct dp_run *run, bool last)
{
	enum dp_drop drop = DP_DROP_NONE;

	if (dp_append_fits(txq, slot, index, run->padded)) {
		dp_run_write(dp_append_place(txq, slot), run, false);
		dp_append_close(txq, slot, run->padded, run->bytes, run->count);
	} else if (rh_unlikely(RH_DATAGRAM_HDR + run->padded > RH_DATAGRAM_MIN_MAX) &&
		   rh_unlikely(RH_DATAGRAM_HDR + run->padded > dp_datagram_max(slot, txq))) {
		return dp_transmit_long(ctx, slot, hop, txq, run->events);
	} else {
		drop = dp_forward_alone(ctx, slot, index, hop, txq, run, last);
	}
	if (rh_likely(drop == DP_DROP_NONE))
		dp_count_sent(slot, run->count, run->bytes);
	return drop;
}
