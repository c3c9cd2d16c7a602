#pragma once

/*
 * The content lane, as a worker sees it: a thread beside the workers that matches events whose tenant's content costs more than its share of a worker's core
 * (match/budget.h). An event is handed over as a whole, stored, by a ring of numbers; it comes back with all its receivers, whatever they asked for, by a byte ring, and its
 * copies go the way of those from other workers (handoff.c): each carries a witness, and one that is no longer due does not leave.
 *
 * As long as events of a publisher are in the lane, its later ones go there too, so that nothing overtakes; if there is no place, they are dropped.
 *
 * Bounded by DP_LIMIT_LANE_EVENTS and _BYTES, of which a tenant has an eighth of what is left: n of them that are hostile end at 1/(n+8) each, and there is
 * always a place for one more.
 */

#include "dataplane/node/context.h"

/* Worker -> lane, by value. The stored event is the worker's; the lane reads it until it has answered. */
struct dp_lane_event {
	dp_blob_id_t blob;
	uint32_t slot;	  /* of the publisher */
	uint32_t wire_id; /* its number then: the slot may change hands meanwhile */
};

/* A copy that is due. */
struct dp_lane_receiver {
	uint32_t wire_id; /* of the session: the slot's number is in it */
	dp_sub_id_t sub;
	uint32_t sub_tag;
};

/* Lane -> worker. */
struct dp_lane_answer {
	struct dp_lane_event event;
	uint32_t generation; /* under which it was matched; the lower half */
	uint32_t count;
	uint32_t scans;
	uint64_t cycles;
	struct dp_lane_receiver receiver[];
};

/*
 * Should event @event of the burst, with result @r, go to the lane? True: it is handed over or dropped, and no longer the burst's; else @r says who gets it now.
 * Ctx: worker.
 */
bool dp_lane_divert(struct dp_ctx *ctx, struct dp_event *event, struct dp_match_result *r);
/* Take events back, a bounded number. Returns how many. Ctx: worker (control while it does not run). */
uint32_t dp_node_lane(struct dp_ctx *ctx);
/* An event handed over that nobody will match any more. Ctx: control, when neither worker nor lane runs. */
void dp_lane_give_up(struct dp_ctx *ctx, const struct dp_lane_event *event);
