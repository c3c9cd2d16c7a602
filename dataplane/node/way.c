#include "dataplane/node/way.h"

#include "dataplane/node/encap.h"
#include "dataplane/node/transmit.h"

#include <rte_lcore.h>
#include <rte_mempool.h>

bool dp_way_turn(struct dp_way *way, const struct dp_ctx *ctx, uint64_t word)
{
	dp_adj_id_t adjacency = (dp_adj_id_t)word;
	struct rte_mempool_cache *cache;
	const struct dp_hop *hop;
	struct dp_txq *txq;

	if (word != dp_way_of(adjacency, ctx->worker, DP_IPV4_TEMPLATE))
		return false;
	hop = rh_rcu_deref(ctx->tables->hops[adjacency]);
	txq = dp_txq_of(ctx, hop);
	if (!txq)
		return false;
	cache = rte_mempool_default_cache(txq->pool, rte_lcore_id());
	if (!cache)
		return false;
	*way = (struct dp_way){.slots = way->slots,
		.word = word,
		.hop = hop,
		.txq = txq,
		.cache = cache,
		.headers_len = hop->l2_len + DP_TEMPLATE_MAX,
		.turns = way->turns + 1};
	return true;
}
