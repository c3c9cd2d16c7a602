/*
 * A worker's context: queues, rings, store, lists. All memory is taken here, before the worker runs.
 */

#include "dataplane/worker/engine_priv.h"

#include "dataplane/base/pages.h"
#include "dataplane/node/node.h"
#include "dataplane/node/transmit.h"
#include "dataplane/port/port_priv.h"

#include <errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_ring.h>
#include <rte_ring_elem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATAGRAM_RING 1024 /* datagrams on their way to one other worker */
#define INJECT_BYTES  (4u << 20)
/* Answers to strangers never take more than a quarter of what the control loop is asked to handle. */
#define UNKNOWN_SHARE 4
#define ETHERNET_MAX  18

static struct rte_ring *ring_create(const char *kind, uint32_t from, uint32_t to, unsigned element,
	unsigned count)
{
	char name[RTE_RING_NAMESIZE];

	(void)snprintf(name, sizeof(name), "dp_%s_%u_%u", kind, from, to);
	return rte_ring_create_elem(
		name, element, count, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);
}

static int rings_create(struct dp_ctx *ctx, struct rh_error *err)
{
	uint32_t w = ctx->worker;

	ctx->commands = ring_create("cmd", w, w, sizeof(struct dp_command), DP_LIMIT_COMMAND_RING);
	if (!ctx->commands)
		return rh_error_set(err, ENOMEM, "worker %u: no memory for its command ring", w);
	for (uint32_t to = 0; to < ctx->worker_count; to++) {
		if (to == w)
			continue;
		ctx->copies_to[to] =
			ring_create("copy", w, to, sizeof(struct dp_copy_message), DP_COPY_RING);
		ctx->returns_to[to] = ring_create("back", w, to, sizeof(dp_blob_id_t), DP_RETURN_RING);
		ctx->datagrams_to[to] = ring_create("dgram", w, to, sizeof(void *), DATAGRAM_RING);
		if (!ctx->copies_to[to] || !ctx->returns_to[to] || !ctx->datagrams_to[to])
			return rh_error_set(err, ENOMEM,
				"worker %u: no memory for its rings to worker %u: raise memory-mb", w, to);
	}
	if (dp_bytering_init(&ctx->punts, DP_LIMIT_PUNT_RING) < 0 ||
		dp_bytering_init(&ctx->injects, INJECT_BYTES) < 0)
		return rh_error_set(err, ENOMEM, "worker %u: no memory for its rings to control", w);
	return 0;
}

/* Largest layer 3 packet that fits both the port and one buffer of its pool. */
static uint16_t mtu_of(uint32_t port)
{
	uint16_t room = rte_pktmbuf_data_room_size(dp_port_pool(port)) - RTE_PKTMBUF_HEADROOM - ETHERNET_MAX;
	uint16_t mtu = dp_port_mtu(port);

	return mtu && mtu < room ? mtu : room;
}

static int queue_create(struct dp_ctx *ctx, uint32_t port, struct rh_error *err)
{
	struct dp_rxq *rxq = &ctx->rxq[ctx->rxq_count];
	int ethdev = dp_port_ethdev_id(port);
	struct dp_txq *txq;
	uint32_t queue;
	uint16_t mtu;

	if (port >= DP_LIMIT_PORTS || ethdev < 0 || !dp_port_pool(port))
		return rh_error_set(err, EINVAL, "worker %u: port %u is not open", ctx->worker, port);
	if (ctx->txq[port])
		return rh_error_set(err, EINVAL, "worker %u: port %u is named twice", ctx->worker, port);
	mtu = mtu_of(port);
	if (mtu < DP_MTU_MIN)
		return rh_error_set(err, EINVAL,
			"worker %u: port %u has MTU %u: at least %d, for the smallest datagram a client may ask for (%d bytes over IPv6)",
			ctx->worker, port, mtu, DP_MTU_MIN, RH_DATAGRAM_MIN_MAX);
	if (dp_port_queue_claim(port, &queue) < 0)
		return rh_error_set(err, EINVAL,
			"worker %u: port %u has no queue left: give it to fewer workers", ctx->worker,
			port);
	txq = calloc(1, sizeof(*txq));
	if (!txq)
		return rh_error_set(err, ENOMEM, "worker %u: no memory for a queue", ctx->worker);
	txq->ethdev = (uint16_t)ethdev;
	txq->queue = (uint16_t)queue;
	txq->mtu = mtu;
	txq->pool = dp_port_pool(port);
	ctx->txq[port] = txq;
	*rxq = (struct dp_rxq){.ethdev = (uint16_t)ethdev,
		.queue = (uint16_t)queue,
		.port = port,
		.check_in_software = dp_port_rx_checksum_in_software(port)};
	ctx->rxq_count++;
	return 0;
}

static int queues_create(struct dp_ctx *ctx, const struct dp_worker_conf *conf, struct rh_error *err)
{
	for (uint32_t i = 0; i < conf->port_count; i++) {
		int ret = queue_create(ctx, conf->ports[i], err);

		if (ret < 0)
			return ret;
	}
	return 0;
}

