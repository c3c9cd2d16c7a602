/*
 * Events larger than a datagram. Matching follows reassembly: no cut-through. Bounded per session, in all and in time; each
 * holds a place of the store and a bit for each 8 bytes that arrived. A slice that repeats exactly is ignored; one that overlaps
 * or contradicts ends the event. An event that ends here is counted as parsed and dropped, and its sequence as seen, so that its
 * remaining slices are late ones (fragments_discarded).
 */

#include "dataplane/node/node.h"
#include "dataplane/node/outgoing.h"

#include <string.h>

/* Reassemblies looked at in one round of housekeeping. */
#define EXPIRE_BUDGET 16

static struct dp_reassembly *find(struct dp_ctx *ctx, const struct dp_session *slot, uint8_t lane,
	uint32_t id)
{
	if (!slot->reassemblies)
		return NULL;
	for (uint32_t i = 0; i < DP_LIMIT_REASSEMBLY_TOTAL; i++) {
		struct dp_reassembly *r = &ctx->reassemblies[i];

		if (r->slot == slot && r->id == id && r->lane == lane)
			return r;
	}
	return NULL;
}

static struct dp_reassembly *find_free(struct dp_ctx *ctx)
{
	for (uint32_t i = 0; i < DP_LIMIT_REASSEMBLY_TOTAL; i++)
		if (!ctx->reassemblies[i].slot)
			return &ctx->reassemblies[i];
	return NULL;
}

/* Forget @r; its place in the store goes to the caller. */
static dp_blob_id_t detach(struct dp_ctx *ctx, struct dp_reassembly *r)
{
	r->slot->reassemblies--;
	r->slot = NULL;
	ctx->reassembly_count--;
	return r->blob;
}

static void give_up(struct dp_ctx *ctx, struct dp_reassembly *r, enum dp_drop reason)
{
	struct dp_session *slot = r->slot;

	dp_store_put(&ctx->store, detach(ctx, r), 1);
	dp_session_discard(ctx, slot, r->sequence, r->total, reason);
}

static struct dp_reassembly *start(struct dp_ctx *ctx, struct dp_session *slot, uint8_t lane,
	const struct rh_fragment *f, enum dp_drop *why)
{
	struct dp_reassembly *r = find_free(ctx);

	*why = DP_DROP_REASSEMBLY_FULL;
	if (!r || slot->reassemblies >= DP_LIMIT_REASSEMBLY_PER_SESSION)
		return NULL;
	*why = DP_DROP_NO_EVENT_BUFFER;
	r->blob = dp_store_alloc(&ctx->store, f->total);
	if (r->blob == DP_BLOB_NONE)
		return NULL;
	r->slot = slot;
	r->sequence = f->sequence;
	r->started_tsc = ctx->now_tsc;
	r->id = f->id;
	r->lane = lane;
	r->total = f->total;
	r->have = 0;
	memset(r->units, 0, sizeof(r->units));
	slot->reassemblies++;
	ctx->reassembly_count++;
	return r;
}

enum slice { SLICE_NEW, SLICE_REPEATED, SLICE_BAD };

/* Slices are cut at multiples of 8 (checked by the codec), so a unit arrived as a whole or not at all. */
static enum slice slice_judge(const struct dp_reassembly *r, const struct rh_fragment *f,
	const uint8_t *place)
{
	uint32_t first = f->offset / RH_WIRE_ALIGN, have = 0;
	uint32_t count = RH_ALIGN_UP(f->slice_len, RH_WIRE_ALIGN) / RH_WIRE_ALIGN;

	if (f->sequence != r->sequence || f->total != r->total)
		return SLICE_BAD;
	for (uint32_t u = first; u < first + count; u++)
		have += r->units[u >> 6] >> (u & 63) & 1;
	if (!have)
		return SLICE_NEW;
	return have == count && memcmp(place + f->offset, f->slice, f->slice_len) == 0
		       ? SLICE_REPEATED
		       : SLICE_BAD;
}

