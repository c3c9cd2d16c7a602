#include "dataplane/node/sequence.h"

#include <criterion/criterion.h>

enum { N = DP_SEQUENCE_NEW, R = DP_SEQUENCE_RESYNC, D = DP_SEQUENCE_DUPLICATE, S = DP_SEQUENCE_STALE };

struct row {
	uint64_t sequence;
	int verdict;
	int64_t gap;
};

static void run(struct dp_sequence *s, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int64_t gap = 99;
		int verdict = (int)dp_sequence_accept(s, rows[i].sequence, &gap);

		cr_assert_eq(verdict, rows[i].verdict, "row %zu: verdict %d", i, verdict);
		cr_assert_eq(gap, rows[i].gap, "row %zu: gap %ld", i, (long)gap);
	}
}

#define RUN(...)                                                                                   \
	do {                                                                                       \
		static const struct row rows[] = {__VA_ARGS__};                                    \
		struct dp_sequence s = {0};                                                        \
		run(&s, rows, sizeof(rows) / sizeof(rows[0]));                                     \
	} while (0)

Test(sequence, counts_up_without_gaps)
{
	RUN({1, N, 0}, {2, N, 0}, {3, N, 0});
}

Test(sequence, starts_anywhere_without_a_gap)
{
	RUN({500, N, 0}, {501, N, 0}, {503, N, 1});
}

Test(sequence, a_repeated_one_is_a_duplicate_inside_the_window)
{
	RUN({1, N, 0}, {1, D, 0}, {128, N, 126}, {1, D, 0}, {128, D, 0});
}

Test(sequence, one_beyond_the_window_is_stale)
{
	RUN({1, N, 0}, {129, N, 127}, {1, S, 0});
}

Test(sequence, a_jump_of_more_than_2_to_the_32_numbers_anew_and_loses_nothing)
{
	RUN({1, N, 0}, {1 + (1ULL << 32), N, UINT32_MAX});
	RUN({1, N, 0}, {2 + (1ULL << 32), R, 0}, {3 + (1ULL << 32), N, 0}, {1 + (1ULL << 32), N, 0});
	RUN({7, N, 0}, {UINT64_MAX, R, 0}, {UINT64_MAX, D, 0}, {8, S, 0}, {9, R, 0});
}

Test(sequence, a_late_arrival_closes_its_gap_once)
{
	RUN({1, N, 0}, {5, N, 3}, {3, N, -1}, {3, D, 0}, {2, N, -1}, {4, N, -1});
}

Test(sequence, a_late_arrival_from_before_the_first_is_no_gap)
{
	RUN({100, N, 0}, {99, N, 0}, {99, D, 0}, {40, N, 0});
}

Test(sequence, jumps_of_every_size_keep_what_was_seen)
{
	for (uint64_t jump = 1; jump <= 200; jump++) {
		struct dp_sequence s = {0};
		int64_t gap;

		(void)dp_sequence_accept(&s, 1000, &gap);
		(void)dp_sequence_accept(&s, 1001, &gap);
		cr_assert_eq(dp_sequence_accept(&s, 1001 + jump, &gap), DP_SEQUENCE_NEW);
		cr_assert_eq(gap, (int64_t)jump - 1);
		cr_assert_eq(dp_sequence_peek(&s, 1001), jump < 128 ? D : S, "jump %lu", jump);
		cr_assert_eq(dp_sequence_peek(&s, 1000), jump < 127 ? D : S, "jump %lu", jump);
		if (jump > 1)
			cr_assert_eq(dp_sequence_peek(&s, 1001 + jump - 1), N);
	}
}

Test(sequence, two_stale_ones_in_a_row_restart_the_window)
{
	RUN({1000, N, 0}, {1, S, 0}, {2, R, 0}, {3, N, 0}, {2, D, 0}, {1000, N, 996});
}

Test(sequence, stale_ones_that_do_not_follow_each_other_do_not)
{
	RUN({1000, N, 0}, {1, S, 0}, {3, S, 0}, {5, S, 0}, {1001, N, 0});
}

Test(sequence, an_accepted_one_between_two_stale_ones_clears_the_probation)
{
	RUN({1000, N, 0}, {1, S, 0}, {1001, N, 0}, {2, S, 0}, {3, R, 0});
}

Test(sequence, a_duplicate_between_two_stale_ones_does_not_clear_it)
{
	RUN({1000, N, 0}, {1, S, 0}, {1000, D, 0}, {2, R, 0});
}

Test(sequence, works_up_to_the_largest_number)
{
	RUN({UINT64_MAX - 1, N, 0}, {UINT64_MAX, N, 0}, {UINT64_MAX, D, 0}, {1, S, 0}, {2, R, 0});
}

