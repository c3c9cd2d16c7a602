/* Credit both ways, queues with their bounds, and what becomes of a copy that waits. */

#include "tests/unit/dataplane/node/fixture.h"

#include <stdio.h>

static struct fx_copy copy;
static struct fx_client pub, sub;

static void start(void)
{
	fx_start(NULL);
	fx_connect(&pub, 1);
}

TestSuite(credit, .init = start, .fini = fx_stop);
TestSuite(queue, .init = start, .fini = fx_stop);

/* A subscriber that granted so much. */
static void subscriber(uint64_t events, uint64_t bytes, uint64_t queue_bytes)
{
	struct dp_session_conf conf;

	fx_client_init(&sub, 2, 4, DP_VLAN_NONE);
	conf = fx_conf(&sub);
	conf.tx_credit_events = events;
	conf.tx_credit_bytes = bytes;
	conf.queue_bytes = queue_bytes;
	conf.queue_ms = 1000;
	fx_open(&sub, &conf);
}

static struct rh_credit granted(const struct fx_client *c)
{
	struct rh_credit credit = {0};
	uint32_t len;
	const uint8_t *record = fx_control(c, RH_RECORD_CREDIT, &len);

	if (record)
		cr_assert_eq(rh_credit_parse(record, len, &credit), RH_FRAME_OK);
	return credit;
}

static void publisher(uint32_t events, uint32_t bytes)
{
	struct dp_session_conf conf;

	fx_client_init(&pub, 3, 4, DP_VLAN_NONE);
	conf = fx_conf(&pub);
	conf.rx_window_events = events;
	conf.rx_window_bytes = bytes;
	fx_open(&pub, &conf);
}

Test(queue, copies_wait_for_credit_and_leave_in_order)
{
	subscriber(2, RH_CREDIT_UNLIMITED, 1 << 20);
	(void)fx_subscribe(&sub, "#");
	for (int i = 0; i < 10; i++)
		fx_publish(&pub, "t", "x");
	cr_assert_eq(fx_copies(&sub), 2);
	cr_assert_eq(fx_stats(&sub).queued_events, 8);
	cr_assert_eq(fx_count(copies_queued), 8);
	fx_grant(&sub, 5, RH_CREDIT_UNLIMITED);
	fx_poll();
	cr_assert_eq(fx_copies(&sub), 5);
	/* An older grant does not take any back. */
	fx_grant(&sub, 3, RH_CREDIT_UNLIMITED);
	fx_grant(&sub, 10, RH_CREDIT_UNLIMITED);
	fx_poll();
	for (uint64_t i = 1; i <= 10; i++) {
		cr_assert(fx_copy(&sub, &copy));
		cr_assert_eq(copy.event.sequence, i);
		/* What one grant lets go shares a datagram. */
		cr_assert_eq(copy.header.packet_number, i <= 2 ? i : i <= 5 ? 3 : 4);
		cr_assert_eq(copy.event.payload_len, 1);
		cr_assert_eq(copy.event.hop_limit, RH_HOP_LIMIT_DEFAULT - 1);
	}
	cr_assert_eq(fx_stats(&sub).tx_events, 10);
	cr_assert_eq(fx_count(copies_queued), 0);
}

Test(queue, bytes_of_credit_count_too)
{
	subscriber(RH_CREDIT_UNLIMITED, 2 * (RH_PUBLISH_HDR + 2), 1 << 20);
	(void)fx_subscribe(&sub, "#");
	for (int i = 0; i < 3; i++)
		fx_publish(&pub, "t", "x");
	cr_assert_eq(fx_copies(&sub), 2);
	fx_grant(&sub, RH_CREDIT_UNLIMITED, 3 * (RH_PUBLISH_HDR + 2) - 1);
	fx_poll();
	cr_assert_eq(fx_copies(&sub), 2);
	fx_grant(&sub, RH_CREDIT_UNLIMITED, 3 * (RH_PUBLISH_HDR + 2));
	fx_poll();
	cr_assert_eq(fx_copies(&sub), 3);
}

