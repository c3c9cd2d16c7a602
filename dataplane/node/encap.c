#include "dataplane/frame/bytes.h"
#include "dataplane/node/transmit.h"

#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_memcpy.h>
#include <rte_udp.h>
#include <string.h>

#define IPV4_HEADER 20
#define IPV6_HEADER 40
#define UDP_HEADER  8
#define HOPS_START	    64
#define IPV4_DF	    0x4000

static void udp_build(uint8_t *udp, const struct dp_address *local, const struct dp_address *remote)
{
	memset(udp, 0, UDP_HEADER);
	rh_store_be16(udp, local->port);
	rh_store_be16(udp + 2, remote->port);
}

static uint16_t sum_be16(const uint8_t *bytes, unsigned len)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < len; i += 2)
		sum += rh_load_be16(bytes + i);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)(sum + (sum >> 16));
}

static uint8_t ipv4_build(uint8_t *t, const struct dp_address *local,
	const struct dp_address *remote, uint16_t *ip_sum)
{
	memset(t, 0, IPV4_HEADER);
	t[0] = 0x45;
	rh_store_be16(t + 6, IPV4_DF);
	t[8] = HOPS_START;
	t[9] = IPPROTO_UDP;
	memcpy(t + 12, local->bytes, 4);
	memcpy(t + 16, remote->bytes, 4);
	udp_build(t + IPV4_HEADER, local, remote);
	*ip_sum = sum_be16(t, IPV4_HEADER);
	return IPV4_HEADER + UDP_HEADER;
}

static uint8_t ipv6_build(uint8_t *t, const struct dp_address *local,
	const struct dp_address *remote, uint16_t *ip_sum)
{
	memset(t, 0, IPV6_HEADER);
	t[0] = 0x60;
	t[6] = IPPROTO_UDP;
	t[7] = HOPS_START;
	memcpy(t + 8, local->bytes, 16);
	memcpy(t + 24, remote->bytes, 16);
	udp_build(t + IPV6_HEADER, local, remote);
	*ip_sum = 0;
	return IPV6_HEADER + UDP_HEADER;
}

uint8_t dp_template_build(uint8_t *template, const struct dp_address *local,
	const struct dp_address *remote, uint16_t *ip_sum)
{
	memset(template, 0, DP_TEMPLATE_MAX);
	return local->family == 4 ? ipv4_build(template, local, remote, ip_sum)
				  : ipv6_build(template, local, remote, ip_sum);
}

/* RFC 1071 over a header whose other words are already summed. */
static inline void ipv4_close(uint8_t *ip, uint16_t ip_sum, uint16_t udp_len)
{
	uint32_t total = IPV4_HEADER + udp_len, sum = ip_sum + total;

	sum = (sum & 0xffff) + (sum >> 16);
	rh_store_be16(ip + 2, (uint16_t)total);
	rh_store_be16(ip + 10, (uint16_t)~sum);
	rh_store_be16(ip + IPV4_HEADER + 4, udp_len);
}

static inline void ipv6_close(uint8_t *ip, uint16_t udp_len)
{
	rh_store_be16(ip + 4, udp_len);
	rh_store_be16(ip + IPV6_HEADER + 4, udp_len);
}

struct rte_mbuf *dp_frame_begin(const struct dp_txq *txq, const struct dp_envelope *e,
	uint32_t record_bytes, uint8_t **records)
{
	uint32_t datagram = RH_DATAGRAM_HDR + record_bytes;
	uint16_t udp_len = (uint16_t)(UDP_HEADER + datagram);
	struct rte_mbuf *m = rte_pktmbuf_alloc(txq->pool);
	uint8_t *p;

	if (rh_unlikely(!m))
		return NULL;
	p = rte_pktmbuf_mtod(m, uint8_t *);
	rte_memcpy(p, e->hop->l2, DP_L2_MAX);
	p += e->hop->l2_len;
	rh_store_be16(p - 2, e->family == 4 ? 0x0800 : 0x86dd);
	rte_memcpy(p, e->template, DP_TEMPLATE_MAX);
	if (rh_likely(e->family == 4))
		ipv4_close(p, e->ip_sum, udp_len);
	else
		ipv6_close(p, udp_len);
	p += e->template_len;
	rh_datagram_encode(p, &(struct rh_datagram){
				      .session = e->session,
				      .check = e->check,
				      .packet_number = e->packet_number,
				      .lane = e->lane,
				      .length = (uint16_t)datagram,
			      });
	*records = p + RH_DATAGRAM_HDR;
	m->pkt_len = m->data_len = (uint16_t)(e->hop->l2_len + e->template_len + datagram);
	return m;
}

void dp_frame_finish(struct rte_mbuf *frame, const struct dp_envelope *e)
{
	uint8_t *ip;

	/* IPv4 leaves the UDP checksum out (RFC 768), IPv6 must not (RFC 8200 section 8.1). */
	if (rh_likely(e->family == 4))
		return;
	ip = rte_pktmbuf_mtod_offset(frame, uint8_t *, e->hop->l2_len);
	((struct rte_udp_hdr *)(ip + IPV6_HEADER))->dgram_cksum =
		rte_ipv6_udptcp_cksum((const struct rte_ipv6_hdr *)ip, ip + IPV6_HEADER);
}
