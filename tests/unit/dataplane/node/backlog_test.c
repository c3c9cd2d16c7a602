/* A transmit queue that does not take everything at once. */

#include "tests/unit/dataplane/node/fixture.h"

#include "dataplane/node/node.h"
#include "dataplane/node/transmit.h"
#include "dataplane/port/port_priv.h"

#include <rte_ether.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#define SUBSCRIBERS 60
#define EVENTS	    20

static struct fx_client pub, sub[SUBSCRIBERS];

static void start(void)
{
	fx_start(NULL);
	/* A pause of a busy machine is no standstill of the device. */
	fx.eng->ctx[0]->cycles_per_ms *= 1000;
	fx_connect(&pub, 1);
	for (uint32_t i = 0; i < SUBSCRIBERS; i++) {
		fx_connect(&sub[i], i + 2);
		(void)fx_subscribe(&sub[i], "#");
	}
}

TestSuite(backlog, .init = start, .fini = fx_stop);

static struct dp_txq *txq(void)
{
	return fx.eng->ctx[0]->txq[fx.port];
}

/* The device takes nothing more, and gives nothing. */
static void device_block(void)
{
	struct rte_ring *ring = rte_ring_lookup("ETH_RXTX0_net_ring0");

	fx.eng->ctx[0]->rx_left = 0;
	while (!rte_ring_full(ring)) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(dp_port_pool(fx.port));
		struct packet_spec spec = {.family = 4, .vlan = PACKET_VLAN_NONE};
		uint8_t frame[PACKET_MAX];
		size_t len = packet_build(frame, &spec);

		cr_assert_not_null(m);
		memcpy(rte_pktmbuf_append(m, (uint16_t)len), frame, len);
		cr_assert_eq(rte_ring_enqueue(ring, m), 0);
	}
}

/* One event straight into the pipeline, as if the device had received it. */
static void publish_directly_bytes(uint32_t payload_len)
{
	static uint8_t payload[1200];
	struct rh_event_spec spec = fx_spec(&pub, "t", NULL);
	uint8_t datagram[1400] = {0}, frame[PACKET_MAX];
	struct rh_datagram h = {.session = pub.wire_id, .check = pub.check, .packet_number = 1};
	struct packet_spec p = {.family = 4,
		.vlan = PACKET_VLAN_NONE,
		.src_port = pub.port,
		.dst_port = RH_WIRE_UDP_PORT,
		.payload = datagram};
	struct rte_mbuf *m = rte_pktmbuf_alloc(dp_port_pool(fx.port));
	size_t size;
	int len;

	spec.payload = payload;
	spec.payload_len = payload_len;
	len = rh_event_encode(
		datagram + RH_DATAGRAM_HDR, sizeof(datagram) - RH_DATAGRAM_HDR, &spec, false);
	p.payload_len = h.length = (uint16_t)(RH_DATAGRAM_HDR + RH_ALIGN_UP(len, RH_WIRE_ALIGN));
	rh_datagram_encode(datagram, &h);
	memcpy(p.src, pub.address, 4);
	memcpy(p.dst, pub.router, 4);
	size = packet_build(frame, &p);
	memcpy(rte_pktmbuf_append(m, (uint16_t)size), frame, size);
	rh_add_relaxed(&fx.eng->ctx[0]->counters.rx_datagrams, 1);
	dp_node_classify(fx.eng->ctx[0], fx.port, false, &m, 1);
}

static void publish_directly(void)
{
	publish_directly_bytes(1);
}

/* Two of what follows do not fit into one datagram of the subscribers'. */
#define ALONE 400
static void publish_alone(void)
{
	for (uint32_t i = 0; i < SUBSCRIBERS; i++)
		fx.eng->tables.slots[sub[i].slot].max_datagram = RH_DATAGRAM_MIN_MAX;
	publish_directly_bytes(ALONE);
}

/* The device took copies of publish_alone, each in a frame of its own, and nothing else is counted. */
static void expect_taken_alone(void)
{
	uint32_t record = RH_PUBLISH_HDR + 1 + ALONE;
	uint32_t frame = RTE_ETHER_HDR_LEN + DP_IPV4_UDP_HEADERS + RH_DATAGRAM_HDR +
			 RH_ALIGN_UP(record, (uint32_t)RH_WIRE_ALIGN);

	cr_assert_eq(fx_count(tx_datagrams), fx_count(copies_tx));
	cr_assert_eq(fx_count(copies_tx_bytes), fx_count(copies_tx) * record);
	cr_assert_eq(fx_count(tx_bytes), fx_count(copies_tx) * frame);
}