Test(queue, is_bounded_in_bytes_and_nobody_else_loses)
{
	struct fx_client other;

	subscriber(0, 0, 4 * (RH_PUBLISH_HDR + 2));
	fx_connect(&other, 9);
	(void)fx_subscribe(&sub, "#");
	(void)fx_subscribe(&other, "#");
	for (int i = 0; i < 10; i++)
		fx_publish(&pub, "t", "x");
	cr_assert_eq(fx_copies(&other), 10);
	cr_assert_eq(fx_stats(&sub).queued_events, 4);
	cr_assert_eq(fx_stats(&sub).drops[DP_DROP_QUEUE_FULL], 6);
	cr_assert_eq(fx_dropped(copies, QUEUE_FULL), 6);
	cr_assert_eq(fx_stats(&sub).copies_made, 10);
	cr_assert_eq(fx_stats(&sub).longest_queue_bytes, 4 * (RH_PUBLISH_HDR + 2));
	fx_grant(&sub, 100, RH_CREDIT_UNLIMITED);
	fx_poll();
	cr_assert_eq(fx_copies(&sub), 4, "the oldest stay, the newest were dropped");
}

Test(queue, is_bounded_in_time_without_any_credit_coming)
{
	subscriber(0, 0, 1 << 20);
	(void)fx_subscribe(&sub, "#");
	for (int i = 0; i < 100; i++)
		fx_publish(&pub, "t", "x");
	fx_age(800);
	fx_publish(&pub, "t", "y");
	fx_settle();
	cr_assert_eq(fx_stats(&sub).queued_events, 101);
	fx_age(500);
	for (int i = 0; i < 4; i++) {
		fx_age(0);
		fx_poll();
	}
	cr_assert_eq(fx_stats(&sub).queued_events, 1);
	cr_assert_eq(fx_dropped(copies, QUEUE_EXPIRED), 100);
}

Test(queue, an_event_s_own_time_runs_while_it_waits)
{
	struct rh_event_spec spec;

	subscriber(0, 0, 1 << 20);
	(void)fx_subscribe(&sub, "#");
	spec = fx_spec(&pub, "t", "short");
	spec.ttl_ms = 100;
	fx_event_in(&pub, &spec);
	spec = fx_spec(&pub, "t", "long");
	spec.ttl_ms = 900;
	fx_event_in(&pub, &spec);
	fx_age(300);
	fx_grant(&sub, 10, RH_CREDIT_UNLIMITED);
	fx_poll();
	cr_assert_eq(fx_dropped(copies, TTL_EXPIRED), 1);
	cr_assert(fx_copy(&sub, &copy));
	cr_assert_eq(copy.event.payload_len, 4);
	cr_assert(copy.event.ttl_ms <= 600 && copy.event.ttl_ms > 400, "left: %u", copy.event.ttl_ms);
}

Test(queue, a_copy_whose_subscription_died_is_not_sent)
{
	struct fx_client other;
	dp_sub_id_t s;

	subscriber(0, 0, 1 << 20);
	s = fx_subscribe(&sub, "a/#");
	/* That somebody else still wants the event is no reason. */
	fx_connect(&other, 9);
	(void)fx_subscribe(&other, "a/#");
	fx_publish(&pub, "a/b", "x");
	fx_unsubscribe(s);
	fx_grant(&sub, 10, RH_CREDIT_UNLIMITED);
	fx_poll();
	cr_assert_eq(fx_copies(&sub), 0);
	cr_assert_eq(fx_dropped(copies, UNSUBSCRIBED), 1);
	cr_assert_eq(fx_stats(&sub).drops[DP_DROP_UNSUBSCRIBED], 1);
}

Test(queue, a_copy_that_another_filter_still_wants_is_sent_once)
{
	dp_sub_id_t s[2];

	subscriber(0, 0, 1 << 20);
	s[0] = fx_subscribe(&sub, "a/#");
	s[1] = fx_subscribe(&sub, "a/+");
	fx_publish(&pub, "a/b", "x");
	fx_publish(&pub, "a/b/c", "y");
	fx_unsubscribe(s[0]);
	fx_grant(&sub, 10, RH_CREDIT_UNLIMITED);
	fx_poll();
	cr_assert_eq(fx_copies(&sub), 1, "a/b is still due to a/+, a/b/c to nobody");
	cr_assert_eq(fx_dropped(copies, UNSUBSCRIBED), 1);
	(void)s[1];
}

