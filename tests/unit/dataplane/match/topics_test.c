/*
 * What a worker remembers of topics, against an exact reference: random streams with a printed seed
 * through a cache that is far too small, or none.
 */

#include "dataplane/api/topics.h"
#include "dataplane/base/clock.h"
#include "dataplane/match/match_priv.h"
#include "dataplane/match/topics_crowd.h"
#include "tests/unit/dataplane/match/fixture.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOPICS_MAX 200000u
#define BURST	   32u
#define STEPS	   64u /* of time */
#define TEXT_MAX   160u

/* The reference: events and bytes of each topic, also by step. */
static uint64_t events[TOPICS_MAX], bytes[TOPICS_MAX], total;
static uint32_t by_step[20000][STEPS];
static uint64_t dice;
static uint32_t first_stamp, step;

static uint64_t roll(void)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	return dice ^= dice << 17;
}

static void start(void)
{
	fixture_seed = rh_tsc() | 1;
	(void)printf("seed %" PRIu64 "\n", fixture_seed);
	dice = fixture_seed;
}

/* Every seventh is too long for its entry. */
static size_t text_of(uint32_t topic, char *out)
{
	return (size_t)sprintf(out, topic % 7 ? "plant/%u/x" : "plant/%u/%0110u", topic, topic);
}

static uint32_t payload_of(uint32_t topic)
{
	return topic % 100;
}

static void begin(uint32_t cache_entries)
{
	fixture_start(cache_entries);
	first_stamp = (uint32_t)(rh_tsc() >> DP_TOPIC_STAMP_SHIFT) - 2 * STEPS;
	step = 0;
	dp_match_tick(match, (uint64_t)first_stamp << DP_TOPIC_STAMP_SHIFT);
	(void)fixture_add(0, "plant/+/x", 1, 0);
	(void)fixture_publish();
}

static void next_step(void)
{
	step++;
	dp_match_tick(match, (uint64_t)(first_stamp + step) << DP_TOPIC_STAMP_SHIFT);
}

static void publish(const uint32_t *topics, uint32_t count)
{
	static char text[BURST][TEXT_MAX];
	struct dp_match_key keys[BURST];
	struct dp_match_result results[BURST];

	for (uint32_t i = 0; i < count; i++) {
		size_t len = text_of(topics[i], text[i]);

		keys[i] = (struct dp_match_key){.topic = text[i],
			.topic_len = (uint16_t)len,
			.payload_len = payload_of(topics[i]),
			.same = i && topics[i] == topics[i - 1] && roll() % 4};
		events[topics[i]]++;
		bytes[topics[i]] += payload_of(topics[i]);
		if (topics[i] < RH_ARRAY_LEN(by_step))
			by_step[topics[i]][step]++;
	}
	total += count;
	dp_match_burst(match, keys, count, results);
}

/* @count events over @topics topics, frequent ones as Zipf has them, or all alike; in STEPS - 1
 * steps. */
static void stream(uint32_t count, uint32_t topics, bool zipf)
{
	uint32_t burst[BURST];

	for (uint32_t done = 0; done < count; done += BURST) {
		for (uint32_t i = 0; i < BURST; i++) {
			double u = (double)(roll() >> 11) / (double)(1ULL << 53);

			burst[i] = zipf ? (uint32_t)pow(topics, u) - 1 : (uint32_t)(u * topics);
			/* Several of one topic in a row. */
			if (i && roll() % 4 == 0)
				burst[i] = burst[i - 1];
		}
		publish(burst, BURST);
		if (step < STEPS - 2 && done / BURST % (count / BURST / STEPS + 1) == 0)
			next_step();
	}
}

static struct dp_topics_rest rest(void)
{
	struct dp_topic_crowd crowd;
	struct dp_topics_rest out;

	memset(&crowd, 0, sizeof(crowd));
	dp_match_topics_crowd(match, &crowd);
	dp_topic_crowd_estimate(&crowd, &out);
	return out;
}

static uint64_t missed(uint32_t topic)
{
	char text[TEXT_MAX];

	return dp_match_topic_missed(match, 0, text, text_of(topic, text));
}

/* Rows, by topic. */
static uint64_t row_events[TOPICS_MAX], row_since[TOPICS_MAX], rows, rows_events, rows_bytes;

