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

/* Bytes of UDP payload one frame to this client, whose template has @template_len bytes, may hold: never less than RH_DATAGRAM_MIN_MAX. */
static inline uint32_t dp_datagram_most(const struct dp_session *slot, const struct dp_txq *txq, uint8_t template_len)
{
	uint32_t fits = txq->mtu - (template_len - DP_ETHERTYPE);

	return slot->max_datagram < fits ? slot->max_datagram : fits;
}

static inline uint32_t dp_datagram_max(const struct dp_session *slot, const struct dp_txq *txq)
{
	return dp_datagram_most(slot, txq, slot->template_len);
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
	uint8_t *records;     /* where the next ones go */
	uint32_t frame_bytes; /* up to there */
	uint32_t length;      /* of its datagram up to there */
	uint8_t template_len; /* of its session */
};

/* @template_len: @slot's, where the caller knows it a constant. */
static inline struct dp_append dp_append_begin(struct dp_txq *txq, const struct dp_session *slot, uint8_t template_len)
{
	uint32_t at = (slot->tx_open - 1) & (DP_TX_BACKLOG - 1);
	struct dp_tx_meta *meta = &txq->meta[at];
	struct rte_mbuf *m = txq->frame[at];
	uint32_t bytes = meta->frame_bytes;

	return (struct dp_append){m, meta, rte_pktmbuf_mtod_offset(m, uint8_t *, bytes), bytes, bytes - meta->l2_len - template_len, template_len};
}

/* Has it room for @padded bytes of records? */
static inline bool dp_append_has_room(const struct dp_append *a, const struct dp_txq *txq, const struct dp_session *slot, uint32_t padded)
{
	const uint8_t *end = (const uint8_t *)a->m->buf_addr + a->m->buf_len;

	return a->meta->l2_len && a->length + padded <= dp_datagram_most(slot, txq, a->template_len) && padded <= (size_t)(end - a->records);
}

/* Does @slot's newest frame wait in @txq, with room for @padded bytes of records? Then it is @a. */
static inline bool dp_append_fits(struct dp_append *a, struct dp_txq *txq, const struct dp_session *slot, uint32_t index, uint32_t padded)
{
	if (!dp_append_waits(txq, slot, index))
		return false;
	*a = dp_append_begin(txq, slot, slot->template_len);
	return dp_append_has_room(a, txq, slot, padded);
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

/* @copies of @bytes were written there, @padded in all: the frame is that much longer. */
static inline void dp_append_close(const struct dp_append *a, struct dp_txq *txq, uint32_t padded, uint32_t bytes, uint32_t copies)
{
	uint32_t length = a->length + padded, frame_bytes = a->frame_bytes + padded;
	uint8_t *datagram = a->records - a->length, *ip = datagram - a->template_len + DP_ETHERTYPE;

	a->m->pkt_len = frame_bytes;
	a->m->data_len = a->meta->frame_bytes = (uint16_t)frame_bytes;
	rh_store_be16(datagram + 2, (uint16_t)length);
	if (rh_likely(a->template_len == DP_IPV4_TEMPLATE)) {
		dp_ipv4_close(ip, DP_UDP_HEADER + length);
	} else {
		dp_ipv6_close(ip, (uint16_t)(DP_UDP_HEADER + length));
		dp_ipv6_sum_add(ip, a->records, (uint16_t)padded);
	}
	a->meta->record_bytes += bytes;
	a->meta->copies += copies;
	dp_tx_sum_add(&txq->waits, padded, bytes, copies);
}
