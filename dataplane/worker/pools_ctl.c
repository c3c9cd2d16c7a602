/*
 * May a received buffer leave by any port? A copy that is the frame its event came in waits in a transmit queue as a buffer of
 * the receiving port. If all queues together could hold more of them than the pool can spare, a device that takes nothing
 * would stop another port's reception; then copies are made in buffers of the port they leave by.
 */

#include "dataplane/worker/engine_priv.h"

#include "dataplane/base/log.h"
#include "dataplane/port/port_priv.h"

#include <rte_mempool.h>

/* What a core's cache of a pool may hold back from the other cores: rte_mempool flushes at one and a half times its size. */
#define CACHE_MOST (RTE_MEMPOOL_CACHE_MAX_SIZE * 3 / 2)

/* Received buffers that all workers' bursts, caches and transmit queues can hold at one time. */
static uint32_t abroad_most(const struct dp_engine *eng)
{
	uint32_t n = 0;

	for (uint32_t w = 0; w < eng->conf.worker_count; w++) {
		const struct dp_ctx *ctx = eng->ctx[w];

		n += CACHE_MOST + DP_BURST;
		for (uint32_t q = 0; q < ctx->rxq_count; q++)
			n += dp_port_tx_descriptors(ctx->rxq[q].port) + DP_TX_REUSE_WAITING;
	}
	return n;
}

static void lends_set(struct dp_engine *eng, uint32_t port, bool lends)
{
	for (uint32_t w = 0; w < eng->conf.worker_count; w++)
		eng->ctx[w]->lends[port] = lends;
}

void dp_pools_judge(struct dp_engine *eng)
{
	uint32_t most = abroad_most(eng);

	for (uint32_t port = 0; port < DP_LIMIT_PORTS; port++) {
		uint32_t spare;

		if (eng->port_worker[port] < 0)
			continue;
		spare = rte_mempool_avail_count(dp_port_pool(port));
		lends_set(eng, port, spare >= most);
		if (spare < most)
			rh_log_info(WORKER,
				"port %u: %u buffers to spare, %u needed to send received frames on without copying: raise its buffers",
				port, spare, most);
	}
}
