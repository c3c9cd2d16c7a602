/* Two workers, polled in turn: copies and datagrams cross their rings, the laws hold over the sum. */

#include "tests/unit/dataplane/node/fixture.h"

#include "dataplane/node/node.h"

#include <rte_mbuf.h>
#include <rte_ring.h>
#include <stdlib.h>

static struct fx_copy copy;
static struct fx_client pub, sub;

static void start(void)
{
	struct dp_session_conf conf;

	fx_start(&(struct fx_options){.workers = 2});
	fx_client_init(&pub, 1, 4, DP_VLAN_NONE);
	conf = fx_conf(&pub);
	fx_open(&pub, &conf);
	fx_client_init(&sub, 2, 4, DP_VLAN_NONE);
	sub.owner = 1;
}

TestSuite(workers, .init = start, .fini = fx_stop);

static void subscriber(uint64_t credit)
{
	struct dp_session_conf conf = fx_conf(&sub);

	conf.tx_credit_events = credit;
	fx_open(&sub, &conf);
}

Test(workers, a_copy_leaves_by_its_subscriber_s_owner)
{
	subscriber(RH_CREDIT_UNLIMITED);
	(void)fx_subscribe(&sub, "#");
	for (int i = 0; i < 100; i++)
		fx_publish(&pub, "t/1", "across");
	fx_settle();
	for (uint64_t i = 1; i <= 100; i++) {
		cr_assert(fx_copy(&sub, &copy));
		cr_assert_eq(copy.event.sequence, i);
		cr_assert_eq(copy.header.lane, 1);
		cr_assert_arr_eq(copy.event.payload, "across", 6);
	}
	cr_assert_eq(fx_count(tx_datagrams), copy.header.packet_number, "without a gap");
	cr_assert_lt(fx_count(tx_datagrams), 100, "what arrives together at the owner leaves together");
	for (uint32_t i = 0; i < fx.sent_count; i++)
		cr_assert_eq(fx.sent[i].worker, 1);
	cr_assert_eq(fx_count(copies_to_owner), 100);
	cr_assert_eq(fx.eng->ctx[0]->store.class[0].used, 0, "every reference came back");
	cr_assert_eq(fx_count(copies_queued), 0);
}

Test(workers, a_copy_queues_at_its_owner)
{
	subscriber(3);
	(void)fx_subscribe(&sub, "#");
	for (int i = 0; i < 10; i++)
		fx_publish(&pub, "t", "wait");
	fx_settle();
	cr_assert_eq(fx_copies(&sub), 3);
	cr_assert_eq(fx_count(copies_queued), 7);
	cr_assert_eq(fx.eng->ctx[0]->store.class[0].used, 0);
	fx_grant(&sub, 100, RH_CREDIT_UNLIMITED);
	fx_settle();
	cr_assert_eq(fx_copies(&sub), 10);
	cr_assert_eq(fx.eng->ctx[1]->store.class[0].used, 0);
}

Test(workers, a_copy_under_way_when_its_filter_goes_is_not_sent)
{
	dp_sub_id_t s;

	subscriber(RH_CREDIT_UNLIMITED);
	s = fx_subscribe(&sub, "#");
	fx_publish(&pub, "t", "x");
	fx_unsubscribe(s);
	fx_settle();
	cr_assert_eq(fx_copies(&sub), 0);
	cr_assert_eq(fx_dropped(copies, UNSUBSCRIBED), 1);
}

Test(workers, a_copy_under_way_when_an_exception_comes_is_not_sent)
{
	subscriber(RH_CREDIT_UNLIMITED);
	(void)fx_subscribe(&sub, "#");
	fx_publish(&pub, "t", "x");
	(void)fx_subscribe(&sub, "!t");
	fx_settle();
	cr_assert_eq(fx_copies(&sub), 0);
	cr_assert_eq(fx_dropped(copies, UNSUBSCRIBED), 1);
}

Test(workers, a_copy_under_way_when_its_session_goes_is_counted)
{
	subscriber(RH_CREDIT_UNLIMITED);
	(void)fx_subscribe(&sub, "#");
	fx_publish(&pub, "t", "x");
	cr_assert_eq(dp_session_close(fx.eng, sub.slot), 0);
	fx_settle();
	cr_assert_eq(fx_dropped(copies, SUBSCRIBER_GONE), 1);
}

