#include "dataplane/base/pages.h"
#include "dataplane/match/budget.h"

#include <assert.h>

struct dp_budget *dp_budget_create(uint32_t percent, uint64_t tsc_hz)
{
	struct dp_budget *budget = rh_pages_reserve_sparse(sizeof(*budget));

	assert(percent > 0 && percent < 100);
	if (!budget)
		return NULL;
	budget->share = percent * 65536ULL / 100;
	budget->depth = (int64_t)(tsc_hz / 1000 * DP_BUDGET_MS * percent / 100);
	budget->idle_depth = (int64_t)(tsc_hz / 1000 * DP_BUDGET_IDLE_MS);
	return budget;
}

void dp_budget_destroy(struct dp_budget *budget)
{
	rh_pages_release(budget, sizeof(*budget));
}
