/* Frames in, copies out: the direct way, for every address family and with a VLAN tag. */

#include "tests/unit/dataplane/node/fixture.h"

#include "dataplane/base/rcu.h"
#include "tests/lib/random.h"

#include <stdio.h>

static struct fx_copy copy;

static void start(void)
{
	fx_start(NULL);
}

TestSuite(deliver, .init = start, .fini = fx_stop);

static void delivers(uint8_t family, uint16_t vlan)
{
	struct fx_client pub, sub;
	struct dp_session_conf conf;

	fx_client_init(&pub, 1, family, vlan);
	conf = fx_conf(&pub);
	fx_open(&pub, &conf);
	fx_client_init(&sub, 2, family, vlan);
	conf = fx_conf(&sub);
	fx_open(&sub, &conf);
	(void)fx_subscribe(&sub, "a/+");
	fx_publish(&pub, "a/b", "hello");
	cr_assert(fx_copy(&sub, &copy));
	cr_assert_eq(copy.event.topic_len, 3);
	cr_assert_arr_eq(copy.event.topic, "a/b", 3);
	cr_assert_eq(copy.event.payload_len, 5);
	cr_assert_arr_eq(copy.event.payload, "hello", 5);
	cr_assert_eq(copy.event.incarnation, pub.incarnation);
	cr_assert_eq(copy.event.sequence, 1);
	cr_assert_eq(copy.event.hop_limit, RH_HOP_LIMIT_DEFAULT - 1);
	cr_assert_eq(copy.event.ttl_ms, RH_TTL_NONE);
	cr_assert_eq(copy.packet.vlan, vlan == DP_VLAN_NONE ? PACKET_VLAN_NONE : vlan);
	cr_assert_eq(copy.packet.src_port, RH_WIRE_UDP_PORT);
	cr_assert_arr_eq(copy.packet.src, sub.router, 16);
	cr_assert_eq(copy.packet.dst_mac[5], 2);
	cr_assert_eq(copy.header.lane, 0);
	cr_assert_eq(copy.header.packet_number, 1);
	cr_assert_eq(fx_copies(&sub), 1);
	cr_assert_eq(fx_copies(&pub), 0);
	cr_assert_eq(fx_count(copies_tx), 1);
	cr_assert_eq(fx_count(event_datagrams), 1);
	cr_assert_eq(fx_count(events_matched), 1);
}

Test(deliver, over_ipv4)
{
	delivers(4, DP_VLAN_NONE);
}

Test(deliver, over_ipv6)
{
	delivers(6, DP_VLAN_NONE);
}

Test(deliver, over_ipv4_in_a_vlan)
{
	delivers(4, 42);
}

Test(deliver, over_ipv6_in_a_vlan)
{
	delivers(6, 4094);
}

Test(deliver, payloads_of_every_length_byte_for_byte)
{
	static char payload[1301];
	struct fx_client pub, sub;

	fx_connect(&pub, 1);
	fx_connect(&sub, 2);
	(void)fx_subscribe(&sub, "#");
	for (uint32_t len = 0; len < sizeof(payload); len += 13) {
		for (uint32_t i = 0; i < len; i++)
			payload[i] = (char)(1 + (i * 31 + len) % 255);
		payload[len] = 0;
		fx_publish(&pub, "t", payload);
		cr_assert(fx_copy(&sub, &copy), "length %u", len);
		cr_assert_eq(copy.event.payload_len, len);
		cr_assert_eq(memcmp(copy.event.payload, payload, len), 0, "length %u", len);
		cr_assert_eq(copy.frames, 1);
	}
}

Test(deliver, options_attributes_and_header_fields_unchanged)
{
	static const uint8_t options[] = {RH_OPTION_TRACEPARENT, 26, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
		13, 14, 15, 16, 1, 2, 3, 4, 5, 6, 7, 8, 1};
	struct rh_attribute attr = {.name = "source", .name_len = 6, .value = "urn:x", .value_len = 5};
	uint8_t attributes[64];
	struct fx_client pub, sub;
	struct rh_event_spec spec;
	int len = rh_attribute_put(attributes, sizeof(attributes), 0, &attr);

	cr_assert_gt(len, 0);
	fx_connect(&pub, 1);
	fx_connect(&sub, 2);
	(void)fx_subscribe(&sub, "x/#");
	spec = fx_spec(&pub, "x/y", "p");
	spec.options = options;
	spec.options_len = sizeof(options);
	spec.attributes = attributes;
	spec.attributes_len = (uint16_t)len;
	spec.origin_ns = 123456789;
	spec.partition_hash = 0xfeed;
	spec.schema_id = 9;
	spec.class = 6;
	spec.kind = RH_KIND_COMMAND;
	spec.ttl_ms = 60000;
	fx_event_in(&pub, &spec);
	cr_assert(fx_copy(&sub, &copy));
	cr_assert_eq(copy.event.options_len, sizeof(options));
	cr_assert_arr_eq(copy.event.options, options, sizeof(options));
	cr_assert_eq(copy.event.attributes_len, len);
	cr_assert_arr_eq(copy.event.attributes, attributes, len);
	cr_assert_eq(copy.event.origin_ns, 123456789);
	cr_assert_eq(copy.event.partition_hash, 0xfeed);
	cr_assert_eq(copy.event.schema_id, 9);
	cr_assert_eq(copy.event.class, 6);
	cr_assert_eq(copy.event.kind, RH_KIND_COMMAND);
	cr_assert_eq(copy.event.ttl_ms, 60000);
}

