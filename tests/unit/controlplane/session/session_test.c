#include "tests/unit/controlplane/session/fixture.h"

#include "dataplane/base/clock.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(session, .init = fixture_start, .fini = fixture_stop, .timeout = 60);

static struct cp_sessions_stats stats(void)
{
	struct cp_sessions_stats out;

	cp_sessions_stats(sessions, &out);
	return out;
}

static void whole_scan(void)
{
	for (unsigned i = 0; i < CP_SCAN_PARTS; i++)
		cp_sessions_scan(sessions);
}

Test(session, three_way_hello_opens_a_session_on_the_worker_that_received_it)
{
	struct client c = client_at(2, "alice");
	struct cp_session_row row;

	client_greet(&c);
	cr_assert_eq(last_type(), RH_RECORD_WELCOME);
	cr_assert_eq(c.welcome.check, 77);
	cr_assert_eq(c.welcome.node_incarnation, 0x1234);
	cr_assert_eq(c.welcome.credit_events, 256);
	cr_assert_eq(c.welcome.max_datagram, 1472);
	cr_assert_eq(around.last_open.owner, 1);
	cr_assert_gt(last_sent()->to.packet_number, 0);
	cr_assert_eq(cp_sessions_find(sessions, c.slot, &row), 0);
	cr_assert_str_eq(row.client_id, "alice");
	cr_assert_eq(row.subscriptions, 3);
	cr_assert_eq(stats().live, 1);
}

Test(session, an_unproven_address_gets_less_than_three_bytes_for_one_and_nothing_is_kept)
{
	struct client c = client_at(2, "x");
	size_t in = client_hello(&c);

	cr_assert_leq(around.sent_bytes, 3 * in);
	cr_assert_eq(last_sent()->to.wire_session, 0);
	cr_assert_eq(last_sent()->to.packet_number, 0);
	cr_assert_eq(around.opened, 0);
}

Test(session, a_million_forged_hellos_keep_memory_and_next_hops_bounded)
{
	struct client c = client_at(2, "x");
	size_t in = 0;

	for (unsigned i = 0; i < 1000000; i++) {
		c.remote.bytes[1] = (uint8_t)(i >> 16);
		c.remote.bytes[2] = (uint8_t)(i >> 8);
		c.remote.bytes[3] = (uint8_t)i;
		c.incarnation = i + 1;
		around.now_ns += 1000;
		in += client_hello(&c);
	}
	cr_assert_leq(around.adj_refs, CP_SOURCES_MAX);
	/* One second: each next hop gave way a few times, not once a hello. */
	cr_assert_leq(around.adj_gets, 5 * CP_SOURCES_MAX);
	cr_assert_leq(around.sent_bytes, 3 * in);
	cr_assert_eq(sessions->by_client.count, 0);
	cr_assert_eq(around.opened, 0);
}

Test(session, a_cookie_of_another_address_incarnation_or_time_is_challenged_again)
{
	struct client c = client_at(2, "alice"), other;

	client_greet(&c);
	other = c;
	other.id = "mallory";
	other.cookie.bytes = c.cookie_bytes;
	other.remote.port++;
	(void)client_hello(&other);
	cr_assert_eq(last_type(), RH_RECORD_CHALLENGE);
	other.remote = c.remote;
	other.incarnation++;
	(void)client_hello(&other);
	cr_assert_eq(last_type(), RH_RECORD_CHALLENGE);
	other.incarnation = c.incarnation;
	around.now_ns += 2 * CP_COOKIE_EPOCH_NS;
	(void)client_hello(&other);
	cr_assert_eq(last_type(), RH_RECORD_CHALLENGE);
	cr_assert_eq(stats().bad_cookies, 3);
	cr_assert_eq(around.opened, 1);
}

Test(session, a_cookie_lives_at_least_one_epoch_and_every_bit_of_it_counts)
{
	struct client c = client_at(2, "alice");

	client_greet(&c);
	c.cookie.bytes = c.cookie_bytes;
	around.now_ns += CP_COOKIE_EPOCH_NS;
	(void)client_hello(&c);
	cr_assert_eq(last_type(), RH_RECORD_WELCOME);
	for (unsigned i = 0; i < CP_COOKIE_BYTES; i++) {
		c.cookie_bytes[i] ^= 1;
		(void)client_hello(&c);
		cr_assert_eq(last_type(), RH_RECORD_CHALLENGE, "byte %u", i);
		c.cookie_bytes[i] ^= 1;
	}
	c.cookie.len--;
	(void)client_hello(&c);
	cr_assert_eq(last_type(), RH_RECORD_CHALLENGE);
}

