#pragma once

/*
 * Several copies in one datagram. A frame that waits for the device and has room takes further copies for its session, so what goes to
 * one session within a round leaves in as few datagrams as its size allows, in order, and no later than it would have
 * alone. Inline: once a copy. Ctx of everything: worker.
 *
 * A session remembers the place of its newest frame only (struct dp_session, tx_open): a later copy never overtakes an earlier one. That
 * place may be long gone, or another session's by now: the place itself says whose it is.
 */

#include "dataplane/node/encap.h"
#include "dataplane/node/transmit.h"

#include <rte_ip.h>

/* Bytes of UDP payload one frame to this client may hold: never less than RH_DATAGRAM_MIN_MAX. */
static inline uint32_t dp_datagram_max(const struct dp_session *slot, const struct dp_txq *txq)
{
	uint32_t fits = txq->mtu - (dp_is_ipv4(slot) ? DP_IPV4_UDP_HEADERS : DP_IPV6_UDP_HEADERS);

	return slot->max_datagram < fits ? slot->max_datagram : fits;
}

/* Are @padded bytes of records longer than a datagram to @slot? None is shorter than RH_DATAGRAM_MIN_MAX. */
static inline bool dp_too_long(const struct dp_session *slot, const struct dp_txq *txq, uint32_t padded)
{
	return rh_unlikely(RH_DATAGRAM_HDR + padded > RH_DATAGRAM_MIN_MAX) && RH_DATAGRAM_HDR + padded > dp_datagram_max(slot, txq);
}

/* May @slot's newest frame be one of @waiting frames before place @tail? That it is not is certain. */
static inline bool dp_append_may_wait(uint32_t tail, uint32_t waiting, const struct dp_session *slot)
{
	return tail - slot->tx_open < waiting;
}

/* Is @slot's newest frame still in @txq? */
static inline bool dp_append_waits(const struct dp_txq *txq, const struct dp_session *slot, uint32_t index)
{
	return dp_append_may_wait(txq->tail, dp_txq_waiting(txq), slot) &&
	       txq->meta[(slot->tx_open - 1) & (DP_TX_BACKLOG - 1)].slot == index;
}

/* That frame, while more is put into it. */
struct dp_append {
	struct rte_mbuf *m;
	struct dp_tx_meta *meta;
	uint32_t length; /* of its datagram */
};

static inline struct dp_append dp_append_begin(struct dp_txq *txq, const struct dp_session *slot)
{
	uint32_t at = (slot->tx_open - 1) & (DP_TX_BACKLOG - 1);
	struct dp_tx_meta *meta = &txq->meta[at];

	return (struct dp_append){txq->frame[at], meta,
		(uint32_t)meta->frame_bytes - meta->l2_len - slot->template_len};
}

/* Has it room for @padded bytes of records? */
static inline bool dp_append_has_room(const struct dp_append *a, const struct dp_txq *txq, const struct dp_session *slot, uint32_t padded)
{
	return a->meta->l2_len && a->length + padded <= dp_datagram_max(slot, txq) && padded <= rte_pktmbuf_tailroom(a->m);
}

/* Does @slot's newest frame wait in @txq, with room for @padded bytes of records? */
static inline bool dp_append_fits(struct dp_txq *txq, const struct dp_session *slot, uint32_t index, uint32_t padded)
{
	struct dp_append a;

	if (!dp_append_waits(txq, slot, index))
		return false;
	a = dp_append_begin(txq, slot);
	return dp_append_has_room(&a, txq, slot, padded);
}

/* Where the records go that fit. */
static inline uint8_t *dp_append_place(const struct dp_append *a)
{
	return rte_pktmbuf_mtod_offset(a->m, uint8_t *, a->meta->frame_bytes);
}

/* RFC 1624 for what a datagram of @ip gained: @bytes behind it, and its length in three places of the sum. */
static inline void dp_ipv6_sum_add(uint8_t *ip, const uint8_t *records, uint16_t padded)
{
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(ip + DP_IPV6_HEADER);
	uint32_t sum = (uint16_t)~udp->dgram_cksum;

	sum += rte_raw_cksum(records, padded) + 3u * rte_cpu_to_be_16(padded);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (uint16_t) ~((sum & 0xffff) + (sum >> 16));
	udp->dgram_cksum = (uint16_t)(sum ? sum : 0xffff);
}

/* @copies of @bytes were written at dp_append_place, @padded in all: the frame is that much longer. */
static inline void dp_append_close(const struct dp_append *a, struct dp_txq *txq, const struct dp_session *slot,
	uint32_t padded, uint32_t bytes, uint32_t copies)
{
	struct dp_tx_meta *meta = a->meta;
	uint8_t *records = dp_append_place(a), *datagram = records - a->length;
	uint8_t *ip = datagram - slot->template_len + DP_ETHERTYPE;
	uint32_t length = a->length + padded;

	a->m->pkt_len = meta->frame_bytes + padded;
	a->m->data_len = meta->frame_bytes = (uint16_t)a->m->pkt_len;
	rh_store_be16(datagram + 2, (uint16_t)length);
	if (rh_likely(dp_is_ipv4(slot))) {
		dp_ipv4_close(ip, DP_UDP_HEADER + length);
	} else {
		dp_ipv6_close(ip, (uint16_t)(DP_UDP_HEADER + length));
		dp_ipv6_sum_add(ip, records, (uint16_t)padded);
	}
	meta->record_bytes += bytes;
	meta->copies += copies;
	dp_tx_sum_add(&txq->waits, padded, bytes, copies);
}
