/* A received frame may leave as the last copy of its event. What leaves is compared byte for byte with a frame built by hand. */

#include "tests/unit/dataplane/node/frames.h"

#include "dataplane/api/trace.h"
#include "dataplane/node/node.h"
#include "dataplane/node/transmit.h"

#include <rte_ring.h>
#include <stdlib.h>

#define TEXT_MAX 48

static void start(void)
{
	fx_start(NULL);
}

/* Every buffer came back. */
static void stop(void)
{
	for (uint32_t i = 0; i < out_count; i++)
		rte_pktmbuf_free(out[i]);
	fx_settle();
	/* Criterion does not count a failed assertion here. */
	if (rte_mempool_in_use_count(pool()) != 0)
		abort();
	fx_stop();
}

TestSuite(reuse, .init = start, .fini = stop);

static void from_to(uint8_t from_family, uint16_t from_vlan, uint8_t to_family, uint16_t to_vlan)
{
	char text[TEXT_MAX + 1] = "";
	struct fx_client pub, sub;

	join(&pub, 1, from_family, from_vlan);
	join(&sub, 2, to_family, to_vlan);
	(void)fx_subscribe(&sub, "a/+");
	/* Every number of bytes to pad; the sender leaves the padding out. */
	for (uint32_t i = 0; i < TEXT_MAX; i++) {
		struct rh_event_spec spec = fx_spec(&pub, "a/b", text);
		struct rte_mbuf *m = received(&pub, &spec);

		m->ol_flags = RTE_MBUF_F_RX_RSS_HASH;
		run(m, 0);
		cr_assert_eq(out_count, 1);
		cr_assert_eq(out[0], m, "the buffer that came in");
		expect_frame(m, &sub, spec, i + 1);
		out_free();
		text[i] = (char)('a' + i % 26);
	}
	cr_assert_eq(fx_count(copies_tx), TEXT_MAX);
	cr_assert_eq(fx_count(event_datagrams), TEXT_MAX);
	fx_laws("reused");
}

Test(reuse, between_address_families_and_virtual_lans)
{
	from_to(4, DP_VLAN_NONE, 4, DP_VLAN_NONE);
}

Test(reuse, from_ipv4_to_ipv6_in_a_vlan)
{
	from_to(4, DP_VLAN_NONE, 6, 42);
}

Test(reuse, from_ipv6_in_a_vlan_to_ipv4)
{
	from_to(6, 42, 4, DP_VLAN_NONE);
}

Test(reuse, from_ipv6_to_ipv6)
{
	from_to(6, DP_VLAN_NONE, 6, DP_VLAN_NONE);
}

Test(reuse, only_the_last_of_several_copies)
{
	struct fx_client pub, sub[5];
	struct rh_event_spec spec;
	struct rte_mbuf *m;

	join(&pub, 1, 4, DP_VLAN_NONE);
	for (uint32_t i = 0; i < 5; i++) {
		join(&sub[i], i + 2, i % 2 ? 6 : 4, DP_VLAN_NONE);
		(void)fx_subscribe(&sub[i], "#");
	}
	spec = fx_spec(&pub, "t", "to all");
	m = received(&pub, &spec);
	run(m, 0);
	cr_assert_eq(out_count, 5);
	for (uint32_t i = 0; i < 5; i++) {
		uint32_t to = rte_pktmbuf_mtod(out[i], uint8_t *)[5] - 2u;

		cr_assert_lt(to, 5);
		cr_assert_eq(out[i] == m, i == 4);
		expect_frame(out[i], &sub[to], spec, 1);
	}
}

static struct fx_client pub, sub;
static struct fx_copy copy;

/* One publisher, one subscriber, an event for it. */
static struct rh_event_spec pair(void)
{
	join(&pub, 1, 4, DP_VLAN_NONE);
	join(&sub, 2, 4, DP_VLAN_NONE);
	(void)fx_subscribe(&sub, "#");
	return fx_spec(&pub, "some/topic", "13 bytes long");
}

/* @m left as a copy in another buffer. */
static void expect_copied(const struct rte_mbuf *m, const struct rh_event_spec *spec)
{
	cr_assert_eq(out_count, 1);
	cr_assert_neq(out[0], m);
	expect_frame(out[0], &sub, *spec, 1);
}

