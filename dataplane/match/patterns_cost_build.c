/* What a tenant's databases cost a worker, measured on payloads of its own. */

#include "dataplane/api/samples.h"
#include "dataplane/base/typical.h"
#include "dataplane/match/judge.h"
#include "dataplane/match/table_priv.h"

#include <errno.h>

struct scan {
	const struct dp_patterns *patterns;
	struct dp_judge *judge;
};

static void scan_run(void *arg, const uint8_t *bytes, uint32_t len)
{
	struct scan *scan = arg;

	(void)dp_content_scan(scan->patterns, scan->judge->owner, bytes, len, &scan->judge->matched);
	dp_matched_clear(&scan->judge->matched);
}

int dp_table_patterns_cost(
	struct dp_table *table, uint16_t tenant, const struct dp_samples *samples, uint32_t *centicycles)
{
	const struct dp_snapshot *now = table->snapshot;
	struct scan scan = {.judge = table->judge};
	struct rh_typical_payload one[DP_SAMPLES];

	scan.patterns = tenant < now->tenants ? now->patterns[tenant] : NULL;
	if (!scan.patterns || !samples->count)
		return -ENOENT;
	for (uint32_t i = 0; i < samples->count; i++)
		one[i] = (struct rh_typical_payload){samples->bytes[i], samples->len[i]};
	dp_matched_clear(&scan.judge->matched);
	*centicycles = rh_typical_cost(scan_run, &scan, one, samples->count);
	return 0;
}
