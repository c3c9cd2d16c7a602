#pragma once

/*
 * The way that most copies of a burst have in common: to an open session of this worker, over IPv4, by one next hop, or by others of the same port. What
 * it takes to get there is looked up once; that a session goes this way tells one word of it (session_slot.h). Ctx of everything: worker.
 */

#include "dataplane/node/context.h"

struct rte_mempool_cache;

struct dp_way {
	struct dp_session *slots; /* all there are */
	uint64_t word; /* as in struct dp_session, of the last session that went; none has UINT64_MAX */
	const struct dp_hop *hop;	 /* its */
	struct dp_txq *txq;
	struct rte_mempool_cache *cache; /* this worker's part of the transmit queue's pool */
	uint32_t headers_len;		 /* bytes in front of the records */
	uint32_t turns;			 /* of this burst */
};

/* No session went yet. */
static inline void dp_way_begin(struct dp_way *way, const struct dp_ctx *ctx)
{
	way->slots = ctx->tables->slots;
	way->word = UINT64_MAX;
	way->turns = 0;
}

/* To a session with another @word than the last one's. False: no way leads there, and @way stays what it was. */
bool dp_way_turn(struct dp_way *way, const struct dp_ctx *ctx, uint64_t word);
