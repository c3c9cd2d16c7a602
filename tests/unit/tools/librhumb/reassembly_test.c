#include "tests/unit/tools/librhumb/fixture.h"

#include "dataplane/base/compiler.h"

TestSuite(reassembly, .timeout = 60);

static struct got got;

static struct rhumb *begin(void)
{
	struct rhumb *r;

	fake_start(&router);
	r = client_connected((struct rhumb_options){0});
	cr_assert_eq(rhumb_subscribe(r, "a", NULL, got_event, &got, 5000), 0);
	return r;
}

static void end(struct rhumb *r)
{
	rhumb_destroy(r);
	fake_stop(&router);
}

Test(reassembly, the_largest_event_arrives_whole)
{
	struct rhumb *r = begin();

	fake_publish_sliced(&router, "a", RH_PAYLOAD_MAX, 9, &(struct fake_slices){.slice = 1424, .id = 1});
	poll_until(r, got.events == 1);
	cr_assert_eq(got.last_len, RH_PAYLOAD_MAX);
	cr_assert(got.content_good);
	cr_assert_eq(stats_of(r).reassembled, 1);
	end(r);
}

Test(reassembly, order_and_repetition_do_not_matter)
{
	static const uint32_t order[] = {3, 0, 0, 2, 3, 1, 1};
	struct rhumb *r = begin();

	fake_publish_sliced(&router, "a", 3900, 5, &(struct fake_slices){1000, 2, order, RH_ARRAY_LEN(order)});
	fake_publish(&router, "a", 1, 6);
	poll_until(r, got.events == 2);
	cr_assert_eq(stats_of(r).reassembled, 1);
	cr_assert_eq(stats_of(r).bad_datagrams, 0);
	end(r);
}

Test(reassembly, a_partial_overlap_discards_the_event)
{
	static const uint32_t first[] = {0, 1}, rest[] = {0, 1, 2, 3};
	struct rhumb *r = begin();

	fake_publish_sliced(&router, "a", 3900, 5, &(struct fake_slices){1000, 3, first, 2});
	fake_publish_sliced(&router, "a", 3900, 5, &(struct fake_slices){1024, 3, rest, 4});
	fake_publish(&router, "a", 1, 6);
	poll_until(r, got.events == 1);
	cr_assert_eq(got.last_sequence, 6);
	cr_assert_eq(stats_of(r).reassembly_failed, 1);
	end(r);
}

Test(reassembly, events_that_never_complete_give_way)
{
	static const uint32_t first[] = {0};
	struct rhumb *r = begin();

	for (uint32_t id = 10; id < 110; id++)
		fake_publish_sliced(&router, "a", 3900, id, &(struct fake_slices){1000, id, first, 1});
	fake_publish_sliced(&router, "a", 60000, 500, &(struct fake_slices){1424, 500, NULL, 0});
	poll_until(r, got.events == 1);
	cr_assert(got.content_good);
	cr_assert_eq(stats_of(r).reassembly_failed, 85);
	end(r);
}

Test(reassembly, another_total_or_sequence_discards_the_event)
{
	static const uint32_t first[] = {0}, second[] = {1, 2, 3};
	struct rhumb *r = begin();

	fake_publish_sliced(&router, "a", 3900, 5, &(struct fake_slices){1000, 4, first, 1});
	fake_publish_sliced(&router, "a", 3901, 5, &(struct fake_slices){1000, 4, second, 3});
	fake_publish(&router, "a", 1, 6);
	poll_until(r, got.events == 1);
	cr_assert_eq(got.last_sequence, 6);
	cr_assert_eq(stats_of(r).reassembly_failed, 1);
	end(r);
}

/* One event charged, and so many of its slices sent; then the router's counters. */
static void part_sent(struct rhumb *r, const uint32_t *order, unsigned count, uint32_t slice)
{
	fake_publish_sliced(&router, "a", 3900, 5, &(struct fake_slices){slice, 4, order, count});
	fake_keepalive(&router, true, 0);
	cr_assert_eq(rhumb_flush(r, 5000), 0);
}

Test(reassembly, an_event_under_way_is_not_lost)
{
	static const uint32_t part[] = {0, 1};
	struct rhumb *r = begin();
	uint64_t bytes = fake_get(&router, hello_bytes), events = fake_get(&router, hello_events);

	part_sent(r, part, 2, 1000);
	cr_assert_eq(stats_of(r).lost_events, 0);
	cr_assert_eq(fake_get(&router, granted_events), events, "else more is granted than the buffer holds");
	cr_assert_eq(fake_get(&router, granted_bytes), bytes);
	end(r);
}

Test(reassembly, an_event_given_up_has_arrived)
{
	static const uint32_t first[] = {0, 1}, overlap[] = {0, 1, 2};
	struct rhumb *r = begin();
	uint64_t events = fake_get(&router, hello_events);

	part_sent(r, first, 2, 1000);
	(void)pthread_mutex_lock(&router.lock);
	uint64_t sent_events = router.sent_events, sent_bytes = router.sent_bytes;
	(void)pthread_mutex_unlock(&router.lock);
	fake_publish_sliced(&router, "a", 3900, 5, &(struct fake_slices){1024, 4, overlap, 3});
	(void)pthread_mutex_lock(&router.lock);
	router.sent_events = sent_events;
	router.sent_bytes = sent_bytes;
	(void)pthread_mutex_unlock(&router.lock);
	fake_keepalive(&router, true, 0);
	cr_assert_eq(rhumb_flush(r, 5000), 0);
	cr_assert_eq(stats_of(r).reassembly_failed, 1);
	cr_assert_eq(stats_of(r).lost_events, 0);
	cr_assert_eq(fake_get(&router, granted_events), events + 1);
	end(r);
}

Test(reassembly, an_event_that_never_completes_is_given_up_in_time)
{
	static const uint32_t part[] = {0};
	struct rhumb *r = begin();
	uint64_t events = fake_get(&router, hello_events);

	part_sent(r, part, 1, 1000);
	poll_until(r, stats_of(r).reassembly_failed == 1);
	fake_keepalive(&router, true, 0);
	poll_until(r, fake_get(&router, granted_events) == events + 1);
	cr_assert_eq(stats_of(r).lost_events, 0);
	end(r);
}
