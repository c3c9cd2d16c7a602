#pragma once

/*
 * The frame that nearly every one is: untagged Ethernet, IPv4 with a header of 20 bytes and no fragment, UDP to our port, lengths that agree, room for a
 * datagram header, nothing for software to check. It is recognised in four comparisons. Every other frame, also each that is to be refused, takes the
 * long way (classify_frame), which says what it is: nothing is decided here but that nothing is. Inline: once a frame. Ctx: worker.
 */

#include "dataplane/frame/bytes.h"
#include "dataplane/frame/wire.h"
#include "dataplane/node/encap.h"

#include <rte_ether.h>
#include <rte_mbuf.h>
#include <string.h>

#define DP_USUAL_IPV4 RTE_ETHER_HDR_LEN
#define DP_USUAL_UDP  (DP_USUAL_IPV4 + DP_IPV4_HEADER)
#define DP_USUAL_DATA (DP_USUAL_UDP + DP_UDP_HEADER)

/* EtherType, version and header length: IPv4 without options. */
#define DP_USUAL_TYPE	   0x08004500u
#define DP_USUAL_TYPE_MASK 0xffffff00u
/* Flags and offset but "don't fragment" and the reserved bit; protocol: UDP. */
#define DP_USUAL_PROTOCOL      17u
#define DP_USUAL_PROTOCOL_MASK 0x3fff00ffu
/* The device took a tag off, or found a checksum bad; the bits of "bad" are also set where it says that it knows of none. */
#define DP_USUAL_NOT_FLAGS (RTE_MBUF_F_RX_VLAN_STRIPPED | RTE_MBUF_F_RX_IP_CKSUM_BAD | RTE_MBUF_F_RX_L4_CKSUM_BAD)

/* Is @dst, on @vlan, an address of @local? NULL: any is. */
static inline bool dp_is_local(const struct dp_local_set *local, uint8_t family, const uint8_t *dst, uint16_t vlan)
{
	if (!local)
		return true;
	for (uint32_t i = 0; i < local->count; i++) {
		const struct dp_local *a = &local->address[i];

		if (a->family == family && a->vlan == vlan &&
			memcmp(a->bytes, dst, family == 4 ? 4 : 16) == 0)
			return true;
	}
	return false;
}

/* Is @m a usual frame to @udp_port at an address of @local? Then @p says what is in it, but for mbuf, port and session. */
static inline bool dp_usual_take(struct dp_packet *p, const struct rte_mbuf *m, uint16_t udp_port,
	const struct dp_local_set *local)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t len = rte_pktmbuf_data_len(m), total;

	if (rh_unlikely(len < DP_USUAL_DATA + RH_DATAGRAM_HDR || (m->ol_flags & DP_USUAL_NOT_FLAGS) ||
			(rh_load_be32(frame + 12) & DP_USUAL_TYPE_MASK) != DP_USUAL_TYPE ||
			(rh_load_be32(frame + 20) & DP_USUAL_PROTOCOL_MASK) != DP_USUAL_PROTOCOL ||
			rh_load_be16(frame + DP_USUAL_UDP + 2) != udp_port))
		return false;
	total = rh_load_be16(frame + DP_USUAL_IPV4 + 2);
	if (rh_unlikely(total > len - DP_USUAL_IPV4 || total < DP_USUAL_DATA - DP_USUAL_IPV4 + RH_DATAGRAM_HDR ||
			rh_load_be16(frame + DP_USUAL_UDP + 4) != total - DP_IPV4_HEADER ||
			!dp_is_local(local, 4, frame + DP_USUAL_IPV4 + 16, DP_VLAN_NONE)))
		return false;
	p->bytes = frame + DP_USUAL_DATA;
	p->ip = frame + DP_USUAL_IPV4;
	p->len = (uint16_t)(total - (DP_USUAL_DATA - DP_USUAL_IPV4));
	p->vlan = DP_VLAN_NONE;
	p->speaker.port = rh_load_be16(frame + DP_USUAL_UDP);
	p->speaker.family = 4;
	p->speaker.zero = 0;
	memcpy(p->speaker.address, frame + DP_USUAL_IPV4 + 12, sizeof(p->speaker.address));
	return true;
}
