#pragma once

/*
 * The wide way: of a run with several receivers. What its copies have in common - records, lengths, the fields of a buffer, the transmit queue - is made
 * once, and a copy is what its session adds: headers, packet number, credit. What depends on lengths and way alone stays from run to run of a burst. Only the
 * copy that nothing keeps goes this way: its session is open, ours, over IPv4, has credit, and nobody waits before it. Every other one, and the run's last,
 * which needs no copying, is left to fanout.c: nothing is dropped here. Ctx of everything: worker.
 */

#include "dataplane/node/buffer.h"
#include "dataplane/node/encap.h"
#include "dataplane/node/outgoing.h"
#include "dataplane/node/way.h"

/* Receivers from which a run is wide: one copy already costs less so than straight. */
#define DP_WIDE_LEAST 2
/* Longest records of one: what an Ethernet frame holds. Longer ones are copied for longer than anything else takes. */
#define DP_WIDE_BYTES 1536

/* 16 bytes, written at once. */
typedef uint32_t dp_half_words __attribute__((vector_size(16), aligned(4), may_alias));

/* A run and how far it has gone. Words are written whole, since they are read whole. */
struct dp_wide {
	struct dp_ctx *ctx;
	struct dp_way *way;
	uint32_t padded, bytes, count; /* as in struct dp_run */

	/* of @way and these lengths */
	uint32_t turn;	/* struct dp_way, turns; 0: of none */
	uint32_t start; /* of the frame in its buffer */
	uint32_t frame_bytes;
	uint16_t length; /* of a datagram */
	dp_half_words l2, meta; /* of each copy, but for the session in meta */
	dp_buffer_words buffer;
	struct dp_closing closing;

	/* of the chunk */
	uint64_t word; /* @way's */
	struct dp_session *slots;
	const struct dp_receiver *end;
	uint32_t tail, waiting;			/* of the transmit queue before it */
	uint32_t left_count;			/* of its receivers do not go the wide way: */
	const struct dp_receiver *left[DP_BURST]; /* in order */

	uint8_t records[DP_WIDE_BYTES] rh_cache_aligned;
};

/* For runs of a burst whose copies go by @way; none is at hand yet. */
static inline void dp_wide_begin(struct dp_wide *wide, struct dp_ctx *ctx, struct dp_way *way)
{
	wide->ctx = ctx;
	wide->way = way;
	wide->padded = wide->bytes = wide->count = wide->turn = 0;
}

/* Is a run for @receivers wide that takes @padded bytes? */
static inline bool dp_is_wide(uint32_t receivers, uint32_t padded)
{
	return receivers >= DP_WIDE_LEAST && padded <= DP_WIDE_BYTES;
}

/* The run at hand is one of @count events, of @bytes, @padded with padding. */
static inline void dp_wide_lengths(struct dp_wide *wide, uint32_t bytes, uint32_t padded, uint32_t count)
{
	if (rh_likely(wide->bytes == bytes && wide->padded == padded && wide->count == count))
		return;
	wide->bytes = bytes;
	wide->padded = padded;
	wide->count = count;
	wide->turn = 0;
}

/* It is @run as its copies leave. */
static inline void dp_wide_of_run(struct dp_wide *wide, const struct dp_run *run)
{
	dp_wide_lengths(wide, run->bytes, run->padded, run->count);
	dp_run_write(wide->records, run, false);
}

/* The same of @event alone, which came whole. */
static inline void dp_wide_of_event(struct dp_wide *wide, const struct dp_event *event)
{
	uint32_t padded = RH_ALIGN_UP(event->record_len, (uint32_t)RH_WIRE_ALIGN);

	dp_wide_lengths(wide, event->record_len, padded, 1);
	dp_outgoing_write_whole(wide->records, event, padded);
}

/* Fetch the sessions of the first chunk of the receivers from @to to before @end; how many. */
static inline uint32_t dp_chunk_fetch(const struct dp_session *slots, const struct dp_receiver *to, const struct dp_receiver *end)
{
	uint32_t n = RTE_MIN((uint32_t)(end - to), (uint32_t)DP_BURST);

	for (uint32_t i = 0; i < n; i++)
		dp_session_fetch(&slots[to[i].session]);
	return n;
}

/*
 * Send @wide to its receivers from @to on, before @end, at least one, chunk by chunk, up to the first chunk of which some may not have it at once, or not by the
 * way of the first one: these it has left. Returns the receiver behind that chunk. The caller has sent what came before for any of them, and fetched the sessions
 * of the first DP_BURST.
 */
const struct dp_receiver *dp_wide_send(struct dp_wide *wide, const struct dp_receiver *to, const struct dp_receiver *end);
