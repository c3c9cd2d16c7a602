#pragma once

/*
 * The frame that nearly every one is: untagged Ethernet, IPv4 with a header of 20 bytes and no fragment, UDP to our port, lengths that agree, room for a
 * datagram header, nothing for software to check. It is recognised in three comparisons. Every other frame, also each that is to be refused, takes the
 * long way (classify_frame), which says what it is: nothing is decided here but that nothing is. Inline: once a frame. Ctx: worker.
 */

#include "dataplane/frame/bytes.h"
#include "dataplane/frame/wire.h"
#include "dataplane/node/encap.h"

#include <rte_ether.h>
#include <rte_mbuf.h>
#include <string.h>

#ifdef __AVX2__
#include <immintrin.h>
#endif

#define DP_USUAL_IPV4 RTE_ETHER_HDR_LEN
#define DP_USUAL_UDP  (DP_USUAL_IPV4 + DP_IPV4_HEADER)
#define DP_USUAL_DATA (DP_USUAL_UDP + DP_UDP_HEADER)

/*
 * The 32 bytes from the EtherType on, and which of their bits count: IPv4 with a header of 20 bytes; neither "more fragments" nor an offset; UDP; the
 * port it is sent to, which is the engine's.
 */
#define DP_USUAL_AT 12
static const uint8_t dp_usual_bytes[32] __attribute__((aligned(32))) = {[0] = 0x08, [2] = 0x45, [11] = 17};
static const uint8_t dp_usual_mask[32] __attribute__((aligned(32))) = {0xff, 0xff, 0xff, [8] = 0x3f, 0xff, [11] = 0xff, [24] = 0xff, 0xff};
#define DP_USUAL_PORT_AT 24 /* among them */

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

/* What the IP header at @ip says of where @p comes from. */
static inline void dp_source_take(struct dp_packet *p, uint8_t family, const uint8_t *ip)
{
	p->ip = ip;
	p->speaker.family = family;
	p->speaker.zero = 0;
	memcpy(p->speaker.address, dp_packet_source(p), sizeof(p->speaker.address));
}

/* What the usual frames of a burst have in common. */
struct dp_usual {
	uint8_t bytes[32];
	const struct dp_local_set *local;
};

static inline struct dp_usual dp_usual_to(uint16_t udp_port, const struct dp_local_set *local)
{
	struct dp_usual usual = {.local = local};

	memcpy(usual.bytes, dp_usual_bytes, sizeof(usual.bytes));
	rh_store_be16(usual.bytes + DP_USUAL_PORT_AT, udp_port);
	return usual;
}

static inline bool dp_usual_head(const struct dp_usual *usual, const uint8_t *frame)
{
#ifdef __AVX2__
	__m256i head = _mm256_loadu_si256((const __m256i *)(const void *)(frame + DP_USUAL_AT));
	__m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)usual->bytes);
	__m256i mask = _mm256_load_si256((const __m256i *)(const void *)dp_usual_mask);

	return _mm256_testz_si256(_mm256_xor_si256(head, bytes), mask);
#else
	uint8_t differ = 0;

	for (size_t i = 0; i < sizeof(usual->bytes); i++)
		differ |= (frame[DP_USUAL_AT + i] ^ usual->bytes[i]) & dp_usual_mask[i];
	return !differ;
#endif
}

/* Is @m a usual frame? Then @p says what is in it, but for mbuf, port and session. */
static inline bool dp_usual_take(struct dp_packet *p, const struct rte_mbuf *m, const struct dp_usual *usual)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t len = rte_pktmbuf_data_len(m), total;

	if (rh_unlikely(len < DP_USUAL_DATA + RH_DATAGRAM_HDR || (m->ol_flags & DP_USUAL_NOT_FLAGS)) ||
		rh_unlikely(!dp_usual_head(usual, frame)))
		return false;
	total = rh_load_be16(frame + DP_USUAL_IPV4 + 2);
	if (rh_unlikely(total > len - DP_USUAL_IPV4 || total < DP_USUAL_DATA - DP_USUAL_IPV4 + RH_DATAGRAM_HDR ||
			rh_load_be16(frame + DP_USUAL_UDP + 4) != total - DP_IPV4_HEADER ||
			!dp_is_local(usual->local, 4, frame + DP_USUAL_IPV4 + 16, DP_VLAN_NONE)))
		return false;
	p->bytes = frame + DP_USUAL_DATA;
	dp_source_take(p, 4, frame + DP_USUAL_IPV4);
	p->len = (uint16_t)(total - (DP_USUAL_DATA - DP_USUAL_IPV4));
	p->vlan = DP_VLAN_NONE;
	p->speaker.port = rh_load_be16(frame + DP_USUAL_UDP);
	return true;
}