/* Two events in one frame. */
static struct rte_mbuf *received_two(const struct rh_event_spec *one, const struct rh_event_spec *two)
{
	static uint8_t records[2048], frame[PACKET_MAX];
	size_t len = RH_ALIGN_UP(record_put(records, one), 8u);

	len += record_put(records + len, two);
	return buffer_of(frame, fx_frame_make(&pub, frame, records, len));
}

/* Two subscribers, an event for each. */
static struct fx_client other;
static void pairs(struct rh_event_spec *one, struct rh_event_spec *two)
{
	join(&pub, 1, 4, DP_VLAN_NONE);
	join(&sub, 2, 4, DP_VLAN_NONE);
	join(&other, 3, 4, DP_VLAN_NONE);
	(void)fx_subscribe(&sub, "sub/#");
	(void)fx_subscribe(&other, "other/#");
	*one = fx_spec(&pub, "sub/topic", "13 bytes long");
	*two = fx_spec(&pub, "other", "x");
}

Test(reuse, of_a_frame_with_two_events_by_the_last_of_them)
{
	struct rh_event_spec one, two;
	struct rte_mbuf *m;

	pairs(&one, &two);
	m = received_two(&one, &two);
	run(m, 0);
	cr_assert_eq(out_count, 2);
	cr_assert_neq(out[0], m);
	cr_assert_eq(out[1], m);
	expect_frame(out[0], &sub, one, 1);
	expect_frame(out[1], &other, two, 1);
}

Test(reuse, of_a_frame_whose_events_all_go_to_one_session_whole)
{
	struct rh_event_spec specs[2] = {pair(), fx_spec(&pub, "other", "x")};
	struct rte_mbuf *m = received_two(&specs[0], &specs[1]);

	run(m, 0);
	cr_assert_eq(out_count, 1);
	cr_assert_eq(out[0], m, "nothing was copied");
	expect_frame_of(m, &sub, specs, 2, 1);
	fx_laws("two in one");
}

Test(reuse, of_a_frame_for_several_sessions_whole_by_the_last_of_them)
{
	struct rh_event_spec specs[2] = {pair(), fx_spec(&pub, "some/topic", "x")};
	struct rte_mbuf *m;

	join(&other, 3, 6, 42);
	(void)fx_subscribe(&other, "#");
	m = received_two(&specs[0], &specs[1]);
	run(m, 0);
	cr_assert_eq(out_count, 2);
	for (uint32_t i = 0; i < 2; i++) {
		bool first = rte_pktmbuf_mtod(out[i], uint8_t *)[5] == 2;

		cr_assert_eq(out[i] == m, i == 1);
		expect_frame_of(out[i], first ? &sub : &other, specs, 2, 1);
	}
}

/* A frame in its own buffer takes more behind its records, as long as the buffer has room. */
Test(reuse, of_a_frame_that_takes_the_copies_of_the_next_one)
{
	struct rh_event_spec specs[2] = {pair(), fx_spec(&pub, "other", "x")};
	struct rte_mbuf *m = received(&pub, &specs[0]), *next = received(&pub, &specs[1]);

	cr_assert_eq(rte_ring_enqueue(rte_ring_lookup("ETH_RXTX0_net_ring0"), m), 0);
	run(next, 0);
	cr_assert_eq(out_count, 1);
	cr_assert_eq(out[0], m);
	expect_frame_of(m, &sub, specs, 2, 1);
}

Test(reuse, of_no_frame_whose_last_event_nobody_gets)
{
	struct rh_event_spec one = pair(), two = fx_spec(&pub, "other", "x");
	struct rte_mbuf *m;

	two.hop_limit = 0;
	m = received_two(&one, &two);
	run(m, 0);
	expect_copied(m, &one);
}

