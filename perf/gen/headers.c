#include "perf/gen/headers.h"

#include "dataplane/frame/bytes.h"

#include <string.h>

/* RFC 1071 over the 20 bytes of an IPv4 header whose checksum field is 0. */
static uint16_t ipv4_checksum(const uint8_t *ip)
{
	uint32_t sum = 0;

	for (int i = 0; i < 20; i += 2)
		sum += rh_load_be16(ip + i);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

void headers_write(uint8_t *out, const struct headers_address *from, const struct headers_address *to,
	uint16_t udp_payload, uint8_t ttl, uint16_t identification)
{
	uint8_t *ip = out + 14, *udp = out + 34;

	memcpy(out, to->mac, 6);
	memcpy(out + 6, from->mac, 6);
	rh_store_be16(out + 12, 0x0800);
	memset(ip, 0, 20);
	ip[0] = 0x45;
	rh_store_be16(ip + 2, (uint16_t)(20 + 8 + udp_payload));
	rh_store_be16(ip + 4, identification);
	rh_store_be16(ip + 6, 0x4000); /* DF */
	ip[8] = ttl;
	ip[9] = 17;
	rh_store_be32(ip + 12, from->ip);
	rh_store_be32(ip + 16, to->ip);
	rh_store_be16(ip + 10, ipv4_checksum(ip));
	rh_store_be16(udp, from->port);
	rh_store_be16(udp + 2, to->port);
	rh_store_be16(udp + 4, (uint16_t)(8 + udp_payload));
	rh_store_be16(udp + 6, 0);
}
