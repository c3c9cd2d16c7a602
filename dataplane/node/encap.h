#pragma once

/*
 * Headers in front of records: link layer from the next hop, the rest from the session's template. Written at any place that has
 * room for them, so that one body serves a fresh buffer and a received one whose records stay where they are. Inline: once
 * a copy. Ctx of everything: worker, unless said otherwise.
 */

#include "dataplane/frame/bytes.h"
#include "dataplane/frame/datagram.h"
#include "dataplane/node/context.h"

#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_memcpy.h>
#include <rte_udp.h>
#include <string.h>

#define DP_ETHERTYPE   2
#define DP_IPV4_HEADER 20
#define DP_IPV6_HEADER 40
#define DP_UDP_HEADER  8
#define DP_IPV4_TEMPLATE (DP_ETHERTYPE + DP_IPV4_HEADER + DP_UDP_HEADER) /* template_len */

/*
 * Fill @slot's template and what belongs to it, for datagrams from @local to @remote, lengths, UDP checksum and packet number left
 * open. @slot has its number, check and owner (the lane) already. Ctx: any.
 */
void dp_template_build(struct dp_session *slot, const struct dp_address *local,
	const struct dp_address *remote);

/*
 * The identification of what is never fragmented may be anything (RFC 6864 section 4.1): it is the total length's complement, so that
 * the two add nothing to the checksum (RFC 1071) and the template has the right one for every length.
 */
static inline void dp_ipv4_close(uint8_t *ip, uint32_t udp_len)
{
	uint32_t total = DP_IPV4_HEADER + udp_len;

	/* One beside the other: total * 65536 + 65535 - total. */
	rh_store_be32(ip + 2, total * UINT16_MAX + UINT16_MAX);
	rh_store_be16(ip + DP_IPV4_HEADER + 4, (uint16_t)udp_len);
}

static inline void dp_ipv6_close(uint8_t *ip, uint16_t udp_len)
{
	rh_store_be16(ip + 4, udp_len);
	rh_store_be16(ip + DP_IPV6_HEADER + 4, udp_len);
}

static inline bool dp_is_ipv4(const struct dp_session *slot)
{
	return slot->template_len == DP_IPV4_TEMPLATE;
}

/* Bytes in front of the records. */
static inline uint32_t dp_headers_len(const struct dp_session *slot, const struct dp_hop *hop)
{
	return hop->l2_len + (uint32_t)slot->template_len + RH_DATAGRAM_HDR;
}

/* The template, in two pieces that overlap. */
static inline void dp_template_copy(uint8_t *out, const uint8_t *template)
{
	rte_mov32(out, template);
	rte_mov32(out + DP_TEMPLATE_MAX - 32, template + DP_TEMPLATE_MAX - 32);
}

/* 32 bytes at any address. */
typedef uint8_t dp_bytes32 __attribute__((vector_size(32), aligned(1), may_alias));

/* What the template leaves open over IPv4 and datagrams of one length have in common; zero elsewhere. */
struct dp_closing {
	uint8_t bytes[DP_TEMPLATE_MAX];
};

static inline void dp_closing_make(struct dp_closing *closing, uint32_t length)
{
	memset(closing, 0, sizeof(*closing));
	dp_ipv4_close(closing->bytes + DP_ETHERTYPE, DP_UDP_HEADER + length);
	rh_datagram_close(closing->bytes + DP_TEMPLATE_MAX - RH_DATAGRAM_HDR, (uint16_t)length, 0);
}

/* 32 bytes of @a and @b, which do not overlap @out. */
static inline void dp_or32(uint8_t *out, const uint8_t *a, const uint8_t *b)
{
	*(dp_bytes32 *)out = *(const dp_bytes32 *)a | *(const dp_bytes32 *)b;
}

/* dp_template_copy of an IPv4 session, which is zero where @closing is not; only the packet number stays open. */
static inline void dp_template_copy_closed(uint8_t *out, const uint8_t *template, const struct dp_closing *closing)
{
	dp_or32(out, template, closing->bytes);
	dp_or32(out + DP_TEMPLATE_MAX - 32, template + DP_TEMPLATE_MAX - 32, closing->bytes + DP_TEMPLATE_MAX - 32);
}

/* The headers of a datagram of @length bytes to @slot by @hop, over IPv4, in front of @records. What the constant sizes write too much lies in the header that comes next. */
static inline void dp_ipv4_headers_put(uint8_t *records, const struct dp_session *slot, const struct dp_hop *hop, uint32_t length)
{
	uint8_t *front = records - DP_TEMPLATE_MAX;

	memcpy(front - hop->l2_len, hop->l2, DP_L2_MAX);
	dp_template_copy(front, slot->template);
	/* IPv4 leaves the UDP checksum out (RFC 768). */
	dp_ipv4_close(front + DP_ETHERTYPE, DP_UDP_HEADER + length);
	rh_datagram_close(records - RH_DATAGRAM_HDR, (uint16_t)length, slot->tx_packet_number);
}

/*
 * What the template leaves open of IPv6, UDP and datagram header, the EtherType at @front, and the UDP checksum, which IPv6 must not leave
 * out (RFC 8200 section 8.1). Not inline: the checksum costs more.
 */
void dp_ipv6_finish(uint8_t *front, const struct dp_session *slot, uint16_t length);

/*
 * Make the frame @m for @slot by @hop of @records, which stand in it behind room for the headers, @record_bytes (padded) of them. Nothing
 * from @records on is written.
 */
static inline void dp_frame_finish(struct rte_mbuf *m, uint8_t *records, const struct dp_session *slot,
	const struct dp_hop *hop, uint32_t record_bytes)
{
	uint8_t *start = rte_pktmbuf_mtod(m, uint8_t *), *front = start + hop->l2_len;
	uint32_t length = RH_DATAGRAM_HDR + record_bytes;

	m->pkt_len = (uint32_t)(records + record_bytes - start);
	m->data_len = (uint16_t)m->pkt_len;
	if (rh_likely(dp_is_ipv4(slot))) {
		dp_ipv4_headers_put(records, slot, hop, length);
		return;
	}
	memcpy(start, hop->l2, DP_L2_MAX);
	dp_template_copy(front, slot->template);
	dp_ipv6_finish(front, slot, (uint16_t)length);
}

_Static_assert(DP_L2_MAX - 12 <= DP_ETHERTYPE + DP_IPV4_HEADER, "what is copied too much is overwritten");
_Static_assert(DP_TEMPLATE_MAX == DP_ETHERTYPE + DP_IPV4_HEADER + DP_UDP_HEADER + RH_DATAGRAM_HDR, "all of IPv4");
_Static_assert(DP_TEMPLATE_MAX - DP_ETHERTYPE - DP_IPV6_HEADER - DP_UDP_HEADER <= RH_DATAGRAM_HDR, "overwritten likewise");

/*
 * A buffer for a frame to @slot by @hop, and the place for its records; when they stand there, dp_frame_finish makes it a
 * frame. NULL without a buffer.
 */
static inline struct rte_mbuf *dp_frame_begin(const struct dp_txq *txq, const struct dp_session *slot,
	const struct dp_hop *hop, uint8_t **records)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(txq->pool);

	if (rh_likely(m != NULL))
		*records = rte_pktmbuf_mtod_offset(m, uint8_t *, dp_headers_len(slot, hop));
	return m;
}
