/* Events with many receivers: credit, order, frames that wait, and too little of something. */

#include "tests/unit/dataplane/node/many.h"

#include "dataplane/node/node.h"
#include "dataplane/node/transmit.h"

#include <rte_ring.h>
#include <stdio.h>

TestSuite(wide_order, .init = many_start, .fini = many_stop);

static struct fx_copy copy;

/* What subscriber @i got, read from all frames that left since fx_forget. */
static void expect_text(uint32_t i, uint64_t sequence)
{
	cr_assert(fx_copy(&sub[i], &copy), "no event %lu for subscriber %u", (unsigned long)sequence, i);
	cr_assert_eq(copy.event.sequence, sequence);
	cr_assert_eq(copy.event.hop_limit, RH_HOP_LIMIT_DEFAULT - 1);
}

/* It waits; when credit comes it arrives, behind what waited before. */
static void waits(uint64_t *granted, uint64_t little)
{
	struct rh_event_spec specs[2] = {next(), next()};

	subscribers(SEVERAL);
	*granted = little;
	publish(&specs[0]);
	cr_assert_null(frame_for(4));
	expect_others(4, &specs[0], 1);
	cr_assert_eq(slot_of(4)->queue_count, 1);
	fx_laws("waiting");
	/* Enough for both, but the second one must not overtake. */
	*granted = RH_CREDIT_UNLIMITED;
	publish(&specs[1]);
	expect_others(4, &specs[1], 2);
	expect(4, specs, 2, 1, false);
	cr_assert_eq(fx_count(copies_queued), 0);
}

Test(wide_order, next_to_one_without_credit_for_events)
{
	waits(&fx.eng->tables.slots[5].tx_granted_events, 0);
}

Test(wide_order, next_to_one_without_credit_for_bytes)
{
	waits(&fx.eng->tables.slots[5].tx_granted_bytes, 70);
}

/* Records one behind the other with the same receivers are one run, whose copies share a datagram. */
static struct rte_mbuf *received_three(struct rh_event_spec *specs)
{
	static uint8_t records[2048], frame[PACKET_MAX];
	size_t len = 0;

	for (uint32_t i = 0; i < 3; i++) {
		len = RH_ALIGN_UP(len, 8u);
		specs[i] = next();
		len += record_put(records + len, &specs[i]);
	}
	return buffer_of(frame, fx_frame_make(&pub, frame, records, len));
}

Test(wide_order, several_events_of_one_datagram)
{
	struct rh_event_spec specs[3];

	subscribers(SEVERAL);
	run(received_three(specs), 0);
	for (uint32_t i = 0; i < SEVERAL; i++)
		expect(i, specs, 3, 1, i != SEVERAL - 1);
	cr_assert_eq(fx_count(copies_tx), 3 * SEVERAL);
	cr_assert_eq(fx_count(tx_datagrams), SEVERAL);
	cr_assert_eq(fx_stats(&sub[0]).tx_events, 3);
	cr_assert_eq(fx_stats(&sub[0]).tx_bytes, 3 * rh_event_size(&specs[0]));
}

Test(wide_order, several_events_next_to_one_with_credit_for_some_of_them)
{
	struct rh_event_spec specs[3];

	subscribers(SEVERAL);
	slot_of(3)->tx_granted_events = 2;
	run(received_three(specs), 0);
	for (uint32_t i = 0; i < SEVERAL; i++)
		expect(i, specs, i == 3 ? 2 : 3, 1, i != 3 && i != SEVERAL - 1);
	cr_assert_eq(slot_of(3)->queue_count, 1);
	fx_laws("one waits");
	fx_grant(&sub[3], RH_CREDIT_UNLIMITED, RH_CREDIT_UNLIMITED);
	expect_text(3, 3);
}

/* Frames that wait for the device take more, if they have room; each session has its events in order. */
Test(wide_order, behind_frames_that_wait)
{
	struct rte_ring *ring = rte_ring_lookup("ETH_RXTX0_net_ring0");
	struct rh_event_spec specs[3];

	subscribers(SEVERAL);
	for (uint32_t i = 0; i < 2; i++) {
		specs[i] = next();
		cr_assert_eq(rte_ring_enqueue(ring, received(&pub, &specs[i])), 0);
	}
	specs[2] = next();
	publish(&specs[2]);
	cr_assert_eq(out_count, SEVERAL);
	for (uint32_t i = 0; i < SEVERAL; i++)
		expect(i, specs, 3, 1, i != SEVERAL - 1);
	cr_assert_eq(fx_count(copies_tx), 3 * SEVERAL);
}

