#pragma once

/*
 * The event that nearly every event is: a whole PUBLISH record with its topic in text, without options, best effort, that directly follows the
 * last one of its publisher and is within its credit. It is parsed and admitted in one look while its bytes are in registers. Every other
 * event, also each that is to be refused, takes the long way (rh_record_next, rh_event_take, the session stage), which says what is
 * wrong with it: nothing is decided here but that nothing is. Inline: once an event. Ctx of everything: worker.
 *
 * Events on the long way are admitted at the end of their burst, these here at once, so these may overtake those. The sequence keeps the two
 * apart: behind the next event, not admitted yet, none directly follows the last one; and one that is out of its turn ends its burst (parse.c).
 */

#include "dataplane/frame/bytes.h"
#include "dataplane/frame/datagram.h"
#include "dataplane/node/node.h"
#include "dataplane/node/outgoing.h"

#include <string.h>

/* Of a record's first 8 bytes: type and flags; then, behind its length, mode, kind and the zero bit; tenant. Class is free. */
#define DP_PLAIN_HEAD_MASK 0xffff00001f00ffffULL
#define DP_PLAIN_HEAD	   ((uint64_t)RH_RECORD_PUBLISH << 56)
_Static_assert(RH_PAYLOAD_MAX >= UINT16_MAX, "a record whose length is told holds no longer payload");

/* Is the record at @cur a plain one? Then @event says what is in it, and @cur stands behind it. */
static inline bool dp_plain_parse(struct rh_record_cursor *cur, struct dp_event *event)
{
	const uint8_t *rec = cur->next;
	size_t left = (size_t)(cur->end - rec), len, padded, topic, attributes, payload;

	if (rh_unlikely(left < RH_PUBLISH_HDR))
		return false;
	/* Lengths of 16 bits are read by 32: those of topic and attributes have the options' beside them, which is 0. */
	len = rh_load_be32(rec) & 0xffff;
	payload = rh_load_be32(rec + 44);
	topic = rh_load_be32(rec + 48) >> 16;
	attributes = rh_load_be32(rec + 50);
	event->key.sizes = rh_load_be64(rec + 44) | attributes;
	if (rh_unlikely(!rh_bits_be64(rec, DP_PLAIN_HEAD_MASK, DP_PLAIN_HEAD) || !rec[DP_OUTGOING_HOP_AT] ||
			topic - 1 >= RH_TOPIC_MAX || attributes > RH_ATTRIBUTES_MAX ||
			RH_PUBLISH_HDR + topic + attributes + payload != len))
		return false;
	padded = RH_ALIGN_UP(len, (size_t)RH_WIRE_ALIGN);
	if (rh_unlikely(padded > left)) {
		if (len != left)
			return false;
		padded = len;
	} else if (rh_unlikely(!rh_padding_is_zero(rec + padded, len))) {
		return false;
	}
	event->record = rec;
	event->record_len = (uint32_t)len;
	event->key.payload = rec + len - payload;
	event->key.attributes = event->key.payload - attributes;
	event->key.topic = (const char *)rec + RH_PUBLISH_HDR;
	event->hop_limit = rec[DP_OUTGOING_HOP_AT];
	event->alias = event->open = 0;
	cur->next = event->end = rec + padded;
	/* Last, so that little is kept for after the call. */
	return !attributes || rh_attributes_check(rec + RH_PUBLISH_HDR + topic, attributes) == RH_FRAME_OK;
}

/* Does it have nothing in its way? Then it is admitted. */
static inline bool dp_plain_admit(struct dp_session *slot, const struct dp_event *event)
{
	uint64_t events = slot->rx_events + 1, bytes = slot->rx_bytes + event->record_len;
	const uint8_t *rec = event->record;

	if (rh_unlikely(rh_load_be64(rec + 16) != slot->incarnation || !rh_load_be32(rec + 32) ||
			events > slot->rx_granted_events || bytes > slot->rx_granted_bytes ||
			!dp_sequence_follow(&slot->sequence, rh_load_be64(rec + 8))))
		return false;
	rh_store_relaxed(&slot->rx_events, events);
	rh_store_relaxed(&slot->rx_bytes, bytes);
	return true;
}

_Static_assert(offsetof(struct dp_session, profile) == offsetof(struct dp_session, tenant) + 2 &&
		       offsetof(struct dp_match_key, profile) == offsetof(struct dp_match_key, tenant) + 2,
	"both at once");

/* For dp_match_key.whose: tenant and profile; not the same as the key before. */
static inline uint64_t dp_session_whose(const struct dp_session *slot)
{
	uint32_t whose;

	memcpy(&whose, (const uint8_t *)slot + offsetof(struct dp_session, tenant), sizeof(whose));
	return whose;
}

/* Take the next record of @p as the next event of the burst; false: nothing was done, it takes the long way. */
static inline bool dp_plain_take(struct dp_ctx *ctx, struct dp_packet *p, struct dp_session *slot,
	struct rh_record_cursor *cur)
{
	struct dp_event *event = rh_opaque(&ctx->events[ctx->event_count]);
	struct rh_record_cursor next = *cur;

	if (rh_unlikely(!dp_plain_parse(&next, event) || !dp_plain_admit(slot, event)))
		return false;
	*cur = next;
	event->publisher = slot;
	event->packet = next.next == next.end ? p : NULL;
	event->raw = event->blob = DP_BLOB_NONE;
	event->key.whose = dp_session_whose(slot);
	return true;
}
