#include "tests/unit/tools/librhumb/fixture.h"

TestSuite(publish, .timeout = 60);

Test(publish, an_event_travels_with_its_attributes)
{
	static const struct rhumb_attribute attributes[] = {{.name = "zone", .value = "7"},
		{.name = "time", .value = "2026-01-01T00:00:00Z"}, {.name = "type", .value = "test"}};
	struct rhumb *r;

	fake_start(&router);
	r = client_connected((struct rhumb_options){0});
	cr_assert_eq(rhumb_publish(r, &(struct rhumb_event){.topic = "a/b", .payload = "hello", .payload_len = 5,
					      .attributes = attributes, .attribute_count = 3, .service_class = 6}), 0);
	cr_assert_eq(rhumb_publish(r, &(struct rhumb_event){.topic = "a/c", .service_class = RHUMB_CLASS_LOWEST}), 0);
	cr_assert_eq(rhumb_publish(r, &(struct rhumb_event){.topic = "a/d"}), 0);
	cr_assert_eq(rhumb_flush(r, 5000), 0);
	cr_assert_eq(router.events, 3);
	cr_assert_eq(router.bad, 0);
	cr_assert_str_eq(router.event[0].topic, "a/b");
	cr_assert_eq(router.event[0].payload_len, 5);
	cr_assert_eq(router.event[0].class, 6);
	cr_assert_eq(router.event[1].class, 0);
	cr_assert_eq(router.event[2].class, 3);
	cr_assert_gt(router.event[0].attributes_len, 30);
	rhumb_destroy(r);
	fake_stop(&router);
}

Test(publish, bad_events_are_refused_with_a_sentence)
{
	static const struct rhumb_attribute bad_name = {.name = "Zone", .value = "7"};
	static const struct rhumb_attribute twice[] = {{.name = "a", .value = "1"}, {.name = "a", .value = "2"}};
	static const struct rhumb_attribute not_utf8 = {.name = "a", .value = "\xff"};
	static char large[RH_PAYLOAD_MAX + 1], value[RH_ATTRIBUTES_MAX + 2];
	const struct rhumb_attribute long_value = {.name = "a", .value = memset(value, 'x', sizeof(value) - 1)};
	const struct {
		struct rhumb_event event;
		int err;
	} rows[] = {{{.topic = NULL}, -EINVAL}, {{.topic = "a/+"}, -EINVAL}, {{.topic = "\xff"}, -EINVAL},
		{{.topic = "a", .service_class = 9}, -EINVAL},
		{{.topic = "a", .attributes = &bad_name, .attribute_count = 1}, -EINVAL},
		{{.topic = "a", .attributes = twice, .attribute_count = 2}, -EINVAL},
		{{.topic = "a", .attributes = &not_utf8, .attribute_count = 1}, -EINVAL},
		{{.topic = "a", .attributes = &long_value, .attribute_count = 1}, -EMSGSIZE},
		{{.topic = "a", .payload = large, .payload_len = sizeof(large)}, -EMSGSIZE}};
	struct rhumb *r;

	fake_start(&router);
	r = client_connected((struct rhumb_options){0});
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cr_assert_eq(rhumb_publish(r, &rows[i].event), rows[i].err, "row %zu", i);
		cr_assert_gt(strlen(rhumb_error(r)), 10);
	}
	cr_assert_eq(rhumb_flush(r, 5000), 0);
	cr_assert_eq(router.events, 0);
	rhumb_destroy(r);
	fake_stop(&router);
}

Test(publish, never_goes_beyond_the_credit)
{
	struct rhumb *r;
	int sent = 0;

	fake_start(&router);
	fake_set(&router, window_events, 10);
	fake_set(&router, hold_credit, true);
	r = client_connected((struct rhumb_options){0});
	while (rhumb_publish(r, &(struct rhumb_event){.topic = "a"}) == 0)
		sent++;
	cr_assert_eq(sent, 10);
	cr_assert_eq(rhumb_publish_wait(r, &(struct rhumb_event){.topic = "a"}, 300), -ETIMEDOUT);
	/* It asks, with back-off. */
	cr_assert_geq(fake_get(&router, keepalives), 2);
	cr_assert_leq(fake_get(&router, keepalives), 4);
	fake_set(&router, hold_credit, false);
	cr_assert_eq(rhumb_publish_wait(r, &(struct rhumb_event){.topic = "a"}, 5000), 0);
	cr_assert_eq(rhumb_flush(r, 5000), 0);
	cr_assert_eq(router.events, 11);
	cr_assert_eq(router.over_credit, 0);
	rhumb_destroy(r);
	fake_stop(&router);
}

Test(publish, bytes_are_credit_too)
{
	static char payload[1000];
	struct rhumb *r;
	int sent = 0;

	fake_start(&router);
	fake_set(&router, window_bytes, 5000);
	fake_set(&router, hold_credit, true);
	r = client_connected((struct rhumb_options){0});
	while (rhumb_publish(r, &(struct rhumb_event){.topic = "a", .payload = payload, .payload_len = 1000}) == 0)
		sent++;
	cr_assert_eq(sent, 4);
	rhumb_destroy(r);
	fake_stop(&router);
}