Test(backlog, resumes_and_loses_nothing)
{
	/* More frames in one round than the device takes, which gives them back only later. */
	for (int i = 0; i < EVENTS; i++)
		publish_alone();
	fx.eng->ctx[0]->rx_left = 0;
	fx_poll();
	fx.eng->ctx[0]->rx_left = UINT64_MAX;
	cr_assert_eq(fx_count(copies_made), EVENTS * SUBSCRIBERS);
	cr_assert_gt(fx_count(copies_queued), 0);
	cr_assert_eq(fx_count(copies_tx), EVENTS * SUBSCRIBERS - fx_count(copies_queued));
	expect_taken_alone();
	fx_settle();
	cr_assert_eq(fx_count(copies_queued), 0);
	for (uint32_t i = 0; i < SUBSCRIBERS; i++)
		cr_assert_eq(fx_copies(&sub[i]), EVENTS);
	expect_taken_alone();
}

Test(backlog, holds_activation_back_until_older_frames_are_gone)
{
	struct dp_ctx *ctx = fx.eng->ctx[0];
	uint64_t before, generation;

	fx_settle();
	device_block();
	publish_directly();
	(void)dp_worker_poll_once(fx.eng, ctx);
	cr_assert_eq(dp_txq_waiting(txq()), SUBSCRIBERS);
	before = ctx->seen_generation;
	generation = dp_table_publish(fx.table);
	(void)dp_worker_poll_once(fx.eng, ctx);
	cr_assert_eq(ctx->loaded_generation, generation);
	cr_assert_eq(ctx->seen_generation, before, "frames of the older generation wait");
	/* Newer frames do not hold it back for ever. */
	publish_directly();
	fx_poll();
	cr_assert_eq(ctx->seen_generation, before);
	/* That poll emptied the device; this one sends, the next one sees that they are gone. */
	fx_poll();
	cr_assert_eq(ctx->seen_generation, before);
	cr_assert_eq(dp_txq_waiting(txq()), 0);
	fx_poll();
	cr_assert_eq(ctx->seen_generation, generation);
}

Test(backlog, of_a_device_at_a_standstill_is_dropped_with_its_reason)
{
	struct dp_ctx *ctx = fx.eng->ctx[0];

	device_block();
	publish_directly();
	(void)dp_worker_poll_once(fx.eng, ctx);
	cr_assert_neq(txq()->blocked_since_tsc, 0);
	cr_assert_eq(fx_count(copies_queued), SUBSCRIBERS);
	txq()->blocked_since_tsc -= 11 * ctx->cycles_per_ms;
	(void)dp_worker_poll_once(fx.eng, ctx);
	cr_assert_eq(fx_dropped(copies, BACKLOG_FULL), SUBSCRIBERS);
	cr_assert_eq(fx_stats(&sub[0]).drops[DP_DROP_BACKLOG_FULL], 1);
	cr_assert_eq(fx_stats(&sub[0]).tx_events, 0, "its credit is its own again");
	cr_assert_eq(fx_count(copies_queued), 0);
}

Test(backlog, takes_more_copies_into_its_frames_and_drops_all_of_them_together)
{
	struct dp_ctx *ctx = fx.eng->ctx[0];

	device_block();
	for (int i = 0; i < 3; i++) {
		publish_directly();
		(void)dp_worker_poll_once(fx.eng, ctx);
		cr_assert_eq(dp_txq_waiting(txq()), SUBSCRIBERS, "three rounds, one frame each");
	}
	cr_assert_eq(fx_count(copies_queued), 3 * SUBSCRIBERS);
	cr_assert_eq(fx_stats(&sub[0]).tx_events, 3);
	txq()->blocked_since_tsc -= 11 * ctx->cycles_per_ms;
	(void)dp_worker_poll_once(fx.eng, ctx);
	cr_assert_eq(fx_dropped(copies, BACKLOG_FULL), 3 * SUBSCRIBERS);
	cr_assert_eq(fx_stats(&sub[0]).drops[DP_DROP_BACKLOG_FULL], 3);
	cr_assert_eq(fx_stats(&sub[0]).tx_events, 0, "its credit is its own again");
	cr_assert_eq(fx_stats(&sub[0]).tx_bytes, 0);
}

