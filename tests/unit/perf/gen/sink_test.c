/*
 * Each deliberate fault alone, told and counted exactly.
 */

#include "perf/gen/inversions.h"
#include "perf/gen/sink.h"

#include "tests/unit/perf/gen/sink_fixture.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define TRIAL 7

static struct fixture f;
static struct rnd rnd;
static struct trial_result result;
static uint8_t record[FIXTURE_RECORD_MAX];

static void setup(void)
{
	rnd_init(&rnd, "sink");
	fixture_init(&f, &rnd, false);
	sink_trial_begin(f.sink, TRIAL);
}

static void teardown(void)
{
	fixture_fini(&f);
}

TestSuite(sink, .init = setup, .fini = teardown);

static struct stamp stamp_of(uint32_t place, uint64_t sequence)
{
	return (struct stamp){.sequence = sequence,
		.intended_ns = 1000,
		.trial = TRIAL,
		.place = place,
		.publisher = place % FIXTURE_PUBLISHERS};
}

/* Deliver event @sequence of @place to @subscriber, unharmed. */
static enum sink_verdict deliver(uint32_t place, uint64_t sequence, uint32_t subscriber)
{
	struct stamp s = stamp_of(place, sequence);

	fixture_route(&f, &rnd, &s, record);
	return sink_take(f.sink, subscriber, record, f.places[place].len, 1500);
}

/* Everything in @result but what is named here is 0. */
static void expect_counts(struct trial_counts wanted)
{
	sink_trial_end(f.sink, &result);
	cr_assert_eq(result.all.sent, wanted.sent, "sent %lu", result.all.sent);
	cr_assert_eq(result.all.expected, wanted.expected, "expected %lu", result.all.expected);
	cr_assert_eq(result.all.received, wanted.received, "received %lu", result.all.received);
	cr_assert_eq(result.all.lost, wanted.lost, "lost %lu", result.all.lost);
	cr_assert_eq(result.all.reordered, wanted.reordered, "reordered %lu", result.all.reordered);
	cr_assert_eq(result.all.doubled, wanted.doubled, "doubled %lu", result.all.doubled);
	cr_assert_eq(result.all.altered, wanted.altered, "altered %lu", result.all.altered);
	cr_assert_eq(result.all.misdelivered, wanted.misdelivered, "misdelivered %lu",
		result.all.misdelivered);
	cr_assert_eq(result.all.beyond, wanted.beyond, "beyond %lu", result.all.beyond);
	cr_assert_eq(result.all.unsent, wanted.unsent, "unsent %lu", result.all.unsent);
	cr_assert_eq(result.latency.count, wanted.received);
}

static void expect_told(const char *words)
{
	cr_assert(strstr(result.first_fault, words), "'%s' says nothing of '%s'",
		result.first_fault, words);
}

/* One event of @place to all its receivers. */
static void play(uint32_t place, uint64_t sequence)
{
	sink_sent(f.sink, place);
	for (uint32_t i = 0; i < f.places[place].receiver_count; i++)
		cr_assert_eq(deliver(place, sequence, f.places[place].receivers[i]), SINK_RECEIVED);
}

Test(sink, finds_nothing_wrong_with_right_copies)
{
	uint64_t copies = 0;

	for (uint32_t i = 0; i < 5000; i++) {
		play(i % FIXTURE_PLACES, i / FIXTURE_PUBLISHERS + 1);
		copies += f.places[i % FIXTURE_PLACES].receiver_count;
	}
	cr_assert(sink_complete(f.sink));
	cr_assert_eq(sink_progress(f.sink), copies);
	expect_counts((struct trial_counts){.sent = 5000, .expected = copies, .received = copies});
	cr_assert_str_empty(result.first_fault);
	cr_assert_eq(result.subscribers_with_loss, 0);
	cr_assert_eq(result.trial, TRIAL);
}

Test(sink, counts_what_is_lost_by_subscriber_and_class)
{
	uint8_t class = f.places[0].class;

	sink_sent(f.sink, 0);
	sink_sent(f.sink, 0);
	(void)deliver(0, 1, 1);
	(void)deliver(0, 2, 1);
	(void)deliver(0, 2, 3);
	cr_assert_not(sink_complete(f.sink));
	for (int again = 0; again < 2; again++)
		expect_counts(
			(struct trial_counts){.sent = 2, .expected = 6, .received = 3, .lost = 3});
	cr_assert_eq(sink_lost(f.sink, 1, class), 0);
	cr_assert_eq(sink_lost(f.sink, 3, class), 1);
	cr_assert_eq(sink_lost(f.sink, 5, class), 2);
	cr_assert_eq(sink_lost(f.sink, 5, 7), 0);
	cr_assert_eq(result.subscribers_with_loss, 2);
	cr_assert_eq(result.by_class[class].lost, 3);
	cr_assert_eq(result.by_class[class].expected, 6);
	cr_assert_eq(result.by_class[7].expected, 0);
}

