/* A tenant's bucket: what is there, what an event is expected to take, and what it owes. */

#include "dataplane/match/budget.h"

#include <criterion/criterion.h>

#define HZ	2000000000
#define TENANT	9
#define EXPECTED(bytes) (((bytes) + DP_BUDGET_BYTES_LEAST) * (uint64_t)DP_BUDGET_FIRST)

static struct dp_budget *budget;
static uint64_t burst;

static void start(void)
{
	budget = dp_budget_create(2, HZ);
	cr_assert_not_null(budget);
}

static void stop(void)
{
	dp_budget_destroy(budget);
}

TestSuite(budget, .init = start, .fini = stop);

static struct dp_account *account(void)
{
	return &budget->account[TENANT];
}

/* As if so much of the bucket had been filled up since. */
static void wait_for(int64_t cycles)
{
	account()->filled_tsc -= (uint64_t)cycles * 65536 / budget->share;
}

Test(budget, a_bucket_is_a_share_of_so_many_ms)
{
	cr_assert_eq(budget->depth, HZ / 1000 * DP_BUDGET_MS / 50);
	cr_assert(dp_budget_allows(budget, TENANT, 100, ++burst));
	cr_assert_eq(account()->cycles, budget->depth, "full at first");
}

Test(budget, a_tenant_that_nobody_knows_is_not_taken_for_cheap)
{
	uint64_t most = (uint64_t)budget->depth / DP_BUDGET_FIRST - DP_BUDGET_BYTES_LEAST;

	cr_assert(dp_budget_allows(budget, TENANT, (uint32_t)most, ++burst));
	cr_assert_not(dp_budget_allows(budget, TENANT, 0, burst), "all of it is kept for the first");
	cr_assert(dp_budget_allows(budget, TENANT + 1, 0, burst), "another tenant's is its own");
}

Test(budget, a_debt_is_paid_from_the_share)
{
	cr_assert(dp_budget_allows(budget, TENANT, 100, ++burst));
	dp_budget_charge(budget, TENANT, (uint64_t)budget->depth + 100000);
	cr_assert_eq(account()->cycles, -100000);
	cr_assert_not(dp_budget_allows(budget, TENANT, 0, ++burst));
	wait_for(budget->depth / 2);
	cr_assert_not(dp_budget_allows(budget, TENANT, 64000, ++burst), "it took a bucket and more for 100 bytes");
	for (int i = 0; i < 500; i++)
		dp_budget_learn(budget, TENANT, 64000, 64000);
	cr_assert(dp_budget_allows(budget, TENANT, 100, ++burst));
	cr_assert_geq(account()->cycles, budget->depth / 2 - 100000 - 1);
}

Test(budget, no_event_is_begun_that_would_take_more_than_there_is)
{
	cr_assert(dp_budget_allows(budget, TENANT, 1000, ++burst));
	/* A thousand bytes took as much as a bucket. */
	dp_budget_charge(budget, TENANT, (uint64_t)budget->depth);
	wait_for(2 * budget->depth);
	cr_assert(dp_budget_allows(budget, TENANT, 800, ++burst));
	cr_assert_not(dp_budget_allows(budget, TENANT, 800, burst), "two of them are more than a bucket");
	cr_assert_not(dp_budget_allows(budget, TENANT, 65536, ++burst));
	/* Somebody else finds them cheap: it falls, slowly. */
	dp_budget_learn(budget, TENANT, 65536, 1000);
	cr_assert_not(dp_budget_allows(budget, TENANT, 65536, ++burst));
	for (int i = 0; i < 200; i++)
		dp_budget_learn(budget, TENANT, 65536, 1000);
	cr_assert(dp_budget_allows(budget, TENANT, 65536, ++burst));
}

Test(budget, idle_time_pays_first)
{
	int64_t most = budget->idle_depth;

	cr_assert_eq(most, HZ / 1000 * DP_BUDGET_IDLE_MS);
	dp_budget_idle(budget, 1000);
	dp_budget_idle(budget, HZ);
	cr_assert_eq(budget->idle, most, "no more is kept");
	cr_assert(dp_budget_allows(budget, TENANT, 0, ++burst));
	dp_budget_charge(budget, TENANT, (uint64_t)most - 10);
	cr_assert_eq(account()->cycles, budget->depth);
	dp_budget_charge(budget, TENANT, 110);
	cr_assert_eq(budget->idle, 0);
	cr_assert_eq(account()->cycles, budget->depth - 100);
}

Test(budget, who_owes_uses_idle_time_nevertheless)
{
	cr_assert(dp_budget_allows(budget, TENANT, 0, ++burst));
	account()->cycles = -HZ;
	cr_assert_not(dp_budget_allows(budget, TENANT, 0, ++burst));
	dp_budget_idle(budget, HZ);
	cr_assert(dp_budget_allows(budget, TENANT, 0, ++burst));
	cr_assert_lt(account()->cycles, 0, "a debt is not paid by it");
}

/* What is measured replaces what was expected, within a burst too. */
Test(budget, what_a_burst_has_spent_was_expected)
{
	int n = 0;

	burst++;
	while (dp_budget_allows(budget, TENANT, 0, burst)) {
		dp_budget_charge(budget, TENANT, EXPECTED(0));
		n++;
	}
	cr_assert_eq(n, budget->depth / (int64_t)EXPECTED(0));
	cr_assert_eq(account()->worker_cycles, n * EXPECTED(0));
}

Test(budget, a_meter_turns_where_the_tenant_changes)
{
	struct dp_meter meter = {.budget = budget};
	uint64_t before = rh_tsc(), first, second;

	dp_meter_begin(&meter, 1);
	dp_meter_turn(&meter, 1);
	dp_meter_turn(&meter, 2);
	dp_meter_end(&meter);
	first = budget->account[1].worker_cycles;
	second = budget->account[2].worker_cycles;
	cr_assert_gt(first, 0);
	cr_assert_gt(second, 0);
	cr_assert_leq(first + second, rh_tsc() - before);
	cr_assert_eq(budget->cycles, first + second);
}