static void on_row(void *arg, const struct dp_topic_row *row)
{
	uint32_t topic;
	char text[TEXT_MAX];

	(void)arg;
	cr_assert_eq(sscanf(row->topic, "plant/%u/", &topic), 1);
	cr_assert_eq(text_of(topic, text), row->topic_len);
	cr_assert_str_eq(row->topic, text);
	cr_assert_eq(row_events[topic], 0, "two rows of %s", text);
	row_events[topic] = row->events;
	row_since[topic] = row->since_tsc >> DP_TOPIC_STAMP_SHIFT;
	rows++;
	rows_events += row->events;
	rows_bytes += row->bytes;
	cr_assert_eq(row->receivers, topic % 7 ? 1u : 0u);
	cr_assert_eq(row->bytes, row->events * payload_of(topic));
}

static void read_rows(void)
{
	rows = rows_events = rows_bytes = 0;
	memset(row_events, 0, sizeof(row_events));
	dp_match_topics_each(match, on_row, NULL);
}

/* Events of @topic in the reference from @from on. */
static uint64_t since(uint32_t topic, uint32_t from)
{
	uint64_t sum = 0;

	for (uint32_t s = from; s < STEPS; s++)
		sum += by_step[topic][s];
	return sum;
}

/* Everything that is claimed of rows and rest. */
static void check_claims(uint32_t topics)
{
	uint64_t exact = 0, from_then_on = 0;

	read_rows();
	cr_expect_eq(rows_events + rest().events, total);
	for (uint32_t t = 0; t < topics; t++) {
		uint64_t in_rest = missed(t);

		cr_assert_leq(row_events[t], events[t], "topic %u", t);
		cr_assert_geq(row_events[t] + in_rest, events[t], "topic %u", t);
		if (!row_events[t])
			continue;
		if (!in_rest) {
			cr_assert_eq(row_events[t], events[t], "topic %u", t);
			exact++;
		} else if (t < RH_ARRAY_LEN(by_step)) {
			uint32_t from = (uint32_t)row_since[t] - first_stamp;

			/* Its first step may have begun before it was counted apart. */
			cr_assert_leq(row_events[t], since(t, from), "topic %u from %u", t, from);
			cr_assert_geq(
				row_events[t], since(t, from + 1), "topic %u from %u", t, from);
			from_then_on++;
		}
	}
	(void)printf("%" PRIu64 " rows, %" PRIu64 " whole, %" PRIu64 " since a time; rest %" PRIu64
		     " of %" PRIu64 "\n",
		rows, exact, from_then_on, rest().events, total);
}

TestSuite(topics, .init = start, .fini = fixture_stop);

Test(topics, that_fit_the_cache_are_all_exact)
{
	begin(4096);
	stream(100000, 300, true);
	check_claims(300);
	cr_expect_eq(rest().events, 0);
	cr_expect_eq(rest().topics, 0);
	cr_expect_eq(rows_events, total);
}

Test(topics, of_a_stream_with_frequent_ones_are_what_is_claimed)
{
	begin(64);
	stream(1000000, 20000, true);
	check_claims(20000);
	cr_expect_gt(rest().events, 0);
}

Test(topics, that_are_frequent_are_found_with_nearly_all_their_events)
{
	uint32_t found = 0;

	begin(64);
	stream(1000000, 20000, true);
	read_rows();
	for (uint32_t t = 0; t < 100; t++)
		found += row_events[t] * 10 >= events[t] * 9;
	cr_expect_geq(found, 98, "%u of the first 100", found);
}

Test(topics, that_come_to_be_frequent_late_are_found)
{
	uint32_t burst[BURST];

	begin(64);
	stream(500000, 20000, false);
	for (uint32_t i = 0; i < 3000; i++) {
		for (uint32_t k = 0; k < BURST; k++)
			burst[k] = k == 0 ? 19999 : (uint32_t)(roll() % 19000);
		publish(burst, BURST);
	}
	read_rows();
	cr_expect_geq(row_events[19999], 2700, "%" PRIu64 " of 3000", row_events[19999]);
}

Test(topics, all_alike_and_too_many_are_counted_by_an_estimate)
{
	double off;

	begin(64);
	stream(1000000, TOPICS_MAX, false);
	check_claims(TOPICS_MAX);
	/* Each has come but for e^-5 of them, and has been in the rest, but for some of those with
	 * a row. */
	off = (double)rest().topics / (TOPICS_MAX * (1 - exp(-5)));
	cr_expect(off > 0.96 && off < 1.03, "estimated %" PRIu64, rest().topics);
	cr_expect_leq(rows, 64 + DP_TOPIC_RECORDS);
}

