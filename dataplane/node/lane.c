#include "dataplane/node/lane.h"

#include "dataplane/match/budget.h"
#include "dataplane/node/node.h"
#include "dataplane/node/outgoing.h"

#include <assert.h>
#include <rte_ring_elem.h>

/* A tenant's part of what the others leave free is one in so many. */
#define PART 8
/* Copies that may come back in one round; the event that reaches it is the last one. */
#define BACK_BUDGET 128

static bool has_room(const struct dp_ctx *ctx, const struct dp_account *account, uint32_t bytes)
{
	uint32_t events = (DP_LIMIT_LANE_EVENTS - ctx->lane_waiting) / PART;
	uint64_t left = (DP_LIMIT_LANE_BYTES - ctx->lane_bytes) / PART;

	return account->waiting < events && account->waiting_bytes + bytes <= left;
}

/* @account's tenant has so many events and bytes more in the lane, or fewer. */
static void waiting_add(struct dp_ctx *ctx, struct dp_account *account, int32_t events, int64_t bytes)
{
	ctx->lane_waiting += (uint32_t)events;
	rh_store_relaxed(&ctx->lane_bytes, ctx->lane_bytes + (uint64_t)bytes);
	rh_store_relaxed(&account->waiting, account->waiting + (uint32_t)events);
	rh_store_relaxed(&account->waiting_bytes, account->waiting_bytes + (uint64_t)bytes);
	rh_store_relaxed(&ctx->counters.events_waiting, ctx->lane_waiting);
}

static bool hand_over(struct dp_ctx *ctx, struct dp_event *event, struct dp_account *account)
{
	struct dp_session *publisher = event->publisher;
	struct dp_lane_event out = {.slot = dp_slot_index(ctx, publisher), .wire_id = publisher->wire_id};

	if (!has_room(ctx, account, dp_outgoing_len(event)))
		return false;
	out.blob = dp_event_blob(ctx, event);
	if (out.blob == DP_BLOB_NONE)
		return false;
	/* The reference that the event had is the lane's. */
	event->blob = DP_BLOB_NONE;
	/* Cannot fail: the ring holds all that may wait. */
	if (rte_ring_sp_enqueue_elem(ctx->lane_to, &out, sizeof(out)))
		assert(!"a full ring to the lane");
	publisher->lane_events++;
	waiting_add(ctx, account, 1, dp_store_get(&ctx->store, out.blob)->len);
	dp_count(ctx, content_to_lane, 1);
	rh_add_relaxed(&account->to_lane, 1);
	return true;
}

bool dp_lane_divert(struct dp_ctx *ctx, struct dp_event *event, struct dp_match_result *r)
{
	struct dp_account *account = &ctx->budget->account[event->publisher->tenant];
	bool behind = event->publisher->lane_events != 0;

	if (r->verdict != DP_MATCH_LATER && !(behind && r->verdict == DP_MATCH_OK && r->count))
		return false;
	if (hand_over(ctx, event, account))
		return true;
	rh_add_relaxed(&account->refused, 1);
	if (!behind && r->count) {
		r->verdict = DP_MATCH_OK;
		dp_count(ctx, content_skipped, 1);
		return false;
	}
	dp_drop_event(ctx, event->publisher, DP_DROP_CONTENT_BUDGET);
	return true;
}

/* The publisher of @event, or NULL: its session is gone. */
static struct dp_session *publisher_of(const struct dp_ctx *ctx, const struct dp_lane_event *event)
{
	struct dp_session *slot = &ctx->tables->slots[event->slot];
	uint32_t state = rh_load_acquire(&slot->state);

	if (state != DP_SLOT_OPEN && state != DP_SLOT_CLOSING)
		return NULL;
	return slot->wire_id == event->wire_id ? slot : NULL;
}

/* It is back, or given up. */
static struct dp_session *event_end(struct dp_ctx *ctx, const struct dp_lane_event *event, struct dp_account *account)
{
	struct dp_session *publisher = publisher_of(ctx, event);

	waiting_add(ctx, account, -1, -(int64_t)dp_store_get(&ctx->store, event->blob)->len);
	if (publisher)
		publisher->lane_events--;
	return publisher;
}

static void copies_make(struct dp_ctx *ctx, const struct dp_lane_answer *answer)
{
	for (uint32_t i = 0; i < answer->count; i++) {
		const struct dp_lane_receiver *to = &answer->receiver[i];

		dp_stored_copy(ctx, &(struct dp_copy_message){.blob = answer->event.blob,
			.slot = to->wire_id & DP_SLOT_MASK,
			.wire_id = to->wire_id,
			.witness = {to->sub, to->sub_tag, answer->generation}});
	}
	dp_outbox_flush(ctx);
}

static void answer_take(struct dp_ctx *ctx, const struct dp_lane_answer *answer)
{
	struct dp_blob *blob = dp_store_get(&ctx->store, answer->event.blob);
	struct dp_account *account = &ctx->budget->account[blob->tenant];

	(void)event_end(ctx, &answer->event, account);
	dp_budget_learn(ctx->budget, blob->tenant, dp_blob_key(blob).payload_len, answer->cycles);
	rh_add_relaxed(&account->lane_cycles, answer->cycles);
	dp_count(ctx, lane_cycles, answer->cycles);
	ctx->lane_scans += answer->scans;
	dp_count(ctx, events_matched, answer->count != 0);
	dp_count(ctx, events_unmatched, answer->count == 0);
	dp_count(ctx, copies_made, answer->count);
	copies_make(ctx, answer);
	dp_store_put(&ctx->store, answer->event.blob, 1);
}

uint32_t dp_node_lane(struct dp_ctx *ctx)
{
	const struct dp_lane_answer *answer;
	uint32_t events = 0, copies = 0;
	size_t len;

	while (copies < BACK_BUDGET && (answer = dp_bytering_peek(&ctx->lane_back, &len)) != NULL) {
		copies += answer->count + 1;
		answer_take(ctx, answer);
		dp_bytering_release(&ctx->lane_back, len);
		events++;
	}
	dp_stage_end(ctx, DP_STAGE_FANOUT);
	return events;
}

void dp_lane_give_up(struct dp_ctx *ctx, const struct dp_lane_event *event)
{
	struct dp_blob *blob = dp_store_get(&ctx->store, event->blob);
	struct dp_session *publisher = event_end(ctx, event, &ctx->budget->account[blob->tenant]);

	if (publisher)
		dp_drop_event(ctx, publisher, DP_DROP_DRAINING);
	else
		rh_add_relaxed(&ctx->counters.drop_events[DP_DROP_DRAINING], 1);
	dp_store_put(&ctx->store, event->blob, 1);
}
