/* Whose loss is an inversion, and whose is not. Times in ms from the start of the trial. */

#include "perf/gen/inversions.h"

#include "tests/lib/random.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdbool.h>

#define MS	    1000000ull
#define START	    (5 * MS)
#define DURATION    1000
#define QUEUE_MS    200
#define SUBSCRIBERS 3
#define NEVER	    UINT32_MAX
#define COPIES	    400

static struct inversions *v;

static void setup(uint64_t queue_ms)
{
	struct inversions_spec spec = {SUBSCRIBERS, DURATION * MS, queue_ms * MS};
	struct rh_error err = {""};

	cr_assert_eq(inversions_create(&v, &spec, &err), 0, "%s", err.text);
	inversions_begin(v, START);
}

static void by_time(void)
{
	setup(QUEUE_MS);
}

static void by_size(void)
{
	setup(0);
}

static void teardown(void)
{
	inversions_destroy(v);
}

TestSuite(by_time, .init = by_time, .fini = teardown);
TestSuite(by_size, .init = by_size, .fini = teardown);

static void copy(uint32_t subscriber, uint8_t class, uint32_t sent_ms, uint32_t received_ms)
{
	inversions_sent(v, subscriber, class, START + sent_ms * MS);
	if (received_ms != NEVER)
		inversions_received(v, subscriber, class, START + sent_ms * MS, START + received_ms * MS);
}

Test(by_time, a_lower_copy_that_got_through_while_a_higher_waited_is_one)
{
	copy(0, 3, 100, NEVER);
	copy(0, 1, 150, 151);
	cr_assert_eq(inversions_count(v), 1);
	copy(0, 3, 110, NEVER);
	copy(0, 6, 110, NEVER);
	cr_assert_eq(inversions_count(v), 3);
	cr_assert_eq(inversions_count(v), 3, "asking changes nothing");
}

Test(by_time, before_it_came_and_after_its_time_is_over_none_is)
{
	copy(0, 3, 300, NEVER);
	copy(0, 1, 200, 299);
	copy(0, 1, 310, 500);
	copy(0, 1, 499, 520);
	cr_assert_eq(inversions_count(v), 0);
	copy(0, 1, 310, 499);
	cr_assert_eq(inversions_count(v), 1);
}

Test(by_time, what_the_wire_may_take_is_left_out)
{
	copy(0, 3, 300, NEVER);
	copy(0, 1, 290, 300 + 2 * INVERSIONS_GUARD - 1);
	cr_assert_eq(inversions_count(v), 0);
	copy(0, 1, 290, 300 + 2 * INVERSIONS_GUARD);
	cr_assert_eq(inversions_count(v), 1);
}

Test(by_time, higher_and_equal_classes_and_other_subscribers_take_nothing_from_it)
{
	copy(0, 3, 100, NEVER);
	copy(0, 3, 100, 150);
	copy(0, 6, 100, 150);
	copy(1, 1, 100, 150);
	cr_assert_eq(inversions_count(v), 0);
}

Test(by_time, losses_without_lower_ones_and_no_losses_are_none)
{
	copy(2, 1, 100, NEVER);
	copy(2, 6, 100, NEVER);
	copy(2, 7, 100, 101);
	cr_assert_eq(inversions_count(v), 0);
}

Test(by_time, the_end_of_the_trial_is_judged_and_nothing_behind_it)
{
	copy(0, 3, 999, NEVER);
	copy(0, 1, 999, 1100);
	cr_assert_eq(inversions_count(v), 1);
	copy(0, 3, 5000, NEVER);
	copy(0, 1, 5000, 9000);
	cr_assert_eq(inversions_count(v), 1);
}

Test(by_size, a_lower_copy_that_was_there_before_and_got_through_is_one)
{
	copy(0, 3, 100, NEVER);
	copy(0, 1, 101, 180);
	cr_assert_eq(inversions_count(v), 0, "it came later: its place was free then");
	copy(0, 1, 100 - INVERSIONS_GUARD, 100 + 2 * INVERSIONS_GUARD + 1);
	cr_assert_eq(inversions_count(v), 1);
}

Test(by_size, one_that_had_left_or_may_have_left_is_none)
{
	copy(0, 3, 100, NEVER);
	copy(0, 1, 50, 99);
	copy(0, 1, 50, 100 + 2 * INVERSIONS_GUARD);
	copy(0, 1, 100 - INVERSIONS_GUARD + 1, 900);
	cr_assert_eq(inversions_count(v), 0);
}

/* The definition, copy by copy. */
struct one {
	uint32_t subscriber, sent, received;
	uint8_t class;
};

static bool is_inversion(const struct one *lost, const struct one *lower, uint32_t queue_ms)
{
	if (lower->received == NEVER || lower->subscriber != lost->subscriber || lower->class >= lost->class)
		return false;
	if (lower->received >= lost->sent + 2 * INVERSIONS_GUARD && lower->received < lost->sent + queue_ms)
		return true;
	return lower->sent + INVERSIONS_GUARD <= lost->sent && lost->sent < lower->received - 2 * INVERSIONS_GUARD &&
	       lower->received > lower->sent + 3 * INVERSIONS_GUARD;
}

static void compare(uint32_t queue_ms, struct rnd *rnd)
{
	static struct one all[COPIES];
	uint64_t found = 0;

	for (uint32_t i = 0; i < COPIES; i++) {
		struct one *one = &all[i];

		*one = (struct one){.subscriber = rnd_below(rnd, SUBSCRIBERS), .sent = rnd_below(rnd, DURATION),
			.class = (uint8_t)rnd_below(rnd, INVERSIONS_CLASSES), .received = NEVER};
		/* Mostly the higher ones get through. */
		if (rnd_below(rnd, 8) <= one->class)
			one->received = one->sent + rnd_below(rnd, 150);
		copy(one->subscriber, one->class, one->sent, one->received);
	}
	for (uint32_t i = 0; i < COPIES; i++) {
		bool any = false;

		for (uint32_t k = 0; k < COPIES && all[i].received == NEVER; k++)
			any |= is_inversion(&all[i], &all[k], queue_ms);
		found += any;
	}
	cr_assert_eq(inversions_count(v), found, "%lu, not %lu", inversions_count(v), found);
	cr_assert(found > 0 && found < COPIES / 2);
}

Test(by_time, are_those_of_the_definition)
{
	struct rnd rnd;

	rnd_init(&rnd, "inversions by time");
	compare(QUEUE_MS, &rnd);
}

Test(by_size, are_those_of_the_definition)
{
	struct rnd rnd;

	rnd_init(&rnd, "inversions by size");
	compare(0, &rnd);
}

Test(inversions, more_than_a_gibibyte_is_refused)
{
	struct inversions_spec spec = {1000000, DURATION * MS, 0};
	struct rh_error err = {""};

	cr_assert_eq(inversions_create(&v, &spec, &err), -ENOMEM);
	cr_assert(strstr(err.text, "1000000"), "%s", err.text);
}
