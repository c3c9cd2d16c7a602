#pragma once

/*
 * The frame that nearly every one is: untagged Ethernet, IPv4 with a header of 20 bytes and no fragment, UDP to our port, a datagram header without flags,
 * lengths that agree with the frame's, nothing for software to check. It is recognised in two comparisons. Every other frame, also each that is to be
 * refused, takes the long way (frame_judge in classify.c), which says what it is: nothing is decided here but that nothing is. Inline: once a frame. Ctx:
 * worker.
 */

#include "dataplane/frame/bytes.h"
#include "dataplane/frame/wire.h"
#include "dataplane/node/encap.h"
#include "dataplane/node/header.h"

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
 * 16 words of 16 bits from the IP header on, host byte order: what they are, which of their bits count, and to which the length of the frame is added.
 */
#define DP_USUAL_WORDS	      16
#define DP_USUAL_WORD(offset) (((offset) - DP_USUAL_IPV4) / 2) /* which one is at that offset of the frame */
#define DP_USUAL_VERSION      DP_USUAL_WORD(DP_USUAL_IPV4)
#define DP_USUAL_TOTAL	      DP_USUAL_WORD(DP_USUAL_IPV4 + 2)
#define DP_USUAL_FRAGMENT     DP_USUAL_WORD(DP_USUAL_IPV4 + 6)
#define DP_USUAL_PROTOCOL     DP_USUAL_WORD(DP_USUAL_IPV4 + 8)
#define DP_USUAL_PORT	      DP_USUAL_WORD(DP_USUAL_UDP + 2)
#define DP_USUAL_UDP_LEN      DP_USUAL_WORD(DP_USUAL_UDP + 4)
#define DP_USUAL_DATAGRAM     DP_USUAL_WORD(DP_USUAL_DATA) /* version and flags */
#define DP_USUAL_DATA_LEN     DP_USUAL_WORD(DP_USUAL_DATA + 2)

#define dp_usual_aligned __attribute__((aligned(32)))
static const uint16_t dp_usual_words[DP_USUAL_WORDS] dp_usual_aligned = {[DP_USUAL_VERSION] = 0x4500, [DP_USUAL_TOTAL] = (uint16_t)-DP_USUAL_IPV4,
	[DP_USUAL_PROTOCOL] = 17, [DP_USUAL_UDP_LEN] = (uint16_t)-DP_USUAL_UDP, [DP_USUAL_DATAGRAM] = RH_WIRE_VERSION << 8,
	[DP_USUAL_DATA_LEN] = (uint16_t)-DP_USUAL_DATA};
static const uint16_t dp_usual_mask[DP_USUAL_WORDS] dp_usual_aligned = {[DP_USUAL_VERSION] = 0xff00, [DP_USUAL_TOTAL] = 0xffff,
	[DP_USUAL_FRAGMENT] = 0x3fff /* "more fragments" and the offset */, [DP_USUAL_PROTOCOL] = 0x00ff, [DP_USUAL_PORT] = 0xffff,
	[DP_USUAL_UDP_LEN] = 0xffff, [DP_USUAL_DATAGRAM] = 0xffff, [DP_USUAL_DATA_LEN] = 0xffff};
static const uint16_t dp_usual_lengths[DP_USUAL_WORDS] dp_usual_aligned = {[DP_USUAL_TOTAL] = 0xffff, [DP_USUAL_UDP_LEN] = 0xffff,
	[DP_USUAL_DATA_LEN] = 0xffff};
_Static_assert(DP_USUAL_DATA_LEN == DP_USUAL_WORDS - 1, "up to the length of the datagram");

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
	uint16_t words[DP_USUAL_WORDS] dp_usual_aligned;
	const struct dp_local_set *local;
};

static inline struct dp_usual dp_usual_to(uint16_t udp_port, const struct dp_local_set *local)
{
	struct dp_usual usual = {.local = local};

	memcpy(usual.words, dp_usual_words, sizeof(usual.words));
	usual.words[DP_USUAL_PORT] = udp_port;
	return usual;
}

/* @len: of the frame at @frame, enough for the headers. */
static inline bool dp_usual_head(const struct dp_usual *usual, const uint8_t *frame, uint16_t len)
{
#ifdef __AVX2__
	const __m256i swap = _mm256_set_epi8(14, 15, 12, 13, 10, 11, 8, 9, 6, 7, 4, 5, 2, 3, 0, 1, 14, 15, 12, 13, 10, 11, 8, 9, 6, 7, 4, 5, 2, 3, 0, 1);
	__m256i head = _mm256_loadu_si256((const __m256i *)(const void *)(frame + DP_USUAL_IPV4));
	__m256i lengths = _mm256_load_si256((const __m256i *)(const void *)dp_usual_lengths);
	__m256i mask = _mm256_load_si256((const __m256i *)(const void *)dp_usual_mask);
	__m256i words = _mm256_load_si256((const __m256i *)(const void *)usual->words);

	words = _mm256_add_epi16(words, _mm256_and_si256(lengths, _mm256_set1_epi16((int16_t)len)));
	return _mm256_testz_si256(_mm256_xor_si256(_mm256_shuffle_epi8(head, swap), words), mask);
#else
	uint16_t differ = 0;

	for (size_t i = 0; i < DP_USUAL_WORDS; i++) {
		uint16_t word = (uint16_t)(usual->words[i] + (len & dp_usual_lengths[i]));

		differ |= (rh_load_be16(frame + DP_USUAL_IPV4 + 2 * i) ^ word) & dp_usual_mask[i];
	}
	return !differ;
#endif
}

/* Is @m a usual frame? Then @p says what is in it, but for mbuf, port and slot. */
static inline bool dp_usual_take(struct dp_packet *p, const struct rte_mbuf *m, const struct dp_usual *usual)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *), *datagram = frame + DP_USUAL_DATA;
	uint16_t len = rte_pktmbuf_data_len(m);

	if (rh_unlikely(len < DP_USUAL_DATA + RH_DATAGRAM_HDR || (m->ol_flags & DP_USUAL_NOT_FLAGS)) ||
		rh_unlikely(rh_load_be16(frame + DP_USUAL_IPV4 - 2) != RTE_ETHER_TYPE_IPV4 || !dp_usual_head(usual, frame, len) ||
			!rh_datagram_is_usual(datagram) || !dp_is_local(usual->local, 4, frame + DP_USUAL_IPV4 + 16, DP_VLAN_NONE)))
		return false;
	p->bytes = datagram;
	dp_source_take(p, 4, frame + DP_USUAL_IPV4);
	p->len = (uint16_t)(len - DP_USUAL_DATA);
	p->vlan = DP_VLAN_NONE;
	p->speaker.port = rh_load_be16(frame + DP_USUAL_UDP);
	dp_header_read(p);
	return true;
}
