#include "tests/unit/tools/librhumb/fixture.h"

TestSuite(session, .timeout = 60);

Test(session, three_way_hello_opens_it_and_destroy_says_goodbye)
{
	struct rhumb *r;

	fake_start(&router);
	r = client_connected((struct rhumb_options){0});
	cr_assert_eq(fake_get(&router, hellos), 2);
	cr_assert_eq(stats_of(r).credit_left_events, 64);
	rhumb_destroy(r);
	for (int i = 0; i < 500 && !fake_get(&router, byes); i++)
		usleep(10000);
	cr_assert_eq(fake_get(&router, byes), 1);
	fake_stop(&router);
}

Test(session, lost_hellos_are_repeated)
{
	fake_start(&router);
	fake_set(&router, drop_hellos, 2);
	rhumb_destroy(client_connected((struct rhumb_options){0}));
	cr_assert_geq(fake_get(&router, hellos), 4);
	fake_stop(&router);
}

Test(session, a_forged_cookie_costs_one_more_round)
{
	fake_start(&router);
	fake_set(&router, forge_cookie, true);
	rhumb_destroy(client_connected((struct rhumb_options){0}));
	cr_assert_geq(fake_get(&router, hellos), 3);
	fake_stop(&router);
}

Test(session, a_refusal_is_reported_with_the_routers_words)
{
	struct rhumb *r;

	fake_start(&router);
	fake_set(&router, refuse_hello, true);
	r = rhumb_create(&(struct rhumb_options){.router = fake_address(&router)});
	cr_assert_eq(rhumb_connect(r, 5000), -ECONNREFUSED);
	cr_assert_not_null(strstr(rhumb_error(r), "65536 sessions"), "%s", rhumb_error(r));
	cr_assert_eq(rhumb_poll(r, 0), -ENOTCONN);
	rhumb_destroy(r);
	fake_stop(&router);
}

Test(session, nobody_there_times_out)
{
	struct rhumb *r = rhumb_create(&(struct rhumb_options){.router = "127.0.0.1", .port = 9});

	cr_assert_eq(rhumb_connect(r, 300), -ETIMEDOUT);
	cr_assert_eq(rhumb_publish(r, &(struct rhumb_event){.topic = "a"}), -ENOTCONN);
	cr_assert_eq(rhumb_subscribe(r, "a", NULL, NULL, NULL, 10), -ENOTCONN);
	rhumb_destroy(r);
}

Test(session, names_with_control_characters_are_refused)
{
	/* The router would drop such a hello without a word. */
	cr_assert_null(rhumb_create(&(struct rhumb_options){.router = "r", .client_id = "a\nb"}));
	cr_assert_null(rhumb_create(&(struct rhumb_options){.router = "r", .tenant = "\x7f"}));
	cr_assert_eq(errno, EINVAL);
}

Test(session, options_out_of_range_are_refused)
{
	static char long_id[200];
	const struct rhumb_options bad[] = {{.router = NULL}, {.router = ""},
		{.router = "127.0.0.1", .client_id = ""}, {.router = "127.0.0.1", .client_id = long_id},
		{.router = "127.0.0.1", .max_datagram = 511}};

	memset(long_id, 'x', sizeof(long_id) - 1);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		errno = 0;
		cr_assert_null(rhumb_create(&bad[i]));
		cr_assert_eq(errno, EINVAL);
	}
	rhumb_destroy(NULL);
}

Test(session, a_restarted_router_is_greeted_again_and_subscriptions_renewed)
{
	struct got got = {0};
	struct rhumb *r;

	fake_start(&router);
	r = client_connected((struct rhumb_options){0});
	cr_assert_eq(rhumb_publish(r, &(struct rhumb_event){.topic = "a"}), 0);
	cr_assert_eq(rhumb_flush(r, 5000), 0);
	cr_assert_eq(rhumb_subscribe(r, "a/#", NULL, got_event, &got, 5000), 0);
	cr_assert_eq(rhumb_subscribe(r, "b/#", "x+", got_event, &got, 5000), 0);
	fake_forget(&router);
	cr_assert_eq(rhumb_publish(r, &(struct rhumb_event){.topic = "a"}), 0);
	poll_until(r, stats_of(r).reconnects == 1 && fake_get(&router, subscribes) >= 3);
	cr_assert_eq(fake_get(&router, sessions), 2);
	fake_publish(&router, "a/b", 3, 1);
	poll_until(r, got.events == 1);
	cr_assert_eq(rhumb_publish(r, &(struct rhumb_event){.topic = "a"}), 0);
	cr_assert_eq(rhumb_flush(r, 5000), 0);
	/* The publisher lives on: same incarnation, the numbering continues. */
	cr_assert_eq(router.event[1].incarnation, router.event[0].incarnation);
	cr_assert_eq(router.event[router.events - 1].sequence, 3);
	rhumb_destroy(r);
	fake_stop(&router);
}

