/* Events with many receivers: which of them get it by the wide way. Every frame that leaves is compared byte for byte with one built by hand, whichever way it was made. */

#include "tests/unit/dataplane/node/many.h"

#include "dataplane/node/wide.h"

#include <rte_ring.h>

TestSuite(wide, .init = many_start, .fini = many_stop);
TestSuite(wide_of_two, .init = many_start_two, .fini = many_stop);
TestSuite(wide_jumbo, .init = many_start_jumbo, .fini = many_stop);

Test(wide, in_chunks_and_the_last_in_the_frame_that_came)
{
	struct rh_event_spec spec = next();
	struct rte_mbuf *m;

	subscribers(MOST);
	spec.ttl_ms = 60000;
	m = received(&pub, &spec);
	run(m, 0);
	cr_assert_eq(out_count, MOST);
	expect_others(MOST, &spec, 1);
	cr_assert_eq(frame_for(MOST - 1), m);
	cr_assert_eq(fx_count(copies_made), MOST);
	cr_assert_eq(fx_count(copies_tx), MOST);
	cr_assert_eq(fx_count(tx_datagrams), MOST);
	cr_assert_eq(fx_count(tx_bytes), MOST * rte_pktmbuf_pkt_len(m));
	cr_assert_eq(fx_count(copies_tx_bytes), MOST * rh_event_size(&spec));
	for (uint32_t i = 0; i < MOST; i++) {
		cr_assert_eq(fx_stats(&sub[i]).tx_events, 1);
		cr_assert_eq(fx_stats(&sub[i]).tx_bytes, rh_event_size(&spec));
	}
	fx_laws("sent");
}

/* One goes straight, which looks the same. */
Test(wide, from_two_receivers_on)
{
	struct rh_event_spec spec;

	for (uint32_t n = 1; n <= DP_WIDE_LEAST + 1; n++) {
		subscribers(1);
		spec = next();
		publish(&spec);
		for (uint32_t i = 0; i < n; i++)
			expect(i, &spec, 1, n - i, i != n - 1);
	}
}

/* Every number of bytes to pad and of lines to copy, up to what one frame holds. */
Test(wide, records_of_every_length)
{
	static char text[1400];
	uint64_t number = 0;

	subscribers(5);
	for (uint32_t len = 0; len < sizeof(text) - 32; len += len < 140 ? 1 : 41) {
		struct rh_event_spec spec = fx_spec(&pub, "t", text);

		publish(&spec);
		expect_others(subs, &spec, ++number);
		memset(text, 'a' + (int)(len % 26), len + (len < 139 ? 1 : 41));
	}
	cr_assert_gt(number, 160);
}

/* Nine that get it the wide way, and in their midst one that does not. */
static void next_to_one(uint8_t family, uint16_t vlan, uint32_t owner, bool straight)
{
	struct rh_event_spec spec = next();

	subscribers(4);
	subscriber(family, vlan, owner, 1472);
	subscribers(5);
	publish(&spec);
	expect_others(4, &spec, 1);
	expect(4, &spec, 1, 1, straight);
}

Test(wide, next_to_one_over_ipv6)
{
	next_to_one(6, DP_VLAN_NONE, 0, false);
}

Test(wide, next_to_one_in_a_vlan)
{
	next_to_one(4, 42, 0, true);
}

Test(wide, in_a_vlan)
{
	struct rh_event_spec spec = next();

	for (uint32_t i = 0; i < SEVERAL; i++)
		subscriber(4, 42, 0, 1472);
	publish(&spec);
	expect_others(SEVERAL, &spec, 1);
}

Test(wide, next_to_one_without_a_resolved_next_hop)
{
	struct rh_event_spec spec = next();
	struct dp_adjacency adj;

	subscribers(SEVERAL);
	for (uint32_t i = 0; i < 6; i += 5) {
		cr_assert_eq(dp_adj_get(fx.eng, sub[i].adjacency, &adj), 0);
		adj.resolved = false;
		cr_assert_eq(dp_adj_update(fx.eng, sub[i].adjacency, &adj), 0);
		publish(&spec);
		/* The first one's next hop is asked for the whole chunk. */
		for (uint32_t k = 0; k < SEVERAL; k++)
			if (k != i)
				expect(k, &spec, 1, i && k ? 2 : 1, k != SEVERAL - 1);
		cr_assert_null(frame_for(i));
		cr_assert_eq(fx_stats(&sub[i]).drops[DP_DROP_NO_ADJACENCY], 1);
		adj.resolved = true;
		cr_assert_eq(dp_adj_update(fx.eng, sub[i].adjacency, &adj), 0);
		fx_settle();
		spec = next();
	}
	cr_assert_eq(fx_dropped(copies, NO_ADJACENCY), 2);
	fx_laws("without a next hop");
}