static void slice_put(struct dp_reassembly *r, const struct rh_fragment *f, uint8_t *place)
{
	uint32_t first = f->offset / RH_WIRE_ALIGN;
	uint32_t count = RH_ALIGN_UP(f->slice_len, RH_WIRE_ALIGN) / RH_WIRE_ALIGN;

	memcpy(place + f->offset, f->slice, f->slice_len);
	for (uint32_t u = first; u < first + count; u++)
		r->units[u >> 6] |= 1ULL << (u & 63);
	r->have += f->slice_len;
}

/* What the slices waited for each other is time that the event spent here. */
static void age(struct dp_ctx *ctx, uint8_t *record, uint64_t started_tsc)
{
	uint32_t ttl_ms = rh_load_be32(record + DP_OUTGOING_TTL_AT);

	rh_store_be32(record + DP_OUTGOING_TTL_AT, dp_outgoing_ttl(ctx, ttl_ms, ctx->now_tsc - started_tsc));
}

/* All there: an event of the burst, unless the record says otherwise. */
static void complete(struct dp_ctx *ctx, struct dp_reassembly *r)
{
	struct dp_event *event = &ctx->events[ctx->event_count];
	struct dp_session *slot = r->slot;
	dp_blob_id_t blob = detach(ctx, r);
	uint8_t *record = dp_store_get(&ctx->store, blob)->bytes;
	struct rh_event view;
	enum rh_frame_error err = rh_event_parse(record, r->total, true, &view);

	if (err == RH_FRAME_OK && view.sequence == r->sequence) {
		age(ctx, record, r->started_tsc);
		dp_event_begin(event, slot, &view);
		event->raw = blob;
		ctx->events_open = true;
		ctx->events_hold = true;
		ctx->event_count++;
		dp_count(ctx, reassembled, 1);
		return;
	}
	dp_store_put(&ctx->store, blob, 1);
	dp_session_discard(ctx, slot, r->sequence, r->total,
		err == RH_FRAME_OK ? DP_DROP_FRAGMENT_OVERLAP : (enum dp_drop)err);
}

void dp_node_fragment(struct dp_ctx *ctx, struct dp_session *slot, uint8_t lane,
	const struct rh_fragment *f)
{
	struct dp_reassembly *r = find(ctx, slot, lane, f->id);
	enum dp_drop why;
	uint8_t *place;

	if (!r) {
		if (rh_load_relaxed(&slot->state) != DP_SLOT_OPEN ||
			dp_sequence_peek(&slot->sequence, f->sequence) == DP_SEQUENCE_DUPLICATE) {
			dp_count(ctx, fragments_discarded, 1);
			return;
		}
		r = start(ctx, slot, lane, f, &why);
		if (!r) {
			dp_session_discard(ctx, slot, f->sequence, f->total, why);
			return;
		}
	}
	place = dp_store_get(&ctx->store, r->blob)->bytes;
	switch (slice_judge(r, f, place)) {
	case SLICE_BAD:
		give_up(ctx, r, DP_DROP_FRAGMENT_OVERLAP);
		return;
	case SLICE_REPEATED:
		dp_count(ctx, fragments_discarded, 1);
		return;
	case SLICE_NEW:
		break;
	}
	slice_put(r, f, place);
	if (r->have == r->total)
		complete(ctx, r);
}

void dp_reassembly_expire(struct dp_ctx *ctx)
{
	uint64_t limit = ctx->cycles_per_ms * DP_LIMIT_REASSEMBLY_MS;

	if (!ctx->reassembly_count)
		return;
	for (uint32_t n = 0; n < EXPIRE_BUDGET; n++) {
		struct dp_reassembly *r = &ctx->reassemblies[ctx->reassembly_cursor];

		ctx->reassembly_cursor = (ctx->reassembly_cursor + 1) % DP_LIMIT_REASSEMBLY_TOTAL;
		if (r->slot && ctx->now_tsc - r->started_tsc > limit)
			give_up(ctx, r, DP_DROP_REASSEMBLY_TIMEOUT);
	}
}

void dp_reassembly_drop(struct dp_ctx *ctx, const struct dp_session *slot, enum dp_drop reason)
{
	for (uint32_t i = 0; i < DP_LIMIT_REASSEMBLY_TOTAL; i++) {
		struct dp_reassembly *r = &ctx->reassemblies[i];

		if (r->slot && (!slot || r->slot == slot))
			give_up(ctx, r, reason);
	}
}