Test(workers, a_full_ring_to_the_owner_drops_with_its_reason)
{
	uint32_t n = 0;

	subscriber(RH_CREDIT_UNLIMITED);
	(void)fx_subscribe(&sub, "#");
	/* Worker 1 does not look meanwhile. */
	while (!fx_dropped(copies, OWNER_FULL) && n++ < 10000)
		fx_publish(&pub, "t", "x");
	cr_assert_eq(fx_dropped(copies, OWNER_FULL), 1);
	cr_assert_eq(fx_stats(&sub).drops[DP_DROP_OWNER_FULL], 1);
	cr_assert_eq(fx_count(copies_queued), n - 1);
	while (fx_count(copies_queued)) {
		fx_poll();
		for (uint32_t i = 0; i < fx.sent_count; i++)
			free(fx.sent[i].bytes);
		fx.sent_count = 0;
	}
	cr_assert_eq(fx_stats(&sub).tx_events, n - 1);
	cr_assert_eq(fx_stats(&sub).copies_made, n);
}

Test(workers, a_datagram_that_arrives_elsewhere_is_handed_to_the_owner)
{
	struct rh_event_spec spec = fx_spec(&pub, "t", "elsewhere");
	uint8_t record[256];
	int len = rh_event_encode(record, sizeof(record), &spec, false);

	subscriber(RH_CREDIT_UNLIMITED);
	(void)fx_subscribe(&sub, "#");
	fx_records_in(&pub, 1, record, RH_ALIGN_UP((size_t)len, RH_WIRE_ALIGN));
	cr_assert_eq(fx_count(handoffs), 1);
	cr_assert_eq(fx_count(rx_datagrams), 1);
	cr_assert_eq(fx_count(events_parsed), 0);
	fx_settle();
	cr_assert_eq(fx_count(events_parsed), 1);
	cr_assert_eq(fx_count(rx_datagrams), 1);
	cr_assert_eq(fx_count(event_datagrams), 1);
	cr_assert_eq(fx_copies(&sub), 1);
	cr_assert_eq(fx_stats(&pub).rx_events, 1);
}

Test(workers, datagrams_beyond_the_owner_s_ring_are_dropped_and_those_left_at_the_end_are_counted)
{
	struct rh_event_spec spec = fx_spec(&pub, "t", "x");
	uint8_t record[256];
	int len = rh_event_encode(record, sizeof(record), &spec, false);

	for (int i = 0; i < 1030; i++)
		fx_records_in(&pub, 1, record, RH_ALIGN_UP((size_t)len, RH_WIRE_ALIGN));
	cr_assert_eq(fx_dropped(datagrams, HANDOFF_FULL), 6);
	dp_engine_stop(fx.eng, 0);
	cr_assert_eq(fx_dropped(events, DRAINING), 1024);
}

Test(workers, large_events_cross_whole)
{
	static uint8_t payload[8000], record[9000];
	struct rh_event_spec spec = fx_spec(&pub, "t", NULL);
	int len;

	subscriber(RH_CREDIT_UNLIMITED);
	(void)fx_subscribe(&sub, "#");
	memset(payload, 0x5a, sizeof(payload));
	spec.payload = payload;
	spec.payload_len = sizeof(payload);
	len = rh_event_encode(record, sizeof(record), &spec, true);
	for (uint32_t at = 0; at < (uint32_t)len; at += 1200) {
		struct rh_fragment f = {.offset = at, .total = (uint32_t)len, .id = 1, .sequence = spec.sequence};
		uint8_t out[1300] = {0};

		f.slice_len = (uint32_t)len - at < 1200 ? (uint32_t)len - at : 1200;
		f.last = at + f.slice_len == (uint32_t)len;
		rh_fragment_encode(out, &f);
		memcpy(out + RH_FRAGMENT_HDR, record + at, f.slice_len);
		fx_records_in(&pub, 0, out, RH_ALIGN_UP((size_t)RH_FRAGMENT_HDR + f.slice_len, RH_WIRE_ALIGN));
	}
	fx_settle();
	cr_assert(fx_copy(&sub, &copy));
	cr_assert_eq(copy.event.payload_len, sizeof(payload));
	cr_assert_arr_eq(copy.event.payload, payload, sizeof(payload));
	cr_assert_eq(fx.eng->ctx[0]->store.class[2].used, 0);
}