Test(queue, a_copy_that_a_later_exception_takes_away_is_not_sent)
{
	subscriber(0, 0, 1 << 20);
	(void)fx_subscribe(&sub, "a/#");
	fx_publish(&pub, "a/b", "x");
	fx_publish(&pub, "a/b/c", "y");
	fx_publish(&pub, "a/c", "z");
	(void)fx_subscribe(&sub, "!a/b/#");
	fx_grant(&sub, 10, RH_CREDIT_UNLIMITED);
	fx_poll();
	cr_assert_eq(fx_copies(&sub), 1, "a/c alone");
	cr_assert_eq(fx_dropped(copies, UNSUBSCRIBED), 2);
	cr_assert_eq(fx_stats(&sub).drops[DP_DROP_UNSUBSCRIBED], 2);
}

Test(queue, exceptions_of_others_and_those_that_went_again_take_nothing_away)
{
	struct fx_client other;
	dp_sub_id_t s;

	subscriber(0, 0, 1 << 20);
	(void)fx_subscribe(&sub, "a/#");
	fx_connect(&other, 9);
	fx_publish(&pub, "a/b", "x");
	(void)fx_subscribe(&other, "!a/b");
	s = fx_subscribe(&sub, "!a/b");
	fx_unsubscribe(s);
	fx_grant(&sub, 10, RH_CREDIT_UNLIMITED);
	fx_poll();
	cr_assert_eq(fx_copies(&sub), 1);
	cr_assert_eq(fx_dropped(copies, UNSUBSCRIBED), 0);
}

static uint64_t matched(void)
{
	struct dp_match_counters now;

	dp_match_counters(fx.eng->ctx[0]->match, &now);
	return now.hits + now.misses;
}

Test(queue, only_copies_older_than_an_exception_are_matched_again)
{
	uint64_t before;

	subscriber(0, 0, 1 << 20);
	(void)fx_subscribe(&sub, "a/#");
	fx_publish(&pub, "a/b", "x");
	(void)fx_subscribe(&sub, "!q");
	for (unsigned i = 0; i < 5; i++)
		fx_publish(&pub, "a/b", "x");
	before = matched();
	fx_grant(&sub, 10, RH_CREDIT_UNLIMITED);
	fx_poll();
	cr_assert_eq(fx_copies(&sub), 6);
	cr_assert_eq(matched() - before, 1);
}

Test(queue, goes_with_its_session)
{
	subscriber(0, 0, 1 << 20);
	(void)fx_subscribe(&sub, "#");
	for (int i = 0; i < 5; i++)
		fx_publish(&pub, "t", "x");
	cr_assert_eq(dp_session_close(fx.eng, sub.slot), 0);
	fx_settle();
	cr_assert_eq(fx_dropped(copies, SUBSCRIBER_GONE), 5);
	cr_assert_eq(fx_count(copies_queued), 0);
	fx_publish(&pub, "t", "x");
	cr_assert_eq(fx_dropped(copies, SUBSCRIBER_GONE), 6);
	cr_assert_eq(dp_session_close(fx.eng, sub.slot), -ENOENT);
}

Test(queue, what_waits_when_the_router_stops_is_counted)
{
	subscriber(0, 0, 1 << 20);
	(void)fx_subscribe(&sub, "#");
	for (int i = 0; i < 5; i++)
		fx_publish(&pub, "t", "x");
	dp_engine_stop(fx.eng, 0);
	cr_assert_eq(fx_dropped(copies, STOPPED), 5);
}

Test(credit, a_publisher_is_granted_more_when_a_quarter_is_used)
{
	publisher(8, 0);
	fx_publish(&pub, "t", "x");
	cr_assert_eq(granted(&pub).events, 0);
	fx_publish(&pub, "t", "x");
	cr_assert_eq(granted(&pub).events, 10);
	cr_assert_eq(granted(&pub).bytes, RH_CREDIT_UNLIMITED);
	cr_assert_eq(fx_stats(&pub).rx_granted_events, 10);
	cr_assert_eq(fx_count(credits_sent), 1);
}

Test(credit, bytes_are_granted_likewise)
{
	publisher(0, 4 * (RH_PUBLISH_HDR + 2));
	fx_publish(&pub, "t", "x");
	cr_assert_eq(granted(&pub).bytes, 5 * (RH_PUBLISH_HDR + 2));
	cr_assert_eq(granted(&pub).events, RH_CREDIT_UNLIMITED);
}

Test(credit, a_silent_publisher_gets_the_rest)
{
	publisher(8, 0);
	fx_publish(&pub, "t", "x");
	cr_assert_eq(granted(&pub).events, 0);
	fx_age(30);
	fx_poll();
	cr_assert_eq(granted(&pub).events, 9);
}

