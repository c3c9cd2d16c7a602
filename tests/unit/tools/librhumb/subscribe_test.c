#include "tests/unit/tools/librhumb/fixture.h"

TestSuite(subscribe, .timeout = 60);

Test(subscribe, waits_for_the_acknowledgement)
{
	struct got got = {0};
	struct rhumb *r;

	fake_start(&router);
	r = client_connected((struct rhumb_options){0});
	cr_assert_eq(rhumb_subscribe(r, "a/+", NULL, got_event, &got, 5000), 0);
	cr_assert_eq(rhumb_subscribe(r, "a/+", NULL, got_event, &got, 5000), 0);
	cr_assert_eq(fake_get(&router, subscribes), 1);
	fake_publish(&router, "a/b", 100, 42);
	poll_until(r, got.events == 1);
	cr_assert(got.content_good);
	cr_assert_eq(got.last_sequence, 42);
	rhumb_destroy(r);
	fake_stop(&router);
}

Test(subscribe, lost_requests_and_answers_are_repeated_with_the_same_id)
{
	struct rhumb *r;

	fake_start(&router);
	fake_set(&router, drop_subscribes, 1);
	fake_set(&router, drop_subacks, 1);
	r = client_connected((struct rhumb_options){0});
	cr_assert_eq(rhumb_subscribe(r, "a", NULL, NULL, NULL, 10000), 0);
	cr_assert_eq(fake_get(&router, subscribes), 3);
	cr_assert_eq(fake_get(&router, subscribe_ids), 1);
	rhumb_destroy(r);
	fake_stop(&router);
}

Test(subscribe, a_refusal_has_the_routers_reason)
{
	struct rhumb *r;

	fake_start(&router);
	fake_set(&router, sub_code, RH_SUB_TOO_DEAR);
	r = client_connected((struct rhumb_options){0});
	cr_assert_eq(rhumb_subscribe(r, "refuse/me", "x", NULL, NULL, 5000), -EINVAL);
	cr_assert_str_eq(rhumb_error(r), "refuse/me: too dear to compile or scan: because");
	cr_assert_eq(rhumb_unsubscribe(r, "refuse/me", "x", 5000), -ENOENT);
	rhumb_destroy(r);
	fake_stop(&router);
}

Test(subscribe, unsubscribe_waits_too)
{
	struct rhumb *r;

	fake_start(&router);
	fake_set(&router, drop_subscribes, 0);
	r = client_connected((struct rhumb_options){0});
	cr_assert_eq(rhumb_subscribe(r, "a", NULL, NULL, NULL, 5000), 0);
	cr_assert_eq(rhumb_unsubscribe(r, "b", NULL, 5000), -ENOENT);
	fake_set(&router, drop_subscribes, 1);
	cr_assert_eq(rhumb_unsubscribe(r, "a", NULL, 5000), 0);
	cr_assert_eq(fake_get(&router, unsubscribes), 2);
	cr_assert_eq(rhumb_unsubscribe(r, "a", NULL, 5000), -ENOENT);
	rhumb_destroy(r);
	fake_stop(&router);
}

Test(subscribe, many_share_requests)
{
	static char filters[500][32];
	static struct rhumb_subscription list[500];
	struct rhumb *r;

	fake_start(&router);
	fake_set(&router, sub_code, RH_SUB_INVALID_FILTER);
	for (unsigned i = 0; i < 500; i++) {
		(void)snprintf(filters[i], sizeof(filters[i]), i == 77 ? "refuse/%u" : "sensor/%u/+", i);
		list[i].filter = filters[i];
	}
	r = client_connected((struct rhumb_options){0});
	cr_assert_eq(rhumb_subscribe_many(r, list, 500, NULL, NULL, 10000), -EINVAL);
	for (unsigned i = 0; i < 500; i++)
		cr_assert_eq(list[i].result, i == 77 ? -EINVAL : 0);
	cr_assert_lt(fake_get(&router, subscribes), 20);
	/* Every request has an id above the one before. */
	cr_assert_eq(router.subscribe_ids, router.subscribes);
	rhumb_destroy(r);
	fake_stop(&router);
}