Test(deliver, several_events_in_one_datagram_in_order)
{
	uint8_t records[8192];
	struct fx_client pub, sub;
	size_t len = 0;

	fx_connect(&pub, 1);
	fx_connect(&sub, 2);
	(void)fx_subscribe(&sub, "n/#");
	/* More events than a burst holds. */
	for (int i = 0; i < 80; i++) {
		char topic[8];
		struct rh_event_spec spec;
		int n;

		(void)snprintf(topic, sizeof(topic), "n/%d", i);
		spec = fx_spec(&pub, topic, "v");
		n = rh_event_encode(records + len, sizeof(records) - len, &spec, false);
		cr_assert_gt(n, 0);
		len += RH_ALIGN_UP((size_t)n, RH_WIRE_ALIGN);
		if (len > 1300) {
			fx_records_in(&pub, 0, records, len);
			len = 0;
		}
	}
	fx_records_in(&pub, 0, records, len);
	for (uint64_t i = 1; i <= 80; i++) {
		cr_assert(fx_copy(&sub, &copy));
		cr_assert_eq(copy.event.sequence, i);
	}
	cr_assert_eq(fx_count(tx_datagrams), copy.header.packet_number, "without a gap");
	cr_assert_eq(fx_count(events_parsed), 80);
}

Test(deliver, one_event_to_many_and_once_to_each)
{
	struct fx_client pub, sub[50];

	fx_connect(&pub, 1);
	for (uint32_t i = 0; i < 50; i++) {
		fx_connect(&sub[i], i + 2);
		(void)fx_subscribe(&sub[i], "m/+");
		(void)fx_subscribe(&sub[i], "m/#");
	}
	fx_publish(&pub, "m/1", "all");
	for (uint32_t i = 0; i < 50; i++)
		cr_assert_eq(fx_copies(&sub[i]), 1);
	cr_assert_eq(fx_count(copies_made), 50);
	cr_assert_eq(fx_stats(&sub[0]).copies_made, 1);
}

Test(deliver, an_event_nobody_asked_for_is_unmatched)
{
	struct fx_client pub;

	fx_connect(&pub, 1);
	fx_publish(&pub, "nobody", "x");
	cr_assert_eq(fx_count(events_unmatched), 1);
	cr_assert_eq(fx_count(copies_made), 0);
}

/* So many topics, of which the upper half has no subscriber; events of one round. */
#define HEARD  6
#define ROUND  30
#define ROUNDS 200

/* Events in random order, one a datagram, all that the result cache knows from the second round on; returns how many nobody asked for. */
static uint32_t round_in(struct fx_client *from, struct rnd *rnd, uint32_t *topics)
{
	uint32_t unheard = 0, often = 1 + rnd_below(rnd, 8);

	fx.hold = true;
	for (uint32_t i = 0; i < ROUND; i++) {
		char topic[8], payload[8];

		topics[i] = rnd_below(rnd, HEARD) + (rnd_below(rnd, often) ? 0 : HEARD);
		unheard += topics[i] >= HEARD;
		(void)snprintf(topic, sizeof(topic), "h/%u", topics[i]);
		(void)snprintf(payload, sizeof(payload), "%u", i);
		fx_publish(from, topic, payload);
	}
	fx_poll();
	fx.hold = false;
	return unheard;
}

static void expect_round(const struct fx_client *subs, const uint32_t *topics)
{
	char payload[8];

	for (uint32_t s = 0; s < HEARD; s++) {
		for (uint32_t i = 0; i < ROUND; i++) {
			if (topics[i] != s)
				continue;
			cr_assert(fx_copy(&subs[s], &copy), "event %u", i);
			cr_assert_eq(copy.event.payload_len, (uint32_t)snprintf(payload, sizeof(payload), "%u", i));
			cr_assert_arr_eq(copy.event.payload, payload, copy.event.payload_len, "event %u", i);
		}
		cr_assert_not(fx_copy(&subs[s], &copy));
		fx.sent_read = fx.sent_read_at = 0;
	}
}

Test(deliver, those_nobody_asked_for_leave_the_others_of_their_burst_as_they_are)
{
	uint32_t topics[ROUND], unheard = 0;
	struct fx_client pub, subs[HEARD];
	struct rnd rnd;

	rnd_init(&rnd, "deliver");
	fx_connect(&pub, 1);
	for (uint32_t s = 0; s < HEARD; s++) {
		char topic[8];

		fx_connect(&subs[s], 2 + s);
		(void)snprintf(topic, sizeof(topic), "h/%u", s);
		(void)fx_subscribe(&subs[s], topic);
	}
	for (uint32_t r = 0; r < ROUNDS; r++) {
		unheard += round_in(&pub, &rnd, topics);
		expect_round(subs, topics);
		fx_forget();
	}
	cr_expect_gt(fx_count(cache_hits), ROUND * (ROUNDS - 2) - 2 * HEARD);
	cr_expect_eq(fx_count(events_unmatched), unheard);
	cr_expect_eq(fx_count(events_matched), ROUND * ROUNDS - unheard);
	cr_expect_eq(fx_count(copies_made), ROUND * ROUNDS - unheard);
}

