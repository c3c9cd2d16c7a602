#pragma once

/*
 * One 802.1Q tag, put in and taken out in software: the kernel's 8021q module may be missing.
 *
 *     0  12  link addresses
 *     12  2  0x8100            the tag
 *     14  2  priority 3, drop eligible 1, VLAN id 12
 *     16  2  type of what follows
 */

#include "dataplane/api/adjacency.h"

#include <stdint.h>
#include <string.h>

#define CP_VLAN_TAG_BYTES 4
#define CP_VLAN_AT	  12
#define CP_VLAN_ID_MASK	  0x0fff

/* VLAN id of a frame, DP_VLAN_NONE when it is untagged or too short. 0 is a priority tag. */
static inline uint16_t cp_vlan_of(const uint8_t *frame, uint32_t len)
{
	if (len < CP_VLAN_AT + CP_VLAN_TAG_BYTES + 2 || frame[12] != 0x81 || frame[13] != 0)
		return DP_VLAN_NONE;
	return (frame[14] << 8 | frame[15]) & CP_VLAN_ID_MASK;
}

/* Copy @frame without its tag, which it has. Returns the new length. */
static inline uint32_t cp_vlan_strip(const uint8_t *frame, uint32_t len, uint8_t *out)
{
	memcpy(out, frame, CP_VLAN_AT);
	memcpy(out + CP_VLAN_AT, frame + CP_VLAN_AT + CP_VLAN_TAG_BYTES,
		len - CP_VLAN_AT - CP_VLAN_TAG_BYTES);
	return len - CP_VLAN_TAG_BYTES;
}

/* @frame has room for CP_VLAN_TAG_BYTES before it, where the tagged frame then begins. @len is at least 14. */
static inline uint8_t *cp_vlan_insert(uint8_t *frame, uint16_t vlan)
{
	uint8_t *out = frame - CP_VLAN_TAG_BYTES;

	memmove(out, frame, CP_VLAN_AT);
	out[12] = 0x81;
	out[13] = 0;
	out[14] = vlan >> 8;
	out[15] = vlan & 0xff;
	return out;
}
