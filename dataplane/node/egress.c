/*
 * Queues of subscribers without credit (or behind a full transmit queue). First in, first out; bounded in bytes and in time per
 * session, in places by the store and the pool of nodes. Of both a session holds at most as much as is left free, so that
 * one slow subscriber never takes them from the others: n of them end at 1/(n+1) each. Of the store queues never hold the last
 * eighth: events on their way to other workers, in slices or in reassembly need it for moments only.
 *
 * A copy carries a witness: the subscription that asked for it, and when. If that one died while the copy waited, or the session gained an exception, the event is
 * matched again: still due to the session, by another filter or the same, it takes that one as witness; otherwise it is dropped as `unsubscribed`. So
 * after an UNSUBACK, or the SUBACK of an exception, nothing is handed over, and overlapping filters lose nothing.
 */

#include "dataplane/node/node.h"
#include "dataplane/node/outgoing.h"
#include "dataplane/node/transmit.h"

/* Copies that may leave their queues in one loop: a few bursts, so that receiving never waits long. */
#define EGRESS_BUDGET 128
/* Queues looked at in one loop, also if none of them can move. */
#define VISIT_BUDGET 256
/* Copies dropped in one look at a queue. */
#define EXPIRE_BUDGET 64
/* One place in so many of each class is never a queue's. */
#define IN_FLIGHT_SHARE 8

static uint32_t node_take(struct dp_ctx *ctx)
{
	uint32_t index = ctx->node_free;

	if (index != DP_QUEUE_NONE)
		ctx->node_free = ctx->nodes[index].next;
	else if (ctx->node_fresh < DP_QUEUE_NODES)
		index = ctx->node_fresh++;
	return index;
}

static void queue_note(struct dp_ctx *ctx, struct dp_session *slot, uint32_t len)
{
	struct dp_session_cold *cold = &ctx->tables->cold[dp_slot_index(ctx, slot)];

	rh_store_relaxed(&slot->queue_bytes, slot->queue_bytes + len);
	rh_store_relaxed(&slot->queue_count, slot->queue_count + 1);
	rh_store_relaxed(&ctx->queued_copies, ctx->queued_copies + 1);
	rh_store_relaxed(&ctx->queued_bytes, ctx->queued_bytes + len);
	if (slot->queue_bytes > cold->longest_queue_bytes)
		rh_store_relaxed(&cold->longest_queue_bytes, slot->queue_bytes);
}

static void append(struct dp_ctx *ctx, struct dp_session *slot, uint32_t index)
{
	if (slot->queue.head == DP_QUEUE_NONE)
		slot->queue.head = index;
	else
		ctx->nodes[slot->queue.tail].next = index;
	slot->queue.tail = index;
}

/* Has @slot its share of nodes, or of the places of @class? */
static bool share_used(const struct dp_ctx *ctx, const struct dp_session *slot,
	const struct dp_store_class *class)
{
	uint32_t usable = class->count - class->count / IN_FLIGHT_SHARE;
	uint64_t left = class->used < usable ? usable - class->used : 0;

	return slot->queue_count >= DP_QUEUE_NODES - ctx->queued_copies ||
	       slot->queue_memory + class->size > left * class->size;
}

void dp_egress_enqueue(struct dp_ctx *ctx, struct dp_session *slot, dp_blob_id_t blob,
	const struct dp_witness *witness)
{
	const struct dp_store_class *class = dp_store_class_of(&ctx->store, blob);
	struct dp_blob *b = dp_store_get(&ctx->store, blob);
	uint32_t index;

	if (slot->queue_bytes + b->len > slot->queue_limit_bytes || share_used(ctx, slot, class)) {
		dp_drop_copy(ctx, slot, DP_DROP_QUEUE_FULL);
		return;
	}
	index = node_take(ctx);
	if (index == DP_QUEUE_NONE) {
		dp_drop_copy(ctx, slot, DP_DROP_NO_BUFFER);
		return;
	}
	b->refs++;
	ctx->nodes[index] = (struct dp_queue_node){.queued_tsc = ctx->now_tsc,
		.blob = blob,
		.next = DP_QUEUE_NONE,
		.witness = *witness};
	append(ctx, slot, index);
	slot->queue_memory += class->size;
	queue_note(ctx, slot, b->len);
	/* With credit it waits for the transmit queue alone. */
	if (slot->tx_events < slot->tx_granted_events)
		dp_egress_wake(ctx, slot);
}

static void pop(struct dp_ctx *ctx, struct dp_session *slot)
{
	uint32_t index = slot->queue.head;
	struct dp_queue_node *node = &ctx->nodes[index];
	uint32_t len = dp_store_get(&ctx->store, node->blob)->len;

	slot->queue.head = node->next;
	slot->queue_memory -= dp_store_class_of(&ctx->store, node->blob)->size;
	dp_store_put(&ctx->store, node->blob, 1);
	node->next = ctx->node_free;
	ctx->node_free = index;
	rh_store_relaxed(&slot->queue_bytes, slot->queue_bytes - len);
	rh_store_relaxed(&slot->queue_count, slot->queue_count - 1);
	rh_store_relaxed(&ctx->queued_copies, ctx->queued_copies - 1);
	rh_store_relaxed(&ctx->queued_bytes, ctx->queued_bytes - len);
}

static void pop_dropped(struct dp_ctx *ctx, struct dp_session *slot, enum dp_drop reason)
{
	dp_drop_copy(ctx, slot, reason);
	pop(ctx, slot);
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

static bool has_credit(const struct dp_session *slot, uint32_t len)
{
	return slot->tx_events < slot->tx_granted_events &&
	       slot->tx_bytes + len <= slot->tx_granted_bytes;
}

/* Move the head of the queue: sent or dropped, or it stays and says why. */
static enum step step(struct dp_ctx *ctx, struct dp_session *slot)
{
	struct dp_queue_node *node = &ctx->nodes[slot->queue.head];
	const struct dp_blob *blob = dp_store_get(&ctx->store, node->blob);
	const struct dp_hop *hop;
	struct dp_txq *txq;
	enum dp_drop drop = DP_DROP_NONE;

	if (waited_too_long(ctx, slot, node)) {
		pop_dropped(ctx, slot, DP_DROP_QUEUE_EXPIRED);
		return STEP_LEFT;
	}
	if (!has_credit(slot, blob->len))
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
	pop(ctx, slot);
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

void dp_egress_expire(struct dp_ctx *ctx, struct dp_session *slot)
{
	uint32_t n = 0;

	for (; n < EXPIRE_BUDGET && slot->queue_count; n++) {
		const struct dp_queue_node *node = &ctx->nodes[slot->queue.head];

		if (!waited_too_long(ctx, slot, node))
			break;
		pop_dropped(ctx, slot, DP_DROP_QUEUE_EXPIRED);
	}
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
		pop_dropped(ctx, slot, reason);
	ready_forget(ctx, slot);
}