Test(session, a_repeated_hello_repeats_the_same_welcome)
{
	struct client c = client_at(2, "alice");
	struct sent first;

	client_greet(&c);
	first = *last_sent();
	c.cookie.bytes = c.cookie_bytes;
	(void)client_hello(&c);
	cr_assert_eq(last_sent()->len, first.len);
	cr_assert_arr_eq(last_sent()->bytes, first.bytes, first.len);
	cr_assert_gt(last_sent()->to.packet_number, first.to.packet_number);
	cr_assert_eq(around.opened, 1);
}

Test(session, the_same_client_from_elsewhere_takes_over)
{
	struct client a = client_at(2, "alice"), b = client_at(3, "alice"),
		      other = client_at(4, "bob");

	client_greet(&other);
	client_greet(&a);
	client_greet(&b);
	cr_assert_neq(a.welcome.session, b.welcome.session);
	cr_assert_eq(stats().taken_over, 1);
	cr_assert_eq(stats().live, 2);
	/* BYE went to the old one before the new one's welcome. */
	cr_assert_eq(around.sent[(around.sent_count - 2) % 256].bytes[0], RH_RECORD_BYE);
	cr_assert_eq(around.sent[(around.sent_count - 2) % 256].to.wire_session, a.welcome.session);
	/* The old slot closes when its subscriptions are gone. */
	cr_assert_eq(around.drops, 1);
	cr_assert_eq(around.closed, 0);
	answer_subs(RH_SUB_OK, "");
	cr_assert_eq(around.closed, 1);
	cr_assert_not(around.open[a.slot]);
}

Test(session, a_new_incarnation_takes_over_too)
{
	struct client c = client_at(2, "alice");

	client_greet(&c);
	c.incarnation = 99;
	client_greet(&c);
	cr_assert_eq(stats().taken_over, 1);
	cr_assert_eq(around.last_open.incarnation, 99);
}

Test(session, versions_tenants_and_limits_are_refused_with_their_reason)
{
	struct client c = client_at(2, "alice");

	c.version_min = 2, c.version_max = 3;
	client_greet(&c);
	cr_assert_eq(last_bye(), RH_BYE_VERSION);
	c = client_at(2, "alice");
	c.tenant = "nobody";
	client_greet(&c);
	cr_assert_eq(last_bye(), RH_BYE_TENANT);
	c.tenant = "default";
	around.slots = 0;
	client_greet(&c);
	cr_assert_eq(last_bye(), RH_BYE_LIMIT);
	cr_assert_eq(stats().no_slot, 1);
	around.slots = 8;
	around.commands_full = true;
	client_greet(&c);
	cr_assert_eq(last_bye(), RH_BYE_LIMIT);
	cr_assert_eq(stats().commands_full, 1);
	around.commands_full = false;
	conf.sessions_max = 0;
	client_greet(&c);
	cr_assert_eq(last_bye(), RH_BYE_LIMIT);
	cr_assert_eq(stats().over_limit, 1);
	cr_assert_eq(stats().no_slot, 1);
	conf.sessions_max = 100;
	client_greet(&c);
	cr_assert_eq(last_type(), RH_RECORD_WELCOME);
}

Test(session, silence_ends_a_session_and_traffic_keeps_it)
{
	struct client c = client_at(2, "alice");

	client_greet(&c);
	around.tsc += 4 * rh_tsc_hz();
	whole_scan();
	cr_assert_eq(stats().timed_out, 0);
	around.stats.last_rx_tsc = around.tsc;
	around.tsc += 4 * rh_tsc_hz();
	whole_scan();
	cr_assert_eq(stats().timed_out, 0);
	around.tsc += 2 * rh_tsc_hz();
	whole_scan();
	cr_assert_eq(stats().timed_out, 1);
	cr_assert_eq(last_bye(), RH_BYE_TIMEOUT);
	whole_scan();
	cr_assert_eq(stats().timed_out, 1);
}

Test(session, a_worker_that_found_a_broken_protocol_ends_it_with_that_reason)
{
	struct client c = client_at(2, "alice");

	client_greet(&c);
	around.stats.protocol_error = true;
	around.stats.protocol_reason = RH_BYE_CREDIT;
	whole_scan();
	cr_assert_eq(last_bye(), RH_BYE_CREDIT);
	cr_assert_eq(stats().protocol_errors, 1);
}

