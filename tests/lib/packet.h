#pragma once

/*
 * Ethernet frames with UDP inside, built and taken apart for tests; shares no code with the dataplane. Checksums are computed unless
 * the spec asks for a wrong one.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_VLAN_NONE 0xffff
#define PACKET_MAX	 10240

struct packet_spec {
	uint8_t family; /* 4 or 6 */
	uint8_t src[16], dst[16];
	uint16_t src_port, dst_port;
	uint16_t vlan; /* PACKET_VLAN_NONE, or the tag */
	const uint8_t *payload;
	uint16_t payload_len;
	uint16_t ipv4_id;
	uint16_t ipv4_fragment; /* flags and offset field */
	bool ipv6_fragment;	/* a fragment header in front of UDP, offset as in ipv6_offset */
	uint16_t ipv6_offset;
	bool no_udp_checksum, bad_udp_checksum, bad_ip_checksum;
	int udp_len_off; /* added to the UDP length field */
	int ip_len_off;	 /* added to the IP length field */
	size_t trailer;	 /* bytes behind the IP packet: Ethernet padding */
};

/* Length of the frame at @out, which has PACKET_MAX bytes. */
size_t packet_build(uint8_t *out, const struct packet_spec *spec);

struct packet_view {
	uint8_t dst_mac[6], src_mac[6];
	uint16_t vlan;
	uint8_t family;
	uint8_t src[16], dst[16];
	uint16_t src_port, dst_port;
	const uint8_t *payload;
	size_t payload_len;
};

/* False unless every length and checksum is right. */
bool packet_parse(const uint8_t *frame, size_t len, struct packet_view *out);
