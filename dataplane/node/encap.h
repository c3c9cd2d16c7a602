#pragma once

/*
 * Headers in front of records: link layer, IP and UDP from a session's template, datagram header. Written at any place that has
 * room for them, so that one body serves a fresh buffer and a received one whose records stay where they are. Inline: once
 * a copy. Ctx of everything: worker, unless said otherwise.
 */

#include "dataplane/frame/bytes.h"
#include "dataplane/frame/datagram.h"
#include "dataplane/node/context.h"

#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_udp.h>
#include <string.h>

#define DP_IPV4_HEADER 20
#define DP_IPV6_HEADER 40
#define DP_UDP_HEADER  8

/* Who a datagram goes to, and as what. */
struct dp_envelope {
	const uint8_t *template;
	const struct dp_hop *hop;
	uint64_t packet_number;
	uint32_t session, check;
	uint16_t ip_sum;
	uint8_t template_len;
	uint8_t family;
	uint8_t lane;
};

/*
 * IP and UDP in front of every datagram from @local to @remote, lengths and checksums left open. @template has
 * DP_TEMPLATE_MAX bytes. Returns its length; *ip_sum is what struct dp_session says. Ctx: any.
 */
uint8_t dp_template_build(uint8_t *template, const struct dp_address *local,
	const struct dp_address *remote, uint16_t *ip_sum);

/* RFC 1071 over a header whose other words are already summed. */
static inline void dp_ipv4_close(uint8_t *ip, uint16_t ip_sum, uint16_t udp_len)
{
	uint32_t total = DP_IPV4_HEADER + udp_len, sum = ip_sum + total;

	sum = (sum & 0xffff) + (sum >> 16);
	rh_store_be16(ip + 2, (uint16_t)total);
	rh_store_be16(ip + 10, (uint16_t)~sum);
	rh_store_be16(ip + DP_IPV4_HEADER + 4, udp_len);
}

static inline void dp_ipv6_close(uint8_t *ip, uint16_t udp_len)
{
	rh_store_be16(ip + 4, udp_len);
	rh_store_be16(ip + DP_IPV6_HEADER + 4, udp_len);
}

/* Bytes in front of the records. */
static inline uint32_t dp_headers_len(const struct dp_envelope *e)
{
	return e->hop->l2_len + (uint32_t)e->template_len + RH_DATAGRAM_HDR;
}

/*
 * All headers at the start of @m's data, @record_bytes (padded) to follow, and @m's lengths. Returns where the records belong; nothing behind
 * that is written: what the constant sizes write too much lies in the header that comes next.
 */
static inline uint8_t *dp_headers_put(struct rte_mbuf *m, const struct dp_envelope *e, uint32_t record_bytes)
{
	uint16_t datagram = (uint16_t)(RH_DATAGRAM_HDR + record_bytes);
	uint16_t udp_len = (uint16_t)(DP_UDP_HEADER + datagram);
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);

	m->pkt_len = m->data_len = (uint16_t)(dp_headers_len(e) + record_bytes);
	memcpy(p, e->hop->l2, DP_L2_MAX);
	p += e->hop->l2_len;
	rh_store_be16(p - 2, e->family == 4 ? 0x0800 : 0x86dd);
	memcpy(p, e->template, DP_TEMPLATE_MAX);
	if (rh_likely(e->family == 4))
		dp_ipv4_close(p, e->ip_sum, udp_len);
	else
		dp_ipv6_close(p, udp_len);
	p += e->template_len;
	rh_datagram_encode(p, &(struct rh_datagram){
				      .session = e->session,
				      .check = e->check,
				      .packet_number = e->packet_number,
				      .lane = e->lane,
				      .length = datagram,
			      });
	return p + RH_DATAGRAM_HDR;
}

_Static_assert(DP_L2_MAX - 14 <= DP_IPV4_HEADER, "what is copied too much is overwritten");
_Static_assert(DP_TEMPLATE_MAX - DP_IPV4_HEADER - DP_UDP_HEADER <= RH_DATAGRAM_HDR, "likewise");

/*
 * A frame with headers for @record_bytes (padded) of records, which the caller fills in at *@records and closes with
 * dp_frame_finish. NULL without a buffer.
 */
static inline struct rte_mbuf *dp_frame_begin(const struct dp_txq *txq, const struct dp_envelope *e,
	uint32_t record_bytes, uint8_t **records)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(txq->pool);

	if (rh_likely(m != NULL))
		*records = dp_headers_put(m, e, record_bytes);
	return m;
}

static inline void dp_frame_finish(struct rte_mbuf *frame, const struct dp_envelope *e)
{
	uint8_t *ip;

	/* IPv4 leaves the UDP checksum out (RFC 768), IPv6 must not (RFC 8200 section 8.1). */
	if (rh_likely(e->family == 4))
		return;
	ip = rte_pktmbuf_mtod_offset(frame, uint8_t *, e->hop->l2_len);
	((struct rte_udp_hdr *)(ip + DP_IPV6_HEADER))->dgram_cksum =
		rte_ipv6_udptcp_cksum((const struct rte_ipv6_hdr *)ip, ip + DP_IPV6_HEADER);
}
