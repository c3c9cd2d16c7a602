/*
 * Ours or the kernel's? An event datagram is UDP to our port and to an address of ours on the port's (virtual) LAN; with no
 * addresses configured the port number alone decides. Everything else is the kernel's, when the port has a tap twin.
 *
 * Of a fragmented IP datagram only the first part shows its port: that one is dropped as ip_fragment; later parts go to the kernel,
 * which never sees the first and gives up in silence, or are dropped too where there is no kernel.
 */

#include "dataplane/frame/bytes.h"
#include "dataplane/node/header.h"
#include "dataplane/node/node.h"
#include "dataplane/node/usual.h"

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#define IPV6_FRAGMENT	 44 /* next header; its header is 8 bytes */
#define VLAN_ID_MASK	 0x0fff
#define VLAN_ID_PRIO	 0
#define IPV4_MF		 0x2000
#define IPV4_OFFSET	 0x1fff
#define IPV6_FRAG_OFFSET 0xfff8

/* Verdicts: a drop reason above 0, or one of these. */
enum { VERDICT_OURS = 0, VERDICT_KERNEL = -1 };

struct classify {
	const struct dp_local_set *local;
	uint16_t udp_port;
	bool check_in_software;
	bool twin;
};

/* IP fragment with @offset 0 or later, UDP inside, @udp where its ports would be. */
static int verdict_fragment(const struct classify *c, bool first, const uint8_t *udp, uint32_t left)
{
	if (!first)
		return c->twin ? VERDICT_KERNEL : DP_DROP_IP_FRAGMENT;
	if (left < 4)
		return DP_DROP_IP_LENGTH;
	return rh_load_be16(udp + 2) == c->udp_port ? DP_DROP_IP_FRAGMENT : VERDICT_KERNEL;
}

/* Ports and length of the UDP header; @ip_payload is what the IP header says, @left what the frame holds. */
static int udp_take(const struct classify *c, struct dp_packet *p, const uint8_t *udp, uint32_t left,
	uint32_t ip_payload)
{
	uint32_t len;

	if (left < DP_UDP_HEADER)
		return DP_DROP_IP_LENGTH;
	if (rh_load_be16(udp + 2) != c->udp_port)
		return VERDICT_KERNEL;
	len = rh_load_be16(udp + 4);
	if (ip_payload > left || len < DP_UDP_HEADER || len != ip_payload)
		return DP_DROP_IP_LENGTH;
	p->speaker.port = rh_load_be16(udp);
	p->bytes = udp + DP_UDP_HEADER;
	p->len = (uint16_t)(len - DP_UDP_HEADER);
	return VERDICT_OURS;
}

