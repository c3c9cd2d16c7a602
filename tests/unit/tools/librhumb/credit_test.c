#include "tests/unit/tools/librhumb/fixture.h"

TestSuite(credit, .timeout = 60);

Test(credit, a_window_holds_the_largest_event_and_is_renewed)
{
	struct got got = {0};
	struct rhumb *r;
	uint64_t events;

	fake_start(&router);
	r = client_connected((struct rhumb_options){0});
	events = fake_get(&router, hello_events);
	cr_assert_gt(events, 0);
	cr_assert_geq(fake_get(&router, hello_bytes), RH_EVENT_MAX);
	cr_assert_eq(rhumb_subscribe(r, "a", NULL, got_event, &got, 5000), 0);
	for (unsigned i = 1; i <= events / 2 + 1; i++) {
		fake_publish(&router, "a", 10, i);
		poll_until(r, got.events == i);
	}
	poll_until(r, fake_get(&router, granted_events) > events);
	cr_assert_leq(fake_get(&router, granted_events), events + got.events);
	rhumb_destroy(r);
	fake_stop(&router);
}

Test(credit, a_smaller_window_is_the_users_choice)
{
	fake_start(&router);
	rhumb_destroy(client_connected((struct rhumb_options){.window_events = 3, .window_bytes = 1}));
	cr_assert_eq(fake_get(&router, hello_events), 3);
	cr_assert_eq(fake_get(&router, hello_bytes), RH_EVENT_MAX);
	rhumb_destroy(client_connected((struct rhumb_options){.window_events = UINT32_MAX, .window_bytes = UINT32_MAX}));
	cr_assert_lt(fake_get(&router, hello_events), 1000000);
	fake_stop(&router);
}

Test(credit, lost_copies_are_found_and_their_credit_given_back)
{
	struct got got = {0};
	struct rhumb *r;
	uint64_t before;

	fake_start(&router);
	r = client_connected((struct rhumb_options){.window_events = 20});
	cr_assert_eq(rhumb_subscribe(r, "a", NULL, got_event, &got, 5000), 0);
	before = fake_get(&router, granted_events);
	fake_lose(&router, 20, 2000);
	fake_keepalive(&router, true, 5);
	poll_until(r, fake_get(&router, granted_events) >= before + 20);
	cr_assert_eq(stats_of(r).lost_events, 20);
	cr_assert_eq(stats_of(r).dropped_events, 5);
	/* What was only late corrects itself. */
	(void)pthread_mutex_lock(&router.lock);
	router.sent_events -= 1;
	(void)pthread_mutex_unlock(&router.lock);
	fake_publish(&router, "a", 1, 1);
	poll_until(r, got.events == 1);
	fake_keepalive(&router, false, 5);
	poll_until(r, stats_of(r).lost_events == 19);
	rhumb_destroy(r);
	fake_stop(&router);
}

Test(credit, counters_beyond_what_was_granted_are_not_believed)
{
	struct rhumb *r;

	fake_start(&router);
	r = client_connected((struct rhumb_options){0});
	fake_lose(&router, 1ull << 60, 1ull << 60);
	fake_keepalive(&router, true, 0);
	cr_assert_eq(rhumb_flush(r, 5000), 0);
	cr_assert_eq(stats_of(r).lost_events, 0);
	rhumb_destroy(r);
	fake_stop(&router);
}

Test(credit, manual_credit_is_the_users_alone)
{
	struct got got = {0};
	struct rhumb *r;

	fake_start(&router);
	r = client_connected((struct rhumb_options){.manual_credit = true});
	cr_assert_eq(fake_get(&router, hello_events), 0);
	cr_assert_eq(rhumb_subscribe(r, "a", NULL, got_event, &got, 5000), 0);
	cr_assert_eq(rhumb_grant(r, 2, 500), 0);
	poll_until(r, fake_get(&router, granted_events) == 2);
	fake_publish(&router, "a", 10, 1);
	poll_until(r, got.events == 1);
	cr_assert_eq(rhumb_flush(r, 5000), 0);
	cr_assert_eq(fake_get(&router, granted_events), 2);
	cr_assert_eq(fake_get(&router, granted_bytes), 500);
	/* The grant that was not used goes into the next session. */
	fake_forget(&router);
	cr_assert_eq(rhumb_publish(r, &(struct rhumb_event){.topic = "x"}), 0);
	poll_until(r, fake_get(&router, sessions) == 2);
	cr_assert_eq(fake_get(&router, hello_events), 1);
	rhumb_destroy(r);
	fake_stop(&router);
}

Test(credit, granting_by_hand_needs_the_option)
{
	struct rhumb *r = rhumb_create(&(struct rhumb_options){.router = "127.0.0.1"});

	cr_assert_eq(rhumb_grant(r, 1, 1), -EINVAL);
	rhumb_destroy(r);
}

Test(credit, granting_without_end_never_falls_back)
{
	struct rhumb *r;

	fake_start(&router);
	r = client_connected((struct rhumb_options){.manual_credit = true});
	cr_assert_eq(rhumb_grant(r, UINT64_MAX, UINT64_MAX), 0);
	cr_assert_eq(rhumb_grant(r, 2, 2), 0);
	poll_until(r, fake_get(&router, granted_events) == UINT64_MAX);
	fake_forget(&router);
	cr_assert_eq(rhumb_publish(r, &(struct rhumb_event){.topic = "x"}), 0);
	poll_until(r, fake_get(&router, sessions) == 2);
	cr_assert_eq(fake_get(&router, hello_events), UINT64_MAX);
	rhumb_destroy(r);
	fake_stop(&router);
}
