/*
 * Events with one receiver each: in the frame that they came in, or, as those before the last of a datagram, in a buffer. One of them, at any place, is not like
 * the others. Every frame that leaves is compared byte for byte with one built by hand, whichever way it was made.
 */

#include "tests/unit/dataplane/node/many.h"

#include "dataplane/node/node.h"
#include "dataplane/node/transmit.h"

#include <rte_ring.h>
#include <stdio.h>

TestSuite(straight, .init = many_start, .fini = many_stop);
TestSuite(straight_of_two, .init = many_start_two, .fini = many_stop);

static char topic[MOST][8];
static struct rh_event_spec specs[MOST];
static struct rte_mbuf *came[MOST];
static uint64_t round_of; /* and with it the next datagram's number, for whoever missed none */

/* A topic of its own for each subscriber. */
static void own_topics(void)
{
	for (uint32_t i = 0; i < subs; i++) {
		fx_unsubscribe(all[i]);
		(void)snprintf(topic[i], sizeof(topic[i]), "t/%u", i);
		all[i] = fx_subscribe(&sub[i], topic[i]);
	}
}

/* Payloads of all lengths to pad. */
static void next_each(void)
{
	static const char text[] = "so many bytes";

	for (uint32_t i = 0; i < subs; i++)
		specs[i] = fx_spec(&pub, topic[i], text + (i + round_of) % 8);
	round_of++;
}

static void receive_together(void)
{
	static uint8_t records[2048], frame[PACKET_MAX];
	size_t len = 0;

	for (uint32_t i = 0; i < subs; i++) {
		len = RH_ALIGN_UP(len, 8u);
		len += record_put(records + len, &specs[i]);
	}
	run(buffer_of(frame, fx_frame_make(&pub, frame, records, len)), 0);
}

static void receive_each(void)
{
	for (uint32_t i = 0; i < subs; i++) {
		came[i] = received(&pub, &specs[i]);
		if (i + 1 < subs)
			cr_assert_eq(rte_ring_enqueue(rte_ring_lookup("ETH_RXTX0_net_ring0"), came[i]), 0);
	}
	run(came[subs - 1], 0);
}

/* An event for each subscriber, in one round: @together in one datagram, or each in its own. */
static void publish_each(bool together)
{
	out_free();
	next_each();
	if (together)
		receive_together();
	else
		receive_each();
}

/* Subscriber @i got its event straight, as its datagram @number. */
static void expect_straight(uint32_t i, uint64_t number, bool together)
{
	expect(i, &specs[i], 1, number, together && i != subs - 1);
	if (!together)
		cr_assert_eq(frame_for(i), came[i], "subscriber %u", i);
}

static void expect_others_straight(uint32_t except, bool together)
{
	for (uint32_t i = 0; i < subs; i++)
		if (i != except)
			expect_straight(i, round_of, together);
}

Test(straight, in_order)
{
	subscribers(SEVERAL);
	own_topics();
	for (uint32_t round = 0; round < 20; round++) {
		publish_each(round % 2);
		cr_assert_eq(out_count, SEVERAL);
		expect_others_straight(SEVERAL, round % 2);
		for (uint32_t i = 0; i < SEVERAL; i++)
			cr_assert_eq(out[i], frame_for(i), "frame %u", i);
	}
	cr_assert_eq(fx_count(copies_tx), 20 * SEVERAL);
	cr_assert_eq(fx_count(tx_datagrams), 20 * SEVERAL);
	for (uint32_t i = 0; i < SEVERAL; i++)
		cr_assert_eq(fx_stats(&sub[i]).tx_events, 20);
	fx_laws("sent");
}

/* Records from the shortest on, of every number of lines. */
Test(straight, records_of_every_length)
{
	static char text[1300];
	struct rh_event_spec pair[2];

	subscribers(2);
	own_topics();
	for (uint32_t len = 0; len < sizeof(text) - 32; len += len < 140 ? 1 : 41) {
		static uint8_t records[4096], frame[PACKET_MAX];
		size_t at;

		pair[0] = fx_spec(&pub, topic[0], text);
		pair[1] = fx_spec(&pub, topic[1], "x");
		at = RH_ALIGN_UP(record_put(records, &pair[0]), 8u);
		at += record_put(records + at, &pair[1]);
		out_free();
		run(buffer_of(frame, fx_frame_make(&pub, frame, records, at)), 0);
		round_of++;
		expect(0, &pair[0], 1, round_of, true);
		expect(1, &pair[1], 1, round_of, false);
		memset(text, 'a' + (int)(len % 26), len + (len < 139 ? 1 : 41));
	}
	cr_assert_gt(round_of, 160);
}

/* Subscriber @at is another one. */
static void next_to_one(uint8_t family, uint16_t vlan, uint32_t owner, uint32_t at)
{
	subscribers(at);
	subscriber(family, vlan, owner, 1472);
	subscribers(SEVERAL - 1 - at);
	own_topics();
	for (uint32_t together = 0; together < 2; together++) {
		publish_each(together);
		expect_others_straight(at, together);
		if (family == 4 && !owner)
			expect_straight(at, round_of, together);
		else
			expect(at, &specs[at], 1, round_of, false);
	}
}

