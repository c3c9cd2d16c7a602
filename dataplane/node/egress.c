/*
 * Queues of subscribers without credit (or behind a full transmit queue). The highest class that waits goes first, within a class first in, first out;
 * bounded in time here, in bytes and places in queue_room.h. A head that credit does not let go holds back all that waits: nothing lower overtakes it,
 * or small copies of a lower class could take the bytes that it waits for, again and again.
 *
 * A copy carries a witness: the subscription that asked for it, and when. If that one died while the copy waited, or the session gained an exception, the event is
 * matched again: still due to the session, by another filter or the same, it takes that one as witness; otherwise it is dropped as `unsubscribed`. So
 * after an UNSUBACK, or the SUBACK of an exception, nothing is handed over, and overlapping filters lose nothing.
 */

#include "dataplane/node/node.h"
#include "dataplane/node/outgoing.h"
#include "dataplane/node/queue.h"
#include "dataplane/node/queue_room.h"
#include "dataplane/node/transmit.h"

/* Copies that may leave their queues in one loop: a few bursts, so that receiving never waits long. */
#define EGRESS_BUDGET 128
/* Queues looked at in one loop, also if none of them can move. */
#define VISIT_BUDGET 256
/* Copies dropped in one look at a queue. */
#define EXPIRE_BUDGET 64

void dp_egress_enqueue(struct dp_ctx *ctx, struct dp_session *slot, dp_blob_id_t blob,
	const struct dp_witness *witness)
{
	struct dp_newcomer newcomer = dp_newcomer_of(ctx, blob);

	if (rh_unlikely(!dp_room_for(ctx, slot, &newcomer, &(struct dp_freed){0})) && !dp_room_make(ctx, slot, &newcomer)) {
		dp_drop_copy(ctx, slot, DP_DROP_QUEUE_FULL);
		return;
	}
	dp_queue_put(ctx, slot, blob, witness);
	/* With credit it waits for the transmit queue alone, or goes before what the credit did not let go. */
	if (slot->tx_events < slot->tx_granted_events)
		dp_egress_wake(ctx, slot);
}

bool dp_egress_still_due(struct dp_ctx *ctx, const struct dp_session *slot, const struct dp_blob *blob,
	struct dp_witness *witness)
{
	struct dp_match_result result;
	struct dp_match_key key;

	if (rh_likely(dp_match_sub_alive(ctx->match, witness->sub, witness->sub_tag) &&
		      !dp_match_excepted_since(
			      ctx->match, dp_slot_index(ctx, slot), witness->generation)))
		return true;
	key = dp_blob_key(blob);
	dp_match_again(ctx->match, &key, &result);
	if (result.verdict != DP_MATCH_OK)
		return false;
	for (uint32_t i = 0; i < result.count; i++)
		if (&ctx->tables->slots[result.receivers[i].session] == slot) {
			*witness = dp_witness_of(ctx, &result.receivers[i]);
			return true;
		}
	return false;
}

static bool waited_too_long(const struct dp_ctx *ctx, const struct dp_session *slot,
	const struct dp_queue_node *node)
{
	return ctx->now_tsc - node->queued_tsc > ctx->cycles_per_ms * slot->queue_ms;
}

enum step { STEP_LEFT, STEP_NO_CREDIT, STEP_BLOCKED };

/* Move the first copy that waits: sent or dropped, or it stays and says why. */
static enum step step(struct dp_ctx *ctx, struct dp_session *slot)
{
	uint32_t class = dp_queue_highest(slot);
	struct dp_queue_node *node = dp_queue_head(ctx, slot, class);
	const struct dp_blob *blob = dp_store_get(&ctx->store, node->blob);
	const struct dp_hop *hop;
	struct dp_txq *txq;
	enum dp_drop drop = DP_DROP_NONE;