Test(topics, estimates_of_few_and_many_are_within_their_bounds)
{
	struct dp_topics topics;
	uint32_t outside = 0, checks = 0;

	begin(64);
	cr_assert_eq(dp_topics_init(&topics, UINT32_MAX, 0), 0);
	for (uint32_t n = 1; n <= 1000000; n++) {
		char text[16] = "topic";
		struct dp_topic_part part = {
			.topic = text, .topic_len = 5, .id = roll(), .events = 2};

		dp_topics_take(&topics, &part);
		if ((n & (n - 1)) == 0 && n > 4 * DP_TOPIC_RECORDS) {
			struct dp_topics_memory *kept = match->cache.topics.memory;
			uint64_t in_rest = topics.rest_events / 2;
			struct dp_topics_rest now;

			match->cache.topics.memory = topics.memory;
			match->cache.topics.rest_events = topics.rest_events;
			now = rest();
			match->cache.topics.memory = kept;
			checks++;
			outside += now.topics > in_rest + 2 * now.topics_error ||
				   now.topics + 2 * now.topics_error < in_rest;
		}
	}
	dp_topics_fini(&topics);
	cr_expect_gt(checks, 5);
	cr_expect_eq(
		outside, 0, "%u of %u estimates are off by four standard errors", outside, checks);
}

Test(topics, the_sketch_is_seldom_off_by_more_than_its_bound)
{
	uint32_t outside = 0;
	uint64_t bound;

	begin(64);
	stream(500000, 20000, true);
	bound = rest().missed_error;
	for (uint32_t t = 100000; t < 110000; t++)
		outside += missed(t) > bound;
	cr_expect_leq(outside, 250, "%u of 10000", outside);
	cr_expect_gt(bound, 0);
}

Test(topics, take_no_more_memory_however_many_they_are)
{
	size_t before;

	begin(64);
	stream(1000, 20000, false);
	before = mallinfo2().uordblks;
	stream(300000, TOPICS_MAX, false);
	cr_expect_eq(mallinfo2().uordblks, before);
	cr_expect_lt(sizeof(struct dp_topics_memory), 2500000u);
}

Test(topics, without_a_cache_are_sampled_within_their_bounds)
{
	begin(0);
	stream(1000000, 1000, true);
	memset(row_events, 0, sizeof(row_events));
	read_rows();
	cr_expect_eq(rest().sample, DP_TOPIC_SAMPLE);
	cr_expect_lt(rest().events, total / 100);
	cr_expect(fabs((double)(rows_events + rest().events) / (double)total - 1) < 0.01,
		"%" PRIu64 " of %" PRIu64, rows_events, total);
	for (uint32_t t = 0; t < 20; t++) {
		double off = fabs((double)row_events[t] - (double)events[t]);

		cr_expect(off < 20 * sqrt((double)events[t]), "topic %u: %" PRIu64 " of %" PRIu64,
			t, row_events[t], events[t]);
	}
}

struct sum {
	uint64_t rows, events, receivers;
};

static void add_up(void *arg, const struct dp_topic_row *row)
{
	struct sum *sum = arg;

	sum->rows++;
	sum->events += row->events;
	sum->receivers += row->receivers;
}

Test(topics, with_results_that_cannot_be_cached_are_counted)
{
	char text[TEXT_MAX];
	struct sum sum = {0};
	uint32_t topic = 1;

	begin(64);
	(void)text_of(topic, text);
	for (uint32_t session = 2; session < 9000; session++)
		(void)fixture_add(0, text, session, 0);
	(void)fixture_publish();
	for (unsigned i = 0; i < 10; i++)
		publish(&topic, 1);
	cr_expect_gt(match->counters.uncacheable, 0);
	dp_match_topics_each(match, add_up, &sum);
	cr_expect_eq(sum.rows, 1);
	cr_expect_eq(sum.events, 10);
	cr_expect_eq(sum.receivers, 8999);
}

Test(topics, matched_again_for_a_waiting_copy_are_not_counted_again)
{
	struct dp_match_result result;
	struct dp_match_key key = {.topic = "plant/5/x", .topic_len = 9, .payload_len = 5};
	struct sum sum = {0};
	uint32_t topic = 5;

	begin(64);
	dp_match_again(match, &key, &result);
	cr_expect_eq(result.count, 1);
	dp_match_topics_each(match, add_up, &sum);
	cr_expect_eq(sum.rows, 0);
	publish(&topic, 1);
	dp_match_again(match, &key, &result);
	dp_match_topics_each(match, on_row, NULL);
	cr_expect_eq(row_events[5], 1);
}