Test(straight, next_to_one_over_ipv6)
{
	next_to_one(6, DP_VLAN_NONE, 0, 4);
}

Test(straight, behind_one_over_ipv6)
{
	next_to_one(6, DP_VLAN_NONE, 0, 0);
}

Test(straight, next_to_one_in_a_vlan)
{
	next_to_one(4, 42, 0, 4);
}

Test(straight, before_one_in_a_vlan)
{
	next_to_one(4, 42, 0, SEVERAL - 1);
}

Test(straight_of_two, next_to_one_of_another_worker)
{
	next_to_one(4, DP_VLAN_NONE, 1, 4);
	cr_assert_eq(fx_count(copies_to_owner), 2);
	cr_assert_eq(fx_stats(&sub[4]).tx_events, 2);
}

Test(straight, next_to_one_whose_session_closes)
{
	subscribers(SEVERAL);
	own_topics();
	for (uint32_t together = 0; together < 2; together++) {
		rh_store_release(&slot_of(4)->state, DP_SLOT_CLOSING);
		publish_each(together);
		rh_store_release(&slot_of(4)->state, DP_SLOT_OPEN);
		expect_others_straight(4, together);
		cr_assert_null(frame_for(4));
	}
	cr_assert_eq(fx_dropped(copies, SUBSCRIBER_GONE), 2);
	fx_laws("closing");
}

Test(straight, next_to_one_without_a_resolved_next_hop)
{
	struct dp_adjacency adj;

	subscribers(SEVERAL);
	own_topics();
	for (uint32_t i = 0; i < SEVERAL; i += 3) {
		cr_assert_eq(dp_adj_get(fx.eng, sub[i].adjacency, &adj), 0);
		adj.resolved = false;
		cr_assert_eq(dp_adj_update(fx.eng, sub[i].adjacency, &adj), 0);
		publish_each(i % 2);
		for (uint32_t k = 0; k < SEVERAL; k++)
			if (k != i)
				expect_straight(k, round_of - (k < i && k % 3 == 0), i % 2);
		cr_assert_null(frame_for(i));
		adj.resolved = true;
		cr_assert_eq(dp_adj_update(fx.eng, sub[i].adjacency, &adj), 0);
		fx_settle();
	}
	cr_assert_eq(fx_dropped(copies, NO_ADJACENCY), 4);
	fx_laws("without a next hop");
}

/* It waits; when credit comes it arrives, and what comes then does not overtake it. */
static void waits(uint64_t *granted, uint64_t little, bool together)
{
	struct rh_event_spec both[2];

	*granted = little;
	publish_each(together);
	both[0] = specs[4];
	cr_assert_null(frame_for(4));
	expect_others_straight(4, together);
	cr_assert_eq(slot_of(4)->queue_count, 1);
	fx_laws("waiting");
	*granted = RH_CREDIT_UNLIMITED;
	publish_each(together);
	both[1] = specs[4];
	expect_others_straight(4, together);
	expect(4, both, 2, slot_of(4)->tx_packet_number - 1, false);
	cr_assert_eq(fx_count(copies_queued), 0);
}

Test(straight, next_to_one_without_credit_for_events)
{
	subscribers(SEVERAL);
	own_topics();
	waits(&slot_of(4)->tx_granted_events, 0, false);
	waits(&slot_of(4)->tx_granted_events, 2, true);
}

Test(straight, next_to_one_without_credit_for_bytes)
{
	subscribers(SEVERAL);
	own_topics();
	waits(&slot_of(4)->tx_granted_bytes, RH_PUBLISH_HDR, false);
	waits(&slot_of(4)->tx_granted_bytes, slot_of(4)->tx_bytes + RH_PUBLISH_HDR, true);
}

/* More than any client takes, and more than this one does. */
static void one_cut(void)
{
	static char text[700];
	struct rh_event_spec spec;

	memset(text, 'x', sizeof(text) - 1);
	spec = fx_spec(&pub, topic[0], text);
	publish(&spec);
	cr_assert_eq(out_count, 2, "two slices");
	spec = fx_spec(&pub, topic[1], text);
	publish(&spec);
	expect(1, &spec, 1, 1, false);
}

Test(straight, but_for_one_that_takes_smaller_datagrams)
{
	subscriber(4, DP_VLAN_NONE, 0, RH_DATAGRAM_MIN_MAX);
	subscribers(1);
	own_topics();
	one_cut();
}

Test(straight, but_for_what_a_port_does_not_carry)
{
	static char text[700];
	struct rh_event_spec spec;

	memset(text, 'x', sizeof(text) - 1);
	subscribers(1);
	txq()->mtu = 600;
	spec = fx_spec(&pub, "t", text);
	publish(&spec);
	cr_assert_eq(out_count, 2, "two slices");
}

