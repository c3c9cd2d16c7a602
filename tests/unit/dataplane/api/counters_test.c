#include "dataplane/api/counters.h"

#include <criterion/criterion.h>
#include <string.h>

static struct dp_counters a, b;

Test(counters, sum_takes_every_field)
{
	uint64_t *words = (uint64_t *)&b;
	size_t count = (offsetof(struct dp_counters, copies_queued) + 8) / 8;

	for (size_t i = 0; i < count; i++)
		words[i] = i + 1;
	dp_counters_add(&a, &b);
	dp_counters_add(&a, &b);
	words = (uint64_t *)&a;
	for (size_t i = 0; i < count; i++)
		if (&words[i] != &a.longest_loop_cycles)
			cr_expect_eq(words[i], 2 * (i + 1), "word %zu", i);
	cr_expect_eq(a.longest_loop_cycles, b.longest_loop_cycles);
}

Test(counters, laws_hold_when_sides_balance)
{
	struct dp_laws laws;

	a.rx_datagrams = 10;
	a.event_datagrams = 4;
	a.control_datagrams = 3;
	a.punted_datagrams = 1;
	a.drop_datagrams[DP_DROP_CHECKSUM] = 2;
	a.events_parsed = 7;
	a.events_originated = 1;
	a.events_matched = 2;
	a.events_unmatched = 3;
	a.events_consumed = 1;
	a.drop_events[DP_DROP_DUPLICATE] = 2;
	a.copies_made = 9;
	a.copies_tx = 5;
	a.copies_queued = 3;
	a.drop_copies[DP_DROP_STOPPED] = 1;
	dp_counters_laws(&a, &laws);
	cr_expect_eq(laws.datagrams, 0);
	cr_expect_eq(laws.events, 0);
	cr_expect_eq(laws.copies, 0);
}

Test(counters, laws_show_what_is_missing_on_either_side)
{
	struct dp_laws laws;

	a.rx_datagrams = 1;
	a.events_matched = 2;
	a.drop_copies[DP_DROP_STOPPED] = 3;
	dp_counters_laws(&a, &laws);
	cr_expect_eq(laws.datagrams, 1);
	cr_expect_eq(laws.events, -2);
	cr_expect_eq(laws.copies, -3);
}
