/* May this datagram speak, and may this event pass? */

#include "tests/unit/dataplane/node/fixture.h"

#include <errno.h>
#include <poll.h>

static struct fx_client pub, sub;
static struct dp_punt punt;

static void start(void)
{
	fx_start(NULL);
	fx_connect(&pub, 1);
	fx_connect(&sub, 2);
	(void)fx_subscribe(&sub, "#");
}

TestSuite(session, .init = start, .fini = fx_stop);

Test(session, an_unknown_number_is_told_to_control)
{
	pub.wire_id ^= 0x10000;
	fx_publish(&pub, "t", "x");
	cr_assert_eq(fx_dropped(datagrams, UNKNOWN_SESSION), 1);
	cr_assert_eq(dp_punt_recv(fx.eng, 0, &punt), 0);
	cr_assert_eq(punt.kind, DP_PUNT_UNKNOWN_SESSION);
	cr_assert_eq(punt.wire_session, pub.wire_id);
	cr_assert_eq(punt.remote.port, pub.port);
	cr_assert_eq(punt.remote.family, 4);
	cr_assert_arr_eq(punt.remote.bytes, pub.address, 4);
	cr_assert_arr_eq(punt.local.bytes, pub.router, 4);
	cr_assert_not(punt.has_session);
	cr_assert_eq(dp_punt_recv(fx.eng, 0, &punt), -EAGAIN);
}

Test(session, numbers_of_no_slot_and_wrong_checks_are_unknown)
{
	pub.wire_id = 0xffffffff;
	fx_publish(&pub, "t", "x");
	sub.check++;
	fx_publish(&sub, "t", "x");
	cr_assert_eq(fx_dropped(datagrams, UNKNOWN_SESSION), 2);
}

/* As of a session that had the slot before. */
Test(session, another_tag_of_the_slot_is_unknown)
{
	fx_publish(&pub, "t", "x");
	pub.wire_id ^= 1u << DP_SLOT_BITS;
	fx_publish(&pub, "t", "x");
	cr_assert_eq(fx_dropped(datagrams, UNKNOWN_SESSION), 1);
	cr_assert_eq(fx_count(events_parsed), 1);
}

/* All of its bytes count, also those that do not stand beside the session's number. */
Test(session, another_ipv6_address_is_a_wrong_source)
{
	struct fx_client other;
	struct dp_session_conf conf;

	fx_client_init(&other, 9, 6, DP_VLAN_NONE);
	conf = fx_conf(&other);
	fx_open(&other, &conf);
	for (size_t i = 0; i < sizeof(other.address); i++) {
		other.address[i] ^= 1;
		fx_publish(&other, "t", "x");
		cr_assert_eq(fx_dropped(datagrams, WRONG_SOURCE), i + 1);
		other.address[i] ^= 1;
	}
	fx_publish(&other, "t", "x");
	cr_assert_eq(fx_count(events_parsed), 1);
}

Test(session, another_port_or_address_is_a_wrong_source)
{
	pub.port++;
	fx_publish(&pub, "t", "x");
	pub.port--;
	pub.address[3]++;
	fx_publish(&pub, "t", "x");
	cr_assert_eq(fx_dropped(datagrams, WRONG_SOURCE), 2);
	cr_assert_eq(dp_punt_recv(fx.eng, 0, &punt), -EAGAIN);
}

Test(session, malformed_headers_cost_one_counter_each)
{
	uint8_t nothing[8] = {0};
	struct packet_spec spec = {.family = 4,
		.vlan = PACKET_VLAN_NONE,
		.dst_port = RH_WIRE_UDP_PORT,
		.payload = nothing,
		.payload_len = sizeof(nothing)};
	uint8_t frame[PACKET_MAX];

	fx_frame_in(0, frame, packet_build(frame, &spec));
	cr_assert_eq(fx_dropped(datagrams, FRAME_SHORT), 1);
}