Test(session, a_forged_unknown_session_changes_nothing)
{
	uint8_t bytes[RH_DATAGRAM_HDR + RH_UNKNOWN_HDR] = {1, 0, 0, sizeof(bytes)};
	struct got got = {0};
	struct rhumb *r;

	fake_start(&router);
	r = client_connected((struct rhumb_options){0});
	cr_assert_eq(rhumb_subscribe(r, "a", NULL, got_event, &got, 5000), 0);
	cr_assert_gt(rh_unknown_session_encode(bytes + RH_DATAGRAM_HDR, RH_UNKNOWN_HDR,
			     &(struct rh_unknown_session){fake_get(&router, session), 99}), 0);
	fake_send(&router, bytes, sizeof(bytes));
	poll_until(r, fake_get(&router, hellos) >= 4);
	cr_assert_eq(rhumb_flush(r, 5000), 0);
	cr_assert_eq(fake_get(&router, sessions), 1);
	cr_assert_eq(stats_of(r).reconnects, 0);
	cr_assert_eq(fake_get(&router, subscribes), 1);
	rhumb_destroy(r);
	fake_stop(&router);
}

Test(session, silence_beyond_the_timeout_greets_again)
{
	struct rhumb *r;

	fake_start(&router);
	fake_set(&router, keepalive_ms, 30);
	fake_set(&router, timeout_ms, 100);
	r = client_connected((struct rhumb_options){0});
	fake_set(&router, silent, 1);
	for (int i = 0; i < 40; i++)
		cr_assert_geq(rhumb_poll(r, 10), 0);
	cr_assert_eq(rhumb_publish(r, &(struct rhumb_event){.topic = "a"}), -EAGAIN);
	fake_set(&router, silent, 0);
	poll_until(r, rhumb_publish(r, &(struct rhumb_event){.topic = "a"}) == 0);
	cr_assert_eq(fake_get(&router, sessions), 1);
	rhumb_destroy(r);
	fake_stop(&router);
}

Test(session, an_idle_client_keeps_it_alive)
{
	struct rhumb *r;

	fake_start(&router);
	fake_set(&router, keepalive_ms, 20);
	r = client_connected((struct rhumb_options){0});
	poll_until(r, fake_get(&router, keepalives) >= 3);
	cr_assert_leq(rhumb_timeout(r), 20);
	rhumb_destroy(r);
	fake_stop(&router);
}

Test(session, bye_is_reported_once_and_connect_starts_anew)
{
	struct got got = {0};
	struct rhumb *r;
	int err = 0;

	fake_start(&router);
	r = client_connected((struct rhumb_options){0});
	cr_assert_eq(rhumb_subscribe(r, "a", NULL, got_event, &got, 5000), 0);
	fake_bye(&router, RH_BYE_TAKEN_OVER, "by another");
	for (int i = 0; i < 500 && err >= 0; i++)
		err = rhumb_poll(r, 10);
	cr_assert_eq(err, -ECONNRESET);
	cr_assert_not_null(strstr(rhumb_error(r), "greeted from elsewhere: by another"), "%s", rhumb_error(r));
	cr_assert_eq(rhumb_poll(r, 0), -ENOTCONN);
	cr_assert_eq(rhumb_connect(r, 5000), 0);
	poll_until(r, fake_get(&router, subscribes) == 2);
	rhumb_destroy(r);
	fake_stop(&router);
}

Test(session, garbage_is_counted_and_harms_nothing)
{
	uint8_t bytes[200];
	struct rhumb *r;
	unsigned seed = 1;

	fake_start(&router);
	r = client_connected((struct rhumb_options){0});
	for (int i = 0; i < 200; i++) {
		for (size_t k = 0; k < sizeof(bytes); k++)
			bytes[k] = (uint8_t)rand_r(&seed);
		fake_send(&router, bytes, (size_t)i);
		/* Records of garbage in a datagram of the session. */
		fake_send_records(&router, 0, bytes, (size_t)i);
	}
	poll_until(r, stats_of(r).bad_datagrams >= 390);
	cr_assert_eq(rhumb_flush(r, 5000), 0);
	rhumb_destroy(r);
	fake_stop(&router);
}

Test(session, a_datagram_seen_twice_is_counted)
{
	uint8_t bytes[RH_DATAGRAM_HDR] = {0};
	struct rhumb *r;

	fake_start(&router);
	r = client_connected((struct rhumb_options){0});
	rh_datagram_encode(bytes, &(struct rh_datagram){.session = fake_get(&router, session),
					.check = fake_get(&router, check), .packet_number = 900, .lane = 3,
					.length = sizeof(bytes)});
	fake_publish(&router, "a", 1, 1);
	poll_until(r, stats_of(r).received_events == 1);
	(void)pthread_mutex_lock(&router.lock);
	router.packet_number--;
	(void)pthread_mutex_unlock(&router.lock);
	fake_publish(&router, "a", 1, 1);
	poll_until(r, stats_of(r).received_events == 2);
	cr_assert_eq(stats_of(r).duplicate_datagrams, 1);
	rhumb_destroy(r);
	fake_stop(&router);
}