/* Few receivers have a frame that waits, by the narrow way: the others go the wide one, and each has its events in order. */
Test(wide_order, behind_frames_that_wait_for_some)
{
	struct rh_event_spec specs[2] = {fx_spec(&pub, "few/1", "one"), fx_spec(&pub, "all", "two")};
	uint32_t wide = 0;

	subscribers(SEVERAL);
	for (uint32_t i = 0; i < SEVERAL; i += 4) {
		fx_unsubscribe(all[i]);
		(void)fx_subscribe(&sub[i], "few/+");
		(void)fx_subscribe(&sub[i], "all");
	}
	for (uint32_t i = 0; i < SEVERAL; i++)
		if (i % 4) {
			fx_unsubscribe(all[i]);
			(void)fx_subscribe(&sub[i], "all");
		}
	cr_assert_eq(rte_ring_enqueue(rte_ring_lookup("ETH_RXTX0_net_ring0"), received(&pub, &specs[0])), 0);
	publish(&specs[1]);
	cr_assert_eq(fx_count(copies_tx), SEVERAL + 3);
	cr_assert_eq(out_count, SEVERAL);
	for (uint32_t i = 0; i < SEVERAL; i++) {
		const struct rte_mbuf *m = frame_for(i);

		expect_frame_of(m, &sub[i], i % 4 ? &specs[1] : specs, i % 4 ? 1 : 2, 1);
		wide += i % 4 && on_a_line(m, &sub[i]);
	}
	cr_assert_geq(wide, 6, "seven of them, or all but the last");
}

/* No room for two of them in a datagram: each leaves in its own, in order. */
Test(wide_order, next_to_frames_that_wait_without_room)
{
	static char text[700];
	struct rh_event_spec specs[2];
	uint32_t frames[SEVERAL] = {0};

	memset(text, 'x', sizeof(text) - 1);
	subscribers(SEVERAL);
	for (uint32_t i = 0; i < 2; i++)
		specs[i] = fx_spec(&pub, "t", text);
	cr_assert_eq(rte_ring_enqueue(rte_ring_lookup("ETH_RXTX0_net_ring0"), received(&pub, &specs[0])), 0);
	publish(&specs[1]);
	cr_assert_eq(out_count, 2 * SEVERAL);
	for (uint32_t k = 0; k < out_count; k++) {
		uint32_t i = rte_pktmbuf_mtod(out[k], uint8_t *)[5] - FIRST;

		expect_frame_of(out[k], &sub[i], &specs[frames[i]], 1, frames[i] + 1);
		frames[i]++;
	}
}

/* Where a session's newest frame was another's waits now: that is not the place for its copy. */
Test(wide_order, next_to_a_frame_of_another_that_waits)
{
	struct rh_event_spec specs[2] = {fx_spec(&pub, "one", "1"), fx_spec(&pub, "all", "2")};

	subscribers(SEVERAL);
	fx_unsubscribe(all[0]);
	(void)fx_subscribe(&sub[0], "one");
	for (uint32_t i = 1; i < SEVERAL; i++) {
		fx_unsubscribe(all[i]);
		(void)fx_subscribe(&sub[i], "all");
	}
	slot_of(3)->tx_open = txq()->tail + 1;
	cr_assert_eq(rte_ring_enqueue(rte_ring_lookup("ETH_RXTX0_net_ring0"), received(&pub, &specs[0])), 0);
	publish(&specs[1]);
	cr_assert_eq(out_count, SEVERAL);
	expect(0, &specs[0], 1, 1, false);
	for (uint32_t i = 1; i < SEVERAL; i++)
		expect_frame_of(frame_for(i), &sub[i], &specs[1], 1, 1);
}