Test(subscribe, a_timeout_leaves_nothing_behind_at_the_router)
{
	struct rhumb *r;

	fake_start(&router);
	r = client_connected((struct rhumb_options){0});
	fake_set(&router, drop_subacks, 1000);
	cr_assert_eq(rhumb_subscribe(r, "a", NULL, NULL, NULL, 100), -ETIMEDOUT);
	fake_set(&router, drop_subacks, 0);
	poll_until(r, fake_get(&router, unsubscribes) == 1);
	rhumb_destroy(r);
	fake_stop(&router);
}

Test(subscribe, what_no_datagram_holds_is_refused)
{
	static char filter[1100], content[1500];
	struct rhumb *r;

	memset(filter, 'f', sizeof(filter) - 1);
	memset(content, 'c', sizeof(content) - 1);
	fake_start(&router);
	r = client_connected((struct rhumb_options){0});
	cr_assert_eq(rhumb_subscribe(r, "", NULL, NULL, NULL, 1000), -EINVAL);
	cr_assert_eq(rhumb_subscribe(r, NULL, NULL, NULL, NULL, 1000), -EINVAL);
	cr_assert_eq(rhumb_unsubscribe(r, NULL, NULL, 1000), -ENOENT);
	cr_assert_eq(rhumb_subscribe(r, filter, NULL, NULL, NULL, 1000), -EINVAL);
	cr_assert_eq(rhumb_subscribe(r, "a", content, NULL, NULL, 1000), -EINVAL);
	cr_assert_not_null(strstr(rhumb_error(r), "do not fit into a datagram"));
	cr_assert_eq(fake_get(&router, subscribes), 0);
	rhumb_destroy(r);
	fake_stop(&router);
}

static void event_that_calls_back(void *arg, const struct rhumb_event *event)
{
	struct rhumb **r = arg;

	(void)event;
	cr_assert_eq(rhumb_poll(*r, 10), -EBUSY);
	cr_assert_eq(rhumb_subscribe(*r, "b", NULL, NULL, NULL, 10), -EBUSY);
	cr_assert_eq(rhumb_flush(*r, 10), -EBUSY);
	cr_assert_eq(rhumb_publish(*r, &(struct rhumb_event){.topic = "answer"}), 0);
}

Test(subscribe, the_callback_may_publish_but_not_wait)
{
	struct rhumb *r;

	fake_start(&router);
	r = client_connected((struct rhumb_options){0});
	cr_assert_eq(rhumb_subscribe(r, "a", NULL, event_that_calls_back, &r, 5000), 0);
	fake_publish(&router, "a", 1, 1);
	poll_until(r, fake_get(&router, events) == 1);
	rhumb_destroy(r);
	fake_stop(&router);
}

Test(subscribe, ten_thousand_cost_no_more_than_their_requests)
{
	enum { COUNT = 10000 };
	static char filters[COUNT][32];
	static struct rhumb_subscription list[COUNT];
	struct rhumb *r;

	fake_start(&router);
	for (unsigned i = 0; i < COUNT; i++) {
		(void)snprintf(filters[i], sizeof(filters[i]), "building/floor/room/%u", i);
		list[i].filter = filters[i];
	}
	r = client_connected((struct rhumb_options){0});
	cr_assert_eq(rhumb_subscribe_many(r, list, COUNT, NULL, NULL, 50000), 0);
	cr_assert_lt(fake_get(&router, subscribes), 1000);
	rhumb_destroy(r);
	fake_stop(&router);
}

Test(subscribe, what_timed_out_can_be_asked_for_again)
{
	struct rhumb *r;

	fake_start(&router);
	r = client_connected((struct rhumb_options){0});
	fake_set(&router, drop_subacks, 3);
	cr_assert_eq(rhumb_subscribe(r, "a", NULL, NULL, NULL, 50), -ETIMEDOUT);
	cr_assert_eq(rhumb_subscribe(r, "a", NULL, NULL, NULL, 20000), 0, "%s", rhumb_error(r));
	rhumb_destroy(r);
	fake_stop(&router);
}
