#include "dataplane/node/queue_room.h"

#include "dataplane/node/node.h"
#include "dataplane/node/queue.h"

/* Copies looked at beyond those whose bytes do it, for one that alone holds its place in the store. */
#define PLACE_LOOKS 32

/* @node goes too. */
static void freed_add(const struct dp_ctx *ctx, struct dp_freed *freed, const struct dp_queue_node *node,
	const struct dp_store_class *places)
{
	const struct dp_store_class *its = dp_store_class_of(&ctx->store, node->blob);
	const struct dp_blob *blob = dp_store_get(&ctx->store, node->blob);

	freed->bytes += blob->len;
	freed->memory += its->size;
	freed->nodes++;
	/* Others may wait for the same event: then its place stays. */
	freed->places += its == places && blob->refs == 1;
}

/*
 * How many copies of lower classes have to go for @newcomer, in the order in which they go; 0: all together would not do. Each frees at least the
 * bytes of a header, so its own bytes bound how many are needed; a place of the store is never worth more of the smallest ones than that.
 */
static uint32_t victims_count(const struct dp_ctx *ctx, const struct dp_session *slot, const struct dp_newcomer *newcomer)
{
	uint32_t most = newcomer->bytes / RH_PUBLISH_HDR + PLACE_LOOKS;
	uint32_t lower = slot->queue_classes & ((1u << newcomer->class) - 1);
	struct dp_freed freed = {0};

	for (; lower; lower &= lower - 1) {
		const struct dp_queue_node *node = dp_queue_head(ctx, slot, dp_queue_lowest(lower));

		for (;; node = &ctx->nodes[node->next]) {
			freed_add(ctx, &freed, node, newcomer->places);
			if (dp_room_for(ctx, slot, newcomer, &freed))
				return freed.nodes;
			if (freed.nodes == most)
				return 0;
			if (node->next == DP_QUEUE_NONE)
				break;
		}
	}
	return 0;
}

bool dp_room_make(struct dp_ctx *ctx, struct dp_session *slot, const struct dp_newcomer *newcomer)
{
	uint32_t victims;

	dp_egress_expire(ctx, slot);
	if (dp_room_for(ctx, slot, newcomer, &(struct dp_freed){0}))
		return true;
	victims = victims_count(ctx, slot, newcomer);
	for (uint32_t n = 0; n < victims; n++)
		dp_queue_drop(ctx, slot, dp_queue_lowest(slot->queue_classes), DP_DROP_QUEUE_FULL);
	return victims != 0;
}