Test(reuse, behind_an_event_that_waits_for_credit)
{
	struct rh_event_spec one, two;
	struct rte_mbuf *m;

	join(&pub, 1, 4, DP_VLAN_NONE);
	join(&sub, 2, 4, DP_VLAN_NONE);
	join(&other, 3, 4, DP_VLAN_NONE);
	(void)fx_subscribe(&sub, "waits/#");
	(void)fx_subscribe(&other, "goes/#");
	one = fx_spec(&pub, "waits/here", "whole");
	two = fx_spec(&pub, "goes/now", "x");
	m = received_two(&one, &two);
	fx.eng->tables.slots[sub.slot].tx_granted_events = 0;
	run(m, 0);
	cr_assert_eq(out_count, 1);
	cr_assert_eq(out[0], m);
	expect_frame(m, &other, two, 1);
	fx_grant(&sub, RH_CREDIT_UNLIMITED, RH_CREDIT_UNLIMITED);
	cr_assert(fx_copy(&sub, &copy));
	cr_assert_eq(copy.event.topic_len, one.topic_len);
	cr_assert_arr_eq(copy.event.topic, one.topic, one.topic_len);
	cr_assert_eq(copy.event.payload_len, one.payload_len);
	cr_assert_arr_eq(copy.event.payload, one.payload, one.payload_len);
	cr_assert_eq(fx_copies(&sub), 1);
}

Test(reuse, of_a_frame_with_a_control_record_before_the_event)
{
	uint8_t records[2048], frame[PACKET_MAX];
	struct rh_event_spec spec = pair();
	struct rh_credit credit = {5, 5000};
	size_t len = (size_t)rh_credit_encode(records, sizeof(records), &credit);
	struct rte_mbuf *m;

	len += record_put(records + len, &spec);
	m = buffer_of(frame, fx_frame_make(&pub, frame, records, len));
	run(m, 0);
	cr_assert_eq(out_count, 1);
	cr_assert_eq(out[0], m);
	expect_frame(m, &sub, spec, 1);
}

Test(reuse, of_no_buffer_that_others_hold)
{
	struct rh_event_spec spec = pair();
	struct rte_mbuf *m = received(&pub, &spec);
	uint8_t before[512];
	uint32_t len = rte_pktmbuf_data_len(m);

	memcpy(before, rte_pktmbuf_mtod(m, void *), len);
	rte_mbuf_refcnt_update(m, 1);
	run(m, 0);
	expect_copied(m, &spec);
	cr_assert_eq(rte_mbuf_refcnt_read(m), 1);
	cr_assert_eq(memcmp(rte_pktmbuf_mtod(m, void *), before, len), 0, "its bytes are as they were");
	rte_pktmbuf_free(m);
}

Test(reuse, of_no_buffer_whose_bytes_are_elsewhere)
{
	struct rh_event_spec spec = pair();
	struct rte_mbuf *m = received(&pub, &spec), *clone = rte_pktmbuf_clone(m, pool());

	cr_assert_not_null(clone);
	rte_pktmbuf_free(m);
	run(clone, 0);
	expect_copied(clone, &spec);
}

Test(reuse, of_no_chained_buffer)
{
	struct rh_event_spec spec = pair();
	struct rte_mbuf *m = received(&pub, &spec), *tail = rte_pktmbuf_alloc(pool());

	cr_assert_not_null(rte_pktmbuf_append(tail, 7));
	cr_assert_eq(rte_pktmbuf_chain(m, tail), 0);
	run(m, 0);
	expect_copied(m, &spec);
}

/* Move the frame within its buffer. */
static void move_to(struct rte_mbuf *m, uint16_t data_off)
{
	uint16_t len = rte_pktmbuf_data_len(m);

	memmove((uint8_t *)m->buf_addr + data_off, rte_pktmbuf_mtod(m, void *), len);
	m->data_off = data_off;
}

Test(reuse, at_the_start_of_the_buffer_where_the_headers_fit)
{
	struct rh_event_spec spec = pair();
	struct rte_mbuf *m = received(&pub, &spec);

	move_to(m, 0);
	run(m, 0);
	cr_assert_eq(out_count, 1);
	cr_assert_eq(out[0], m);
	expect_frame(m, &sub, spec, 1);
}

