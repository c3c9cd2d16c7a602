/*
 * Down from control: frames of the tap twin and control records, each to a worker that has a transmit queue on the port. The
 * worker builds IP and UDP from the adjacency, so a change of link address reaches control records as it does copies.
 */

#include "dataplane/api/punt.h"

#include "dataplane/node/encap.h"
#include "dataplane/node/transmit.h"
#include "dataplane/worker/engine_priv.h"

#include <errno.h>
#include <rte_mbuf.h>
#include <string.h>

#define ETHERNET_HEADER 14
#define RECORDS_MAX   1400
#define DRAIN_BUDGET  64

enum inject_kind { INJECT_FRAME, INJECT_RECORDS };

struct inject_head {
	uint32_t kind;
	uint32_t port; /* FRAME */
	uint32_t len;
	struct dp_control_target to; /* RECORDS */
};

static int inject(struct dp_engine *eng, int worker, const struct inject_head *head, const void *bytes)
{
	struct dp_bytering *ring;
	uint8_t *message;

	if (worker < 0)
		return -ENOENT;
	ring = &eng->ctx[worker]->injects;
	message = dp_bytering_reserve(ring, sizeof(*head) + head->len);
	if (!message)
		return -EAGAIN;
	memcpy(message, head, sizeof(*head));
	memcpy(message + sizeof(*head), bytes, head->len);
	dp_bytering_commit(ring, sizeof(*head) + head->len);
	return 0;
}

int dp_inject_frame(struct dp_engine *eng, uint32_t port, const void *frame, uint32_t len)
{
	const struct inject_head head = {.kind = INJECT_FRAME, .port = port, .len = len};

	if (len < ETHERNET_HEADER || len > DP_PUNT_FRAME_MAX)
		return -EMSGSIZE;
	return inject(eng, port < DP_LIMIT_PORTS ? eng->port_worker[port] : -1, &head, frame);
}

/* The session's owner where it can: then a reply and the events after it keep their order. */
static int worker_for(const struct dp_engine *eng, const struct dp_control_target *to, uint32_t port)
{
	uint32_t slot = to->wire_session & DP_SLOT_MASK;
	uint32_t owner;

	if (!to->wire_session || slot >= eng->slot_fresh)
		return eng->port_worker[port];
	owner = eng->tables.slots[slot].owner;
	return eng->ctx[owner]->txq[port] ? (int)owner : eng->port_worker[port];
}

int dp_control_send(struct dp_engine *eng, const struct dp_control_target *to, const void *records,
	uint32_t len)
{
	const struct inject_head head = {.kind = INJECT_RECORDS, .len = len, .to = *to};
	const struct dp_hop *hop;

	if (len > RECORDS_MAX)
		return -EMSGSIZE;
	if (to->adjacency >= DP_LIMIT_ADJACENCIES || !eng->tables.hops[to->adjacency])
		return -ENOENT;
	hop = eng->tables.hops[to->adjacency];
	return inject(eng, worker_for(eng, to, hop->conf.port), &head, records);
}

bool dp_control_waits(const struct dp_engine *eng)
{
	for (uint32_t w = 0; w < eng->conf.worker_count; w++)
		if (!dp_bytering_empty(&eng->ctx[w]->injects))
			return true;
	return false;
}

static bool frame_send(struct dp_ctx *ctx, const struct inject_head *head, const uint8_t *bytes)
{
	struct dp_txq *txq = ctx->txq[head->port];
	struct rte_mbuf *m;
	char *out;

	if (!txq || dp_txq_waiting(txq) >= DP_TX_BACKLOG)
		return false;
	m = rte_pktmbuf_alloc(txq->pool);
	if (!m)
		return false;
	out = rte_pktmbuf_append(m, (uint16_t)head->len);
	if (!out) {
		rte_pktmbuf_free(m);
		return false;
	}
	memcpy(out, bytes, head->len);
	dp_txq_put_other(txq, m);
	return true;
}

static bool records_send(struct dp_ctx *ctx, const struct inject_head *head, const uint8_t *bytes)
{
	const struct dp_control_target *to = &head->to;
	const struct dp_hop *hop = rh_rcu_deref(ctx->tables->hops[to->adjacency]);
	struct dp_txq *txq = dp_txq_of(ctx, hop);
	/* It may have no slot, or not that one any more. */
	struct dp_session addressed = {.wire_id = to->wire_session,
		.check = to->check,
		.owner = RH_LANE_CONTROL,
		.family = to->remote.family,
		.tx_packet_number = to->packet_number};
	struct rte_mbuf *m;
	uint8_t *out;

	if (!txq || dp_txq_waiting(txq) >= DP_TX_BACKLOG)
		return false;
	dp_template_build(&addressed, &to->local, &to->remote);
	m = dp_frame_begin(txq, &addressed, hop, &out);
	if (!m)
		return false;
	memcpy(out, bytes, head->len);
	dp_frame_finish(m, out, &addressed, hop, head->len);
	dp_txq_put_other(txq, m);
	return true;
}

uint32_t dp_injects_drain(struct dp_ctx *ctx)
{
	uint32_t n = 0;

	for (; n < DRAIN_BUDGET; n++) {
		size_t len;
		const uint8_t *message = dp_bytering_peek(&ctx->injects, &len);
		struct inject_head head;
		bool sent;

		if (!message)
			break;
		memcpy(&head, message, sizeof(head));
		sent = head.kind == INJECT_FRAME ? frame_send(ctx, &head, message + sizeof(head))
						 : records_send(ctx, &head, message + sizeof(head));
		if (!sent)
			dp_count(ctx, tx_control_failed, 1);
		dp_bytering_release(&ctx->injects, len);
	}
	return n;
}