/* Of two events for subscriber 1, sent together, one is lost; the other one comes 50 ms later, and again. */
static uint64_t inversions_when(uint32_t lost, uint32_t comes)
{
	const struct inversions_spec spec = {FIXTURE_SUBSCRIBERS, 1000000000, 200000000};
	struct stamp s = stamp_of(comes, 1);
	struct rh_error err = {""};
	struct inversions *v;
	uint64_t n;

	cr_assert_eq(inversions_create(&v, &spec, &err), 0, "%s", err.text);
	inversions_begin(v, 0);
	sink_trial_begin(f.sink, TRIAL);
	sink_watch(f.sink, v);
	inversions_sent(v, 1, f.places[lost].class, 1000);
	inversions_sent(v, 1, f.places[comes].class, 1000);
	f.places[comes].receivers = (const uint32_t[]){1};
	f.places[comes].receiver_count = 1;
	fixture_route(&f, &rnd, &s, record);
	for (int i = 0; i < 2; i++)
		(void)sink_take(f.sink, 1, record, f.places[comes].len, 50000000);
	sink_watch(f.sink, NULL);
	n = inversions_count(v);
	inversions_destroy(v);
	return n;
}

Test(sink, tells_who_watches_which_class_got_through)
{
	cr_assert_gt(f.places[2].class, f.places[0].class);
	cr_assert_eq(inversions_when(2, 0), 1);
	cr_assert_eq(inversions_when(0, 2), 0);
}

Test(sink, finds_doubled_copies_and_leaves_the_first)
{
	play(0, 1);
	play(0, 2);
	cr_assert_eq(deliver(0, 2, 3), SINK_DOUBLED);
	cr_assert_eq(deliver(0, 1, 3), SINK_DOUBLED);
	cr_assert_eq(deliver(0, 1, 3), SINK_DOUBLED);
	expect_counts((struct trial_counts){.sent = 2, .expected = 6, .received = 6, .doubled = 3});
	expect_told("doubled: subscriber 3, place 0, publisher 0, sequence 2");
}

Test(sink, a_doubled_copy_does_not_stand_in_for_a_lost_one)
{
	sink_sent(f.sink, 0);
	(void)deliver(0, 1, 1);
	(void)deliver(0, 1, 1);
	(void)deliver(0, 1, 3);
	expect_counts((struct trial_counts){
		.sent = 1, .expected = 3, .received = 2, .lost = 1, .doubled = 1});
}

Test(sink, finds_reordered_copies_once_each)
{
	sink_sent(f.sink, 0);
	sink_sent(f.sink, 0);
	sink_sent(f.sink, 0);
	cr_assert_eq(deliver(0, 3, 1), SINK_RECEIVED);
	cr_assert_eq(deliver(0, 1, 1), SINK_REORDERED);
	cr_assert_eq(deliver(0, 2, 1), SINK_REORDERED);
	cr_assert_eq(deliver(0, 2, 1), SINK_DOUBLED);
	expect_counts((struct trial_counts){
		.sent = 3, .expected = 9, .received = 3, .lost = 6, .reordered = 2, .doubled = 1});
	expect_told("reordered: subscriber 1, place 0, publisher 0, sequence 1");
}

/* Places 0, 1 and 2 are of different classes, 3 is of that of 0; all from one publisher to
 * subscriber 1. */
Test(sink, order_is_judged_within_publisher_and_class)
{
	for (uint32_t place = 0; place < 4; place++) {
		struct stamp s = {
			.sequence = 10 - place, .intended_ns = 1, .trial = TRIAL, .place = place};

		f.places[place].receivers = f.places[0].receivers;
		f.places[place].receiver_count = f.places[0].receiver_count;
		fixture_route(&f, &rnd, &s, record);
		cr_assert_eq(sink_take(f.sink, 1, record, f.places[place].len, 2),
			place < 3 ? SINK_RECEIVED : SINK_REORDERED,
			"only another class may overtake");
		s.publisher = 1 + place / 3;
		fixture_route(&f, &rnd, &s, record);
		cr_assert_eq(sink_take(f.sink, 1, record, f.places[place].len, 2), SINK_RECEIVED,
			"publishers are apart");
		cr_assert_eq(sink_take(f.sink, 3, record, f.places[place].len, 2), SINK_RECEIVED,
			"subscribers are apart");
	}
}

