#include "dataplane/node/trace_write.h"

#include "dataplane/filter/filter.h"

#include <string.h>

static bool wanted(const struct dp_trace_conf *conf, const struct dp_event *event)
{
	struct rh_topic topic;

	if (conf->all)
		return true;
	if (!event->topic || rh_topic_parse(event->topic, event->topic_len, &topic, NULL) < 0)
		return false;
	return rh_filter_matches(&conf->filter, &topic);
}

static void place_write(struct dp_trace_ring *ring, const struct dp_trace_entry *entry)
{
	uint64_t n = ring->written;
	struct dp_trace_place *place = &ring->place[n % DP_LIMIT_TRACE_RING];
	uint64_t words[DP_TRACE_WORDS] = {0};

	memcpy(words, entry, sizeof(*entry));
	rh_store_relaxed(&place->version, 2 * n + 1);
	/* Pairs with the acquire loads in place_read: who saw a new word sees the odd version. */
	for (size_t i = 0; i < DP_TRACE_WORDS; i++)
		rh_store_release(&place->words[i], words[i]);
	rh_store_release(&place->version, 2 * n + 2);
	rh_store_release(&ring->written, n + 1);
}

static void event_write(struct dp_ctx *ctx, const struct dp_event *event,
	const struct dp_match_result *result)
{
	const struct rh_event *v = &event->view;
	struct dp_trace_entry e = {
		.wall_ns = ctx->now_tsc, /* dp_trace_read makes wall time of it */
		.incarnation = v->incarnation,
		.sequence = v->sequence,
		.worker = ctx->worker,
		.publisher = dp_slot_index(ctx, event->publisher),
		.payload_len = v->payload_len,
		.drop = (uint16_t)event->drop,
	};
	uint32_t kept = v->payload_len < DP_TRACE_PAYLOAD_BYTES ? v->payload_len : DP_TRACE_PAYLOAD_BYTES;

	if (result) {
		e.receivers = result->count;
		e.cache_hit = result->cache_hit;
		if (result->verdict == DP_MATCH_BAD_TOPIC)
			e.drop = DP_DROP_FRAME_TOPIC;
	}
	if (event->topic) {
		e.topic_len = event->topic_len;
		memcpy(e.topic, event->topic,
			e.topic_len < DP_TRACE_TOPIC_BYTES ? e.topic_len : DP_TRACE_TOPIC_BYTES);
	}
	e.payload_kept = (uint16_t)kept;
	if (kept)
		memcpy(e.payload, v->payload, kept);
	place_write(ctx->trace_ring, &e);
}

void dp_trace_burst(struct dp_ctx *ctx)
{
	uint32_t live = 0;

	for (uint32_t i = 0; i < ctx->event_count; i++) {
		const struct dp_match_result *result = NULL;

		if (live < ctx->live_count && ctx->live[live] == i)
			result = &ctx->results[live++];
		if (wanted(ctx->trace, &ctx->events[i]))
			event_write(ctx, &ctx->events[i], result);
	}
}
