#include "dataplane/node/node.h"

#include <rte_ethdev.h>

static unsigned bucket_of(uint32_t fill)
{
	unsigned b = fill ? 32 - (unsigned)__builtin_clz(fill) : 0;

	return b < DP_BURST_BUCKETS ? b : DP_BURST_BUCKETS - 1;
}

static void count_received(struct dp_ctx *ctx, struct rte_mbuf **frames, uint32_t n)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < n; i++) {
		bytes += rte_pktmbuf_pkt_len(frames[i]);
		rh_prefetch(rte_pktmbuf_mtod(frames[i], void *));
	}
	dp_count(ctx, rx_datagrams, n);
	dp_count(ctx, rx_bytes, bytes);
}

uint32_t dp_node_rx(struct dp_ctx *ctx, struct dp_rxq *rxq)
{
	struct rte_mbuf *frames[DP_BURST];
	uint32_t room = ctx->rx_left < DP_BURST ? (uint32_t)ctx->rx_left : DP_BURST;
	uint32_t n = room ? rte_eth_rx_burst(rxq->ethdev, rxq->queue, frames, (uint16_t)room) : 0;

	rh_add_relaxed(&ctx->counters.burst_fill[bucket_of(n)], 1);
	if (!n)
		return 0;
	ctx->rx_left -= n;
	count_received(ctx, frames, n);
	dp_stage_end(ctx, DP_STAGE_RX);
	dp_node_classify(ctx, rxq->port, rxq->check_in_software, frames, n);
	return n;
}