Test(sink, the_window_ends_after_1024_sequences)
{
	for (int i = 0; i < 4; i++)
		sink_sent(f.sink, 0);
	cr_assert_eq(deliver(0, 5000, 1), SINK_RECEIVED);
	cr_assert_eq(deliver(0, 5000 - SINK_WINDOW + 1, 1), SINK_REORDERED);
	cr_assert_eq(deliver(0, 5000 - SINK_WINDOW + 1, 1), SINK_DOUBLED);
	cr_assert_eq(deliver(0, 5000 - SINK_WINDOW, 1), SINK_BEYOND);
	cr_assert_eq(deliver(0, 1, 1), SINK_BEYOND);
	expect_counts((struct trial_counts){.sent = 4,
		.expected = 12,
		.received = 2,
		.lost = 10,
		.reordered = 1,
		.doubled = 1,
		.beyond = 2});
}

Test(sink, the_window_keeps_its_oldest_sequence)
{
	for (uint64_t highest = 1; highest < 3 * SINK_WINDOW; highest++) {
		cr_assert_eq(deliver(0, highest, 1), SINK_RECEIVED);
		if (highest >= SINK_WINDOW)
			cr_assert_eq(deliver(0, highest - SINK_WINDOW + 1, 1), SINK_DOUBLED);
	}
}

static enum sink_verdict deliver_in(uint32_t trial, uint64_t sequence)
{
	struct stamp s = stamp_of(0, sequence);

	s.trial = trial;
	fixture_route(&f, &rnd, &s, record);
	return sink_take(f.sink, 1, record, f.places[0].len, 1500);
}

/* Bits of old sequences must not speak for new ones that share their place, whatever the step. */
Test(sink, the_window_moves_by_steps_of_any_size)
{
	for (uint32_t step = 2; step < 3 * SINK_WINDOW; step++) {
		uint64_t at = 1 + rnd_below(&rnd, 5000);

		sink_trial_begin(f.sink, step);
		for (int turn = 0; turn < 4; turn++, at += step) {
			cr_assert_eq(deliver_in(step, at), SINK_RECEIVED);
			cr_assert_eq(deliver_in(step, at), SINK_DOUBLED);
			cr_assert_eq(deliver_in(step, at + step - 1), SINK_RECEIVED);
		}
	}
}

Test(sink, finds_misdelivered_copies)
{
	play(0, 1);
	sink_sent(f.sink, 1);
	cr_assert_eq(deliver(0, 1, 0), SINK_MISDELIVERED);
	cr_assert_eq(deliver(0, 1, 2), SINK_MISDELIVERED);
	cr_assert_eq(deliver(0, 1, 9), SINK_MISDELIVERED);
	cr_assert_eq(deliver(1, 1, 4), SINK_MISDELIVERED, "nobody asked for place 1");
	cr_assert_eq(deliver(0, 1, FIXTURE_SUBSCRIBERS), SINK_MISDELIVERED, "no such subscriber");
	expect_counts(
		(struct trial_counts){.sent = 2, .expected = 3, .received = 3, .misdelivered = 5});
	cr_assert_eq(result.by_class[f.places[1].class].misdelivered, 1);
	expect_told("misdelivered: subscriber 0, place 0");
}

/* What a router may do to a bit of the header: another tenant, less time to live, length 0. */
static bool allowed(uint32_t place, uint32_t byte, const uint8_t *got)
{
	uint32_t left = rh_load_be32(got + 32);

	if (byte == 6 || byte == 7 || ((byte == 2 || byte == 3) && !rh_load_be16(got + 2)))
		return true;
	return byte >= 32 && byte < 36 && place % 2 && left > 0 && left <= FIXTURE_TTL_MS;
}