Test(reuse, of_no_buffer_without_room_for_longer_headers)
{
	struct rh_event_spec spec;
	struct rte_mbuf *m;

	join(&pub, 1, 4, DP_VLAN_NONE);
	join(&sub, 2, 6, DP_VLAN_NONE);
	(void)fx_subscribe(&sub, "#");
	spec = fx_spec(&pub, "t", "x");
	m = received(&pub, &spec);
	move_to(m, 19);
	run(m, 0);
	expect_copied(m, &spec);
}

Test(reuse, of_no_buffer_without_room_for_padding)
{
	struct rh_event_spec spec = pair();
	struct rte_mbuf *m = received(&pub, &spec);

	cr_assert_neq(rh_event_size(&spec) % 8, 0);
	move_to(m, (uint16_t)(m->buf_len - rte_pktmbuf_data_len(m)));
	run(m, 0);
	expect_copied(m, &spec);
}

/* At the end of its buffer a reused frame has room for its own records alone. */
Test(reuse, of_a_frame_without_room_for_a_second_one)
{
	struct rh_event_spec specs[2] = {pair(), fx_spec(&pub, "other", "x")};
	struct rte_mbuf *m, *next;

	specs[0].payload = (const uint8_t *)"longer, so that no padding is needed";
	specs[0].payload_len += (uint32_t)(8 - rh_event_size(&specs[0]) % 8) % 8;
	m = received(&pub, &specs[0]);
	next = received(&pub, &specs[1]);
	move_to(m, (uint16_t)(m->buf_len - rte_pktmbuf_data_len(m)));
	cr_assert_eq(rte_ring_enqueue(rte_ring_lookup("ETH_RXTX0_net_ring0"), m), 0);
	run(next, 0);
	cr_assert_eq(out_count, 2);
	cr_assert_eq(out[0], m);
	expect_frame(out[0], &sub, specs[0], 1);
	expect_frame(out[1], &sub, specs[1], 2);
}

Test(reuse, of_no_buffer_that_its_pool_cannot_spare)
{
	struct rh_event_spec spec = pair();
	struct rte_mbuf *m = received(&pub, &spec);

	cr_assert(fx.eng->ctx[0]->lends[fx.port], "4,095 buffers are enough for one queue");
	fx.eng->ctx[0]->lends[fx.port] = false;
	run(m, 0);
	expect_copied(m, &spec);
}

Test(reuse, of_no_buffer_while_the_device_is_not_keeping_up)
{
	struct rh_event_spec spec = pair();
	struct rte_mbuf *m = received(&pub, &spec);
	struct dp_txq *txq = fx.eng->ctx[0]->txq[fx.port];
	uint32_t before;

	cr_assert_eq(txq->head, 0);
	for (uint32_t i = 0; i < DP_TX_REUSE_WAITING; i++)
		dp_txq_put_other(txq, rte_pktmbuf_alloc(pool()));
	before = txq->tail;
	txq->blocked_since_tsc = 1;
	rh_add_relaxed(&fx.eng->ctx[0]->counters.rx_datagrams, 1);
	dp_node_classify(fx.eng->ctx[0], fx.port, false, &m, 1);
	cr_assert_eq(txq->tail, before + 1);
	cr_assert_neq(txq->frame[before % DP_TX_BACKLOG], m);
	txq->tail = before;
	rte_pktmbuf_free(txq->frame[before % DP_TX_BACKLOG]);
	rte_pktmbuf_free_bulk(txq->frame, DP_TX_REUSE_WAITING);
	txq->head = txq->tail;
	txq->waits = (struct dp_tx_sum){0};
	txq->blocked_since_tsc = 0;
	rh_add_relaxed(&fx.eng->ctx[0]->counters.copies_tx, 1);
}

Test(reuse, under_an_alias_is_a_copy_with_the_topic_in_text)
{
	struct rh_event_spec spec = pair(), aliased = spec;
	uint64_t generation;
	struct rte_mbuf *m;

	cr_assert_eq(dp_session_alias(fx.eng, pub.slot, 7, "some/topic", 10, &generation), 0);
	aliased.alias = 7;
	m = received(&pub, &aliased);
	run(m, 0);
	expect_copied(m, &spec);
}

