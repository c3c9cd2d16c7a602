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
	uint32_t fits = txq->mtu - (slot->family == 4 ? DP_IPV4_UDP_HEADERS : DP_IPV6_UDP_HEADERS);

	return slot->max_datagram < fits ? slot->max_datagram : fits;
}

/* Has @slot's newest frame, which waits in @txq, room for @padded bytes of records? Not inline: most copies find none that waits. */
static __attribute__((noinline)) bool dp_append_has_room(
	const struct dp_txq *txq, const struct dp_session *slot, uint32_t padded)
{
	const struct dp_tx_meta *meta = &txq->meta[slot->tx_open & (DP_TX_BACKLOG - 1)];
	const struct rte_mbuf *m = txq->frame[slot->tx_open & (DP_TX_BACKLOG - 1)];
	uint32_t length = (uint32_t)meta->frame_bytes - meta->l2_len - slot->template_len;

	return meta->l2_len && length + padded <= dp_datagram_max(slot, txq) &&
	       padded <= rte_pktmbuf_tailroom(m);
}

/* Does @slot's newest frame wait in @txq, with room for @padded bytes of records? */
static inline bool dp_append_fits(
	const struct dp_txq *txq, const struct dp_session *slot, uint32_t index, uint32_t padded)
{
	return slot->tx_open - txq->head < dp_txq_waiting(txq) &&
	       txq->meta[slot->tx_open & (DP_TX_BACKLOG - 1)].slot == index &&
	       dp_append_has_room(txq, slot, padded);
}

/* Where the records go that fit. */
static inline uint8_t *dp_append_place(const struct dp_txq *txq, const struct dp_session *slot)
{
	struct rte_mbuf *m = txq->frame[slot->tx_open & (DP_TX_BACKLOG - 1)];

	return rte_pktmbuf_mtod_offset(m, uint8_t *, m->data_len);
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
static inline void dp_append_close(struct dp_txq *txq, const struct dp_session *slot, uint32_t padded,
	uint32_t bytes, uint32_t copies)
{
	struct dp_tx_meta *meta = &txq->meta[slot->tx_open & (DP_TX_BACKLOG - 1)];
	struct rte_mbuf *m = txq->frame[slot->tx_open & (DP_TX_BACKLOG - 1)];
	uint8_t *type = rte_pktmbuf_mtod_offset(m, uint8_t *, meta->l2_len), *ip = type + DP_ETHERTYPE;
	uint32_t before = meta->frame_bytes;
	uint16_t length = (uint16_t)(before - meta->l2_len - slot->template_len + padded);

	m->pkt_len = m->data_len = (uint16_t)(before + padded);
	rh_store_be16(type + slot->template_len + 2, length);
	if (rh_likely(slot->family == 4)) {
		dp_ipv4_close(ip, slot->ip_sum, (uint16_t)(DP_UDP_HEADER + length));
	} else {
		dp_ipv6_close(ip, (uint16_t)(DP_UDP_HEADER + length));
		dp_ipv6_sum_add(ip, rte_pktmbuf_mtod_offset(m, uint8_t *, before), (uint16_t)padded);
	}
	meta->frame_bytes = (uint16_t)(before + padded);
	meta->record_bytes += bytes;
	meta->copies += (uint16_t)copies;
	txq->copies += copies;
}
