#pragma once

/*
 * Who may wait. A queue is bounded in bytes by its session; in nodes and in places of the store a session holds at most as much as is left free, so that
 * one slow subscriber never takes them from the others: n of them end at 1/(n+1) each. Of the store queues never hold the last eighth: events on their
 * way to other workers, in slices or in reassembly need it for moments only.
 *
 * Where a bound is reached, what waited too long goes first. Then a copy takes the place of copies of lower classes for the same session, the lowest class
 * first and of it the oldest (docs/decisions/0012), if that makes room for it; else it is itself what is dropped. A session beyond its share of
 * nodes or store, because others came, does not grow: it may exchange what it holds for what takes no more.
 *
 * Ctx of everything: the worker that owns the session.
 */

#include "dataplane/node/context.h"
#include "dataplane/node/outgoing.h"

/* One place in so many of each class of the store is never a queue's. */
#define DP_IN_FLIGHT_SHARE 8

/* What wants to wait. */
struct dp_newcomer {
	const struct dp_store_class *places; /* of which its event takes one */
	uint32_t bytes, class;
};

/* What copies that are to go would leave free. */
struct dp_freed {
	uint64_t bytes, memory; /* of their session */
	uint32_t nodes;
	uint32_t places; /* of the newcomer's */
};

static inline struct dp_newcomer dp_newcomer_of(const struct dp_ctx *ctx, dp_blob_id_t blob)
{
	const struct dp_blob *b = dp_store_get(&ctx->store, blob);

	return (struct dp_newcomer){dp_store_class_of(&ctx->store, blob), b->len, dp_blob_class(b)};
}

static inline bool dp_room_in_store(const struct dp_session *slot, const struct dp_store_class *places, const struct dp_freed *freed)
{
	uint64_t usable = places->count - places->count / DP_IN_FLIGHT_SHARE, used = places->used - freed->places;
	uint64_t memory = slot->queue_memory - freed->memory + places->size;

	return used <= usable && (memory <= (usable - used) * places->size || freed->memory >= places->size);
}

/* Is there room for @newcomer in the queue of @slot, with what @freed says? */
static inline bool dp_room_for(const struct dp_ctx *ctx, const struct dp_session *slot, const struct dp_newcomer *newcomer,
	const struct dp_freed *freed)
{
	return slot->queue_bytes - freed->bytes + newcomer->bytes <= slot->queue_limit_bytes &&
	       (freed->nodes || slot->queue_count < DP_QUEUE_NODES - ctx->queued_copies) &&
	       dp_room_in_store(slot, newcomer->places, freed);
}

/*
 * There is none: make it. What waited too long goes, then copies of lower classes, as few as will do. False: there is none to be made, and no copy of a
 * lower class was dropped. What is dropped is counted.
 */
bool dp_room_make(struct dp_ctx *ctx, struct dp_session *slot, const struct dp_newcomer *newcomer);