Test(credit, what_a_gap_shows_as_lost_is_granted_again)
{
	publisher(8, 0);
	fx_publish(&pub, "t", "x");
	fx_publish_sequence(&pub, 4, "t", "x");
	cr_assert_eq(granted(&pub).events, 12, "two arrived, two lost");
	cr_assert_eq(fx_count(lost_before_router), 2);
	fx_publish_sequence(&pub, 2, "t", "x");
	cr_assert_eq(fx_count(lost_before_router), 1);
	cr_assert_eq(fx_stats(&pub).lost_before_router, 1);
	fx_age(30);
	fx_poll();
	cr_assert_eq(granted(&pub).events, 12, "three arrived, one lost: the late one is not granted twice");
}

Test(credit, a_keepalive_tells_of_losses_that_left_no_gap_and_is_answered)
{
	struct rh_keepalive k = {.answer = true, .sent_events = 5, .sent_bytes = 1000, .stamp = 0x1234};
	uint8_t record[RH_KEEPALIVE_HDR];
	const uint8_t *answer;
	uint32_t len;

	publisher(8, 4096);
	fx_publish(&pub, "t", "x");
	cr_assert_eq(rh_keepalive_encode(record, sizeof(record), &k), RH_KEEPALIVE_HDR);
	fx_records_in(&pub, 0, record, sizeof(record));
	answer = fx_control(&pub, RH_RECORD_KEEPALIVE, &len);
	cr_assert_not_null(answer);
	cr_assert_eq(rh_keepalive_parse(answer, len, &k), RH_FRAME_OK);
	cr_assert_eq(k.stamp, 0x1234);
	cr_assert_not(k.answer);
	cr_assert_eq(granted(&pub).events, 13);
	cr_assert_eq(granted(&pub).bytes, 5096);
	cr_assert_eq(fx_count(control_datagrams), 1);
}

Test(credit, a_keepalive_cannot_claim_beyond_the_grant)
{
	struct rh_keepalive k = {.answer = true, .sent_events = 1000000, .sent_bytes = UINT64_MAX};
	uint8_t record[RH_KEEPALIVE_HDR];

	publisher(8, 4096);
	cr_assert_eq(rh_keepalive_encode(record, sizeof(record), &k), RH_KEEPALIVE_HDR);
	fx_records_in(&pub, 0, record, sizeof(record));
	cr_assert_eq(granted(&pub).events, 16);
	cr_assert_eq(granted(&pub).bytes, 8192);
}

Test(credit, the_answer_tells_of_dropped_copies)
{
	struct rh_keepalive k = {.answer = true};
	uint8_t record[RH_KEEPALIVE_HDR];
	const uint8_t *answer;
	uint32_t len;

	subscriber(0, 0, 0);
	(void)fx_subscribe(&sub, "#");
	fx_publish(&pub, "t", "x");
	fx_publish(&pub, "t", "x");
	cr_assert_eq(rh_keepalive_encode(record, sizeof(record), &k), RH_KEEPALIVE_HDR);
	fx_records_in(&sub, 0, record, sizeof(record));
	answer = fx_control(&sub, RH_RECORD_KEEPALIVE, &len);
	cr_assert_not_null(answer);
	cr_assert_eq(rh_keepalive_parse(answer, len, &k), RH_FRAME_OK);
	cr_assert_eq(k.dropped_copies, 2);
	cr_assert_eq(k.sent_events, 0);
}

Test(credit, who_sends_beyond_it_is_reported_and_not_delivered)
{
	uint8_t records[2048];
	size_t len = 0;

	publisher(4, 0);
	subscriber(RH_CREDIT_UNLIMITED, RH_CREDIT_UNLIMITED, 0);
	(void)fx_subscribe(&sub, "#");
	for (int i = 0; i < 6; i++) {
		struct rh_event_spec spec = fx_spec(&pub, "t", "x");

		len += RH_ALIGN_UP(
			(size_t)rh_event_encode(records + len, sizeof(records) - len, &spec, false),
			RH_WIRE_ALIGN);
	}
	fx_records_in(&pub, 0, records, len);
	cr_assert_eq(fx_copies(&sub), 4);
	cr_assert_eq(fx_dropped(events, OVER_CREDIT), 2);
	cr_assert(fx_stats(&pub).protocol_error);
	cr_assert_eq(fx_stats(&pub).protocol_reason, RH_BYE_CREDIT);
}