Test(session, a_malformed_record_loses_its_datagram_but_not_what_came_before)
{
	struct rh_event_spec spec = fx_spec(&pub, "t", "x");
	uint8_t records[256];
	size_t len;

	len = RH_ALIGN_UP((size_t)rh_event_encode(records, sizeof(records), &spec, false), RH_WIRE_ALIGN);
	memset(records + len, 0xff, 8);
	fx_records_in(&pub, 0, records, len + 8);
	cr_assert_eq(fx_copies(&sub), 1);
	cr_assert_eq(fx_dropped(datagrams, FRAME_RECORD_TYPE), 1);
	cr_assert_eq(fx_count(event_datagrams), 0);
}

Test(session, a_malformed_event_is_counted_as_one)
{
	struct rh_event_spec spec = fx_spec(&pub, "t", "x");
	uint8_t record[256];
	int len = rh_event_encode(record, sizeof(record), &spec, false);

	record[4] |= 1;
	fx_records_in(&pub, 0, record, RH_ALIGN_UP((size_t)len, RH_WIRE_ALIGN));
	cr_assert_eq(fx_dropped(events, FRAME_VALUE), 1);
	cr_assert_eq(fx_count(event_datagrams), 1);
	cr_assert_eq(fx_stats(&pub).drops[DP_DROP_FRAME_VALUE], 1);
}

static void event_is_dropped(const struct rh_event_spec *spec, enum dp_drop reason)
{
	fx_event_in(&pub, spec);
	cr_assert_eq(fx_counters().drop_events[reason], 1, "%s", dp_drop_name(reason));
	cr_assert_eq(fx_stats(&pub).drops[reason], 1);
	cr_assert_eq(fx_copies(&sub), 0);
}

Test(session, another_incarnation)
{
	struct rh_event_spec spec = fx_spec(&pub, "t", "x");

	spec.incarnation++;
	event_is_dropped(&spec, DP_DROP_INCARNATION);
}

Test(session, a_tenant_named_by_a_client)
{
	struct rh_event_spec spec = fx_spec(&pub, "t", "x");

	spec.tenant = 1;
	event_is_dropped(&spec, DP_DROP_TENANT);
}

Test(session, an_alias_that_is_not_registered)
{
	struct rh_event_spec spec = fx_spec(&pub, "", "x");

	spec.alias = 3;
	event_is_dropped(&spec, DP_DROP_BAD_ALIAS);
}

Test(session, no_hop_left)
{
	struct rh_event_spec spec = fx_spec(&pub, "t", "x");

	spec.hop_limit = 0;
	event_is_dropped(&spec, DP_DROP_HOP_LIMIT);
}

Test(session, no_time_left)
{
	struct rh_event_spec spec = fx_spec(&pub, "t", "x");

	spec.ttl_ms = 0;
	event_is_dropped(&spec, DP_DROP_EXPIRED);
}

Test(session, a_wildcard_in_a_published_topic)
{
	struct rh_event_spec spec = fx_spec(&pub, "a/+/b", "x");

	event_is_dropped(&spec, DP_DROP_FRAME_TOPIC);
}

Test(session, delivery_modes_that_promise_more_are_refused_and_end_nothing)
{
	struct rh_event_spec spec;

	for (uint8_t mode = 1; mode <= 3; mode++) {
		spec = fx_spec(&pub, "t", "x");
		spec.mode = mode;
		fx_event_in(&pub, &spec);
		cr_assert_eq(fx_dropped(events, MODE), mode);
	}
	cr_assert_eq(fx_copies(&sub), 0);
	fx_publish(&pub, "t", "x");
	cr_assert_eq(fx_copies(&sub), 1);
	cr_assert_eq(fx_count(lost_before_router), 0);
}

Test(session, the_same_event_twice)
{
	fx_publish(&pub, "t", "x");
	fx_publish_sequence(&pub, 1, "t", "x");
	cr_assert_eq(fx_dropped(events, DUPLICATE), 1);
	cr_assert_eq(fx_stats(&pub).duplicates, 1);
	cr_assert_eq(fx_copies(&sub), 1);
}

