/* Copies for one session leave together: in as few datagrams as its size allows, in order, at the end of the round that made them. */

#include "tests/unit/dataplane/node/fixture.h"

#include "dataplane/node/transmit.h"
#include "tests/lib/patterns.h"

#include <rte_ether.h>
#include <stdio.h>
#include <stdlib.h>

static struct fx_client pub, sub, other;
static struct fx_copy copy;

static void start(void)
{
	fx_start(NULL);
	fx_connect(&pub, 1);
}

TestSuite(coalesce, .init = start, .fini = fx_stop);

static void join(struct fx_client *c, uint32_t n, uint8_t family, uint16_t max_datagram)
{
	struct dp_session_conf conf;

	fx_client_init(c, n, family, DP_VLAN_NONE);
	conf = fx_conf(c);
	conf.max_datagram = max_datagram;
	fx_open(c, &conf);
}

static uint8_t records[8192];
static size_t records_len;

/* One more record for datagram_in. */
static void record_add(const struct rh_event_spec *spec)
{
	int len = rh_event_encode(records + records_len, sizeof(records) - records_len, spec, false);

	cr_assert_gt(len, 0);
	records_len += RH_ALIGN_UP((size_t)len, RH_WIRE_ALIGN);
}

static void event_add(const char *topic, const char *payload)
{
	struct rh_event_spec spec = fx_spec(&pub, topic, payload);

	record_add(&spec);
}

static void datagram_in(void)
{
	fx_records_in(&pub, 0, records, records_len);
	records_len = 0;
}

/* The next copy to @to has @sequence and came in datagram @number. */
static void expect(const struct fx_client *to, uint64_t sequence, uint64_t number)
{
	cr_assert(fx_copy(to, &copy), "no copy of event %lu", (unsigned long)sequence);
	cr_assert_eq(copy.event.sequence, sequence);
	cr_assert_eq(copy.header.packet_number, number, "event %lu in datagram %lu, not %lu",
		(unsigned long)sequence, (unsigned long)copy.header.packet_number, (unsigned long)number);
	cr_assert_eq(copy.event.hop_limit, RH_HOP_LIMIT_DEFAULT - 1);
}

/* A burst of datagrams of one event each, over all numbers of bytes to pad: headers, lengths and checksums are right, and the text. */
static void burst(uint8_t family)
{
	static const char text[] = "abcdefghijklmnop";

	join(&sub, 2, family, 1472);
	(void)fx_subscribe(&sub, "#");
	fx.hold = true;
	for (uint32_t i = 0; i < 12; i++) {
		char topic[8];

		(void)snprintf(topic, sizeof(topic), "t/%u", i);
		fx_publish(&pub, topic, text + i);
	}
	fx_poll();
	for (uint32_t i = 0; i < 12; i++) {
		expect(&sub, i + 1, 1);
		cr_assert_eq(copy.event.payload_len, 16 - i);
		cr_assert_arr_eq(copy.event.payload, text + i, 16 - i);
	}
	cr_assert_eq(fx_count(tx_datagrams), 1);
	cr_assert_eq(fx_count(tx_bytes),
		RTE_ETHER_HDR_LEN + (family == 4 ? DP_IPV4_UDP_HEADERS : DP_IPV6_UDP_HEADERS) + copy.header.length);
	cr_assert_eq(fx_count(copies_tx), 12);
	cr_assert_eq(fx_stats(&sub).tx_events, 12);
	cr_assert_eq(fx_stats(&sub).tx_bytes, fx_count(copies_tx_bytes));
	fx_laws("coalesced");
}

Test(coalesce, events_of_a_round_share_a_datagram)
{
	burst(4);
}

Test(coalesce, events_of_a_round_share_a_datagram_over_ipv6)
{
	burst(6);
}

/* Two records of 248 bytes fill a datagram of 520 to the last byte. */
static void filled(uint16_t max_datagram, uint64_t datagrams, bool in_one_datagram)
{
	char payload[192];

	memset(payload, 'x', 191);
	payload[191] = 0;
	join(&sub, 2, 4, max_datagram);
	(void)fx_subscribe(&sub, "#");
	fx.hold = true;
	for (int i = 0; i < 4; i++)
		if (in_one_datagram)
			event_add("t", payload);
		else
			fx_publish(&pub, "t", payload);
	if (in_one_datagram)
		datagram_in();
	fx_poll();
	for (uint64_t i = 1; i <= 4; i++)
		expect(&sub, i, datagrams == 4 ? i : (i + 1) / 2);
	cr_assert_eq(fx_count(tx_datagrams), datagrams);
}

Test(coalesce, up_to_the_last_byte_that_the_client_takes)
{
	filled(RH_DATAGRAM_HDR + 2 * 248, 2, false);
}

Test(coalesce, not_a_byte_beyond)
{
	filled(RH_DATAGRAM_HDR + 2 * 248 - 1, 4, false);
}