Test(session, goodbye_closes_without_an_answer)
{
	struct client c = client_at(2, "alice");
	struct rh_bye bye = {.reason = RH_BYE_NORMAL};
	uint8_t bytes[8];
	int len = rh_bye_encode(bytes, sizeof(bytes), &bye);

	client_greet(&c);
	(void)sent_now();
	client_record(&c, bytes, (size_t)len);
	cr_assert_eq(sent_now(), 0);
	cr_assert_eq(around.drops, 1);
	cr_assert_eq(stats().live, 0);
	/* Nothing is done for it any more. */
	client_subscribe(&c, RH_RECORD_SUBSCRIBE, 1, 1);
	cr_assert_eq(around.adds, 0);
}

Test(session, garbage_costs_the_client_its_session_and_nothing_else)
{
	static const uint8_t kinds[] = {RH_RECORD_SUBSCRIBE, RH_RECORD_UNSUBSCRIBE, RH_RECORD_ALIAS,
		RH_RECORD_BYE, RH_RECORD_WELCOME, 0xff};
	struct client other = client_at(9, "other");
	uint8_t bytes[64];

	client_greet(&other);
	for (unsigned i = 0; i < sizeof(kinds); i++) {
		struct client c = client_at(2, "alice");

		client_greet(&c);
		memset(bytes, 0xee, sizeof(bytes));
		bytes[0] = kinds[i];
		client_record(&c, bytes, sizeof(bytes));
		cr_assert_eq(last_bye(), RH_BYE_PROTOCOL, "%u", kinds[i]);
		answer_subs(RH_SUB_OK, "");
	}
	cr_assert_eq(stats().live, 1);
	memset(bytes, 0xee, sizeof(bytes));
	bytes[0] = RH_RECORD_HELLO;
	(void)sent_now();
	client_record(&other, bytes, sizeof(bytes));
	client_record(&other, bytes, 2);
	cr_assert_eq(sent_now(), 0);
	cr_assert_eq(stats().live, 1);
}

Test(session, unknown_sessions_are_told_rarely_and_with_the_incarnation)
{
	struct dp_punt p = {
		.kind = DP_PUNT_UNKNOWN_SESSION, .wire_session = 4711, .vlan = DP_VLAN_NONE};
	struct rh_unknown_session m;

	p.local.family = p.remote.family = 4;
	cp_sessions_punt(sessions, &p);
	cr_assert_eq(
		rh_unknown_session_parse(last_sent()->bytes, last_sent()->len, &m), RH_FRAME_OK);
	cr_assert_eq(m.session, 4711);
	cr_assert_eq(m.node_incarnation, 0x1234);
	cp_sessions_punt(sessions, &p);
	cr_assert_eq(stats().unknown_replies, 1);
	cr_assert_eq(stats().unknown_suppressed, 1);
	around.now_ns += CP_UNKNOWN_GAP_NS;
	cp_sessions_punt(sessions, &p);
	cr_assert_eq(stats().unknown_replies, 2);
	for (unsigned i = 0; i < 100000; i++) {
		p.remote.port = (uint16_t)i;
		p.remote.bytes[3] = (uint8_t)(i >> 16);
		cp_sessions_punt(sessions, &p);
	}
	cr_assert_leq(stats().unknown_replies, 2 + CP_UNKNOWN_BURST);
}

Test(session, a_moved_next_hop_reaches_every_session)
{
	struct client c = client_at(2, "alice");

	client_greet(&c);
	around.adj_next = 5;
	cp_sessions_moved(sessions);
	cr_assert_eq(around.adj_set, 5);
	around.adj_set = 0;
	cp_sessions_moved(sessions);
	cr_assert_eq(around.adj_set, 0);
}

Test(session, what_does_not_fit_the_ring_goes_out_later_in_order_and_bounded)
{
	struct client c = client_at(2, "alice");
	uint64_t number;

	client_greet(&c);
	number = last_sent()->to.packet_number;
	(void)sent_now();
	around.send_full = true;
	c.cookie.bytes = c.cookie_bytes;
	for (unsigned i = 0; i < CP_OUTBOX_MAX + 100; i++)
		(void)client_hello(&c);
	cr_assert_eq(sessions->out_count, CP_OUTBOX_MAX);
	cr_assert_eq(sent_now(), 0);
	around.send_full = false;
	while (sessions->out_head)
		(void)uv_run(&loop, UV_RUN_ONCE);
	cr_assert_eq(sent_now(), CP_OUTBOX_MAX);
	cr_assert_eq(last_sent()->to.packet_number, number + CP_OUTBOX_MAX);
}

