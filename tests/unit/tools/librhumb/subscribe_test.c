#include "dataplane/filter/dialect.h"
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

Test(subscribe, each_learns_its_price)
{
	struct rhumb_subscription list[] = {{.filter = "a"}, {.filter = "refuse"}, {.filter = "b/+"}};
	struct rhumb *r;

	fake_start(&router);
	fake_set(&router, sub_code, RH_SUB_LIMIT);
	r = client_connected((struct rhumb_options){0});
	cr_assert_eq(rhumb_subscribe_many(r, list, 3, NULL, NULL, 5000), -EINVAL);
	cr_assert_eq(list[0].price.every_cycles, 20);
	cr_assert_eq(list[1].price.match_cycles, 0, "refused");
	cr_assert_eq(list[2].price.every_cycles, 22);
	cr_assert_eq(list[2].price.match_cycles, 280);
	cr_assert_eq(list[2].price.bytes, 164);
	list[2].price = (struct rhumb_price){0};
	cr_assert_eq(rhumb_subscribe_many(r, &list[2], 1, NULL, NULL, 5000), 0);
	cr_assert_eq(list[2].price.bytes, 164, "of one that is active already, what was told then");
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

static void expect_entry(unsigned i, uint8_t type, uint8_t dialect, const char *filter)
{
	struct fake_entry e = fake_get(&router, entry[i]);

	cr_assert_eq(e.type, type, "%u: %u", i, e.type);
	cr_assert_eq(e.dialect, dialect, "%u: %u", i, e.dialect);
	cr_assert_str_eq(e.filter, filter);
}

Test(subscribe, filters_go_out_in_their_dialect_and_as_they_were_written)
{
	struct rhumb_subscription list[] = {{.filter = "a.*.>", .dialect = RHUMB_NATS}, {.filter = "!a/+/c"},
		{.filter = "", .dialect = RHUMB_AMQP}, {.filter = "x$*y", .regex = "z", .dialect = RHUMB_ZENOH}};
	struct rhumb *r;

	fake_start(&router);
	r = client_connected((struct rhumb_options){0});
	cr_assert_eq(rhumb_subscribe_many(r, list, 4, NULL, NULL, 5000), 0, "%s", rhumb_error(r));
	cr_assert_eq(fake_get(&router, entries), 4);
	expect_entry(0, RH_RECORD_SUBSCRIBE, RH_DIALECT_NATS, "a.*.>");
	expect_entry(1, RH_RECORD_SUBSCRIBE, RH_DIALECT_MQTT, "!a/+/c");
	expect_entry(2, RH_RECORD_SUBSCRIBE, RH_DIALECT_AMQP, "");
	expect_entry(3, RH_RECORD_SUBSCRIBE, RH_DIALECT_ZENOH, "x$*y");
	cr_assert_eq(fake_get(&router, entry[3].kind), RH_CONTENT_PAYLOAD_REGEX);
	cr_assert_eq(rhumb_unsubscribe_many(r, list, 4, 5000), 0, "%s", rhumb_error(r));
	cr_assert_eq(fake_get(&router, entries), 8);
	expect_entry(4, RH_RECORD_UNSUBSCRIBE, RH_DIALECT_NATS, "a.*.>");
	expect_entry(5, RH_RECORD_UNSUBSCRIBE, RH_DIALECT_MQTT, "!a/+/c");
	cr_assert_eq(rhumb_unsubscribe_many(r, list, 4, 5000), -ENOENT);
	for (unsigned i = 0; i < 4; i++)
		cr_assert_eq(list[i].result, -ENOENT);
	rhumb_destroy(r);
	fake_stop(&router);
}

Test(subscribe, one_filter_in_two_dialects_is_one_subscription)
{
	struct rhumb_subscription nats = {.filter = "a.>", .dialect = RHUMB_NATS},
				  solace = {.filter = "a/>", .regex = "", .dialect = RHUMB_SOLACE},
				  zenoh = {.filter = "a/*/**", .dialect = RHUMB_ZENOH},
				  exception = {.filter = "!a.>", .dialect = RHUMB_NATS};
	struct rhumb *r;

	fake_start(&router);
	r = client_connected((struct rhumb_options){0});
	cr_assert_eq(rhumb_subscribe(r, "a/+/#", NULL, NULL, NULL, 5000), 0);
	cr_assert_eq(rhumb_subscribe_many(r, &nats, 1, NULL, NULL, 5000), 0);
	cr_assert_eq(fake_get(&router, subscribes), 1);
	cr_assert_eq(rhumb_unsubscribe_many(r, &exception, 1, 5000), -ENOENT);
	cr_assert_eq(rhumb_unsubscribe_many(r, &zenoh, 1, 5000), -ENOENT);
	cr_assert_eq(rhumb_subscribe_many(r, &exception, 1, NULL, NULL, 5000), 0);
	cr_assert_eq(fake_get(&router, subscribes), 2);
	cr_assert_eq(rhumb_unsubscribe_many(r, &solace, 1, 5000), 0);
	cr_assert_eq(rhumb_unsubscribe(r, "a/+/#", NULL, 5000), -ENOENT);
	cr_assert_eq(rhumb_unsubscribe(r, "!a/+/#", NULL, 5000), 0);
	rhumb_destroy(r);
	fake_stop(&router);
}

Test(subscribe, one_expression_in_two_spellings_is_one_subscription)
{
	struct rhumb_subscription one = {.filter = "a", .cesql = "n <> 1 AND type like 'x%'"},
				  other = {.filter = "a", .cesql = "(n != 1) AND (type LIKE \"x%\")"},
				  json = {.filter = "a",
					  .filters = "[{\"sql\": \"n != 1\"}, {\"prefix\": {\"type\": \"x\"}}]"},
				  regex = {.filter = "a", .regex = "n != 1"}, plain = {.filter = "a"},
				  broken = {.filter = "a", .cesql = "n !="}, both = {.filter = "a", .cesql = "n", .regex = "n"};
	struct rhumb *r;

	fake_start(&router);
	r = client_connected((struct rhumb_options){0});
	cr_assert_eq(rhumb_subscribe_many(r, &one, 1, NULL, NULL, 5000), 0, "%s", rhumb_error(r));
	cr_assert_eq(fake_get(&router, entry[0].kind), RH_CONTENT_CESQL);
	cr_assert_eq(rhumb_subscribe_many(r, &other, 1, NULL, NULL, 5000), 0);
	cr_assert_eq(rhumb_subscribe_many(r, &json, 1, NULL, NULL, 5000), 0);
	cr_assert_eq(fake_get(&router, entries), 1);
	cr_assert_eq(rhumb_unsubscribe_many(r, &regex, 1, 5000), -ENOENT);
	cr_assert_eq(rhumb_unsubscribe_many(r, &plain, 1, 5000), -ENOENT);
	cr_assert_eq(rhumb_unsubscribe_many(r, &broken, 1, 5000), -ENOENT);
	cr_assert_eq(rhumb_subscribe_many(r, &both, 1, NULL, NULL, 5000), -EINVAL);
	cr_assert_str_eq(rhumb_error(r), "a: one of regex, cesql and filters is right");
	cr_assert_eq(rhumb_unsubscribe_many(r, &json, 1, 5000), 0);
	/* It goes out as it was asked for first. */
	cr_assert_eq(fake_get(&router, entry[1].kind), RH_CONTENT_CESQL);
	cr_assert_eq(rhumb_unsubscribe_many(r, &one, 1, 5000), -ENOENT);
	cr_assert_eq(rhumb_subscribe_many(r, &broken, 1, NULL, NULL, 5000), 0, "the router's to refuse");
	/* A payload pattern is an expression, too. */
	one = (struct rhumb_subscription){.filter = "b", .cesql = "matches(payload, 'n != 1')"};
	regex.filter = "b";
	cr_assert_eq(rhumb_subscribe_many(r, &one, 1, NULL, NULL, 5000), 0);
	cr_assert_eq(rhumb_unsubscribe_many(r, &regex, 1, 5000), 0);
	rhumb_destroy(r);
	fake_stop(&router);
}

Test(subscribe, what_cannot_be_parsed_here_is_the_routers_to_refuse)
{
	struct rhumb_subscription list[] = {{.filter = "refuse.a", .dialect = (enum rhumb_dialect)77},
		{.filter = "refuse#", .dialect = RHUMB_MQTT}, {.filter = "", .dialect = RHUMB_NATS},
		{.filter = "a", .dialect = (enum rhumb_dialect)256}};
	struct rhumb *r;

	fake_start(&router);
	fake_set(&router, sub_code, RH_SUB_UNSUPPORTED);
	r = client_connected((struct rhumb_options){0});
	for (unsigned i = 0; i < 4; i++)
		cr_assert_eq(rhumb_subscribe_many(r, &list[i], 1, NULL, NULL, 5000), -EINVAL);
	/* What no datagram can say is not sent. */
	cr_assert_eq(fake_get(&router, entries), 2);
	expect_entry(0, RH_RECORD_SUBSCRIBE, 77, "refuse.a");
	expect_entry(1, RH_RECORD_SUBSCRIBE, RH_DIALECT_MQTT, "refuse#");
	cr_assert_str_eq(rhumb_error(r), "topic dialect 256: RHUMB_MQTT to RHUMB_AMQP are known");
	rhumb_destroy(r);
	fake_stop(&router);
}