Test(coalesce, a_datagram_of_the_publisher_in_pieces_that_the_subscriber_takes)
{
	filled(RH_DATAGRAM_HDR + 2 * 248, 2, true);
}

Test(coalesce, no_more_than_the_port_carries)
{
	static const char payload[700 + 1] = {[0 ... 699] = 'y'};

	join(&sub, 2, 6, 9000);
	(void)fx_subscribe(&sub, "#");
	fx.hold = true;
	/* 760 bytes of record: two would be 1,592 bytes of IPv6. */
	for (int i = 0; i < 3; i++)
		fx_publish(&pub, "t", payload);
	fx_poll();
	for (uint64_t i = 1; i <= 3; i++)
		expect(&sub, i, i);
}

Test(coalesce, for_each_of_several_receivers)
{
	join(&sub, 2, 4, 1472);
	join(&other, 3, 6, 1472);
	(void)fx_subscribe(&sub, "t/+");
	(void)fx_subscribe(&other, "t/#");
	for (int i = 0; i < 6; i++)
		event_add(i < 3 ? "t/1" : "t/2", "x");
	datagram_in();
	for (uint64_t i = 1; i <= 6; i++)
		expect(&sub, i, 1);
	fx.sent_read = fx.sent_read_at = 0;
	for (uint64_t i = 1; i <= 6; i++)
		expect(&other, i, 1);
	cr_assert_eq(fx_count(tx_datagrams), 2);
	cr_assert_eq(fx_count(copies_tx), 12);
}

Test(coalesce, by_turns_to_two_sessions)
{
	join(&sub, 2, 4, 1472);
	join(&other, 3, 4, 1472);
	(void)fx_subscribe(&sub, "one");
	(void)fx_subscribe(&other, "two");
	for (int i = 0; i < 10; i++)
		event_add(i % 2 ? "two" : "one", "x");
	datagram_in();
	for (uint64_t i = 1; i <= 10; i += 2)
		expect(&sub, i, 1);
	fx.sent_read = fx.sent_read_at = 0;
	for (uint64_t i = 2; i <= 10; i += 2)
		expect(&other, i, 1);
}

Test(coalesce, around_events_that_do_not_go_on)
{
	struct rh_event_spec spec;

	join(&sub, 2, 4, 1472);
	(void)fx_subscribe(&sub, "t");
	event_add("t", "1");
	spec = fx_spec(&pub, "t", "2");
	spec.hop_limit = 0;
	record_add(&spec);
	event_add("t", "3");
	event_add("nobody", "4");
	event_add("t", "5");
	event_add("t", "6");
	spec = fx_spec(&pub, "t", "again 6");
	spec.sequence = --pub.sequence - 1;
	record_add(&spec);
	datagram_in();
	expect(&sub, 1, 1);
	expect(&sub, 3, 1);
	expect(&sub, 5, 1);
	expect(&sub, 6, 1);
	cr_assert_not(fx_copy(&sub, &copy));
	cr_assert_eq(fx_dropped(events, HOP_LIMIT), 1);
	cr_assert_eq(fx_dropped(events, DUPLICATE), 1);
	cr_assert_eq(fx_count(events_unmatched), 1);
}

Test(coalesce, under_an_alias_with_the_topic_in_text)
{
	uint64_t generation;

	join(&sub, 2, 4, 1472);
	(void)fx_subscribe(&sub, "long/#");
	cr_assert_eq(dp_session_alias(fx.eng, pub.slot, 7, "long/topic", 10, &generation), 0);
	for (int i = 0; i < 6; i++) {
		struct rh_event_spec spec = fx_spec(&pub, i % 3 ? "" : "long/topic", "payload");

		spec.alias = i % 3 ? 7 : 0;
		record_add(&spec);
	}
	datagram_in();
	for (uint64_t i = 1; i <= 6; i++) {
		expect(&sub, i, 1);
		cr_assert_eq(copy.event.topic_len, 10);
		cr_assert_arr_eq(copy.event.topic, "long/topic", 10);
		cr_assert_arr_eq(copy.event.payload, "payload", 7);
	}
}

Test(coalesce, whole_events_never_overtake_one_that_is_cut)
{
	static const char large[1200 + 1] = {[0 ... 1199] = 'z'};

	join(&sub, 2, 4, RH_DATAGRAM_MIN_MAX);
	(void)fx_subscribe(&sub, "#");
	fx.hold = true;
	fx_publish(&pub, "t", "1");
	fx_publish(&pub, "t", "2");
	fx_publish(&pub, "t", large);
	fx_publish(&pub, "t", "4");
	fx_publish(&pub, "t", "5");
	fx_poll();
	expect(&sub, 1, 1);
	expect(&sub, 2, 1);
	expect(&sub, 3, 4);
	cr_assert_eq(copy.frames, 3);
	cr_assert_eq(copy.event.payload_len, 1200);
	expect(&sub, 4, 5);
	expect(&sub, 5, 5);
	cr_assert_eq(fx_count(tx_datagrams), 5);
}

