#include "dataplane/match/text.h"
#include "dataplane/node/lane.h"
#include "dataplane/node/node.h"
#include "dataplane/node/trace_write.h"

/* Publishers send several events of one topic in a row: comparing is cheaper than asking for each. */
static inline bool same_topic(const struct dp_event *a, const struct dp_event *b)
{
	return a->publisher == b->publisher && a->topic_len == b->topic_len &&
	       dp_text_equal(a->topic, b->topic, a->topic_len);
}

static void keys_fill(struct dp_ctx *ctx)
{
	const struct dp_event *before = NULL;

	for (uint32_t i = 0; i < ctx->live_count; i++) {
		const struct dp_event *event = &ctx->events[ctx->live[i]];

		ctx->keys[i] = (struct dp_match_key){
			.topic = event->topic,
			.topic_len = event->topic_len,
			.payload = event->view.payload,
			.payload_len = event->view.payload_len,
			.attributes = event->view.attributes,
			.attributes_len = event->view.attributes_len,
			.tenant = event->publisher->tenant,
			.profile = event->publisher->profile,
			.same = before && same_topic(before, event),
		};
		before = event;
	}
}

/* Behind events of the same publisher that are in the content lane nothing is decided here. */
static __attribute__((noinline)) void events_hold(struct dp_ctx *ctx)
{
	uint64_t held = 0;

	for (uint32_t i = 0; i < ctx->live_count; i++)
		held |= (uint64_t)(ctx->events[ctx->live[i]].publisher->lane_events != 0) << i;
	dp_match_hold(ctx->match, held);
}

/* Outcomes of the burst; leaves those with receivers in live, results beside them. @diverts: some may have to go to the content lane. */
static inline void results_sort(struct dp_ctx *ctx, bool diverts)
{
	uint64_t hits = 0, unmatched = 0, copies = 0;
	uint32_t n = 0;

	for (uint32_t i = 0; i < ctx->live_count; i++) {
		struct dp_match_result *r = &ctx->results[i];

		hits += r->cache_hit;
		if (diverts && dp_lane_divert(ctx, &ctx->events[ctx->live[i]], r))
			continue;
		if (rh_likely(r->count)) {
			copies += r->count;
			if (rh_unlikely(n != i)) {
				ctx->live[n] = ctx->live[i];
				ctx->results[n] = *r;
			}
			n++;
		} else if (rh_likely(r->verdict == DP_MATCH_OK)) {
			unmatched++;
		} else {
			ctx->events[ctx->live[i]].drop = DP_DROP_FRAME_TOPIC;
			dp_drop_event(ctx, ctx->events[ctx->live[i]].publisher, DP_DROP_FRAME_TOPIC);
		}
	}
	dp_count(ctx, cache_hits, hits);
	dp_count(ctx, cache_misses, ctx->live_count - hits);
	dp_count(ctx, events_unmatched, unmatched);
	dp_count(ctx, events_matched, n);
	dp_count(ctx, copies_made, copies);
	ctx->live_count = n;
}

static __attribute__((noinline)) void results_divert(struct dp_ctx *ctx)
{
	results_sort(ctx, true);
}

void dp_node_match(struct dp_ctx *ctx)
{
	uint32_t later = ctx->lane_waiting;

	if (rh_likely(ctx->live_count)) {
		keys_fill(ctx);
		if (rh_unlikely(later))
			events_hold(ctx);
		later |= dp_match_burst(ctx->match, ctx->keys, ctx->live_count, ctx->results);
	}
	/* Before the results are sorted: the trace shows dropped and unmatched events too. */
	if (rh_unlikely(ctx->trace != NULL))
		dp_trace_burst(ctx);
	if (rh_unlikely(later))
		results_divert(ctx);
	else if (rh_likely(ctx->live_count))
		results_sort(ctx, false);
	dp_stage_end(ctx, DP_STAGE_MATCH);
	dp_node_fanout(ctx);
}
