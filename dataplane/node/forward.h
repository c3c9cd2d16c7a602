#pragma once

/*
 * The direct way of a copy: the event of this burst, whole, in the frame that it came in or in a buffer of its own, with the session's headers
 * in front. Inline: once a copy. Ctx of everything: worker.
 */

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

/* Bytes of UDP payload one frame to this client may hold: never less than RH_DATAGRAM_MIN_MAX. */
static inline uint32_t dp_datagram_max(const struct dp_session *slot, const struct dp_txq *txq)
{
	uint32_t fits = txq->mtu - (slot->family == 4 ? DP_IPV4_UDP_HEADERS : DP_IPV6_UDP_HEADERS);

	return slot->max_datagram < fits ? slot->max_datagram : fits;
}

static inline void dp_pad(uint8_t *records, uint32_t len, uint32_t padded)
{
	for (uint32_t i = len; i < padded; i++)
		records[i] = 0;
}

static inline void dp_count_sent(struct dp_session *slot, uint32_t len)
{
	rh_add_relaxed(&slot->tx_events, 1);
	rh_add_relaxed(&slot->tx_bytes, len);
}

/* Is the buffer this worker's alone, one piece, with its bytes in itself? */
static inline bool dp_buffer_is_own(const struct rte_mbuf *m)
{
	return rte_mbuf_refcnt_read(m) == 1 && m->nb_segs == 1 && RTE_MBUF_DIRECT(m);
}

/*
 * The received frame, from @headers bytes before the event's record on: nothing is allocated, nothing copied. NULL when somebody
 * else needs its bytes, it has no room for other headers or padding, or its pool has no buffers to spare.
 */
static inline struct rte_mbuf *dp_frame_reuse(const struct dp_ctx *ctx, const struct dp_txq *txq,
	struct dp_event *event, uint32_t headers, uint32_t padded)
{
	struct dp_packet *packet = event->packet;
	struct rte_mbuf *m;
	ptrdiff_t at;

	if (!packet || event->view.alias || !ctx->lends[packet->port] ||
		dp_txq_waiting(txq) >= DP_TX_REUSE_WAITING)
		return NULL;
	m = packet->mbuf;
	at = event->view.record - (const uint8_t *)m->buf_addr;
	if (rh_unlikely(!dp_buffer_is_own(m) || at < (ptrdiff_t)headers || at + padded > m->buf_len))
		return NULL;
	m->data_off = (uint16_t)(at - headers);
	m->ol_flags = 0;
	packet->mbuf = NULL;
	return m;
}

/*
 * Send one copy: DP_DROP_NONE when its frames wait for the device, else why not (counted by the caller). The caller has seen
 * dp_txq_open. @last: nobody reads the event behind this call, so its copy may be the received frame itself.
 */
static inline enum dp_drop dp_forward(struct dp_ctx *ctx, struct dp_session *slot, const struct dp_hop *hop,
	struct dp_txq *txq, struct dp_event *event, bool last)
{
	uint32_t len = dp_outgoing_len(event), padded = RH_ALIGN_UP(len, (uint32_t)RH_WIRE_ALIGN);
	struct dp_envelope e = dp_envelope_of(ctx, slot, hop);
	struct rte_mbuf *m = NULL;
	bool in_place;
	uint8_t *out;

	if (rh_unlikely(RH_DATAGRAM_HDR + padded > dp_datagram_max(slot, txq)))
		return dp_transmit_long(ctx, slot, hop, txq, event);
	if (last)
		m = dp_frame_reuse(ctx, txq, event, dp_headers_len(&e), padded);
	in_place = m != NULL;
	if (!in_place)
		m = rte_pktmbuf_alloc(txq->pool);
	if (rh_unlikely(!m))
		return DP_DROP_NO_BUFFER;
	out = dp_headers_put(m, &e, padded);
	if (in_place)
		dp_outgoing_patch(out, event);
	else
		dp_outgoing_write(out, event);
	rh_store_be16(out + DP_OUTGOING_LEN_AT, (uint16_t)len);
	dp_pad(out, len, padded);
	dp_frame_finish(m, &e);
	slot->tx_packet_number++;
	dp_count_sent(slot, len);
	dp_txq_put(txq, m, dp_slot_index(ctx, slot), len, true);
	return DP_DROP_NONE;
}
