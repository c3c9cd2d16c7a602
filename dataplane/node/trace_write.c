#include "dataplane/node/trace_write.h"

#include "dataplane/filter/filter.h"

#include <string.h>

static bool wanted(const struct dp_trace_conf *conf, const struct dp_event *event)
{
	struct rh_topic topic;

	if (conf->all)
		return true;
	if (!event->key.topic || rh_topic_parse(event->key.topic, event->key.topic_len, &topic, NULL) < 0)
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
	const struct dp_match_result *result, enum dp_drop drop)
{
	const struct dp_match_key *key = &event->key;
	struct dp_trace_entry e = {
		.wall_ns = ctx->now_tsc, /* dp_trace_read makes wall time of it */
		.incarnation = rh_event_incarnation(event->record),
		.sequence = rh_event_sequence(event->record),
		.worker = ctx->worker,
		.publisher = dp_slot_index(ctx, event->publisher),
		.payload_len = key->payload_len,
		.drop = (uint16_t)drop,
	};
	uint32_t kept = key->payload_len < DP_TRACE_PAYLOAD_BYTES ? key->payload_len : DP_TRACE_PAYLOAD_BYTES;

	if (result) {
		e.receivers = result->count;
		e.cache_hit = result->cache_hit;
	}
	if (key->topic) {
		e.topic_len = key->topic_len;
		memcpy(e.topic, key->topic,
			e.topic_len < DP_TRACE_TOPIC_BYTES ? e.topic_len : DP_TRACE_TOPIC_BYTES);
	}
	e.payload_kept = (uint16_t)kept;
	if (kept)
		memcpy(e.payload, key->payload, kept);
	place_write(ctx->trace_ring, &e);
}

void dp_trace_refused(struct dp_ctx *ctx, const struct dp_event *event, enum dp_drop reason)
{
	if (wanted(ctx->trace, event))
		event_write(ctx, event, NULL, reason);
}

void dp_trace_burst(struct dp_ctx *ctx)
{
	for (uint32_t i = 0; i < ctx->event_count; i++) {
		const struct dp_match_result *result = &ctx->results[i];
		bool bad = result->verdict == DP_MATCH_BAD_TOPIC;

		if (wanted(ctx->trace, &ctx->events[i]))
			event_write(ctx, &ctx->events[i], result, bad ? DP_DROP_FRAME_TOPIC : DP_DROP_NONE);
	}
}