static void flip_every_bit(uint32_t place)
{
	struct stamp s = stamp_of(place, 77);
	uint64_t altered = 0;

	sink_trial_begin(f.sink, TRIAL);
	for (uint32_t bit = 0; bit < f.places[place].len * 8; bit++) {
		uint32_t subscriber = f.places[place].receivers[0];
		enum sink_verdict verdict;

		fixture_route(&f, &rnd, &s, record);
		rh_store_be16(record + 2, (uint16_t)f.places[place].len);
		record[bit / 8] ^= (uint8_t)(1 << bit % 8);
		verdict = sink_take(f.sink, subscriber, record, f.places[place].len, 1500);
		if (!f.spec.reflect && allowed(place, bit / 8, record)) {
			cr_assert_neq(verdict, SINK_ALTERED, "bit %u of byte %u", bit % 8, bit / 8);
			continue;
		}
		cr_assert_eq(verdict, SINK_ALTERED, "place %u: bit %u of byte %u: %s", place,
			bit % 8, bit / 8, sink_verdict_name(verdict));
		altered++;
	}
	sink_trial_end(f.sink, &result);
	cr_assert_eq(result.all.altered, altered);
	cr_assert_leq(result.all.received, 1, "the first that was not altered");
	cr_assert_eq(result.by_class[f.places[place].class].altered, altered - STAMP_BYTES * 8,
		"where the stamp can be read, the class is known");
}

static enum sink_verdict deliver_with_ttl(uint32_t place, uint64_t sequence, uint32_t ttl_ms)
{
	struct stamp s = stamp_of(place, sequence);

	f.places[place].receivers = f.places[0].receivers;
	f.places[place].receiver_count = f.places[0].receiver_count;
	fixture_route(&f, &rnd, &s, record);
	rh_store_be32(record + 32, ttl_ms);
	return sink_take(f.sink, 1, record, f.places[place].len, 1500);
}

Test(sink, time_to_live_may_fall_but_not_to_zero_nor_rise)
{
	cr_assert_eq(deliver_with_ttl(3, 1, FIXTURE_TTL_MS), SINK_RECEIVED);
	cr_assert_eq(deliver_with_ttl(3, 2, FIXTURE_TTL_MS - 1), SINK_RECEIVED);
	cr_assert_eq(deliver_with_ttl(3, 3, 1), SINK_RECEIVED);
	cr_assert_eq(deliver_with_ttl(3, 4, 0), SINK_ALTERED);
	cr_assert_eq(deliver_with_ttl(3, 5, FIXTURE_TTL_MS + 1), SINK_ALTERED);
	cr_assert_eq(deliver_with_ttl(3, 6, UINT32_MAX), SINK_ALTERED);
	cr_assert_eq(deliver_with_ttl(6, 7, UINT32_MAX), SINK_RECEIVED);
	cr_assert_eq(deliver_with_ttl(6, 8, UINT32_MAX - 1), SINK_ALTERED, "none stays none");
}

Test(sink, finds_every_single_altered_bit)
{
	for (uint32_t place = 0; place < FIXTURE_PLACES; place++)
		if (f.places[place].receiver_count)
			flip_every_bit(place);
}

Test(sink, finds_every_single_altered_bit_behind_a_forwarder)
{
	fixture_fini(&f);
	fixture_init(&f, &rnd, true);
	for (uint32_t place = 0; place < FIXTURE_PLACES; place++)
		if (f.places[place].receiver_count)
			flip_every_bit(place);
}

/* Out of bounds would be seen by the address sanitizer: the bytes end where they end. */
Test(sink, records_of_any_other_length_are_altered)
{
	struct stamp s = stamp_of(0, 1);
	uint32_t full = f.places[0].len;

	fixture_route(&f, &rnd, &s, record);
	for (uint32_t len = 0; len <= full + 40; len++) {
		uint8_t *exact = calloc(1, len ? len : 1);

		memcpy(exact, record, len < full ? len : full);
		if (len >= STAMP_BYTES + 16)
			stamp_put(exact, len, &s);
		if (len != full)
			cr_assert_eq(sink_take(f.sink, 1, exact, len, 1500), SINK_ALTERED,
				"%u bytes", len);
		free(exact);
	}
	expect_counts((struct trial_counts){.altered = full + 40});
}

Test(sink, an_altered_copy_comes_instead_of_the_right_one)
{
	struct stamp s = stamp_of(0, 1);

	sink_sent(f.sink, 0);
	(void)deliver(0, 1, 3);
	(void)deliver(0, 1, 5);
	fixture_route(&f, &rnd, &s, record);
	record[60] ^= 0x20;
	cr_assert_eq(sink_take(f.sink, 1, record, f.places[0].len, 1500), SINK_ALTERED);
	expect_counts((struct trial_counts){
		.sent = 1, .expected = 3, .received = 2, .lost = 1, .altered = 1});
	expect_told("altered: subscriber 1, place 0, sequence 1: byte 60 is 0x54, not 0x74");
}

