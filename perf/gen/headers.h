#pragma once

/*
 * Ethernet, IPv4 and UDP headers built by hand: the generator shares no code with the router's own encoder, so the two can be
 * compared byte for byte.
 */

#include <stdint.h>

#define HEADERS_BYTES 42 /* 14 + 20 + 8 */

struct headers_address {
	uint8_t mac[6];
	uint32_t ip; /* host order */
	uint16_t port;
};

/*
 * Write the 42 bytes at @out for @udp_payload bytes behind them; the IPv4 checksum is computed, the UDP checksum 0 (RFC 768: none).
 */
void headers_write(uint8_t *out, const struct headers_address *from, const struct headers_address *to,
	uint16_t udp_payload, uint8_t ttl, uint16_t identification);
