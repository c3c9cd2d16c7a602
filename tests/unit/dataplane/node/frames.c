#include "tests/unit/dataplane/node/frames.h"

#include "dataplane/node/transmit.h"
#include "dataplane/port/port_priv.h"
#include "tests/lib/frame_walk.h"

#include <rte_ring.h>

#define IPV4_DF 0x4000

struct rte_mbuf *out[OUT_MAX];
uint32_t out_count;

struct rte_mempool *pool(void)
{
	return dp_port_pool(fx.port);
}

void join(struct fx_client *c, uint32_t n, uint8_t family, uint16_t vlan)
{
	struct dp_session_conf conf;

	fx_client_init(c, n, family, vlan);
	conf = fx_conf(c);
	fx_open(c, &conf);
}

size_t record_put(uint8_t *at, const struct rh_event_spec *spec)
{
	int len = rh_event_encode(at, 2048, spec, false);

	cr_assert_gt(len, 0);
	return (size_t)len;
}

struct rte_mbuf *buffer_of(const uint8_t *frame, size_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool());

	cr_assert_not_null(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), frame, len);
	return m;
}

struct rte_mbuf *received(struct fx_client *c, const struct rh_event_spec *spec)
{
	static uint8_t records[2048], frame[PACKET_MAX];

	return buffer_of(frame, fx_frame_make(c, frame, records, record_put(records, spec)));
}

void run(struct rte_mbuf *m, uint32_t from)
{
	static const char *const names[] = {"ETH_RXTX0_net_ring0", "ETH_RXTX1_net_ring0"};

	out_count = 0;
	cr_assert_eq(rte_ring_enqueue(rte_ring_lookup(names[from]), m), 0);
	for (uint32_t round = 0; round < 4; round++)
		for (uint32_t w = 0; w < fx.workers; w++) {
			struct rte_ring *ring = rte_ring_lookup(names[w]);

			(void)dp_worker_poll_once(fx.eng, fx.eng->ctx[w]);
			while (rte_ring_dequeue(ring, (void **)&out[out_count]) == 0)
				cr_assert_lt(++out_count, OUT_MAX);
		}
}

void out_free(void)
{
	rte_pktmbuf_free_bulk(out, out_count);
	out_count = 0;
}

void expect_frame_of(const struct rte_mbuf *m, const struct fx_client *to,
	const struct rh_event_spec *specs, uint32_t count, uint64_t number)
{
	static uint8_t datagram[4096], frame[PACKET_MAX];
	struct packet_spec packet = {.family = to->family,
		.vlan = to->vlan,
		.src_port = RH_WIRE_UDP_PORT,
		.dst_port = to->port,
		.payload = datagram,
		.ipv4_fragment = IPV4_DF,
		.no_udp_checksum = to->family == 4};
	struct rh_datagram header = {
		.session = to->wire_id, .check = to->check, .packet_number = number, .lane = (uint8_t)to->owner};
	const uint8_t macs[12] = {2, 0, 0, 0, 1, (uint8_t)(to->port - 40000), 2, 0, 0, 0, 0, 1};
	size_t len;

	memset(datagram, 0, sizeof(datagram));
	len = RH_DATAGRAM_HDR;
	for (uint32_t i = 0; i < count; i++) {
		struct rh_event_spec spec = specs[i];

		spec.hop_limit--;
		len += RH_ALIGN_UP(record_put(datagram + len, &spec), 8u);
	}
	header.length = packet.payload_len = (uint16_t)len;
	packet.ipv4_id = (uint16_t)~(DP_IPV4_UDP_HEADERS + len);
	rh_datagram_encode(datagram, &header);
	cr_assert_eq(frame_walk_datagram(datagram, header.length), RH_FRAME_OK);
	memcpy(packet.src, to->router, 16);
	memcpy(packet.dst, to->address, 16);
	len = packet_build(frame, &packet);
	memcpy(frame, macs, sizeof(macs));
	cr_assert_eq(rte_pktmbuf_pkt_len(m), len);
	cr_assert_eq(rte_pktmbuf_data_len(m), len);
	cr_assert_eq(m->nb_segs, 1);
	cr_assert_eq(m->ol_flags, 0);
	cr_assert_eq(memcmp(rte_pktmbuf_mtod(m, void *), frame, len), 0);
}

void expect_frame(const struct rte_mbuf *m, const struct fx_client *to,
	struct rh_event_spec spec, uint64_t number)
{
	expect_frame_of(m, to, &spec, 1, number);
}