Test(sequence, a_peek_changes_nothing)
{
	struct dp_sequence s = {0};
	int64_t gap;

	cr_assert_eq(dp_sequence_peek(&s, 7), DP_SEQUENCE_NEW);
	cr_assert_eq(s.highest, 0);
	(void)dp_sequence_accept(&s, 1000, &gap);
	cr_assert_eq(dp_sequence_peek(&s, 1), DP_SEQUENCE_STALE);
	cr_assert_eq(dp_sequence_peek(&s, 2), DP_SEQUENCE_STALE);
	cr_assert_eq(s.probe, 0);
}

/* The short way does what the long one would do, or nothing. */
static void follows_as_accepted(const struct dp_sequence *s, uint64_t sequence)
{
	struct dp_sequence shortly = *s, accepted = *s;
	int64_t gap;

	if (!dp_sequence_follow(&shortly, sequence)) {
		cr_assert_arr_eq(&shortly, s, sizeof(*s));
		return;
	}
	cr_assert_eq(dp_sequence_accept(&accepted, sequence, &gap), DP_SEQUENCE_NEW);
	cr_assert_eq(gap, 0);
	cr_assert_arr_eq(&shortly, &accepted, sizeof(*s));
}

Test(sequence, the_next_one_goes_the_short_way)
{
	struct dp_sequence s = {0};
	int64_t gap;

	cr_assert_not(dp_sequence_follow(&s, 1000), "nothing was seen yet");
	follows_as_accepted(&s, 1);
	cr_assert(dp_sequence_follow(&s, 1));
	s = (struct dp_sequence){0};
	(void)dp_sequence_accept(&s, 1000, &gap);
	(void)dp_sequence_accept(&s, 1, &gap);
	cr_assert_neq(s.probe, 0);
	for (uint64_t sequence = 990; sequence < 1010; sequence++)
		follows_as_accepted(&s, sequence);
	cr_assert(dp_sequence_follow(&s, 1001));
	cr_assert_not(dp_sequence_follow(&s, 1001));
	cr_assert_eq(s.probe, 0);
}

/* Numbers @from to @to, each by the short way, as the long one takes them. */
static void follow_all(struct dp_sequence *s, uint64_t from, uint64_t to)
{
	for (; from <= to; from++) {
		follows_as_accepted(s, from);
		cr_assert(dp_sequence_follow(s, from));
	}
}

Test(sequence, the_short_way_clears_the_probation_where_nothing_is_missing)
{
	struct dp_sequence s = {0};
	int64_t gap;

	follow_all(&s, 1, 200);
	cr_assert(!s.missing);
	cr_assert_eq(dp_sequence_accept(&s, 10, &gap), DP_SEQUENCE_STALE);
	follow_all(&s, 201, 201);
	cr_assert_eq(dp_sequence_accept(&s, 11, &gap), DP_SEQUENCE_STALE);
}

Test(sequence, the_short_way_moves_a_gap_through_the_whole_window)
{
	struct dp_sequence s = {0};
	int64_t gap;

	follow_all(&s, 1, 200);
	(void)dp_sequence_accept(&s, 202, &gap);
	for (uint64_t sequence = 203; sequence < 201 + 128; sequence++) {
		follow_all(&s, sequence, sequence);
		cr_assert_eq(dp_sequence_peek(&s, 201), DP_SEQUENCE_NEW, "%lu", sequence);
	}
	follow_all(&s, 201 + 128, 201 + 128);
	cr_assert_eq(dp_sequence_peek(&s, 201), DP_SEQUENCE_STALE);
	cr_assert(!s.missing);
}

/* 0 is no number: it would else come behind the largest. */
Test(sequence, nothing_follows_the_largest_number)
{
	struct dp_sequence s = {0};
	int64_t gap;

	(void)dp_sequence_accept(&s, UINT64_MAX, &gap);
	cr_assert_not(dp_sequence_follow(&s, 0));
	cr_assert_eq(s.highest, UINT64_MAX);
}

/* A plain set of everything seen since the last restart, against random walks. */
Test(sequence, agrees_with_a_plain_model)
{
	static uint8_t seen[4096];
	struct dp_sequence s = {0};
	uint64_t highest = 0, x = 42, lost = 0;
	int64_t gap;

	for (int i = 0; i < 200000 && highest < 4000; i++) {
		uint64_t sequence;

		x = x * 6364136223846793005ULL + 1442695040888963407ULL;
		sequence = highest + (x >> 40) % 5;
		sequence = sequence > (x >> 50) % 160 ? sequence - (x >> 50) % 160 : 1;
		if (!sequence)
			sequence = 1;
		if (highest && sequence + 128 <= highest)
			continue; /* probation has its own tests */
		follows_as_accepted(&s, sequence);
		cr_assert_eq(dp_sequence_accept(&s, sequence, &gap),
			seen[sequence] ? DP_SEQUENCE_DUPLICATE : DP_SEQUENCE_NEW);
		lost += (uint64_t)gap;
		seen[sequence] = 1;
		highest = sequence > highest ? sequence : highest;
	}
	cr_assert_gt(highest, 1000);
	cr_assert_eq(s.highest, highest);
	cr_assert_eq(s.lost, lost);
}
