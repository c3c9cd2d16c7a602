#include "controlplane/subs/turns.h"

#include "dataplane/base/clock.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define PAYERS 4096
#define JOB_NS (50 * RH_NS_PER_MS)

static struct cp_turns turns;
static uint64_t now = 1000 * RH_NS_PER_S;

static void start(void)
{
	cr_assert_eq(cp_turns_init(&turns, PAYERS), 0);
}

static void stop(void)
{
	cp_turns_fini(&turns);
}

TestSuite(turns, .init = start, .fini = stop, .timeout = 30);

static struct cp_turn *ask(uint32_t payer)
{
	struct cp_turn *turn = calloc(1, sizeof(*turn));

	cp_turns_push(&turns, turn, payer);
	return turn;
}

/* Work one job of @took_ns off; whose it was. */
static uint32_t work(uint64_t took_ns)
{
	struct cp_turn *turn = cp_turns_take(&turns, now);
	uint32_t payer = turn->payer;

	now += took_ns;
	cp_turns_charge(&turns, payer, took_ns, now);
	free(turn);
	return payer;
}

static void drain(void)
{
	struct cp_turn *turn;

	while ((turn = cp_turns_take(&turns, now)))
		free(turn);
}

/* Payers 1 to @hogs keep ten jobs waiting all the time; how long does the job of payer 0 wait? */
static uint64_t wait_behind(uint32_t hogs)
{
	uint64_t since;

	for (uint32_t hog = 1; hog <= hogs; hog++) {
		for (int i = 0; i < 10; i++)
			(void)ask(hog);
	}
	for (uint32_t i = 0; i < 3 * hogs; i++)
		(void)ask(work(JOB_NS));
	since = now;
	(void)ask(0);
	for (uint32_t payer; (payer = work(JOB_NS)) != 0;)
		(void)ask(payer);
	drain();
	return now - since;
}

Test(turns, who_has_used_little_waits_for_nobody_however_many_others_keep_asking)
{
	cr_assert_eq(wait_behind(1), JOB_NS);
	cr_assert_eq(wait_behind(4), JOB_NS);
	cr_assert_eq(wait_behind(20), JOB_NS);
}

Test(turns, thousands_that_were_served_minutes_ago_are_still_behind_a_newcomer)
{
	cr_assert_eq(wait_behind(4000), JOB_NS);
}

Test(turns, equals_take_turns)
{
	unsigned got[4] = {0};

	for (uint32_t payer = 1; payer <= 3; payer++) {
		for (int i = 0; i < 50; i++)
			(void)ask(payer);
	}
	for (int i = 0; i < 60; i++)
		got[work(JOB_NS)]++;
	for (uint32_t payer = 1; payer <= 3; payer++)
		cr_assert(got[payer] >= 18 && got[payer] <= 22, "%u", got[payer]);
	drain();
}

Test(turns, time_counts_and_not_the_number_of_jobs)
{
	unsigned cheap = 0;

	for (int i = 0; i < 100; i++) {
		(void)ask(1);
		(void)ask(2);
	}
	for (int i = 0; i < 44; i++) {
		struct cp_turn *turn = cp_turns_take(&turns, now);
		uint64_t took = turn->payer == 1 ? 10 * JOB_NS : JOB_NS;

		cheap += turn->payer == 2;
		cp_turns_charge(&turns, turn->payer, took, now);
		free(turn);
	}
	cr_assert_eq(cheap, 40);
	drain();
}

Test(turns, a_payer_s_jobs_keep_their_order)
{
	struct cp_turn *first = ask(1), *second = ask(1), *third = ask(1);

	cr_assert_eq(cp_turns_waiting(&turns, 1), 3);
	cr_assert_eq(cp_turns_take(&turns, now), first);
	cr_assert_eq(cp_turns_take(&turns, now), second);
	cr_assert_eq(cp_turns_take(&turns, now), third);
	cr_assert_null(cp_turns_take(&turns, now));
	free(first);
	free(second);
	free(third);
}

Test(turns, an_account_is_forgotten_with_time)
{
	cp_turns_charge(&turns, 1, 100 * JOB_NS, now);
	(void)ask(1);
	(void)ask(2);
	cp_turns_charge(&turns, 2, JOB_NS, now);
	cr_assert_eq(work(0), 2);
	(void)ask(2);
	now += 100 * CP_TURNS_HALF_NS;
	cp_turns_charge(&turns, 2, JOB_NS, now);
	cr_assert_eq(work(0), 1);
	drain();
}

Test(turns, what_another_wants_too_comes_at_the_earlier_turn)
{
	struct cp_turn *mine, *wanted;

	cp_turns_charge(&turns, 1, JOB_NS, now);
	mine = ask(1);
	wanted = ask(1);
	cp_turns_join(&turns, wanted, 2, now);
	cr_assert_eq(cp_turns_waiting(&turns, 1), 1);
	cr_assert_eq(cp_turns_take(&turns, now), wanted);
	cr_assert_eq(wanted->payer, 2);
	/* The other way round it stays where it is. */
	cp_turns_push(&turns, wanted, 2);
	cp_turns_join(&turns, wanted, 1, now);
	cr_assert_eq(wanted->payer, 2);
	drain();
	(void)mine;
}