#define FLOOD_EVENTS 20

/* Several events in one datagram: one round of worker 0. */
static void flood(void)
{
	uint8_t records[FLOOD_EVENTS * 64];
	size_t len = 0;

	for (int i = 0; i < FLOOD_EVENTS; i++) {
		struct rh_event_spec spec = fx_spec(&pub, "t", "x");

		len += RH_ALIGN_UP(
			(size_t)rh_event_encode(records + len, sizeof(records) - len, &spec, false),
			RH_WIRE_ALIGN);
	}
	fx_records_in(&pub, 0, records, len);
}

/* One round of worker 1, what it sends thrown away. */
static void owner_round(void)
{
	struct rte_ring *ring = rte_ring_lookup("ETH_RXTX1_net_ring0");
	struct rte_mbuf *m;

	(void)dp_worker_poll_once(fx.eng, fx.eng->ctx[1]);
	while (rte_ring_dequeue(ring, (void **)&m) == 0)
		rte_pktmbuf_free(m);
}

Test(workers, an_owner_that_is_faster_than_the_sender_gives_every_reference_back)
{
	struct fx_client other[2];

	subscriber(RH_CREDIT_UNLIMITED);
	(void)fx_subscribe(&sub, "#");
	for (uint32_t i = 0; i < 2; i++) {
		struct dp_session_conf conf;

		fx_client_init(&other[i], 3 + i, 4, DP_VLAN_NONE);
		other[i].owner = 1;
		conf = fx_conf(&other[i]);
		fx_open(&other[i], &conf);
		(void)fx_subscribe(&other[i], "#");
	}
	/* 60 copies a round out, more than one burst of references a round back. */
	for (int i = 0; i < 400; i++) {
		flood();
		owner_round();
		owner_round();
	}
	for (int i = 0; i < 600; i++) {
		(void)dp_worker_poll_once(fx.eng, fx.eng->ctx[0]);
		owner_round();
	}
	cr_assert_eq(fx.eng->ctx[0]->copies_lent, 0);
	cr_assert_eq(fx.eng->ctx[0]->store.class[0].used, 0);
	cr_assert_eq(fx_count(copies_tx), 400 * FLOOD_EVENTS * 3);
}

Test(workers, an_event_younger_than_its_owner_s_clock_has_not_expired)
{
	struct rh_event_spec spec = fx_spec(&pub, "t", "x");

	subscriber(RH_CREDIT_UNLIMITED);
	(void)fx_subscribe(&sub, "#");
	spec.ttl_ms = 1000;
	fx_event_in(&pub, &spec);
	/* Worker 1 is in a round that began before worker 0's. */
	fx.eng->ctx[1]->now_tsc = fx.eng->ctx[0]->now_tsc - 1000;
	(void)dp_node_inbox(fx.eng->ctx[1]);
	fx_settle();
	cr_assert_eq(fx_dropped(copies, TTL_EXPIRED), 0);
	cr_assert(fx_copy(&sub, &copy));
	cr_assert_eq(copy.event.ttl_ms, 1000);
}

Test(workers, seen_is_what_running_workers_have_loaded)
{
	uint64_t generation;

	subscriber(RH_CREDIT_UNLIMITED);
	(void)fx_subscribe(&sub, "#");
	cr_assert_eq(dp_engine_seen(fx.eng), UINT64_MAX, "none runs");
	generation = dp_table_generation(fx.table);
	fx.eng->ctx[0]->running = fx.eng->ctx[1]->running = 1;
	cr_assert_lt(dp_engine_seen(fx.eng), generation);
	(void)dp_worker_poll_once(fx.eng, fx.eng->ctx[0]);
	cr_assert_lt(dp_engine_seen(fx.eng), generation, "one of two");
	(void)dp_worker_poll_once(fx.eng, fx.eng->ctx[1]);
	cr_assert_eq(dp_engine_seen(fx.eng), generation);
	fx.eng->ctx[0]->running = fx.eng->ctx[1]->running = 0;
}
