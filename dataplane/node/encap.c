#include "dataplane/node/encap.h"

#define HOPS_START 64
#define IPV4_DF	   0x4000

static void udp_build(uint8_t *udp, const struct dp_address *local, const struct dp_address *remote)
{
	memset(udp, 0, DP_UDP_HEADER);
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
	memset(t, 0, DP_IPV4_HEADER);
	t[0] = 0x45;
	rh_store_be16(t + 6, IPV4_DF);
	t[8] = HOPS_START;
	t[9] = IPPROTO_UDP;
	memcpy(t + 12, local->bytes, 4);
	memcpy(t + 16, remote->bytes, 4);
	udp_build(t + DP_IPV4_HEADER, local, remote);
	*ip_sum = sum_be16(t, DP_IPV4_HEADER);
	return DP_IPV4_HEADER + DP_UDP_HEADER;
}

static uint8_t ipv6_build(uint8_t *t, const struct dp_address *local,
	const struct dp_address *remote, uint16_t *ip_sum)
{
	memset(t, 0, DP_IPV6_HEADER);
	t[0] = 0x60;
	t[6] = IPPROTO_UDP;
	t[7] = HOPS_START;
	memcpy(t + 8, local->bytes, 16);
	memcpy(t + 24, remote->bytes, 16);
	udp_build(t + DP_IPV6_HEADER, local, remote);
	*ip_sum = 0;
	return DP_IPV6_HEADER + DP_UDP_HEADER;
}

uint8_t dp_template_build(uint8_t *template, const struct dp_address *local,
	const struct dp_address *remote, uint16_t *ip_sum)
{
	memset(template, 0, DP_TEMPLATE_MAX);
	return local->family == 4 ? ipv4_build(template, local, remote, ip_sum)
				  : ipv6_build(template, local, remote, ip_sum);
}
