#include "dataplane/node/lane.h"
#include "dataplane/node/node.h"
#include "dataplane/node/trace_write.h"

/* Behind events of the same publisher that are in the content lane nothing is decided here. */
static __attribute__((noinline)) void events_hold(struct dp_ctx *ctx)
{
	uint64_t held = 0;

	for (uint32_t i = 0; i < ctx->event_count; i++)
		held |= (uint64_t)(ctx->events[i].publisher->lane_events != 0) << i;
	dp_match_hold(ctx->match, held);
}

/* What became of @copies and of the burst's events, @live of which have receivers. */
static inline void outcomes_count(struct dp_ctx *ctx, uint64_t hits, uint64_t unmatched, uint64_t copies, uint32_t live)
{
	dp_count(ctx, cache_hits, hits);
	dp_count(ctx, cache_misses, ctx->event_count - hits);
	dp_count(ctx, events_unmatched, unmatched);
	dp_count(ctx, events_matched, live);
	dp_count(ctx, copies_made, copies);
	ctx->live_count = live;
}

/* All of them have receivers. */
static void results_take(struct dp_ctx *ctx, uint64_t copies)
{
	for (uint32_t i = 0; i < DP_BURST; i++)
		ctx->live[i] = &ctx->events[i];
	outcomes_count(ctx, ctx->event_count, 0, copies, ctx->event_count);
}

/* Outcomes of the burst; leaves those with receivers in live, results beside them. @diverts: some may have to go to the content lane. */
static inline void results_sort(struct dp_ctx *ctx, bool diverts)
{
	uint64_t hits = 0, unmatched = 0, copies = 0;
	uint32_t n = 0;

	for (uint32_t i = 0; i < ctx->event_count; i++) {
		struct dp_match_result *r = &ctx->results[i];

		hits += r->cache_hit;
		if (diverts && dp_lane_divert(ctx, &ctx->events[i], r))
			continue;
		if (rh_likely(r->count)) {
			copies += r->count;
			ctx->live[n] = &ctx->events[i];
			if (rh_unlikely(n != i))
				ctx->results[n] = *r;
			n++;
		} else if (rh_likely(r->verdict == DP_MATCH_OK)) {
			unmatched++;
		} else {
			dp_drop_event(ctx, ctx->events[i].publisher, DP_DROP_FRAME_TOPIC);
		}
	}
	outcomes_count(ctx, hits, unmatched, copies, n);
}

static __attribute__((noinline)) void results_divert(struct dp_ctx *ctx)
{
	results_sort(ctx, true);
}

/* @later: some may have to go to the content lane. */
static inline void results_look(struct dp_ctx *ctx, bool later)
{
	uint64_t copies = dp_match_sure_copies(ctx->match);

	if (rh_unlikely(later))
		results_divert(ctx);
	else if (rh_likely(copies))
		results_take(ctx, copies);
	else
		results_sort(ctx, false);
}

void dp_node_match(struct dp_ctx *ctx, bool repeated)
{
	const struct dp_match_keys keys = {&ctx->events[0].key, sizeof(ctx->events[0])};
	uint32_t later = ctx->lane_waiting;

	if (rh_unlikely(later))
		events_hold(ctx);
	later |= dp_match_events(ctx->match, keys, ctx->event_count, repeated, ctx->results);
	/* Before the results are sorted: the trace shows dropped and unmatched events too. */
	if (rh_unlikely(ctx->trace != NULL))
		dp_trace_burst(ctx);
	results_look(ctx, later);
	dp_stage_end(ctx, DP_STAGE_MATCH);
	dp_node_fanout(ctx);
}