Test(wide, next_to_one_whose_session_closes)
{
	struct rh_event_spec spec = next();

	subscribers(SEVERAL);
	/* Its worker has not heard of it. */
	rh_store_release(&slot_of(4)->state, DP_SLOT_CLOSING);
	publish(&spec);
	rh_store_release(&slot_of(4)->state, DP_SLOT_OPEN);
	expect_others(4, &spec, 1);
	cr_assert_null(frame_for(4));
	cr_assert_eq(fx_dropped(copies, SUBSCRIBER_GONE), 1);
	cr_assert_eq(fx_stats(&sub[4]).tx_events, 0);
	fx_laws("closing");
}

Test(wide, next_to_one_that_takes_smaller_datagrams)
{
	static char text[700];
	struct rh_event_spec spec;

	memset(text, 'x', sizeof(text) - 1);
	subscribers(4);
	subscriber(4, DP_VLAN_NONE, 0, RH_DATAGRAM_MIN_MAX);
	subscribers(5);
	spec = fx_spec(&pub, "t", text);
	publish(&spec);
	cr_assert_eq(out_count, SEVERAL + 1, "two slices for one");
	cr_assert_eq(fx_count(copies_tx), SEVERAL);
	for (uint32_t i = 0; i < SEVERAL; i++)
		if (i != 4)
			expect(i, &spec, 1, 1, i != SEVERAL - 1);
}

/* A record is longer as it leaves. */
Test(wide, under_an_alias_with_the_topic_in_text)
{
	struct rh_event_spec spec = next(), aliased = spec;
	uint64_t generation;

	subscribers(SEVERAL);
	cr_assert_eq(dp_session_alias(fx.eng, pub.slot, 7, "some/topic", 10, &generation), 0);
	aliased.alias = 7;
	run(received(&pub, &aliased), 0);
	for (uint32_t i = 0; i < SEVERAL; i++)
		expect(i, &spec, 1, 1, i != SEVERAL - 1);
}

/* The record lies in the store. */
Test(wide, an_event_put_together_from_fragments)
{
	struct rh_event_spec spec = next();
	uint8_t record[256], slice[256];
	int len = rh_event_encode(record, sizeof(record), &spec, true);
	struct rh_fragment f = {.total = (uint32_t)len, .id = 3, .sequence = spec.sequence};

	subscribers(SEVERAL);
	fx.eng->ctx[0]->rx_left = 0;
	for (; f.offset < f.total; f.offset += f.slice_len) {
		static uint8_t frame[PACKET_MAX];
		uint32_t padded;

		f.slice_len = RTE_MIN(48u, f.total - f.offset);
		f.last = f.offset + f.slice_len == f.total;
		rh_fragment_encode(slice, &f);
		memcpy(slice + RH_FRAGMENT_HDR, record + f.offset, f.slice_len);
		padded = RH_ALIGN_UP(RH_FRAGMENT_HDR + f.slice_len, 8u);
		memset(slice + RH_FRAGMENT_HDR + f.slice_len, 0, padded - RH_FRAGMENT_HDR - f.slice_len);
		fx.eng->ctx[0]->rx_left = 1;
		run(buffer_of(frame, fx_frame_make(&pub, frame, slice, padded)), 0);
	}
	fx.eng->ctx[0]->rx_left = UINT64_MAX;
	for (uint32_t i = 0; i < SEVERAL; i++)
		expect(i, &spec, 1, 1, i != SEVERAL - 1);
}

Test(wide_of_two, next_to_one_of_another_worker)
{
	next_to_one(4, DP_VLAN_NONE, 1, false);
	cr_assert_eq(fx_count(copies_to_owner), 1);
	cr_assert_eq(fx_stats(&sub[4]).tx_events, 1);
}

Test(wide, on_a_port_that_carries_less)
{
	static char text[700];
	struct rh_event_spec spec;

	memset(text, 'x', sizeof(text) - 1);
	subscribers(SEVERAL);
	txq()->mtu = 600;
	spec = fx_spec(&pub, "t", text);
	publish(&spec);
	cr_assert_eq(out_count, 2 * SEVERAL, "two slices for each");
	cr_assert_eq(fx_count(copies_tx), SEVERAL);
}