	if (waited_too_long(ctx, slot, node)) {
		dp_queue_drop(ctx, slot, class, DP_DROP_QUEUE_EXPIRED);
		return STEP_LEFT;
	}
	if (!dp_has_credit(slot, 1, blob->len))
		return STEP_NO_CREDIT;
	hop = rh_rcu_deref(ctx->tables->hops[rh_load_relaxed(&slot->adjacency)]);
	txq = dp_txq_of(ctx, hop);
	if (!txq)
		drop = DP_DROP_NO_ADJACENCY;
	else if (!dp_txq_open(txq))
		return STEP_BLOCKED;
	else if (!dp_egress_still_due(ctx, slot, blob, &node->witness))
		drop = DP_DROP_UNSUBSCRIBED;
	else
		drop = dp_transmit_blob(ctx, slot, hop, txq, blob);
	if (drop != DP_DROP_NONE)
		dp_drop_copy(ctx, slot, drop);
	dp_queue_pop(ctx, slot, class);
	return STEP_LEFT;
}

void dp_egress_wake(struct dp_ctx *ctx, struct dp_session *slot)
{
	if (slot->ready || !slot->queue_count)
		return;
	slot->ready = 1;
	ctx->ready[ctx->ready_tail++ & ctx->ready_mask] = dp_slot_index(ctx, slot);
}

/* Returns the copies that left; the slot stays awake when more could leave later without new credit. */
static uint32_t queue_run(struct dp_ctx *ctx, struct dp_session *slot, uint32_t budget)
{
	enum step s = STEP_LEFT;
	uint32_t n = 0;

	while (n < budget && slot->queue_count) {
		s = step(ctx, slot);
		if (s != STEP_LEFT)
			break;
		n++;
	}
	if (s != STEP_NO_CREDIT)
		dp_egress_wake(ctx, slot);
	return n;
}

uint32_t dp_node_egress(struct dp_ctx *ctx)
{
	uint32_t waiting = ctx->ready_tail - ctx->ready_head, n = 0;

	if (waiting > VISIT_BUDGET)
		waiting = VISIT_BUDGET;
	while (waiting-- && n < EGRESS_BUDGET) {
		uint32_t index = ctx->ready[ctx->ready_head++ & ctx->ready_mask];
		struct dp_session *slot;

		if (index == DP_SLOT_NONE)
			continue;
		slot = &ctx->tables->slots[index];
		slot->ready = 0;
		/* A fair share each, so that a long queue does not hold the others up. */
		n += queue_run(ctx, slot, DP_BURST);
	}
	return n;
}

/* At most @most copies. */
static uint32_t class_expire(struct dp_ctx *ctx, struct dp_session *slot, uint32_t class, uint32_t most)
{
	uint32_t n = 0;

	for (; n < most && slot->queue_classes & 1u << class; n++) {
		if (!waited_too_long(ctx, slot, dp_queue_head(ctx, slot, class)))
			break;
		dp_queue_drop(ctx, slot, class, DP_DROP_QUEUE_EXPIRED);
	}
	return n;
}

void dp_egress_expire(struct dp_ctx *ctx, struct dp_session *slot)
{
	uint32_t n = 0;

	for (uint32_t classes = slot->queue_classes; classes && n < EXPIRE_BUDGET; classes &= classes - 1)
		n += class_expire(ctx, slot, dp_queue_lowest(classes), EXPIRE_BUDGET - n);
	/* What comes next may fit into the credit that the one before it did not. */
	if (n)
		dp_egress_wake(ctx, slot);
}

static void ready_forget(struct dp_ctx *ctx, struct dp_session *slot)
{
	uint32_t index = dp_slot_index(ctx, slot);

	if (!slot->ready)
		return;
	for (uint32_t i = ctx->ready_head; i != ctx->ready_tail; i++)
		if (ctx->ready[i & ctx->ready_mask] == index)
			ctx->ready[i & ctx->ready_mask] = DP_SLOT_NONE;
	slot->ready = 0;
}

void dp_egress_drop(struct dp_ctx *ctx, struct dp_session *slot, enum dp_drop reason)
{
	while (slot->queue_count)
		dp_queue_drop(ctx, slot, dp_queue_highest(slot), reason);
	ready_forget(ctx, slot);
}