static int lists_create(struct dp_ctx *ctx)
{
	uint32_t slots = ctx->tables->slot_count;

	ctx->nodes = rh_pages_reserve(DP_QUEUE_NODES * sizeof(struct dp_queue_node));
	ctx->node_free = DP_QUEUE_NONE;
	ctx->ready_mask = (uint32_t)rh_pow2_ceil(slots) * 2 - 1;
	ctx->ready = calloc((size_t)ctx->ready_mask + 1, sizeof(*ctx->ready));
	ctx->owned = calloc(slots, sizeof(*ctx->owned));
	ctx->owner_full = calloc(slots, sizeof(*ctx->owner_full));
	ctx->reassemblies = calloc(DP_LIMIT_REASSEMBLY_TOTAL, sizeof(*ctx->reassemblies));
	return ctx->nodes && ctx->ready && ctx->owned && ctx->owner_full && ctx->reassemblies ? 0
											      : -ENOMEM;
}

static void clocks_init(struct dp_ctx *ctx, const struct dp_engine_conf *conf)
{
	ctx->tsc_hz = rh_tsc_hz();
	ctx->cycles_per_ms = ctx->tsc_hz / 1000;
	ctx->rx_left = conf->max_rx_datagrams ? conf->max_rx_datagrams : UINT64_MAX;
	dp_rate_init(&ctx->buckets[DP_PUNT_CLASS_KERNEL], conf->punt_rate, ctx->tsc_hz);
	dp_rate_init(&ctx->buckets[DP_PUNT_CLASS_HELLO], conf->control_rate, ctx->tsc_hz);
	dp_rate_init(&ctx->buckets[DP_PUNT_CLASS_CONTROL], conf->control_rate, ctx->tsc_hz);
	dp_rate_init(&ctx->buckets[DP_PUNT_CLASS_UNKNOWN],
		conf->control_rate ? conf->control_rate / UNKNOWN_SHARE + 1 : 0, ctx->tsc_hz);
}

int dp_worker_create(struct dp_engine *eng, uint32_t worker, struct rh_error *err)
{
	struct dp_ctx *ctx = aligned_alloc(RH_CACHE_LINE, sizeof(*ctx));
	int ret;

	if (!ctx)
		return rh_error_set(err, ENOMEM, "worker %u: no memory", worker);
	memset(ctx, 0, sizeof(*ctx));
	eng->ctx[worker] = ctx;
	ctx->worker = worker;
	ctx->worker_count = eng->conf.worker_count;
	ctx->tables = &eng->tables;
	clocks_init(ctx, &eng->conf);
	if (dp_store_init(&ctx->store) < 0 || lists_create(ctx) < 0)
		return rh_error_set(err, ENOMEM, "worker %u: no memory for its store", worker);
	ret = queues_create(ctx, &eng->conf.workers[worker], err);
	if (ret < 0)
		return ret;
	ret = rings_create(ctx, err);
	if (ret < 0)
		return ret;
	ret = dp_match_create(eng->conf.table, worker, &ctx->match);
	if (ret < 0)
		return rh_error_set(err, -ret, "worker %u: no memory for its result cache", worker);
	ret = dp_lane_attach(eng, ctx);
	return ret < 0 ? rh_error_set(err, -ret, "worker %u: no memory for its rings to the content lane: raise memory-mb", worker) : 0;
}

void dp_worker_destroy(struct dp_ctx *ctx)
{
	if (!ctx)
		return;
	dp_match_destroy(ctx->match);
	dp_lane_detach(ctx);
	rte_ring_free(ctx->commands);
	for (uint32_t i = 0; i < DP_LIMIT_WORKERS; i++) {
		rte_ring_free(ctx->copies_to[i]);
		rte_ring_free(ctx->returns_to[i]);
		rte_ring_free(ctx->datagrams_to[i]);
	}
	dp_bytering_fini(&ctx->punts);
	dp_bytering_fini(&ctx->injects);
	for (uint32_t i = 0; i < DP_LIMIT_PORTS; i++)
		free(ctx->txq[i]);
	rh_pages_release(ctx->nodes, DP_QUEUE_NODES * sizeof(struct dp_queue_node));
	dp_store_fini(&ctx->store);
	free(ctx->ready);
	free(ctx->owned);
	free(ctx->owner_full);
	free(ctx->reassemblies);
	free(ctx->trace_ring);
	free(ctx);
}

static void copies_finish(struct dp_ctx *ctx)
{
	struct dp_copy_message m;

	for (uint32_t to = 0; to < ctx->worker_count; to++) {
		if (!ctx->copies_to[to])
			continue;
		while (rte_ring_sc_dequeue_elem(ctx->copies_to[to], &m, sizeof(m)) == 0)
			dp_drop_copies_unowned(ctx, DP_DROP_STOPPED, 1);
	}
	ctx->copies_lent = 0;
}

void dp_worker_finish(struct dp_ctx *ctx)
{
	ctx->now_tsc = rh_tsc();
	copies_finish(ctx);
	for (uint32_t i = 0; i < ctx->owned_count; i++)
		dp_egress_drop(ctx, &ctx->tables->slots[ctx->owned[i]], DP_DROP_STOPPED);
	for (uint32_t q = 0; q < ctx->rxq_count; q++)
		dp_txq_drop(ctx, ctx->txq[ctx->rxq[q].port], DP_DROP_STOPPED);
	dp_reassembly_drop(ctx, NULL, DP_DROP_DRAINING);
	rh_store_relaxed(&ctx->counters.copies_queued, 0);
}