static bool device_says_bad(const struct rte_mbuf *m)
{
	return (m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_BAD ||
	       (m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_BAD;
}

/* A right sum over everything, the checksum field included, is all ones. */
#define SUM_GOOD 0xffff

/* RFC 1071; IPv4 may leave the UDP checksum out (RFC 768). */
static bool ipv4_sums_good(const uint8_t *ip, const uint8_t *udp)
{
	uint16_t ihl = (ip[0] & 15) * 4u;

	if (rte_raw_cksum(ip, ihl) != SUM_GOOD)
		return false;
	return rh_load_be16(udp + 6) == 0 ||
	       rte_ipv4_udptcp_cksum((const struct rte_ipv4_hdr *)ip, udp) == SUM_GOOD;
}

static int classify_ipv4(const struct classify *c, struct dp_packet *p, const uint8_t *ip, uint32_t left)
{
	uint32_t ihl, total;
	uint16_t fragment;
	int verdict;

	if (left < DP_IPV4_HEADER || (ip[0] & 15) < 5 || ip[0] >> 4 != 4 || ip[9] != IPPROTO_UDP ||
		!dp_is_local(c->local, 4, ip + 16, p->vlan))
		return VERDICT_KERNEL;
	ihl = (ip[0] & 15) * 4u;
	total = rh_load_be16(ip + 2);
	if (total < ihl || left < ihl)
		return DP_DROP_IP_LENGTH;
	fragment = rh_load_be16(ip + 6);
	if (rh_unlikely(fragment & (IPV4_MF | IPV4_OFFSET)))
		return verdict_fragment(c, !(fragment & IPV4_OFFSET), ip + ihl, left - ihl);
	verdict = udp_take(c, p, ip + ihl, left - ihl, total - ihl);
	if (verdict != VERDICT_OURS)
		return verdict;
	dp_source_take(p, 4, ip);
	return c->check_in_software && !ipv4_sums_good(ip, ip + ihl) ? DP_DROP_CHECKSUM : VERDICT_OURS;
}

static int classify_ipv6_fragment(const struct classify *c, const uint8_t *ip, uint32_t left)
{
	const uint8_t *fragment = ip + DP_IPV6_HEADER;

	if (left < DP_IPV6_HEADER + 8 || fragment[0] != IPPROTO_UDP)
		return VERDICT_KERNEL;
	return verdict_fragment(c, !(rh_load_be16(fragment + 2) & IPV6_FRAG_OFFSET), fragment + 8,
		left - DP_IPV6_HEADER - 8);
}

static int classify_ipv6(const struct classify *c, struct dp_packet *p, const uint8_t *ip, uint32_t left)
{
	int verdict;

	if (left < DP_IPV6_HEADER || ip[0] >> 4 != 6 || !dp_is_local(c->local, 6, ip + 24, p->vlan))
		return VERDICT_KERNEL;
	if (ip[6] == IPV6_FRAGMENT)
		return classify_ipv6_fragment(c, ip, left);
	if (ip[6] != IPPROTO_UDP)
		return VERDICT_KERNEL;
	verdict = udp_take(c, p, ip + DP_IPV6_HEADER, left - DP_IPV6_HEADER, rh_load_be16(ip + 4));
	if (verdict != VERDICT_OURS)
		return verdict;
	dp_source_take(p, 6, ip);
	/* RFC 8200 section 8.1: a zero checksum must be refused, whoever looked before. */
	if (rh_load_be16(ip + DP_IPV6_HEADER + 6) == 0)
		return DP_DROP_CHECKSUM;
	if (c->check_in_software && rte_ipv6_udptcp_cksum((const struct rte_ipv6_hdr *)ip,
					    ip + DP_IPV6_HEADER) != SUM_GOOD)
		return DP_DROP_CHECKSUM;
	return VERDICT_OURS;
}

/* One tag, in the frame or already taken off by the device. Returns the offset of the EtherType, 0 when the frame is too short. */
static uint32_t vlan_take(struct dp_packet *p, const struct rte_mbuf *m, const uint8_t *frame)
{
	uint32_t len = rte_pktmbuf_data_len(m);
	uint16_t id = VLAN_ID_PRIO;

	if (len < RTE_ETHER_HDR_LEN)
		return 0;
	p->vlan = DP_VLAN_NONE;
	if (rh_unlikely(m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED))
		id = m->vlan_tci & VLAN_ID_MASK;
	if (id != VLAN_ID_PRIO)
		p->vlan = id;
	if (rh_likely(rh_load_be16(frame + 12) != RTE_ETHER_TYPE_VLAN))
		return 12;
	if (len < RTE_ETHER_HDR_LEN + RTE_VLAN_HLEN || p->vlan != DP_VLAN_NONE)
		return 0;
	id = rh_load_be16(frame + 14) & VLAN_ID_MASK;
	if (id != VLAN_ID_PRIO)
		p->vlan = id;
	return 16;
}

static int classify_frame(const struct classify *c, struct dp_packet *p, const struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t type_at = vlan_take(p, m, frame), left;
	int verdict;

	if (rh_unlikely(!type_at))
		return VERDICT_KERNEL;
	left = rte_pktmbuf_data_len(m) - type_at - 2;
	switch (rh_load_be16(frame + type_at)) {
	case RTE_ETHER_TYPE_IPV4:
		verdict = classify_ipv4(c, p, frame + type_at + 2, left);
		break;
	case RTE_ETHER_TYPE_IPV6:
		verdict = classify_ipv6(c, p, frame + type_at + 2, left);
		break;
	default:
		return VERDICT_KERNEL;
	}
	if (verdict == VERDICT_OURS && rh_unlikely(device_says_bad(m)))
		return DP_DROP_CHECKSUM;
	return verdict;
}

/* To the tap twin. Takes the frame. */
static void to_kernel(struct dp_ctx *ctx, const struct classify *c, uint32_t port, struct rte_mbuf *m)
{
	if (!c->twin)
		dp_drop_datagrams(ctx, DP_DROP_NO_SLOW_PATH, 1);
	else if (dp_punt_kernel(ctx, port, m))
		dp_count(ctx, punted_datagrams, 1);
	else
		dp_drop_datagrams(ctx, DP_DROP_PUNT_FULL, 1);
	rte_pktmbuf_free(m);
}

/* Ours or dropped, with that reason: its datagram header holds, or not. */
static int header_judge(struct dp_packet *p)
{
	struct rh_datagram header;
	enum rh_frame_error err = rh_datagram_parse(p->bytes, p->len, &header);

	if (err != RH_FRAME_OK)
		return (int)err;
	dp_header_read(p);
	return VERDICT_OURS;
}

/* Every frame but a usual one: sent on, dropped, or (true) ours after all. */
static __attribute__((noinline)) bool frame_judge(struct dp_ctx *ctx, const struct classify *c, uint32_t port, struct dp_packet *p,
	struct rte_mbuf *m)
{
	int verdict = classify_frame(c, p, m);

	if (verdict == VERDICT_OURS)
		verdict = header_judge(p);
	if (verdict == VERDICT_OURS)
		return true;
	if (verdict == VERDICT_KERNEL) {
		to_kernel(ctx, c, port, m);
		return false;
	}
	dp_drop_datagrams(ctx, (enum dp_drop)verdict, 1);
	rte_pktmbuf_free(m);
	return false;
}

/* Ours among the frames, with headers that hold, become the burst's packets. @usual: some may be; where software checks sums none is. Returns how many. */
static inline uint32_t frames_sort(struct dp_ctx *ctx, const struct classify *c, uint32_t port, struct rte_mbuf **frames,
	uint32_t count, bool usual)
{
	const struct dp_usual like = dp_usual_to(c->udp_port, c->local);
	const struct dp_tables *tables = ctx->tables;
	struct dp_packet *p = ctx->packets;

	for (uint32_t i = 0; i < count; i++) {
		struct rte_mbuf *m = frames[i];

		if (!(usual && rh_likely(dp_usual_take(p, m, &like))) && !frame_judge(ctx, c, port, p, m))
			continue;
		p->slot = dp_slot_guess(tables, p->speaker.wire_id);
		p->mbuf = m;
		p->port = port;
		p++;
	}
	return (uint32_t)(p - ctx->packets);
}

void dp_node_classify(struct dp_ctx *ctx, uint32_t port, bool check_in_software,
	struct rte_mbuf **frames, uint32_t count)
{
	struct dp_tables *t = ctx->tables;
	const struct classify c = {
		.local = rh_rcu_deref(t->local[port]),
		.udp_port = t->udp_port,
		.check_in_software = check_in_software,
		.twin = rh_load_relaxed(&t->slow_path[port]),
	};

	ctx->packet_count = check_in_software ? frames_sort(ctx, &c, port, frames, count, false)
					      : frames_sort(ctx, &c, port, frames, count, true);
	dp_stage_end(ctx, DP_STAGE_CLASSIFY);
	if (ctx->packet_count)
		dp_node_parse(ctx);
}
