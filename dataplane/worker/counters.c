#include "dataplane/api/counters.h"

#include "dataplane/worker/engine_priv.h"

#include <errno.h>
#include <string.h>

_Static_assert(sizeof(struct dp_counters) % sizeof(uint64_t) == 0, "read word by word");

int dp_counters_read(const struct dp_engine *eng, unsigned worker, struct dp_counters *out)
{
	const uint64_t *from;
	uint64_t *to = (uint64_t *)out;

	if (worker >= eng->conf.worker_count)
		return -ENOENT;
	from = (const uint64_t *)&eng->ctx[worker]->counters;
	for (size_t i = 0; i < sizeof(*out) / sizeof(*to); i++)
		to[i] = rh_load_relaxed(&from[i]);
	return 0;
}

void dp_counters_reset_longest(struct dp_engine *eng)
{
	/* A worker that stores a longer loop at the same time wins or loses: either is a loop of about now. */
	for (uint32_t w = 0; w < eng->conf.worker_count; w++)
		rh_store_relaxed(&eng->ctx[w]->counters.longest_loop_cycles, 0);
}

void dp_counters_sum(const struct dp_engine *eng, struct dp_counters *out)
{
	struct dp_counters one;

	memset(out, 0, sizeof(*out));
	for (uint32_t w = 0; w < eng->conf.worker_count; w++) {
		(void)dp_counters_read(eng, w, &one);
		dp_counters_add(out, &one);
	}
}
