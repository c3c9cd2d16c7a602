#pragma once

/*
 * A wide run: one with many receivers. What its copies have in common - records, lengths, the fields of a buffer, the transmit queue - is made
 * once, and a copy is what its session adds: headers, packet number, credit. Only the copy that nothing keeps goes this way: its session is
 * open, ours, over IPv4, has credit, and nobody waits before it. Every other one, and the run's last, which needs no copying, is left to fanout.c:
 * nothing is dropped here. Ctx of everything: worker.
 */

#include "dataplane/node/encap.h"
#include "dataplane/node/outgoing.h"
#include "dataplane/node/way.h"

/* Receivers from which a run is wide. */
#define DP_WIDE_LEAST 4
/* Longest records of one: what an Ethernet frame holds. Longer ones are copied for longer than anything else takes. */
#define DP_WIDE_BYTES 1536

struct dp_wide {
	uint32_t padded, bytes, count; /* as in struct dp_run */
	struct dp_closing closing;
	uint8_t records[DP_WIDE_BYTES] rh_cache_aligned;
};

/* Receivers of a chunk that do not go the wide way, in order. */
struct dp_wide_left {
	uint32_t count;
	const struct dp_receiver *to[DP_BURST];
};

/* Is @run, whose first receiver is @to, wide? */
static inline bool dp_run_is_wide(const struct dp_run *run, const struct dp_receiver *to)
{
	return rh_unlikely(run->last >= to + DP_WIDE_LEAST - 1) && run->padded <= DP_WIDE_BYTES;
}

/* @run as its copies leave. */
void dp_wide_begin(struct dp_wide *wide, const struct dp_run *run);

/*
 * Send @wide, by @way if it leads there, to those of @n (1 to DP_BURST) of its receivers from @to on that may have it at once; the others are in @left.
 * Returns with how many it has dealt, at least one: less than @n where the ring of the transmit queue ends. The caller has sent what came before for any of
 * them, and fetched their sessions.
 */
uint32_t dp_wide_send(struct dp_ctx *ctx, struct dp_way *way, const struct dp_wide *wide, const struct dp_receiver *to, uint32_t n,
	struct dp_wide_left *left);