Test(publish, batches_share_datagrams)
{
	struct rhumb *r;
	unsigned before;

	fake_start(&router);
	fake_set(&router, window_events, 10000);
	r = client_connected((struct rhumb_options){.batch = true});
	before = fake_get(&router, datagrams);
	for (int i = 0; i < 1000; i++)
		cr_assert_eq(rhumb_publish(r, &(struct rhumb_event){.topic = "a/b", .payload = "12345", .payload_len = 5}), 0);
	cr_assert_eq(rhumb_flush(r, 5000), 0);
	cr_assert_eq(router.events, 1000);
	cr_assert_eq(router.bad, 0);
	cr_assert_lt(router.datagrams - before, 100);
	for (unsigned i = 0; i < 1000; i++)
		cr_assert_eq(router.event[i].sequence, i + 1);
	rhumb_destroy(r);
	fake_stop(&router);
}

Test(publish, every_size_around_a_datagram_passes)
{
	static char payload[3000];
	struct rhumb *r;
	unsigned events = 0;

	fake_start(&router);
	r = client_connected((struct rhumb_options){.batch = true});
	for (uint32_t len = 1350; len < 1480; len++, events++)
		cr_assert_eq(rhumb_publish_wait(r, &(struct rhumb_event){.topic = "a", .payload = payload, .payload_len = len}, 5000), 0);
	cr_assert_eq(rhumb_flush(r, 5000), 0);
	cr_assert_eq(router.events, events);
	cr_assert_eq(router.bad, 0);
	cr_assert_gt(router.fragments, 0);
	rhumb_destroy(r);
	fake_stop(&router);
}

Test(publish, the_largest_event_travels_in_fragments)
{
	static char payload[RH_PAYLOAD_MAX];
	struct rhumb *r;

	fake_start(&router);
	r = client_connected((struct rhumb_options){.max_datagram = 512});
	for (int i = 0; i < 5; i++)
		cr_assert_eq(rhumb_publish_wait(r, &(struct rhumb_event){.topic = "a", .payload = payload, .payload_len = sizeof(payload)}, 5000), 0);
	cr_assert_eq(rhumb_flush(r, 5000), 0);
	cr_assert_eq(router.events, 5);
	cr_assert_eq(router.event[4].payload_len, RH_PAYLOAD_MAX);
	cr_assert_eq(router.event[4].sequence, 5);
	cr_assert_eq(router.over_credit, 0);
	rhumb_destroy(r);
	fake_stop(&router);
}

Test(publish, levels_are_encoded_by_the_one_rule)
{
	char out[32];

	cr_assert_eq(rhumb_encode_level("libstdc++", 9, out, sizeof(out)), 13);
	cr_assert_str_eq(out, "libstdc%2B%2B");
	cr_assert_eq(rhumb_encode_level("AC/DC", 5, out, 4), -EMSGSIZE);
}

Test(publish, poll_comes_back_when_credit_does)
{
	struct rhumb *r;

	fake_start(&router);
	fake_set(&router, window_events, 1);
	fake_set(&router, hold_credit, true);
	r = client_connected((struct rhumb_options){0});
	cr_assert_eq(rhumb_publish(r, &(struct rhumb_event){.topic = "a"}), 0);
	cr_assert_eq(rhumb_publish(r, &(struct rhumb_event){.topic = "a"}), -EAGAIN);
	fake_set(&router, hold_credit, false);
	/* Without end: that it comes back at all is the test. */
	cr_assert_eq(rhumb_poll(r, -1), 0);
	cr_assert_eq(rhumb_publish(r, &(struct rhumb_event){.topic = "a"}), 0);
	rhumb_destroy(r);
	fake_stop(&router);
}

Test(publish, flush_does_not_vouch_for_a_session_that_is_gone)
{
	struct rhumb *r;

	fake_start(&router);
	r = client_connected((struct rhumb_options){0});
	fake_forget(&router);
	cr_assert_eq(rhumb_publish(r, &(struct rhumb_event){.topic = "a"}), 0);
	cr_assert_eq(rhumb_flush(r, 10000), -ECONNABORTED);
	cr_assert_eq(fake_get(&router, events), 0);
	cr_assert_eq(rhumb_publish_wait(r, &(struct rhumb_event){.topic = "a"}, 5000), 0);
	cr_assert_eq(rhumb_flush(r, 5000), 0, "the next session is whole");
	rhumb_destroy(r);
	fake_stop(&router);
}

Test(publish, a_cut_event_is_not_sent_in_part_to_a_new_session)
{
	static uint8_t payload[20000];
	uint8_t bytes[RH_DATAGRAM_HDR + RH_UNKNOWN_HDR];
	struct rh_datagram d = {.length = sizeof(bytes)};
	struct rh_unknown_session unknown;
	struct rhumb *r;

	fake_start(&router);
	r = client_connected((struct rhumb_options){.batch = true, .max_datagram = 1472});
	unknown = (struct rh_unknown_session){fake_get(&router, session), 1};
	cr_assert_eq(rhumb_publish(r, &(struct rhumb_event){.topic = "a", .payload = payload, .payload_len = 20000}), 0);
	fake_forget(&router);
	rh_datagram_encode(bytes, &d);
	(void)rh_unknown_session_encode(bytes + RH_DATAGRAM_HDR, RH_UNKNOWN_HDR, &unknown);
	fake_send(&router, bytes, sizeof(bytes));
	poll_until(r, fake_get(&router, sessions) == 2);
	cr_assert_eq(rhumb_publish_wait(r, &(struct rhumb_event){.topic = "b"}, 5000), 0);
	cr_assert_eq(rhumb_flush(r, 5000), 0);
	cr_assert_eq(fake_get(&router, fragments), 0);
	cr_assert_eq(stats_of(r).unsent_events, 1);
	rhumb_destroy(r);
	fake_stop(&router);
}