Test(queue, goes_on_when_a_head_that_cannot_fit_expired)
{
	struct rh_event_spec spec = fx_spec(&pub, "t", NULL);
	static uint8_t payload[1000];

	subscriber(RH_CREDIT_UNLIMITED, 200, 1 << 20);
	(void)fx_subscribe(&sub, "#");
	spec.payload = payload;
	spec.payload_len = sizeof(payload);
	fx_event_in(&pub, &spec);
	fx_age(900);
	fx_publish(&pub, "t", "x");
	cr_assert_eq(fx_copies(&sub), 0, "order is kept");
	fx_age(200);
	fx_settle();
	cr_assert_eq(fx_stats(&sub).drops[DP_DROP_QUEUE_EXPIRED], 1);
	cr_assert_eq(fx_copies(&sub), 1, "the small one had credit all the time");
}

/* A smaller store, so that it runs short soon. */
static void store_shrink(uint32_t places)
{
	for (int i = 0; i < DP_STORE_CLASSES; i++)
		fx.eng->ctx[0]->store.class[i].count = places;
}

Test(queue, of_one_session_never_takes_the_store_from_the_others)
{
	struct fx_client other;
	struct dp_session_conf conf;

	subscriber(0, 0, 1 << 20);
	(void)fx_subscribe(&sub, "slow");
	fx_client_init(&other, 9, 4, DP_VLAN_NONE);
	conf = fx_conf(&other);
	conf.tx_credit_events = 0;
	fx_open(&other, &conf);
	(void)fx_subscribe(&other, "other");
	store_shrink(64);
	for (int i = 0; i < 1000; i++)
		fx_publish(&pub, "slow", "x");
	cr_assert_gt(fx_stats(&sub).drops[DP_DROP_QUEUE_FULL], 0);
	cr_assert_geq(fx_stats(&sub).queued_events, 26);
	for (int i = 0; i < DP_STORE_CLASSES; i++)
		cr_assert_lt(fx.eng->ctx[0]->store.class[i].used, 40, "class %d", i);
	for (int i = 0; i < 10; i++)
		fx_publish(&pub, "other", "x");
	cr_assert_eq(fx_stats(&other).queued_events, 10);
	fx_grant(&sub, 1000, RH_CREDIT_UNLIMITED);
	fx_settle();
	cr_assert_eq(fx_stats(&sub).queued_events, 0);
	for (int i = 0; i < 10; i++)
		fx_publish(&pub, "slow", "x");
	cr_assert_eq(fx_stats(&sub).queued_events, 0);
}

Test(credit, one_datagram_has_one_answer_however_often_it_asks)
{
	struct rh_keepalive k = {.answer = true};
	uint8_t records[20 * RH_KEEPALIVE_HDR];
	uint32_t before;

	publisher(100, 100000);
	for (size_t at = 0; at < sizeof(records); at += RH_KEEPALIVE_HDR)
		(void)rh_keepalive_encode(records + at, sizeof(records) - at, &k);
	before = fx.sent_count;
	fx_records_in(&pub, 0, records, sizeof(records));
	cr_assert_eq(fx.sent_count - before, 1);
	fx_records_in(&pub, 0, records, RH_KEEPALIVE_HDR);
	cr_assert_eq(fx.sent_count - before, 2);
}

Test(queue, of_many_sessions_leaves_an_eighth_of_the_store_to_events_in_flight)
{
	struct fx_client many[20];

	store_shrink(64);
	for (uint32_t i = 0; i < 20; i++) {
		struct dp_session_conf conf;
		char topic[8];

		fx_client_init(&many[i], 10 + i, 4, DP_VLAN_NONE);
		conf = fx_conf(&many[i]);
		conf.tx_credit_events = 0;
		fx_open(&many[i], &conf);
		(void)snprintf(topic, sizeof(topic), "t%u", i);
		(void)fx_subscribe(&many[i], topic);
		for (int n = 0; n < 40; n++)
			fx_publish(&pub, topic, "x");
	}
	cr_assert_leq(fx.eng->ctx[0]->store.class[0].used, 56);
	cr_assert_eq(fx_dropped(copies, NO_BUFFER), 0);
}
