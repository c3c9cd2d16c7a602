/*
 * Events of a burst that must outlive it. An event put together from fragments lies in the store already and becomes its
 * own outgoing form in place, unless its topic is an alias, whose text has to be put in.
 */

#include "dataplane/node/node.h"
#include "dataplane/node/outgoing.h"

static void blob_describe(const struct dp_ctx *ctx, struct dp_blob *blob, const struct dp_event *event)
{
	blob->rx_tsc = ctx->now_tsc;
	blob->ttl_ms = rh_load_be32(event->record + DP_OUTGOING_TTL_AT);
	blob->tenant = event->key.tenant;
	blob->profile = event->key.profile;
}

dp_blob_id_t dp_event_blob(struct dp_ctx *ctx, struct dp_event *event)
{
	struct dp_blob *blob;

	if (event->blob != DP_BLOB_NONE)
		return event->blob;
	if (event->raw != DP_BLOB_NONE && !event->alias) {
		event->blob = event->raw;
		event->raw = DP_BLOB_NONE;
		blob = dp_store_get(&ctx->store, event->blob);
		dp_outgoing_patch(blob->bytes, event);
	} else {
		event->blob = dp_store_alloc(&ctx->store, dp_outgoing_len(event));
		if (event->blob == DP_BLOB_NONE)
			return DP_BLOB_NONE;
		blob = dp_store_get(&ctx->store, event->blob);
		dp_outgoing_write(blob->bytes, event);
	}
	ctx->events_hold = true;
	blob_describe(ctx, blob, event);
	return event->blob;
}

void dp_event_release(struct dp_ctx *ctx, struct dp_event *event)
{
	if (rh_unlikely(event->raw != DP_BLOB_NONE))
		dp_store_put(&ctx->store, event->raw, 1);
	if (rh_unlikely(event->blob != DP_BLOB_NONE))
		dp_store_put(&ctx->store, event->blob, 1);
	event->raw = event->blob = DP_BLOB_NONE;
}

void dp_run_write_many(uint8_t *out, const struct dp_run *run, bool in_place)
{
	const uint8_t *first = run->events->record;
	const struct dp_event *last = &run->events[run->count - 1];
	uint32_t len = (uint32_t)(last->record - first) + last->record_len;
	/* Records of one datagram have one publisher. */
	uint16_t tenant = run->events->key.tenant;

	if (!in_place)
		rte_memcpy(out, first, len);
	for (uint32_t i = 0; i < run->count; i++)
		dp_outgoing_patch_whole(out + (run->events[i].record - first), tenant);
	dp_pad(out, len, run->padded);
}