/* Not one behind the frame of another whose place its own had once; each behind its own, if that has room. */
Test(straight, behind_a_frame_that_waits)
{
	static char text[1300];
	struct rh_event_spec more[3];

	subscribers(2);
	own_topics();
	memset(text, 'x', sizeof(text) - 1);
	more[0] = fx_spec(&pub, topic[0], "one");
	more[1] = fx_spec(&pub, topic[0], "two");
	more[2] = fx_spec(&pub, topic[0], text);
	for (uint32_t i = 0; i < 2; i++)
		cr_assert_eq(rte_ring_enqueue(rte_ring_lookup("ETH_RXTX0_net_ring0"), received(&pub, &more[i])), 0);
	run(received(&pub, &more[2]), 0);
	cr_assert_eq(out_count, 2);
	expect_frame_of(out[0], &sub[0], more, 2, 1);
	expect_frame_of(out[1], &sub[0], &more[2], 1, 2);
	slot_of(1)->tx_open = txq()->tail + 1;
	more[0] = fx_spec(&pub, topic[0], "three");
	more[1] = fx_spec(&pub, topic[1], "four");
	cr_assert_eq(rte_ring_enqueue(rte_ring_lookup("ETH_RXTX0_net_ring0"), received(&pub, &more[0])), 0);
	out_free();
	run(received(&pub, &more[1]), 0);
	cr_assert_eq(out_count, 2);
	expect_frame_of(out[1], &sub[1], &more[1], 1, 1);
}

/* One behind the other in a datagram, with the same receiver: they leave together. Others in their midst. */
Test(straight, beside_runs_of_several)
{
	static uint8_t records[2048], frame[PACKET_MAX];
	struct rh_event_spec five[5];
	static const uint32_t to[5] = {0, 1, 1, 0, 2};
	size_t len = 0;

	subscribers(3);
	own_topics();
	for (uint32_t i = 0; i < 5; i++) {
		five[i] = fx_spec(&pub, topic[to[i]], "x");
		len = RH_ALIGN_UP(len, 8u);
		len += record_put(records + len, &five[i]);
	}
	run(buffer_of(frame, fx_frame_make(&pub, frame, records, len)), 0);
	cr_assert_eq(out_count, 3);
	expect_frame_of(frame_for(0), &sub[0], (struct rh_event_spec[]){five[0], five[3]}, 2, 1);
	expect_frame_of(frame_for(1), &sub[1], &five[1], 2, 1);
	expect_frame_of(frame_for(2), &sub[2], &five[4], 1, 1);
	cr_assert_eq(fx_count(copies_tx), 5);
}

/* Three of those that need a buffer have one; the last needs none. */
Test(straight, until_buffers_run_out)
{
	static uint8_t records[2048], frame[PACKET_MAX];
	struct rte_mbuf *m;
	size_t len = 0;

	subscribers(SEVERAL);
	own_topics();
	next_each();
	for (uint32_t i = 0; i < SEVERAL; i++) {
		len = RH_ALIGN_UP(len, 8u);
		len += record_put(records + len, &specs[i]);
	}
	m = buffer_of(frame, fx_frame_make(&pub, frame, records, len));
	buffers_take(3);
	run(m, 0);
	cr_assert_eq(out_count, 4);
	for (uint32_t i = 0; i < SEVERAL; i++) {
		bool sent = i < 3 || i == SEVERAL - 1;

		if (sent)
			expect(i, &specs[i], 1, 1, i < 3);
		cr_assert_eq(fx_stats(&sub[i]).tx_events, sent);
		cr_assert_eq(fx_stats(&sub[i]).drops[DP_DROP_NO_BUFFER], !sent);
	}
	fx_laws("during the shortage");
	buffers_give();
}

/* An empty cache is filled by a copy that goes the long way. */
Test(straight, and_not_when_the_cache_is_empty)
{
	uint32_t lines = 0;

	subscribers(SEVERAL);
	own_topics();
	next_each();
	rte_mempool_cache_flush(rte_mempool_default_cache(pool(), rte_lcore_id()), pool());
	fx.eng->ctx[0]->lends[fx.port] = false;
	receive_together();
	for (uint32_t i = 0; i < SEVERAL; i++) {
		cr_assert_not_null(frame_for(i));
		lines += on_a_line(frame_for(i), &sub[i]);
		expect_frame_of(frame_for(i), &sub[i], &specs[i], 1, 1);
	}
	cr_assert_geq(lines, SEVERAL - 1);
}

/* Where the backlog is half full copies queue. */
Test(straight, until_the_backlog_is_half_full)
{
	const uint32_t before = DP_TX_BACKLOG_SOFT - 7;

	subscribers(SEVERAL);
	own_topics();
	next_each();
	for (uint32_t i = 0; i < SEVERAL; i++)
		came[i] = received(&pub, &specs[i]);
	backlog_of(before);
	rh_add_relaxed(&fx.eng->ctx[0]->counters.rx_datagrams, SEVERAL);
	dp_node_classify(fx.eng->ctx[0], fx.port, false, came, SEVERAL);
	expect_half_full(before);
}

Test(straight, round_the_end_of_the_ring)
{
	subscribers(SEVERAL);
	own_topics();
	for (uint32_t left = 0; left <= SEVERAL; left++) {
		ring_ends_behind(left);
		publish_each(left % 2);
		expect_others_straight(SEVERAL, left % 2);
	}
}
