#pragma once

/*
 * A PUBLISH record as it leaves: topic in text, tenant set, one hop less, what the publisher left undefined zeroed.
 * Time to live and the length field are put in when a copy is built (dp_outgoing_ttl, transmit).
 */

#include "dataplane/frame/bytes.h"
#include "dataplane/node/context.h"

#include <rte_memcpy.h>

#define DP_OUTGOING_LEN_AT   2
#define DP_OUTGOING_CLASS_AT 4 /* in the upper three bits */
#define DP_OUTGOING_HOP_AT   5
#define DP_OUTGOING_TTL_AT   32

static inline uint32_t dp_outgoing_len(const struct dp_event *event)
{
	return event->record_len + (event->alias ? event->key.topic_len : 0);
}

/* The fields a router changes, in a copy of the record's header. */
static inline void dp_outgoing_patch(uint8_t *out, const struct dp_event *event)
{
	out[1] = 0;
	out[DP_OUTGOING_HOP_AT] = (uint8_t)(event->hop_limit - 1);
	rh_store_be16(out + 6, event->key.tenant);
	rh_store_be16(out + 48, event->key.topic_len);
	rh_store_be16(out + 54, 0);
}

/* The same for a record that came whole and with its topic in text: the others stand as they have to. */
static inline void dp_outgoing_patch_whole(uint8_t *out, uint16_t tenant)
{
	out[DP_OUTGOING_HOP_AT]--;
	rh_store_be16(out + 6, tenant);
	rh_store_be16(out + 54, 0);
}

/* Copy @len bytes, at least RH_PUBLISH_HDR, of records as they came: line by line, the last line so that it ends with them. */
static inline void dp_outgoing_copy(uint8_t *out, const uint8_t *from, uint32_t len)
{
	if (rh_unlikely(len < RH_CACHE_LINE)) {
		rte_mov32(out, from);
		rte_mov32(out + len - 32, from + len - 32);
		return;
	}
	for (uint32_t at = 0; at + RH_CACHE_LINE < len; at += RH_CACHE_LINE)
		rte_mov64(out + at, from + at);
	rte_mov64(out + len - RH_CACHE_LINE, from + len - RH_CACHE_LINE);
}
_Static_assert(RH_PUBLISH_HDR >= 32, "two halves of a line hold the shortest record");

/* Write dp_outgoing_len bytes at @out. */
static inline void dp_outgoing_write(uint8_t *out, const struct dp_event *event)
{
	const struct dp_match_key *key = &event->key;
	const uint8_t *record = event->record;

	if (rh_likely(!event->alias)) {
		rte_memcpy(out, record, event->record_len);
	} else {
		rte_memcpy(out, record, RH_PUBLISH_HDR);
		rte_memcpy(out + RH_PUBLISH_HDR, key->topic, key->topic_len);
		rte_memcpy(out + RH_PUBLISH_HDR + key->topic_len, record + RH_PUBLISH_HDR,
			event->record_len - RH_PUBLISH_HDR);
	}
	dp_outgoing_patch(out, event);
}

/* Class of service of a stored event. */
static inline uint32_t dp_blob_class(const struct dp_blob *blob)
{
	return blob->bytes[DP_OUTGOING_CLASS_AT] >> 5;
}

/* The key of a stored event, for matching it elsewhere or again. */
static inline struct dp_match_key dp_blob_key(const struct dp_blob *blob)
{
	uint32_t payload_len = rh_load_be32(blob->bytes + 44);
	uint16_t attributes_len = rh_load_be16(blob->bytes + 52);
	const uint8_t *payload = blob->bytes + blob->len - payload_len;

	return (struct dp_match_key){
		.topic = (const char *)blob->bytes + RH_PUBLISH_HDR,
		.topic_len = rh_load_be16(blob->bytes + 48),
		.payload = payload,
		.payload_len = payload_len,
		.attributes = payload - attributes_len,
		.attributes_len = attributes_len,
		.tenant = blob->tenant,
		.profile = blob->profile,
	};
}

/*
 * Events that leave together: one, or several whose records lie one behind the other in a received datagram, in the order of ctx->events.
 * Written in one piece.
 */
struct dp_run {
	struct dp_event *events;
	struct dp_packet *packet;	/* whose frame ends with the run and may leave as a copy of it, or NULL */
	const struct dp_receiver *last; /* in the result of its first event: nobody needs that frame behind it */
	uint32_t first;			/* result of the first */
	uint32_t count;
	uint32_t bytes;	 /* of the records, as credit counts them */
	uint32_t padded; /* what they take in a datagram */
};

/* Make @run of @event alone, whose result has number @first. */
static inline void dp_run_begin(struct dp_run *run, struct dp_event *event, uint32_t first,
	const struct dp_receiver *last)
{
	uint32_t len = dp_outgoing_len(event);

	run->events = event;
	run->packet = event->alias ? NULL : event->packet;
	run->last = last;
	run->first = first;
	run->count = 1;
	run->bytes = len;
	run->padded = RH_ALIGN_UP(len, (uint32_t)RH_WIRE_ALIGN);
}

/* dp_run_write for several. */
void dp_run_write_many(uint8_t *out, const struct dp_run *run, bool in_place);

static inline void dp_pad(uint8_t *records, uint32_t len, uint32_t padded)
{
	for (uint32_t i = len; i < padded; i++)
		records[i] = 0;
}

/* Write the record of @event, which came whole, as it leaves at @out, with padding up to @padded bytes. */
static inline void dp_outgoing_write_whole(uint8_t *out, const struct dp_event *event, uint32_t padded)
{
	/* Padding first, and a few bytes too many of it. */
	memset(out + padded - RH_WIRE_ALIGN, 0, RH_WIRE_ALIGN);
	dp_outgoing_copy(out, event->record, event->record_len);
	dp_outgoing_patch_whole(out, event->key.tenant);
}

/* Write @run as it leaves at @out, padding included; @in_place: its records stand there already. */
static inline void dp_run_write(uint8_t *out, const struct dp_run *run, bool in_place)
{
	if (rh_unlikely(run->count > 1)) {
		dp_run_write_many(out, run, in_place);
	} else if (in_place) {
		dp_outgoing_patch_whole(out, run->events->key.tenant);
		dp_pad(out, run->bytes, run->padded);
	} else if (rh_likely(run->events->end != NULL)) {
		dp_outgoing_write_whole(out, run->events, run->padded);
	} else {
		dp_outgoing_write(out, run->events);
		rh_store_be16(out + DP_OUTGOING_LEN_AT, (uint16_t)run->bytes);
		dp_pad(out, run->bytes, run->padded);
	}
}

/* What is left of @ttl_ms after @dwell_cycles here; 0 when it ran out. */
static inline uint32_t dp_outgoing_ttl(const struct dp_ctx *ctx, uint32_t ttl_ms, uint64_t dwell_cycles)
{
	uint64_t dwell_ms;

	/* Signed: an event may come from a worker whose round, and so whose clock, began after ours. */
	if (rh_likely(ttl_ms == RH_TTL_NONE || (int64_t)dwell_cycles < (int64_t)ctx->cycles_per_ms))
		return ttl_ms;
	dwell_ms = dwell_cycles / ctx->cycles_per_ms;
	return dwell_ms >= ttl_ms ? 0 : ttl_ms - (uint32_t)dwell_ms;
}