Test(deliver, under_an_alias_with_the_topic_in_text)
{
	struct fx_client pub, sub;
	struct rh_event_spec spec;
	uint64_t generation;

	fx_connect(&pub, 1);
	fx_connect(&sub, 2);
	(void)fx_subscribe(&sub, "long/topic");
	cr_assert_eq(dp_session_alias(fx.eng, pub.slot, 7, "long/topic", 10, &generation), 0);
	spec = fx_spec(&pub, "", "payload");
	spec.alias = 7;
	fx_event_in(&pub, &spec);
	cr_assert(fx_copy(&sub, &copy));
	cr_assert_eq(copy.event.alias, 0);
	cr_assert_eq(copy.event.topic_len, 10);
	cr_assert_arr_eq(copy.event.topic, "long/topic", 10);
	cr_assert_eq(copy.event.payload_len, 7);
	cr_assert_arr_eq(copy.event.payload, "payload", 7);
	cr_assert_eq(dp_session_alias(fx.eng, pub.slot, 7, NULL, 0, &generation), 0);
	spec = fx_spec(&pub, "", "payload");
	spec.alias = 7;
	fx_event_in(&pub, &spec);
	cr_assert_eq(fx_dropped(events, BAD_ALIAS), 1);
}

Test(deliver, to_the_new_link_address_after_an_adjacency_changed)
{
	struct dp_adjacency adj;
	struct fx_client pub, sub;

	fx_connect(&pub, 1);
	fx_connect(&sub, 2);
	(void)fx_subscribe(&sub, "#");
	cr_assert_eq(dp_adj_get(fx.eng, sub.adjacency, &adj), 0);
	adj.dst_mac[5] = 0x99;
	cr_assert_eq(dp_adj_update(fx.eng, sub.adjacency, &adj), 0);
	fx_publish(&pub, "t", "x");
	cr_assert(fx_copy(&sub, &copy));
	cr_assert_eq(copy.packet.dst_mac[5], 0x99);
	adj.vlan = 42;
	cr_assert_eq(dp_adj_update(fx.eng, sub.adjacency, &adj), 0);
	fx_publish(&pub, "t", "x");
	cr_assert(fx_copy(&sub, &copy));
	cr_assert_eq(copy.packet.vlan, 42);
	cr_assert_eq(copy.packet.dst_mac[5], 0x99);
	adj.resolved = false;
	cr_assert_eq(dp_adj_update(fx.eng, sub.adjacency, &adj), 0);
	fx_publish(&pub, "t", "x");
	cr_assert_not(fx_copy(&sub, &copy));
	cr_assert_eq(fx_dropped(copies, NO_ADJACENCY), 1);
	cr_assert_eq(fx_stats(&sub).drops[DP_DROP_NO_ADJACENCY], 1);
}

/* Headers are made once a session: nothing of the one before may be left in them. */
Test(deliver, in_a_slot_that_was_another_client_s)
{
	static const struct {
		uint8_t family;
		uint16_t vlan;
	} was[] = {{6, 42}, {4, DP_VLAN_NONE}, {6, DP_VLAN_NONE}, {4, 42}, {4, DP_VLAN_NONE}};
	struct fx_client pub, sub;
	struct dp_session_conf conf;
	dp_sub_id_t all;

	fx_connect(&pub, 1);
	for (uint32_t i = 0; i < RH_ARRAY_LEN(was); i++) {
		fx_client_init(&sub, 2 + i, was[i].family, was[i].vlan);
		conf = fx_conf(&sub);
		conf.local.port = (uint16_t)(5000 + i);
		fx_open(&sub, &conf);
		cr_assert_eq(sub.slot, 1);
		all = fx_subscribe(&sub, "#");
		fx_publish(&pub, "t", "x");
		cr_assert(fx_copy(&sub, &copy));
		cr_assert_eq(copy.packet.family, sub.family);
		cr_assert_eq(copy.packet.vlan, sub.vlan == DP_VLAN_NONE ? PACKET_VLAN_NONE : sub.vlan);
		cr_assert_eq(copy.packet.src_port, 5000 + i);
		cr_assert_arr_eq(copy.packet.src, sub.router, 16);
		fx_unsubscribe(all);
		cr_assert_eq(dp_session_close(fx.eng, sub.slot), 0);
		/* The slot is given back after its owner let go and a grace period. */
		for (int round = 0; round < 3; round++) {
			fx_settle();
			dp_sessions_reap(fx.eng);
			rh_rcu_barrier();
		}
	}
}