Test(backlog, of_a_session_that_is_let_go_takes_nothing_more)
{
	struct dp_ctx *ctx = fx.eng->ctx[0];
	uint32_t slot = sub[0].slot;

	device_block();
	publish_directly();
	publish_directly();
	cr_assert_eq(dp_session_close(fx.eng, sub[0].slot), 0);
	(void)dp_worker_poll_once(fx.eng, ctx);
	for (uint32_t at = txq()->head; at != txq()->tail; at++)
		cr_assert_neq(txq()->meta[at % DP_TX_BACKLOG].slot, slot);
	publish_directly();
	cr_assert_eq(dp_txq_waiting(txq()), SUBSCRIBERS);
	cr_assert_eq(fx_dropped(copies, SUBSCRIBER_GONE), 1);
	txq()->blocked_since_tsc -= 11 * ctx->cycles_per_ms;
	(void)dp_worker_poll_once(fx.eng, ctx);
	cr_assert_eq(fx_dropped(copies, BACKLOG_FULL), 3 * SUBSCRIBERS - 1);
}

Test(backlog, that_is_half_full_sends_copies_to_their_queues)
{
	struct dp_ctx *ctx = fx.eng->ctx[0];

	device_block();
	for (int i = 0; i < 12; i++)
		publish_alone();
	cr_assert_eq(fx_count(copies_made), 12 * SUBSCRIBERS);
	cr_assert_eq(dp_txq_waiting(txq()), DP_TX_BACKLOG_SOFT);
	cr_assert_eq(ctx->queued_copies, 12 * SUBSCRIBERS - DP_TX_BACKLOG_SOFT);
	fx_settle();
	cr_assert_eq(fx_count(copies_tx), 12 * SUBSCRIBERS);
	cr_assert_eq(fx_copies(&sub[0]), 12);
}

Test(backlog, that_was_dropped_lets_queues_with_credit_move)
{
	struct dp_ctx *ctx = fx.eng->ctx[0];
	struct dp_session *slot = &fx.eng->tables.slots[sub[0].slot];

	slot->tx_granted_events = 1;
	device_block();
	publish_directly();
	(void)dp_worker_poll_once(fx.eng, ctx);
	publish_directly();
	cr_assert_eq(slot->queue_count, 1, "no credit for the second");
	txq()->blocked_since_tsc -= 11 * ctx->cycles_per_ms;
	(void)dp_worker_poll_once(fx.eng, ctx);
	cr_assert_eq(fx_stats(&sub[0]).drops[DP_DROP_BACKLOG_FULL], 1);
	fx_settle();
	cr_assert_eq(fx_copies(&sub[0]), 1, "the credit came back");
}

Test(backlog, goes_to_the_device_within_a_round_chunk_by_chunk)
{
	publish_alone();
	cr_assert_eq(fx_count(copies_made), SUBSCRIBERS);
	cr_assert_eq(dp_txq_waiting(txq()), SUBSCRIBERS, "fewer than two chunks wait for the end of the round");
	publish_alone();
	cr_assert_lt(dp_txq_waiting(txq()), SUBSCRIBERS);
	fx_settle();
	cr_assert_eq(fx_count(copies_tx), 2 * SUBSCRIBERS);
}

Test(backlog, is_handed_over_within_a_round_while_the_device_takes_it)
{
	for (int i = 0; i < 15; i++)
		publish_alone();
	cr_assert_eq(fx_count(copies_made), 15 * SUBSCRIBERS);
	cr_assert_eq(fx.eng->ctx[0]->queued_copies, 0, "more than half a backlog, and nothing has to queue");
	fx_settle();
	cr_assert_eq(fx_count(copies_tx), 15 * SUBSCRIBERS);
}

Test(backlog, dropped_in_the_middle_of_a_copy_keeps_the_credit_of_what_was_sent)
{
	struct dp_ctx *ctx = fx.eng->ctx[0];
	struct rte_mbuf *m;

	for (uint32_t i = 0; i < SUBSCRIBERS; i++)
		fx.eng->tables.slots[sub[i].slot].max_datagram = 512;
	device_block();
	cr_assert_eq(rte_ring_dequeue(rte_ring_lookup("ETH_RXTX0_net_ring0"), (void **)&m), 0);
	rte_pktmbuf_free(m);
	publish_directly_bytes(1200);
	/* One slice of the first copy goes; then nothing. */
	(void)dp_worker_poll_once(fx.eng, ctx);
	cr_assert_eq(fx_count(tx_datagrams), 1);
	(void)dp_worker_poll_once(fx.eng, ctx);
	txq()->blocked_since_tsc -= 11 * ctx->cycles_per_ms;
	(void)dp_worker_poll_once(fx.eng, ctx);
	cr_assert_eq(fx_dropped(copies, BACKLOG_FULL), SUBSCRIBERS);
	cr_assert_eq(fx_stats(&sub[0]).tx_events, 1, "its receiver will charge it as given up");
	cr_assert_eq(fx_stats(&sub[1]).tx_events, 0);
}
