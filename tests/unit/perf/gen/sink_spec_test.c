/*
 * What cannot be judged is refused when the sink is made, with the place and the reason.
 */

#include "perf/gen/sink.h"

#include "tests/unit/perf/gen/sink_fixture.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

static struct fixture f;

static void setup(void)
{
	struct rnd rnd;

	rnd_init(&rnd, "sink spec");
	fixture_init(&f, &rnd, false);
}

static void teardown(void)
{
	fixture_fini(&f);
}

TestSuite(sink_spec, .init = setup, .fini = teardown);

static void expect_refused(const char *words)
{
	struct rh_error err = {0};
	struct sink *sink = NULL;

	cr_assert_eq(sink_create(&sink, &f.spec, &err), -EINVAL, "accepted, though: %s", words);
	cr_assert_null(sink);
	cr_assert(strstr(err.text, words), "'%s' says nothing of '%s'", err.text, words);
}

Test(sink_spec, refuses_nothing_to_judge)
{
	f.spec.place_count = 0;
	expect_refused("at least 1 of each");
	f.spec.place_count = FIXTURE_PLACES;
	f.spec.publishers = 0;
	expect_refused("at least 1 of each");
	f.spec.publishers = 1;
	f.spec.subscribers = 0;
	expect_refused("at least 1 of each");
}

Test(sink_spec, refuses_records_that_are_none)
{
	f.records[2][0] = 0x10;
	expect_refused("place 2: not a PUBLISH record");
}

Test(sink_spec, refuses_cut_records)
{
	f.places[4].len--;
	expect_refused("place 4: not a PUBLISH record");
}

Test(sink_spec, refuses_aliases)
{
	uint16_t topic = rh_load_be16(f.records[3] + 48);

	memmove(f.records[3] + 56, f.records[3] + 56 + topic, f.places[3].len - 56 - topic);
	f.places[3].len -= topic;
	f.records[3][1] = 1;
	rh_store_be16(f.records[3] + 2, (uint16_t)f.places[3].len);
	rh_store_be16(f.records[3] + 48, 9);
	expect_refused("place 3: topic as alias 9");
}

Test(sink_spec, refuses_payloads_without_room_for_the_stamp)
{
	uint32_t payload = rh_load_be32(f.records[5] + 44);

	f.places[5].len -= payload - STAMP_BYTES + 1;
	rh_store_be16(f.records[5] + 2, (uint16_t)f.places[5].len);
	rh_store_be32(f.records[5] + 44, STAMP_BYTES - 1);
	expect_refused("place 5: 31 bytes of payload, the stamp needs 32");
}

Test(sink_spec, refuses_another_class_than_the_records)
{
	f.places[6].class = 5;
	expect_refused("place 6: said to be of class 5, its record is of 1");
}

Test(sink_spec, refuses_a_hop_limit_that_ends_at_the_router)
{
	struct sink *sink;

	f.records[7][5] = 0;
	expect_refused("place 7: hop limit 0");
	f.spec.reflect = true;
	cr_assert_eq(sink_create(&sink, &f.spec, NULL), 0, "a forwarder does not count hops");
	sink_destroy(sink);
}

Test(sink_spec, refuses_receivers_that_do_not_exist)
{
	f.receivers[0][2] = FIXTURE_SUBSCRIBERS;
	expect_refused("place 0: receiver 10, but there are 10 subscribers");
}

Test(sink_spec, refuses_receivers_out_of_order_or_twice)
{
	f.receivers[0][1] = 1;
	expect_refused("place 0: receiver 1 stands behind 1");
	f.receivers[0][1] = 0;
	expect_refused("place 0: receiver 0 stands behind 1");
}

Test(sink_spec, says_what_there_is_no_memory_for)
{
	struct rh_error err;
	struct sink *sink;

	f.spec.publishers = f.spec.subscribers = UINT32_MAX;
	cr_assert_eq(sink_create(&sink, &f.spec, &err), -ENOMEM);
	cr_assert(strstr(err.text, "no memory for 4294967295 publishers"), "%s", err.text);
}
