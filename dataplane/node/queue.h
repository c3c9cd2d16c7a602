#pragma once

/*
 * What waits for a session: for each class of service a queue of its own, first in, first out. Which classes wait is a mask in the session, so
 * the highest and the lowest of them are found at once. Inline: once a copy that waits. Ctx of everything: the worker that owns the session.
 */

#include "dataplane/node/context.h"
#include "dataplane/node/outgoing.h"

#include <assert.h>

/* The highest class of which a copy for @slot waits; one does. */
static inline uint32_t dp_queue_highest(const struct dp_session *slot)
{
	return 31 - (uint32_t)__builtin_clz(slot->queue_classes);
}

/* The lowest class in @classes, a mask that is not 0. */
static inline uint32_t dp_queue_lowest(uint32_t classes)
{
	return (uint32_t)__builtin_ctz(classes);
}

static inline struct dp_session_queue *dp_queue_of(const struct dp_ctx *ctx, const struct dp_session *slot)
{
	return &ctx->tables->queues[dp_slot_index(ctx, slot)];
}

/* The oldest copy for @slot of @class, which waits. */
static inline struct dp_queue_node *dp_queue_head(const struct dp_ctx *ctx, const struct dp_session *slot, uint32_t class)
{
	return &ctx->nodes[dp_queue_of(ctx, slot)->class[class].head];
}

/* One is free: fewer copies wait than there are nodes. */
static inline uint32_t dp_queue_node_take(struct dp_ctx *ctx)
{
	uint32_t index = ctx->node_free;

	if (index != DP_QUEUE_NONE) {
		ctx->node_free = ctx->nodes[index].next;
		return index;
	}
	assert(ctx->node_fresh < DP_QUEUE_NODES);
	return ctx->node_fresh++;
}

/* @copies with @bytes more wait for @slot; negative: fewer. */
static inline void dp_queue_count(struct dp_ctx *ctx, struct dp_session *slot, int32_t copies, int64_t bytes)
{
	rh_store_relaxed(&slot->queue_bytes, slot->queue_bytes + (uint64_t)bytes);
	rh_store_relaxed(&slot->queue_count, slot->queue_count + (uint32_t)copies);
	rh_store_relaxed(&ctx->queued_copies, ctx->queued_copies + (uint64_t)copies);
	rh_store_relaxed(&ctx->queued_bytes, ctx->queued_bytes + (uint64_t)bytes);
}

/* Put a copy of @blob, of which it takes a reference, behind those of its class. There is room (queue_room.h). */
static inline void dp_queue_put(struct dp_ctx *ctx, struct dp_session *slot, dp_blob_id_t blob, const struct dp_witness *witness)
{
	struct dp_blob *b = dp_store_get(&ctx->store, blob);
	uint32_t index = dp_queue_node_take(ctx), at = dp_slot_index(ctx, slot), class = dp_blob_class(b);
	struct dp_session_queue *queue = &ctx->tables->queues[at];
	struct dp_session_cold *cold = &ctx->tables->cold[at];

	b->refs++;
	ctx->nodes[index] = (struct dp_queue_node){.queued_tsc = ctx->now_tsc,
		.blob = blob,
		.next = DP_QUEUE_NONE,
		.witness = *witness};
	if (slot->queue_classes & 1u << class)
		ctx->nodes[queue->class[class].tail].next = index;
	else
		queue->class[class].head = index;
	queue->class[class].tail = index;
	slot->queue_classes |= 1u << class;
	slot->queue_memory += dp_store_class_of(&ctx->store, blob)->size;
	dp_queue_count(ctx, slot, 1, b->len);
	if (slot->queue_bytes > cold->longest_queue_bytes)
		rh_store_relaxed(&cold->longest_queue_bytes, slot->queue_bytes);
}

/* Take the oldest copy of @class out and give its reference back. */
static inline void dp_queue_pop(struct dp_ctx *ctx, struct dp_session *slot, uint32_t class)
{
	struct dp_session_queue *queue = dp_queue_of(ctx, slot);
	uint32_t index = queue->class[class].head;
	struct dp_queue_node *node = &ctx->nodes[index];
	uint32_t len = dp_store_get(&ctx->store, node->blob)->len;

	queue->class[class].head = node->next;
	if (node->next == DP_QUEUE_NONE)
		slot->queue_classes &= ~(1u << class);
	slot->queue_memory -= dp_store_class_of(&ctx->store, node->blob)->size;
	dp_store_put(&ctx->store, node->blob, 1);
	node->next = ctx->node_free;
	ctx->node_free = index;
	dp_queue_count(ctx, slot, -1, -(int64_t)len);
}

/* The same, counted as dropped with @reason. */
static inline void dp_queue_drop(struct dp_ctx *ctx, struct dp_session *slot, uint32_t class, enum dp_drop reason)
{
	dp_drop_copy(ctx, slot, reason);
	dp_queue_pop(ctx, slot, class);
}
