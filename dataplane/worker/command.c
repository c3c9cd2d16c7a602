#include "dataplane/worker/engine_priv.h"

#include "dataplane/node/node.h"
#include "dataplane/node/transmit.h"

#include <rte_ring.h>
#include <rte_ring_elem.h>

#define DRAIN_MAX 32
/* Copies in the queues of sessions that are let go in one round; the queue that reaches it is the last one. */
#define DROP_BUDGET 4096

bool dp_command_send(struct dp_engine *eng, uint32_t worker, enum dp_command_op op, uint32_t slot)
{
	struct dp_ctx *ctx = eng->ctx[worker];
	struct dp_command command = {op, slot};

	if (rte_ring_sp_enqueue_elem(ctx->commands, &command, sizeof(command)) == 0)
		return true;
	if (eng->running)
		return false;
	/* Nobody drains while no worker runs, but then the ring's other end is ours too. */
	while (dp_commands_drain(ctx))
		;
	return rte_ring_sp_enqueue_elem(ctx->commands, &command, sizeof(command)) == 0;
}

static void slot_adopt(struct dp_ctx *ctx, uint32_t index)
{
	ctx->tables->cold[index].owned_index = ctx->owned_count;
	ctx->owned[ctx->owned_count] = index;
	rh_store_relaxed(&ctx->owned_count, ctx->owned_count + 1);
}

/* From here on nothing of this worker names the slot. Returns the copies that had waited. */
static uint32_t slot_let_go(struct dp_ctx *ctx, uint32_t index)
{
	struct dp_session *slot = &ctx->tables->slots[index];
	uint32_t place = ctx->tables->cold[index].owned_index;
	uint32_t last = ctx->owned[ctx->owned_count - 1];
	uint32_t waited = slot->queue_count;

	dp_egress_drop(ctx, slot, DP_DROP_SUBSCRIBER_GONE);
	dp_reassembly_drop(ctx, slot, DP_DROP_SESSION_CLOSED);
	dp_txq_forget(ctx, index);
	ctx->owned[place] = last;
	ctx->tables->cold[last].owned_index = place;
	rh_store_relaxed(&ctx->owned_count, ctx->owned_count - 1);
	rh_store_release(&slot->state, DP_SLOT_RELEASED);
	return waited;
}

uint32_t dp_commands_drain(struct dp_ctx *ctx)
{
	struct dp_command command;
	uint32_t n = 0, dropped = 0;

	for (; n < DRAIN_MAX && dropped < DROP_BUDGET; n++) {
		if (rte_ring_sc_dequeue_elem(ctx->commands, &command, sizeof(command)) < 0)
			break;
		if (command.op == DP_COMMAND_OPEN)
			slot_adopt(ctx, command.slot);
		else
			dropped += slot_let_go(ctx, command.slot);
	}
	/* Reassemblies given up may have made grants due. */
	if (n)
		dp_node_credit(ctx);
	return n;
}