Test(session, a_publisher_that_numbers_anew_loses_one_event)
{
	fx_publish_sequence(&pub, 1000, "t", "x");
	fx_publish_sequence(&pub, 1, "t", "x");
	fx_publish(&pub, "t", "x");
	fx_publish(&pub, "t", "x");
	cr_assert_eq(fx_dropped(events, STALE_SEQUENCE), 1);
	cr_assert_eq(fx_count(resyncs), 1);
	cr_assert_eq(fx_copies(&sub), 3);
	cr_assert_eq(fx_stats(&pub).rx_highest_sequence, 3);
}

/* In one burst: the stale one has to be seen before the new one, or the next stale one looks like its successor. */
Test(session, an_event_between_two_stale_ones_keeps_the_numbering)
{
	fx_publish_sequence(&pub, 1000, "t", "x");
	fx.hold = true;
	fx_publish_sequence(&pub, 1, "t", "x");
	fx_publish_sequence(&pub, 1001, "t", "x");
	fx.hold = false;
	fx_poll();
	fx_publish_sequence(&pub, 2, "t", "x");
	cr_assert_eq(fx_dropped(events, STALE_SEQUENCE), 2);
	cr_assert_eq(fx_count(resyncs), 0);
	cr_assert_eq(fx_copies(&sub), 2);
	cr_assert_eq(fx_stats(&pub).rx_highest_sequence, 1001);
}

Test(session, a_jump_too_far_to_be_a_loss_restarts_the_numbering)
{
	fx_publish(&pub, "t", "x");
	fx_publish_sequence(&pub, UINT64_MAX - 1, "t", "x");
	fx_publish(&pub, "t", "x");
	cr_assert_eq(fx_count(resyncs), 1);
	cr_assert_eq(fx_count(lost_before_router), 0);
	cr_assert_eq(fx_stats(&pub).lost_before_router, 0);
	cr_assert_eq(fx_stats(&pub).rx_highest_sequence, UINT64_MAX);
	cr_assert_eq(fx_copies(&sub), 3);
}

Test(session, an_event_dropped_here_is_not_lost_before_us)
{
	struct rh_event_spec spec = fx_spec(&pub, "t", "x");

	fx_publish(&pub, "t", "x");
	spec = fx_spec(&pub, "t", "x");
	spec.hop_limit = 0;
	fx_event_in(&pub, &spec);
	fx_publish(&pub, "t", "x");
	cr_assert_eq(fx_count(lost_before_router), 0);
}

Test(session, a_draining_router_takes_no_events)
{
	struct rh_event_spec spec = fx_spec(&pub, "t", "x");

	fx.eng->tables.draining = 1;
	event_is_dropped(&spec, DP_DROP_DRAINING);
}

/* The first event of a session never takes the short way, those that follow it do. */
Test(session, a_draining_router_takes_no_events_of_a_running_publisher)
{
	fx_publish(&pub, "t", "x");
	fx.eng->tables.draining = 1;
	fx_publish(&pub, "t", "x");
	cr_assert_eq(fx_dropped(events, DRAINING), 1);
	cr_assert_eq(fx_count(copies_made), 1);
}

Test(session, a_closing_session_s_events_are_dropped_and_then_unknown)
{
	rh_store_release(&fx.eng->tables.slots[pub.slot].state, DP_SLOT_CLOSING);
	fx_publish(&pub, "t", "x");
	cr_assert_eq(fx_dropped(events, SESSION_CLOSED), 1);
	rh_store_release(&fx.eng->tables.slots[pub.slot].state, DP_SLOT_OPEN);
	cr_assert_eq(dp_session_close(fx.eng, pub.slot), 0);
	fx_poll();
	fx_publish(&pub, "t", "x");
	cr_assert_eq(fx_dropped(datagrams, UNKNOWN_SESSION), 1);
}