Test(sink, tells_altered_headers_lengths_and_stamps_apart)
{
	struct stamp s = stamp_of(0, 1);

	fixture_route(&f, &rnd, &s, record);
	record[4] ^= 0x80;
	(void)sink_take(f.sink, 1, record, f.places[0].len, 1500);
	expect_counts((struct trial_counts){.altered = 1});
	expect_told("in the PUBLISH header");
	sink_trial_begin(f.sink, TRIAL);
	record[f.places[0].len - 1] ^= 1;
	(void)sink_take(f.sink, 1, record, f.places[0].len, 1500);
	expect_counts((struct trial_counts){.altered = 1});
	expect_told("no stamp");
	sink_trial_begin(f.sink, TRIAL);
	stamp_put(record, 90, &s);
	(void)sink_take(f.sink, 1, record, 90, 1500);
	expect_counts((struct trial_counts){.altered = 1});
	expect_told("90 bytes, not");
}

/* The check is right, what it says cannot be. */
Test(sink, stamps_of_no_event_are_altered)
{
	const struct stamp bad[] = {
		{.sequence = 1, .trial = TRIAL, .place = FIXTURE_PLACES},
		{.sequence = 1, .trial = TRIAL, .place = UINT32_MAX},
		{.sequence = 1, .trial = TRIAL, .publisher = FIXTURE_PUBLISHERS},
		{.sequence = 0, .trial = TRIAL},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct stamp s = stamp_of(0, 1);

		fixture_route(&f, &rnd, &s, record);
		stamp_put(record, f.places[0].len, &bad[i]);
		cr_assert_eq(sink_take(f.sink, 1, record, f.places[0].len, 1500), SINK_ALTERED,
			"stamp %zu", i);
	}
}

Test(sink, the_record_of_another_place_is_altered)
{
	struct stamp s = stamp_of(0, 1), other = stamp_of(3, 1);

	fixture_route(&f, &rnd, &s, record);
	stamp_put(record, f.places[0].len, &other);
	cr_assert_eq(sink_take(f.sink, 1, record, f.places[0].len, 1500), SINK_ALTERED);
}

Test(sink, late_copies_of_an_earlier_trial_are_counted_apart)
{
	struct stamp s = stamp_of(0, 9);

	play(0, 9);
	sink_trial_begin(f.sink, TRIAL + 1);
	cr_assert_eq(deliver(0, 9, 1), SINK_LATE);
	cr_assert_eq(deliver(0, 8, 1), SINK_LATE);
	sink_sent(f.sink, 0);
	sink_sent(f.sink, 0);
	s.trial = TRIAL + 1;
	s.sequence = 10;
	fixture_route(&f, &rnd, &s, record);
	cr_assert_eq(sink_take(f.sink, 1, record, f.places[0].len, 1500), SINK_RECEIVED);
	s.sequence = 5;
	fixture_route(&f, &rnd, &s, record);
	cr_assert_eq(sink_take(f.sink, 1, record, f.places[0].len, 1500), SINK_REORDERED,
		"what an earlier trial had is forgotten");
	expect_counts((struct trial_counts){
		.sent = 2, .expected = 6, .received = 2, .lost = 4, .reordered = 1});
	cr_assert_eq(result.late, 2);
}

Test(sink, copies_of_what_was_never_sent_are_not_hidden)
{
	sink_sent(f.sink, 0);
	(void)deliver(0, 1, 1);
	(void)deliver(0, 2, 1);
	(void)deliver(0, 3, 1);
	expect_counts((struct trial_counts){
		.sent = 1, .expected = 3, .received = 3, .lost = 2, .unsent = 2});
}

Test(sink, latency_runs_from_the_intended_time)
{
	struct stamp s = stamp_of(0, 1);

	fixture_route(&f, &rnd, &s, record);
	(void)sink_take(f.sink, 1, record, f.places[0].len, 1100);
	(void)sink_take(f.sink, 3, record, f.places[0].len, 1000);
	(void)sink_take(f.sink, 5, record, f.places[0].len, 999);
	sink_trial_end(f.sink, &result);
	cr_assert_eq(result.latency.count, 3);
	cr_assert_eq(result.latency.max_ns, 100);
	cr_assert_eq(rh_histogram_min_ns(&result.latency), 0);
	cr_assert_eq(result.early, 1);
	cr_assert_eq(sink_latency(f.sink, f.places[0].class)->count, 3);
	cr_assert_eq(sink_latency(f.sink, 7)->count, 0);
}

Test(sink, verdicts_have_names)
{
	for (int v = 0; v < SINK_VERDICT_COUNT; v++)
		cr_assert_str_neq(sink_verdict_name((enum sink_verdict)v), "unknown");
	cr_assert_str_eq(sink_verdict_name(SINK_VERDICT_COUNT), "unknown");
}