Test(reuse, leaves_a_copy_that_waits_for_credit_whole)
{
	struct rh_event_spec spec = pair();
	struct rte_mbuf *m = received(&pub, &spec);
	struct dp_session *slot = &fx.eng->tables.slots[sub.slot];

	slot->tx_granted_events = 0;
	run(m, 0);
	cr_assert_eq(out_count, 0);
	cr_assert_eq(fx_count(copies_queued), 1);
	fx_grant(&sub, 1, 1 << 20);
	cr_assert_eq(fx_copies(&sub), 1);
	fx_laws("granted");
}

/* Of two receivers one has no credit: whichever comes last. */
Test(reuse, beside_a_copy_that_waits_for_credit)
{
	struct rh_event_spec spec = pair();

	join(&other, 3, 4, DP_VLAN_NONE);
	(void)fx_subscribe(&other, "#");
	for (uint32_t i = 0; i < 2; i++) {
		struct fx_client *waits = i ? &other : &sub, *goes = i ? &sub : &other;
		struct rte_mbuf *m;

		fx.eng->tables.slots[waits->slot].tx_granted_events = 0;
		m = received(&pub, &spec);
		run(m, 0);
		cr_assert_eq(out_count, 1);
		expect_frame(out[0], goes, spec, i + 1);
		out_free();
		fx_grant(waits, RH_CREDIT_UNLIMITED, RH_CREDIT_UNLIMITED);
		cr_assert_eq(fx_copies(waits), 1);
		fx_forget();
		fx_laws("one waited");
		spec = fx_spec(&pub, "next", "event");
	}
}

Test(reuse, is_not_seen_by_a_trace)
{
	static struct dp_trace_entry entries[4];
	struct rh_event_spec spec = pair();
	struct rte_mbuf *m = received(&pub, &spec);

	cr_assert_eq(dp_trace_start(fx.eng, NULL), 0);
	run(m, 0);
	cr_assert_eq(out[0], m);
	expect_frame(m, &sub, spec, 1);
	cr_assert_eq(dp_trace_read(fx.eng, entries, 4), 1);
	cr_assert_str_eq(entries[0].topic, "some/topic");
	cr_assert_eq(entries[0].payload_kept, 13);
	cr_assert_arr_eq(entries[0].payload, "13 bytes long", 13);
	cr_assert_eq(entries[0].receivers, 1);
	dp_trace_stop(fx.eng);
}

Test(reuse, of_no_frame_of_an_event_that_nobody_gets)
{
	struct rh_event_spec spec = pair();

	spec.hop_limit = 0;
	run(received(&pub, &spec), 0);
	cr_assert_eq(out_count, 0);
	cr_assert_eq(fx_dropped(events, HOP_LIMIT), 1);
	cr_assert_eq(dp_session_close(fx.eng, sub.slot), 0);
	spec = fx_spec(&pub, "t", "x");
	run(received(&pub, &spec), 0);
	cr_assert_eq(out_count, 0);
}

static void start_two(void)
{
	static const struct fx_options two = {.workers = 2};

	fx_start(&two);
}

TestSuite(reuse_of_two, .init = start_two, .fini = stop);

Test(reuse_of_two, a_frame_handed_to_the_worker_of_its_session)
{
	struct rh_event_spec spec = pair();
	struct rte_mbuf *m = received(&pub, &spec);

	run(m, 1);
	cr_assert_eq(fx_count(handoffs), 1);
	cr_assert_eq(out_count, 1);
	cr_assert_eq(out[0], m);
	expect_frame(m, &sub, spec, 1);
}

Test(reuse_of_two, no_frame_whose_copy_goes_to_another_worker)
{
	struct rh_event_spec spec;
	struct dp_session_conf conf;
	struct rte_mbuf *m;

	join(&pub, 1, 4, DP_VLAN_NONE);
	fx_client_init(&sub, 2, 4, DP_VLAN_NONE);
	sub.owner = 1;
	conf = fx_conf(&sub);
	fx_open(&sub, &conf);
	(void)fx_subscribe(&sub, "#");
	spec = fx_spec(&pub, "t", "x");
	m = received(&pub, &spec);
	run(m, 0);
	cr_assert_eq(fx_count(copies_to_owner), 1);
	cr_assert_eq(out_count, 1);
	expect_frame(out[0], &sub, spec, 1);
}