Test(session, goodbyes_that_wait_for_room_are_known_of)
{
	struct client c = client_at(2, "alice");

	client_greet(&c);
	(void)sent_now();
	around.send_full = true;
	cp_sessions_goodbye(sessions);
	cr_assert(cp_sessions_unsent(sessions));
	cr_assert_eq(sent_now(), 0);
	around.send_full = false;
	while (cp_sessions_unsent(sessions))
		(void)uv_run(&loop, UV_RUN_ONCE);
	cr_assert_eq(sent_now(), 1);
	cr_assert_eq(last_bye(), RH_BYE_SHUTDOWN);
}

Test(session, one_that_the_registry_cannot_drop_now_is_dropped_soon)
{
	struct client c = client_at(2, "alice");

	client_greet(&c);
	around.subs_full = true;
	around.tsc += 60 * rh_tsc_hz();
	whole_scan();
	cr_assert_eq(around.drops, 0);
	around.subs_full = false;
	while (!around.drops)
		(void)uv_run(&loop, UV_RUN_ONCE);
	answer_subs(RH_SUB_OK, "");
	cr_assert_eq(around.closed, 1);
}

Test(session, the_engine_s_closings_are_carried_on_without_any_client)
{
	for (int i = 0; i < 10 && around.reaped < 2; i++)
		(void)uv_run(&loop, UV_RUN_ONCE);
	cr_assert_eq(around.reaped, 2);
	cr_assert_eq(around.opened, 0);
}

Test(session, a_next_hop_is_let_go_after_what_waits_for_it)
{
	struct client c = client_at(2, "alice");

	client_greet(&c);
	around.send_full = true;
	cp_session_close(sessions, sessions->by_slot[c.slot], RH_BYE_TIMEOUT);
	answer_subs(RH_SUB_OK, "");
	cr_assert_eq(around.closed, 1);
	cr_assert_eq(around.adj_puts, 0);
	around.send_full = false;
	while (sessions->out_head)
		(void)uv_run(&loop, UV_RUN_ONCE);
	cr_assert_eq(last_bye(), RH_BYE_TIMEOUT);
	cr_assert_eq(around.adj_puts, 1);
}

Test(session, a_client_may_shorten_the_queue_time_and_not_lengthen_it)
{
	static const struct {
		uint32_t conf, asked, got;
	} cases[] = {{5000, 0, 5000}, {5000, 100, 100}, {5000, 60000, 5000}, {600000, 0, 600000}};

	for (size_t i = 0; i < RH_ARRAY_LEN(cases); i++) {
		struct client c = client_at((uint8_t)(2 + i), "alice");

		conf.queue_ms = cases[i].conf;
		c.queue_ms = cases[i].asked;
		client_greet(&c);
		cr_assert_eq(around.last_open.queue_ms, cases[i].got);
	}
}

Test(session, the_configured_keepalive_holds_and_what_a_client_asks_is_bounded)
{
	static const struct {
		uint32_t conf, asked, got;
	} cases[] = {{5000, 0, 5000}, {5000, 1, 100}, {5000, 120000, 60000}, {600000, 0, 600000}};

	conf.session_timeout_ms = 2000000;
	for (size_t i = 0; i < RH_ARRAY_LEN(cases); i++) {
		struct client c = client_at((uint8_t)(2 + i), "alice");

		conf.keepalive_ms = cases[i].conf;
		c.keepalive_ms = cases[i].asked;
		client_greet(&c);
		cr_assert_eq(c.welcome.keepalive_ms, cases[i].got);
	}
}

Test(session, forged_sources_do_not_keep_a_known_host_waiting)
{
	struct client forged = client_at(2, "forged"), real = client_at(2, "alice");

	forged.remote = (struct dp_address){4, {192, 0, 0, 0}, 40000};
	for (unsigned i = 0; i < CP_SOURCES_MAX * 2; i++) {
		forged.remote.bytes[2] = (uint8_t)(i >> 8);
		forged.remote.bytes[3] = (uint8_t)i;
		(void)client_hello(&forged);
	}
	cr_assert_eq(sent_now(), CP_SOURCES_MAX);
	(void)client_hello(&real);
	cr_assert_eq(sent_now(), 0);
	around.adj_known = true;
	client_greet(&real);
	cr_assert_eq(last_type(), RH_RECORD_WELCOME);
	cr_assert_leq(around.adj_refs, CP_SOURCES_MAX + 1);
}

Test(session, a_router_that_stops_takes_nobody_new)
{
	struct client c = client_at(2, "alice"), late = client_at(3, "late");

	client_greet(&c);
	cp_sessions_drain(sessions);
	client_greet(&late);
	cr_assert_eq(last_bye(), RH_BYE_SHUTDOWN);
	client_greet(&c);
	cr_assert_eq(last_type(), RH_RECORD_WELCOME);
	cr_assert_eq(around.opened, 1);
}