Test(coalesce, as_far_as_credit_goes_and_the_rest_when_it_comes)
{
	struct dp_session_conf conf;

	fx_client_init(&sub, 2, 4, DP_VLAN_NONE);
	conf = fx_conf(&sub);
	conf.tx_credit_events = 3;
	fx_open(&sub, &conf);
	(void)fx_subscribe(&sub, "#");
	for (int i = 0; i < 8; i++)
		event_add("t", "x");
	datagram_in();
	cr_assert_eq(fx_copies(&sub), 3);
	cr_assert_eq(fx_count(copies_queued), 5);
	cr_assert_eq(fx_count(tx_datagrams), 1);
	fx_grant(&sub, 6, RH_CREDIT_UNLIMITED);
	fx_poll();
	fx_grant(&sub, 8, RH_CREDIT_UNLIMITED);
	fx_poll();
	for (uint64_t i = 1; i <= 8; i++)
		expect(&sub, i, (i + 2) / 3);
	cr_assert_eq(fx_stats(&sub).tx_events, 8);
}

Test(coalesce, as_far_as_credit_of_bytes_goes)
{
	struct dp_session_conf conf;

	fx_client_init(&sub, 2, 4, DP_VLAN_NONE);
	conf = fx_conf(&sub);
	conf.tx_credit_bytes = 5 * (RH_PUBLISH_HDR + 2) + 1;
	fx_open(&sub, &conf);
	(void)fx_subscribe(&sub, "#");
	for (int i = 0; i < 8; i++)
		event_add("t", "x");
	datagram_in();
	cr_assert_eq(fx_copies(&sub), 5);
	cr_assert_eq(fx_stats(&sub).tx_bytes, 5 * (RH_PUBLISH_HDR + 2));
	cr_assert_eq(fx_count(copies_queued), 3);
	fx_grant(&sub, RH_CREDIT_UNLIMITED, RH_CREDIT_UNLIMITED);
	fx_poll();
	for (uint64_t i = 1; i <= 8; i++)
		expect(&sub, i, i <= 5 ? 1 : 2);
}

/* The payload decides about one of two receivers, so runs begin and end with it. */
Test(coalesce, copies_that_a_payload_pattern_decides_about)
{
	static const char *const patterns[] = {"yes"};
	struct rh_error err = {""};
	struct rh_filter filter;
	dp_sub_id_t id;
	size_t len;
	void *bytes = test_patterns_compile(patterns, 1, &len);

	join(&sub, 2, 4, 1472);
	join(&other, 3, 4, 1472);
	(void)fx_subscribe(&other, "#");
	cr_assert_eq(dp_table_patterns_set(fx.table, 0, 0, bytes, len, 1, &err), 0, "%s", err.text);
	free(bytes);
	cr_assert_eq(rh_filter_parse(RH_DIALECT_MQTT, "t", 1, &filter, &err), 0);
	cr_assert_eq(dp_table_sub_add(fx.table, 0, &filter, sub.slot, test_pattern_content(fx.table, 0, 1), &id, &err), 0, "%s", err.text);
	(void)dp_table_publish(fx.table);
	for (int i = 1; i <= 9; i++)
		event_add("t", i % 3 ? "yes" : "no");
	datagram_in();
	for (uint64_t i = 1; i <= 9; i++)
		if (i % 3)
			expect(&sub, i, 1);
	cr_assert_not(fx_copy(&sub, &copy));
	fx.sent_read = fx.sent_read_at = 0;
	for (uint64_t i = 1; i <= 9; i++)
		expect(&other, i, 1);
}

Test(coalesce, nothing_from_one_round_to_the_next)
{
	join(&sub, 2, 4, 1472);
	(void)fx_subscribe(&sub, "#");
	fx_publish(&pub, "t", "x");
	fx_publish(&pub, "t", "y");
	expect(&sub, 1, 1);
	expect(&sub, 2, 2);
}

/* A burst has at most 32 events at once; a datagram may hold more, of which some leave while others have not been looked at. */
Test(coalesce, more_events_than_a_burst_holds)
{
	join(&sub, 2, 4, 9000);
	(void)fx_subscribe(&sub, "#");
	fx.hold = true;
	for (int d = 0; d < 5; d++) {
		for (int i = 0; i < 20; i++)
			event_add("t", "12345678");
		datagram_in();
	}
	fx_poll();
	for (uint64_t i = 1; i <= 100; i++) {
		cr_assert(fx_copy(&sub, &copy));
		cr_assert_eq(copy.event.sequence, i);
		cr_assert_arr_eq(copy.event.payload, "12345678", 8);
	}
	cr_assert_leq(fx_count(tx_datagrams), 7);
	cr_assert_eq(fx_count(tx_datagrams), copy.header.packet_number);
}
