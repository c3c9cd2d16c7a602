#include "dataplane/api/content.h"

#include "dataplane/match/budget.h"
#include "dataplane/worker/engine_priv.h"

#include <errno.h>

int dp_content_use(const struct dp_engine *eng, uint16_t tenant, struct dp_content_use *out)
{
	struct dp_content_use sum = {0};

	if (!eng->lane || tenant >= DP_LIMIT_TENANTS)
		return -ENOENT;
	for (uint32_t w = 0; w < eng->conf.worker_count; w++) {
		const struct dp_account *account = &eng->ctx[w]->budget->account[tenant];

		sum.worker_cycles += rh_load_relaxed(&account->worker_cycles);
		sum.lane_cycles += rh_load_relaxed(&account->lane_cycles);
		sum.to_lane += rh_load_relaxed(&account->to_lane);
		sum.refused += rh_load_relaxed(&account->refused);
		sum.waiting += rh_load_relaxed(&account->waiting);
		sum.waiting_bytes += rh_load_relaxed(&account->waiting_bytes);
	}
	*out = sum;
	return 0;
}