Test(topics, of_several_tenants_are_apart)
{
	struct dp_match_key key = {.topic = "plant/5/x", .topic_len = 9};
	struct dp_match_result result;
	struct sum sum = {0};

	begin(64);
	for (uint16_t i = 0; i < 10; i++) {
		key.tenant = i & 1;
		dp_match_burst(match, &key, 1, &result);
	}
	dp_match_topics_each(match, add_up, &sum);
	cr_expect_eq(sum.rows, 2);
	cr_expect_eq(sum.events, 10);
	cr_expect_eq(sum.receivers, 1);
}

Test(topics, that_change_while_they_are_read_are_left_out)
{
	struct dp_entry *entry;
	struct sum sum = {0};
	uint32_t topic = 3;

	begin(64);
	publish(&topic, 1);
	entry = match->cache.entry;
	while (!entry->used)
		entry++;
	entry->seq++;
	dp_match_topics_each(match, add_up, &sum);
	cr_expect_eq(sum.rows, 0);
	entry->seq++;
	dp_match_topics_each(match, add_up, &sum);
	cr_expect_eq(sum.rows, 1);
}

Test(topics, whose_large_results_make_room_for_others_keep_their_counts)
{
	struct sum sum = {0};

	begin(64);
	for (uint32_t session = 2; session < 3000; session++)
		(void)fixture_add(0, "plant/+/x", session, 0);
	(void)fixture_publish();
	for (unsigned round = 0; round < 5; round++)
		for (uint32_t topic = 1; topic < 60; topic++)
			publish(&topic, 1);
	dp_match_topics_each(match, add_up, &sum);
	cr_expect_eq(sum.events, total);
	cr_expect_eq(rest().events, 0);
}

/* Straight into records: @events of the topic with this id. */
static void take(uint64_t id, uint64_t count)
{
	char text[16] = "topic";
	struct dp_topic_part part = {.topic = text, .topic_len = 5, .id = id, .events = count};

	dp_topics_take(&match->cache.topics, &part);
}

static uint64_t recorded(uint64_t id)
{
	const struct dp_topics_memory *memory = match->cache.topics.memory;

	for (unsigned i = 0; i < DP_TOPIC_RECORDS; i++)
		if (memory->record[i].id == id)
			return memory->record[i].events;
	return 0;
}

Test(topics, that_come_once_do_not_wash_out_the_frequent_ones)
{
	static uint64_t frequent[1000], sent[1000];
	unsigned kept = 0;

	begin(64);
	for (unsigned i = 0; i < RH_ARRAY_LEN(frequent); i++)
		frequent[i] = roll() | 1;
	for (unsigned i = 0; i < 1000000; i++) {
		unsigned which = (unsigned)(roll() % RH_ARRAY_LEN(frequent));

		take(i % 4 ? roll() & ~1ULL : frequent[which], 1);
		sent[which] += i % 4 == 0;
	}
	for (unsigned i = 0; i < RH_ARRAY_LEN(frequent); i++)
		kept += recorded(frequent[i]) * 2 > sent[i];
	cr_expect_gt(kept, 800, "%u of 1000", kept);
}

Test(topics, that_find_all_records_taken_are_admitted_after_a_while)
{
	unsigned kept = 0;

	begin(64);
	for (unsigned i = 0; i < 20000; i++)
		take(roll() & ~1ULL, 1);
	for (unsigned i = 0; i < 100; i++) {
		uint64_t id = roll() | 1;

		for (unsigned k = 0; k < 300; k++)
			take(id, 1);
		kept += recorded(id) > 200;
	}
	cr_expect_gt(kept, 90, "%u of 100", kept);
}

Test(topics, of_yesterday_make_room)
{
	unsigned before = 0, after = 0;
	uint32_t stamp;

	begin(64);
	stamp = first_stamp;
	for (unsigned i = 0; i < 20000; i++)
		take(roll() & ~1ULL, 100000);
	for (unsigned i = 0; i < 200; i++) {
		uint64_t id = roll() | 1;

		take(id, 10);
		before += recorded(id) != 0;
	}
	for (unsigned i = 0; i < 20 * DP_TOPIC_SETS; i++)
		dp_match_tick(match, (uint64_t)++stamp << DP_TOPIC_STAMP_SHIFT);
	for (unsigned i = 0; i < 200; i++) {
		uint64_t id = roll() | 1;

		take(id, 10);
		after += recorded(id) != 0;
	}
	cr_expect(before < 10 && after > 190, "%u before, %u after", before, after);
}
