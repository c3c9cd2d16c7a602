#include "dataplane/node/encap.h"

#include <rte_ether.h>

#define HOPS_START 64
#define IPV4_DF	   0x4000

static void udp_build(uint8_t *udp, const struct dp_address *local, const struct dp_address *remote)
{
	rh_store_be16(udp, local->port);
	rh_store_be16(udp + 2, remote->port);
}

static void ipv4_build(struct dp_session *slot, const struct dp_address *local,
	const struct dp_address *remote)
{
	uint8_t *ip = slot->template + DP_ETHERTYPE, *udp = ip + DP_IPV4_HEADER;

	rh_store_be16(slot->template, RTE_ETHER_TYPE_IPV4);
	ip[0] = 0x45;
	rh_store_be16(ip + 6, IPV4_DF);
	ip[8] = HOPS_START;
	ip[9] = IPPROTO_UDP;
	memcpy(ip + 12, local->bytes, 4);
	memcpy(ip + 16, remote->bytes, 4);
	((struct rte_ipv4_hdr *)ip)->hdr_checksum = rte_ipv4_cksum((const struct rte_ipv4_hdr *)ip);
	udp_build(udp, local, remote);
	rh_datagram_encode(udp + DP_UDP_HEADER, &(struct rh_datagram){.session = slot->wire_id,
							.check = slot->check,
							.lane = (uint8_t)slot->owner});
	slot->template_len = DP_IPV4_TEMPLATE;
}

static void ipv6_build(struct dp_session *slot, const struct dp_address *local,
	const struct dp_address *remote)
{
	uint8_t *ip = slot->template + DP_ETHERTYPE;

	rh_store_be16(slot->template, RTE_ETHER_TYPE_IPV6);
	ip[0] = 0x60;
	ip[6] = IPPROTO_UDP;
	ip[7] = HOPS_START;
	memcpy(ip + 8, local->bytes, 16);
	memcpy(ip + 24, remote->bytes, 16);
	udp_build(ip + DP_IPV6_HEADER, local, remote);
	slot->template_len = DP_ETHERTYPE + DP_IPV6_HEADER + DP_UDP_HEADER;
}

void dp_template_build(struct dp_session *slot, const struct dp_address *local,
	const struct dp_address *remote)
{
	memset(slot->template, 0, sizeof(slot->template));
	if (local->family == 4)
		ipv4_build(slot, local, remote);
	else
		ipv6_build(slot, local, remote);
}

void dp_ipv6_finish(uint8_t *front, const struct dp_session *slot, uint16_t length)
{
	uint8_t *ip = front + DP_ETHERTYPE, *udp = ip + DP_IPV6_HEADER;

	dp_ipv6_close(ip, (uint16_t)(DP_UDP_HEADER + length));
	rh_datagram_encode(udp + DP_UDP_HEADER, &(struct rh_datagram){
							.session = slot->wire_id,
							.check = slot->check,
							.packet_number = slot->tx_packet_number,
							.lane = (uint8_t)slot->owner,
							.length = length,
						});
	((struct rte_udp_hdr *)udp)->dgram_cksum = rte_ipv6_udptcp_cksum((const struct rte_ipv6_hdr *)ip, udp);
}
