#include "dataplane/match/budget.h"

#define SHARE_ONE 65536
/* Longer than that nobody has to be remembered: a debt of an hour's share is paid. Its product with a share fits. */
#define ELAPSED_MAX (1ULL << 43)
/* What an event is expected to cost falls by so much of the difference with each burst that cost less. */
#define FALL 16

static void fill(const struct dp_budget *budget, struct dp_account *account)
{
	uint64_t now = rh_tsc(), elapsed = now - account->filled_tsc;

	elapsed = elapsed < ELAPSED_MAX ? elapsed : ELAPSED_MAX;
	account->filled_tsc = now;
	account->cycles += (int64_t)(elapsed * budget->share / SHARE_ONE);
	if (account->cycles > budget->depth)
		account->cycles = budget->depth;
}

/* Rises at once, falls slowly: what is taken for cheap and is dear is a debt. */
static void learn(struct dp_account *account, uint64_t weight, uint64_t cycles)
{
	uint64_t found = cycles * 256 / weight;

	if (found >= account->cycles_per_byte)
		account->cycles_per_byte = found;
	else
		account->cycles_per_byte -= (account->cycles_per_byte - found + FALL - 1) / FALL;
}

static void burst_begin(const struct dp_budget *budget, struct dp_account *account, uint64_t burst)
{
	if (rh_unlikely(!account->filled_tsc))
		account->cycles_per_byte = 256 * DP_BUDGET_FIRST;
	else if (account->weight)
		learn(account, account->weight, account->spent);
	account->burst = burst;
	account->expected = account->weight = account->spent = 0;
	fill(budget, account);
}

bool dp_budget_allows(struct dp_budget *budget, uint16_t tenant, uint32_t bytes, uint64_t burst)
{
	struct dp_account *account = &budget->account[tenant];
	uint64_t weight = (uint64_t)bytes + DP_BUDGET_BYTES_LEAST, expected, left;

	if (account->burst != burst)
		burst_begin(budget, account, burst);
	expected = account->expected + weight * account->cycles_per_byte / 256;
	left = (uint64_t)(budget->idle + (account->cycles > 0 ? account->cycles : 0));
	/* What the burst has spent so far was expected. */
	if (!left || expected > left + account->spent)
		return false;
	account->expected = expected;
	account->weight += weight;
	return true;
}

void dp_budget_charge(struct dp_budget *budget, uint16_t tenant, uint64_t cycles)
{
	struct dp_account *account = &budget->account[tenant];
	int64_t idle = (int64_t)cycles < budget->idle ? (int64_t)cycles : budget->idle;

	budget->idle -= idle;
	account->cycles -= (int64_t)cycles - idle;
	account->spent += cycles;
	rh_add_relaxed(&account->worker_cycles, cycles);
	budget->cycles += cycles;
}

void dp_budget_learn(struct dp_budget *budget, uint16_t tenant, uint32_t bytes, uint64_t cycles)
{
	learn(&budget->account[tenant], (uint64_t)bytes + DP_BUDGET_BYTES_LEAST, cycles);
}