Test(wide_order, events_to_overlapping_receivers_in_order)
{
	static char topics[60][8];
	char filter[8];
	uint64_t sequence;

	subscribers(MOST);
	for (uint32_t i = 0; i < MOST; i++) {
		fx_unsubscribe(all[i]);
		for (uint32_t t = 0; t < 4; t++) {
			(void)snprintf(filter, sizeof(filter), "%u/+", (i * (t + 1) + t) % 7);
			(void)fx_subscribe(&sub[i], filter);
		}
	}
	/* Credit for some at times. */
	slot_of(7)->tx_granted_events = 5;
	fx.hold = true;
	for (uint32_t e = 0; e < RH_ARRAY_LEN(topics); e++) {
		(void)snprintf(topics[e], sizeof(topics[e]), "%u/%u", e * 5 % 7, e);
		fx_publish(&pub, topics[e], "x");
		if (e % 20 == 19)
			fx_poll();
	}
	fx_settle();
	fx.hold = false;
	fx_laws("in order");
	fx_grant(&sub[7], RH_CREDIT_UNLIMITED, RH_CREDIT_UNLIMITED);
	fx_settle();
	for (uint32_t i = 0; i < MOST; i++) {
		uint32_t copies = 0, due = 0;

		for (uint32_t e = 0; e < RH_ARRAY_LEN(topics); e++) {
			bool is_due = false;

			for (uint32_t t = 0; t < 4; t++)
				is_due |= (i * (t + 1) + t) % 7 == e * 5 % 7;
			due += is_due;
		}
		fx.sent_read = fx.sent_read_at = 0;
		for (sequence = 0; fx_copy(&sub[i], &copy); copies++) {
			cr_assert_gt(copy.event.sequence, sequence, "subscriber %u", i);
			sequence = copy.event.sequence;
		}
		cr_assert_eq(copies, due, "subscriber %u", i);
	}
}

/* Buffers for the first chunk and some of the second: as many copies leave as there are, and one more, in the frame that came. */
Test(wide_order, until_buffers_run_out)
{
	struct rh_event_spec spec = next();
	const uint32_t left = DP_BURST + 3;
	struct rte_mbuf *m = received(&pub, &spec);

	subscribers(MOST);
	buffers_take(left);
	run(m, 0);
	cr_assert_eq(out_count, left + 1);
	for (uint32_t i = 0; i < MOST; i++) {
		bool sent = i < left || i == MOST - 1;

		if (sent)
			expect(i, &spec, 1, 1, i != MOST - 1);
		else
			cr_assert_null(frame_for(i));
		cr_assert_eq(fx_stats(&sub[i]).tx_events, sent);
		cr_assert_eq(fx_stats(&sub[i]).drops[DP_DROP_NO_BUFFER], !sent);
	}
	cr_assert_eq(fx_dropped(copies, NO_BUFFER), MOST - left - 1);
	fx_laws("during the shortage");
	buffers_give();
	spec = next();
	publish(&spec);
	for (uint32_t i = 0; i < MOST; i++)
		expect(i, &spec, 1, i < left || i == MOST - 1 ? 2 : 1, i != MOST - 1);
}

/* Whoever does not take part needs no buffer. */
Test(wide_order, takes_no_more_buffers_than_it_needs)
{
	struct rh_event_spec spec = next();

	subscribers(SEVERAL);
	for (uint32_t i = 1; i < SEVERAL; i++)
		slot_of(i)->tx_granted_events = 0;
	publish(&spec);
	expect(0, &spec, 1, 1, true);
	cr_assert_eq(out_count, 1);
	cr_assert_eq(rte_mempool_in_use_count(pool()), 1);
	cr_assert_eq(fx_count(copies_queued), SEVERAL - 1);
}

/* Straight into the pipeline. */
static void publish_directly(struct rh_event_spec *spec)
{
	struct rte_mbuf *m = received(&pub, spec);

	rh_add_relaxed(&fx.eng->ctx[0]->counters.rx_datagrams, 1);
	dp_node_classify(fx.eng->ctx[0], fx.port, false, &m, 1);
}

/* Where the backlog is half full copies queue: some of the first chunk have room. */
Test(wide_order, until_the_backlog_is_half_full)
{
	const uint32_t before = DP_TX_BACKLOG_SOFT - 7;
	struct rh_event_spec spec = next();

	subscribers(SEVERAL);
	backlog_of(before);
	publish_directly(&spec);
	out_free();
	expect_half_full(before);
}

/* A chunk ends where the ring does. */
Test(wide_order, round_the_end_of_the_ring)
{
	subscribers(SEVERAL);
	for (uint32_t left = 0; left <= SEVERAL; left++) {
		struct rh_event_spec spec = next();

		ring_ends_behind(left);
		publish(&spec);
		expect_others(SEVERAL, &spec, left + 1);
	}
}