Test(session, control_records_are_punted_one_by_one_with_their_session)
{
	struct rh_event_spec spec = fx_spec(&pub, "t", "x");
	struct rh_bye bye = {.reason = RH_BYE_NORMAL};
	struct rh_alias alias = {.request = 1, .alias = 2, .topic = {"abc", 3}};
	uint8_t records[512] = {0};
	int len, n;

	len = rh_alias_encode(records, sizeof(records), &alias);
	n = rh_event_encode(records + len, sizeof(records) - len, &spec, false);
	len += (int)RH_ALIGN_UP((size_t)n, RH_WIRE_ALIGN);
	len += rh_bye_encode(records + len, sizeof(records) - len, &bye);
	fx_records_in(&pub, 0, records, (size_t)len);
	cr_assert_eq(dp_punt_recv(fx.eng, 0, &punt), 0);
	cr_assert_eq(punt.kind, DP_PUNT_CONTROL);
	cr_assert(punt.has_session);
	cr_assert_eq(punt.slot, pub.slot);
	cr_assert_eq(punt.bytes[0], RH_RECORD_ALIAS);
	cr_assert_eq(rh_alias_parse(punt.bytes, punt.len, &alias), RH_FRAME_OK);
	cr_assert_eq(alias.alias, 2);
	cr_assert_eq(dp_punt_recv(fx.eng, 0, &punt), 0);
	cr_assert_eq(punt.bytes[0], RH_RECORD_BYE);
	cr_assert_eq(fx_count(event_datagrams), 1);
	cr_assert_eq(fx_copies(&sub), 1);
}

Test(session, only_a_hello_may_come_without_a_session)
{
	struct rh_hello hello = {.version_min = 1,
		.version_max = 1,
		.incarnation = 5,
		.max_datagram = 1400,
		.client_id = {"me", 2}};
	struct fx_client stranger;
	struct rh_event_spec spec;
	uint8_t record[256];
	int len = rh_hello_encode(record, sizeof(record), &hello);

	fx_client_init(&stranger, 9, 6, 7);
	fx_records_in(&stranger, 0, record, (size_t)len);
	cr_assert_eq(dp_punt_recv(fx.eng, 0, &punt), 0);
	cr_assert_eq(punt.bytes[0], RH_RECORD_HELLO);
	cr_assert_not(punt.has_session);
	cr_assert_eq(punt.vlan, 7);
	cr_assert_eq(punt.remote.family, 6);
	cr_assert_arr_eq(punt.remote.bytes, stranger.address, 16);
	cr_assert_eq(fx_count(control_datagrams), 1);
	spec = fx_spec(&stranger, "t", "x");
	fx_event_in(&stranger, &spec);
	cr_assert_eq(fx_dropped(datagrams, FRAME_RECORD_TYPE), 1);
	cr_assert_eq(fx_count(events_parsed), 0);
}

Test(session, records_of_the_router_s_and_broken_control_records_end_the_session)
{
	uint8_t record[RH_CREDIT_HDR + 8] = {RH_RECORD_WELCOME, 0, 0, RH_WELCOME_HDR};
	uint8_t welcome[RH_WELCOME_HDR] = {RH_RECORD_WELCOME, 0, 0, RH_WELCOME_HDR};

	fx_records_in(&pub, 0, welcome, sizeof(welcome));
	cr_assert_eq(fx_dropped(datagrams, FRAME_RECORD_TYPE), 1);
	cr_assert(fx_stats(&pub).protocol_error);
	cr_assert_eq(fx_stats(&pub).protocol_reason, RH_BYE_PROTOCOL);
	memset(record, 0, sizeof(record));
	record[0] = RH_RECORD_CREDIT;
	record[3] = sizeof(record);
	fx_records_in(&sub, 0, record, sizeof(record));
	cr_assert_eq(fx_dropped(datagrams, FRAME_LENGTH), 1);
	cr_assert(fx_stats(&sub).protocol_error);
}

Test(session, a_hello_inside_a_session_is_a_breach_of_protocol)
{
	struct rh_hello hello = {.version_min = 1,
		.version_max = 1,
		.incarnation = 9,
		.max_datagram = 1472,
		.client_id = {"c", 1}};
	uint8_t record[128];
	struct fx_client c;
	int len = rh_hello_encode(record, sizeof(record), &hello);

	fx_connect(&c, 40);
	fx_records_in(&c, 0, record, (size_t)len);
	cr_assert_eq(fx_dropped(datagrams, FRAME_RECORD_TYPE), 1);
	cr_assert(fx_stats(&c).protocol_error);
}