/* Up to the last byte that goes the wide way, and straight beyond. */
Test(wide_jumbo, records_of_no_more_bytes_than_there_is_room_for)
{
	static char text[DP_WIDE_BYTES - RH_PUBLISH_HDR];
	struct rh_event_spec spec;

	for (uint32_t i = 0; i < SEVERAL; i++)
		subscriber(4, DP_VLAN_NONE, 0, 3900);
	memset(text, 'x', sizeof(text) - 1);
	spec = fx_spec(&pub, "t", text);
	cr_assert_eq(rh_event_size(&spec), DP_WIDE_BYTES);
	publish(&spec);
	expect_others(SEVERAL, &spec, 1);
	spec = fx_spec(&pub, "to", text);
	publish(&spec);
	for (uint32_t i = 0; i < SEVERAL; i++)
		expect(i, &spec, 1, 2, i != SEVERAL - 1);
}

/* The last one's copy, which is none of the wide way, by the long one. */
Test(wide, before_a_last_one_over_ipv6)
{
	struct rh_event_spec spec = next();

	subscribers(4);
	subscriber(6, DP_VLAN_NONE, 0, 1472);
	publish(&spec);
	cr_assert_eq(out_count, 5);
	for (uint32_t i = 0; i < 5; i++)
		expect(i, &spec, 1, 1, i != 4);
	cr_assert_eq(fx_count(copies_tx), 5);
}

/* All in one round; what they lead to leaves in order, an event behind the other. */
static void receive_all(const struct rh_event_spec *specs, uint32_t n)
{
	out_free();
	for (uint32_t i = 0; i + 1 < n; i++)
		cr_assert_eq(rte_ring_enqueue(rte_ring_lookup("ETH_RXTX0_net_ring0"), received(&pub, &specs[i])), 0);
	run(received(&pub, &specs[n - 1]), 0);
}

/* No two have room in one datagram. The first two take as many bytes with padding. */
Test(wide, events_of_several_lengths_in_a_round)
{
	static const uint32_t lengths[] = {901, 900, 900, 1200, 901};
	static char text[RTE_DIM(lengths)][1300];
	struct rh_event_spec specs[RTE_DIM(lengths)];
	uint64_t bytes = 0;

	subscribers(SEVERAL);
	for (uint32_t i = 0; i < RTE_DIM(lengths); i++) {
		memset(text[i], 'a' + (int)i, lengths[i]);
		specs[i] = fx_spec(&pub, "t", text[i]);
		bytes += rh_event_size(&specs[i]);
	}
	cr_assert_eq(RH_ALIGN_UP(rh_event_size(&specs[0]), 8u), RH_ALIGN_UP(rh_event_size(&specs[1]), 8u));
	receive_all(specs, RTE_DIM(lengths));
	cr_assert_eq(out_count, RTE_DIM(lengths) * SEVERAL);
	for (uint32_t i = 0; i < out_count; i++)
		expect_frame_of(out[i], &sub[i % SEVERAL], &specs[i / SEVERAL], 1, i / SEVERAL + 1);
	cr_assert_eq(fx_count(copies_tx_bytes), SEVERAL * bytes);
	for (uint32_t i = 0; i < SEVERAL; i++)
		cr_assert_eq(fx_stats(&sub[i]).tx_bytes, bytes);
}

/* Events as long as each other, by turns to those in a VLAN and to others. */
Test(wide, events_by_several_ways_in_a_round)
{
	static char text[901];
	struct rh_event_spec specs[4];

	memset(text, 'x', sizeof(text) - 1);
	for (uint32_t i = 0; i < SEVERAL; i++) {
		subscriber(4, i % 2 ? 42 : DP_VLAN_NONE, 0, 1472);
		fx_unsubscribe(all[i]);
		all[i] = fx_subscribe(&sub[i], i % 2 ? "odd" : "one");
	}
	for (uint32_t i = 0; i < RTE_DIM(specs); i++)
		specs[i] = fx_spec(&pub, i % 2 ? "odd" : "one", text);
	receive_all(specs, RTE_DIM(specs));
	cr_assert_eq(out_count, RTE_DIM(specs) * SEVERAL / 2);
	for (uint32_t i = 0; i < out_count; i++) {
		uint32_t event = i / (SEVERAL / 2);

		expect_frame_of(out[i], &sub[i % (SEVERAL / 2) * 2 + event % 2], &specs[event], 1, event / 2 + 1);
	}
}
