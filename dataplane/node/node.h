#pragma once

/*
 * The stages, in the order a burst passes them. Each takes a burst from the context and owns it until handed on. Ctx of everything: worker.
 *
 *	rx -> classify -> parse -> session -> match -> fanout -> transmit
 *	          \-> punt      \-> reassembly    \-> (queue, ring to another worker) -> egress -> transmit
 */

#include "dataplane/node/context.h"

/* Receive one burst from @rxq and take it through the pipeline. Returns the frames received. */
uint32_t dp_node_rx(struct dp_ctx *ctx, struct dp_rxq *rxq);

/*
 * Sort @count frames (at most DP_BURST) of @port into event datagrams, whose headers are read and which go on to parse, frames for the
 * kernel and drops. Takes the frames.
 */
void dp_node_classify(struct dp_ctx *ctx, uint32_t port, bool check_in_software,
	struct rte_mbuf **frames, uint32_t count);

/* Sessions and records of ctx->packets, whose headers are known; frees their frames when all is done. */
void dp_node_parse(struct dp_ctx *ctx);

/*
 * Take ctx->events through session, match and fan-out, then empty the array.
 *
 * Order of the checks, first one wins: draining, session_closed, bad_incarnation, duplicate / stale_sequence,
 * over_credit, bad_tenant, unsupported_mode, bad_alias, hop_limit, expired. Whatever passes the incarnation is taken into
 * the sequence window, so that an event dropped later is not counted as lost before the router too.
 */
void dp_node_session(struct dp_ctx *ctx);
/* The sequence window and credit of an event that is dropped before it could become one. Counts it. */
void dp_session_discard(struct dp_ctx *ctx, struct dp_session *slot, uint64_t sequence, uint32_t bytes,
	enum dp_drop reason);
/* Ask the control plane to close the session. */
void dp_session_protocol_error(struct dp_session *slot, uint8_t bye_reason);

/* One FRAGMENT; appends to ctx->events when it completes an event. */
void dp_node_fragment(struct dp_ctx *ctx, struct dp_session *slot, uint8_t lane,
	const struct rh_fragment *fragment);
/* Look at a few reassemblies and give up those that wait too long. */
void dp_reassembly_expire(struct dp_ctx *ctx);
/* Give up those of @slot (NULL: all), with @reason. */
void dp_reassembly_drop(struct dp_ctx *ctx, const struct dp_session *slot, enum dp_drop reason);
/* Release what an event of a burst holds: its places in the store. */
void dp_event_release(struct dp_ctx *ctx, struct dp_event *event);

/* @repeated: some events' keys say that they are the same as the one before. */
void dp_node_match(struct dp_ctx *ctx, bool repeated);
void dp_node_fanout(struct dp_ctx *ctx);

/* The event in outgoing form in the store; DP_BLOB_NONE when the store is full. The event keeps one reference. */
dp_blob_id_t dp_event_blob(struct dp_ctx *ctx, struct dp_event *event);

/* Queue a copy for @slot (own). Takes a reference of its own. Counts the drop when it cannot, and of what gives way to it. */
void dp_egress_enqueue(struct dp_ctx *ctx, struct dp_session *slot, dp_blob_id_t blob,
	const struct dp_witness *witness);
/* The queue of @slot may move: credit came, or the transmit queue drained. */
void dp_egress_wake(struct dp_ctx *ctx, struct dp_session *slot);
/* Send from queues that may move; bounded. Returns the copies that left their queue. */
uint32_t dp_node_egress(struct dp_ctx *ctx);
/* Drop what waited too long for @slot; bounded. */
void dp_egress_expire(struct dp_ctx *ctx, struct dp_session *slot);
/* Empty the queue of @slot with @reason, forget that it was awake. */
void dp_egress_drop(struct dp_ctx *ctx, struct dp_session *slot, enum dp_drop reason);
/* Of a copy that was matched in this round. */
static inline struct dp_witness dp_witness_of(const struct dp_ctx *ctx, const struct dp_receiver *to)
{
	return (struct dp_witness){to->sub, dp_match_sub_tag(ctx->match, to->sub),
		(uint32_t)ctx->loaded_generation};
}

/* Is the copy still due to @slot? Replaces a witness that proves it no longer by one that does. */
bool dp_egress_still_due(struct dp_ctx *ctx, const struct dp_session *slot, const struct dp_blob *blob,
	struct dp_witness *witness);

/* Copies and datagrams from other workers, and references that come back. Return what was taken. */
uint32_t dp_node_inbox(struct dp_ctx *ctx);
/* Send the staged copies of this burst on to their owners. */
void dp_outbox_flush(struct dp_ctx *ctx);
void dp_outbox_add(struct dp_ctx *ctx, struct dp_event *event, const struct dp_receiver *to,
	const struct dp_session *slot);
/* A copy of an event that lies in this worker's own store: sent, queued, or staged for its owner. */
void dp_stored_copy(struct dp_ctx *ctx, struct dp_copy_message *message);
/* Pass a datagram to its session's owner; frees and counts when the ring is full. */
void dp_outbox_datagram(struct dp_ctx *ctx, struct dp_packet *packet);

/* Punt. False when the ring is full or the rate is used up; the caller counts. */
bool dp_punt_kernel(struct dp_ctx *ctx, uint32_t port, const struct rte_mbuf *frame);
bool dp_punt_record(struct dp_ctx *ctx, const struct dp_packet *packet, bool has_session,
	const uint8_t *record, uint32_t len);
bool dp_punt_unknown(struct dp_ctx *ctx, const struct dp_packet *packet);
/* @rate per second; 0: no bound. Ctx: control, before the worker runs. */
void dp_rate_init(struct dp_rate *bucket, uint64_t rate, uint64_t tsc_hz);
bool dp_rate_take(struct dp_rate *bucket, uint64_t now_tsc);

/* Grants to publishers with a quarter of their window to be granted; called after a burst. */
void dp_node_credit(struct dp_ctx *ctx);
/* Note what @slot's publisher used; it may become due. */
void dp_credit_used(struct dp_ctx *ctx, struct dp_session *slot);
/* A gap of the sequence (negative: a late arrival closed one) is granted again. */
void dp_credit_gap(struct dp_session *slot, int64_t gap);
/* Grant what is open, however little (idle publisher, keepalive). */
void dp_credit_refresh(struct dp_ctx *ctx, struct dp_session *slot);
/* KEEPALIVE and CREDIT records of a client. Frame error when malformed. @answered: this datagram had its answer. */
enum rh_frame_error dp_node_keepalive(struct dp_ctx *ctx, struct dp_session *slot,
	const struct rh_record *record, bool *answered);
enum rh_frame_error dp_node_grant(struct dp_ctx *ctx, struct dp_session *slot,
	const struct rh_record *record);
