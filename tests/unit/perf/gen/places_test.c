#include "perf/gen/places.h"

#include "perf/gen/sets.h"
#include "perf/gen/sink.h"
#include "perf/gen/stamp.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PUBLISHERS    4
#define SUBSCRIBERS   50
#define SUBSCRIPTIONS 150
#define COPIES	      3
#define RECORD_BYTES  192

static struct workload w;
static struct trace_publisher publishers[PUBLISHERS];
static struct trace trace;
static struct places places;
static struct rh_error err;

static void setup(void)
{
	const struct workload_spec spec = {.topics = 500,
		.zipf = 0.8,
		.subscriptions = SUBSCRIPTIONS,
		.wildcards = 50,
		.copies = COPIES,
		.publishers = PUBLISHERS,
		.subscribers = SUBSCRIBERS,
		.datagrams = 400,
		.events = 2,
		.seed = 11};

	cr_assert_eq(workload_init(&w, &spec, &err), 0, "%s", err.text);
	for (uint32_t p = 0; p < PUBLISHERS; p++)
		publishers[p] = (struct trace_publisher){p + 1, p + 100, p + 1000};
	trace = (struct trace){
		.workload = &w, .publishers = publishers, .record_bytes = RECORD_BYTES};
}

static void teardown(void)
{
	places_fini(&places);
	workload_fini(&w);
}

TestSuite(places, .init = setup, .fini = teardown);

static void make(const uint32_t *weights)
{
	cr_assert_eq(places_make(&places, &trace, weights, &err), 0, "%s", err.text);
	cr_assert_eq(places.count, 800);
}

static void expect_reference(const struct sets *sets)
{
	for (uint32_t p = 0; p < places.count; p++) {
		cr_assert_eq(places.list[p].receiver_count, sets->of_place[p].count, "place %u", p);
		for (uint32_t i = 0; i < places.list[p].receiver_count; i++)
			cr_assert_eq(places.list[p].receivers[i], sets->of_place[p].receivers[i],
				"place %u, receiver %u", p, i);
	}
}

Test(places, have_the_receivers_that_the_reference_matcher_gives)
{
	static char topics[800][WORKLOAD_TEXT_MAX], filters[SUBSCRIPTIONS][WORKLOAD_TEXT_MAX];
	static struct sets_topic topic[800];
	static struct sets_subscription subscription[SUBSCRIPTIONS];
	struct sets sets;

	make(NULL);
	for (uint32_t p = 0; p < places.count; p++) {
		topics[p][workload_topic(&w, p, topics[p])] = '\0';
		topic[p].text = topics[p];
	}
	for (uint32_t s = 0; s < SUBSCRIPTIONS; s++) {
		filters[s][workload_filter(&w, s, filters[s])] = '\0';
		subscription[s] =
			(struct sets_subscription){filters[s], workload_subscriber(&w, s), 0};
	}
	cr_assert_eq(sets_make(&sets, topic, places.count, subscription, SUBSCRIPTIONS, &err), 0,
		"%s", err.text);
	expect_reference(&sets);
	sets_fini(&sets);
}

Test(places, hold_the_records_of_the_trace)
{
	uint8_t record[RECORD_BYTES];

	make(NULL);
	for (uint32_t p = 0; p < places.count; p++) {
		trace_record(&trace, p, record);
		cr_assert_eq(places.list[p].len, RECORD_BYTES);
		cr_assert_eq(memcmp(places.list[p].record, record, RECORD_BYTES), 0, "place %u", p);
		cr_assert_eq(places.list[p].class, 3);
	}
}

Test(places, are_drawn_from_the_classes_by_their_shares)
{
	const uint32_t weights[PLACES_CLASSES] = {[1] = 60, [5] = 30, [7] = 10};
	uint32_t drawn[PLACES_CLASSES] = {0};
	uint8_t record[RECORD_BYTES];

	make(weights);
	for (uint32_t p = 0; p < places.count; p++) {
		drawn[places.list[p].class]++;
		trace_record(&trace, p, record);
		record[4] = (uint8_t)(places.list[p].class << 5);
		cr_assert_eq(memcmp(places.list[p].record, record, RECORD_BYTES), 0, "place %u", p);
	}
	cr_assert_eq(drawn[1] + drawn[5] + drawn[7], 800);
	cr_assert(drawn[1] > 420 && drawn[1] < 540, "%u of 800 for 60 %%", drawn[1]);
	cr_assert(drawn[5] > 180 && drawn[5] < 300, "%u of 800 for 30 %%", drawn[5]);
	cr_assert(drawn[7] > 40 && drawn[7] < 120, "%u of 800 for 10 %%", drawn[7]);
}

Test(places, are_the_same_again_from_the_same_seed)
{
	const uint32_t weights[PLACES_CLASSES] = {1, 1, 1, 1, 1, 1, 1, 1};
	struct places again;

	make(weights);
	cr_assert_eq(places_make(&again, &trace, weights, &err), 0);
	cr_assert_eq(memcmp(again.records, places.records, 800 * RECORD_BYTES), 0);
	places_fini(&again);
}

/* Send every place once and give each receiver its copy: what the sink has to say of a router
 * without fault. */
Test(places, are_what_a_sink_takes)
{
	const uint32_t weights[PLACES_CLASSES] = {[0] = 1, [6] = 1};
	struct sink_spec spec = {.publishers = PUBLISHERS, .subscribers = SUBSCRIBERS};
	struct trial_result *result = malloc(sizeof(*result));
	uint8_t record[RECORD_BYTES];
	struct sink *sink;

	make(weights);
	spec.places = places.list;
	spec.place_count = places.count;
	cr_assert_eq(sink_create(&sink, &spec, &err), 0, "%s", err.text);
	sink_trial_begin(sink, 1);
	for (uint32_t p = 0; p < places.count; p++) {
		const struct stamp s = {.sequence = p + 1,
			.trial = 1,
			.place = p,
			.publisher = workload_publisher(&w, p)};

		memcpy(record, places.list[p].record, RECORD_BYTES);
		stamp_put(record, RECORD_BYTES, &s);
		record[5]--;
		sink_sent(sink, p);
		for (uint32_t i = 0; i < places.list[p].receiver_count; i++)
			cr_assert_eq(sink_take(sink, places.list[p].receivers[i], record,
					     RECORD_BYTES, p),
				SINK_RECEIVED);
	}
	cr_assert(sink_complete(sink));
	sink_trial_end(sink, result);
	cr_assert_eq(result->all.expected, (800 - PUBLISHERS) * COPIES);
	cr_assert_eq(result->all.received, result->all.expected);
	cr_assert_eq(result->all.lost, 0);
	sink_destroy(sink);
	free(result);
}

Test(places, refuse_classes_without_a_share)
{
	const uint32_t none[PLACES_CLASSES] = {0};

	cr_assert_eq(places_make(&places, &trace, none, &err), -EINVAL);
	cr_assert(strstr(err.text, "shares"), "%s", err.text);
}
