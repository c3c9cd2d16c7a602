/*
 * Events with the same receivers whose records lie one behind the other are a run, most often of one. The sessions of a burst of copies are fetched, then
 * the copies made. Those of a run of one event, if it has few receivers, mostly go straight (straight.h); those of a run with many most go the wide way
 * (wide.h). Of all others a copy leaves at once when its session is ours, has credit and nobody waits before it; otherwise it queues; the copy for a
 * session of another worker goes to that worker.
 */

#include "dataplane/node/straight.h"
#include "dataplane/node/wide.h"

/* More than half a backlog within one round: what the device takes now need not queue. */
static bool may_send_after_flush(struct dp_ctx *ctx, const struct dp_session *slot, struct dp_txq *txq,
	const struct dp_run *run)
{
	if (dp_txq_open(txq) || txq->blocked_since_tsc)
		return false;
	dp_txq_flush(ctx, txq);
	return dp_may_send_now(slot, txq, run->count, run->bytes);
}

/* The same place in each event's result. */
static const struct dp_receiver *receiver_of(const struct dp_ctx *ctx, const struct dp_copy *c, uint32_t event)
{
	const struct dp_match_result *first = &ctx->results[c->run->first];

	return &first[event].receivers[c->to - first->receivers];
}

/* The copy of one event that must wait. */
static void queue_copy(struct dp_ctx *ctx, struct dp_session *slot, struct dp_event *event,
	const struct dp_receiver *to)
{
	dp_blob_id_t blob = dp_event_blob(ctx, event);
	struct dp_witness witness = dp_witness_of(ctx, to);

	if (blob == DP_BLOB_NONE)
		dp_drop_copy(ctx, slot, DP_DROP_NO_BUFFER);
	else
		dp_egress_enqueue(ctx, slot, blob, &witness);
}

static void one_forward(struct dp_ctx *ctx, const struct dp_copy *one, struct dp_txq *txq)
{
	enum dp_drop drop;

	if (!dp_too_long(one->slot, txq, one->run->padded)) {
		dp_forward(ctx, one, txq);
		return;
	}
	drop = dp_transmit_long(ctx, one->slot, one->hop, txq, one->run->events);
	if (drop != DP_DROP_NONE)
		dp_drop_copy(ctx, one->slot, drop);
}

/* Credit, queue or the size of a datagram do not let all of them go together: one after the other. */
static __attribute__((noinline)) void run_split(struct dp_ctx *ctx, const struct dp_copy *c, struct dp_txq *txq)
{
	struct dp_run run;
	struct dp_copy one = *c;

	one.run = &run;
	for (uint32_t i = 0; i < c->run->count; i++) {
		dp_run_begin(&run, &c->run->events[i], c->run->first + i, c->run->last);
		if (dp_may_send_now(c->slot, txq, run.count, run.bytes) || may_send_after_flush(ctx, c->slot, txq, &run))
			one_forward(ctx, &one, txq);
		else
			queue_copy(ctx, c->slot, run.events, receiver_of(ctx, c, i));
	}
}

static void own_copy(struct dp_ctx *ctx, const struct dp_copy *c)
{
	struct dp_txq *txq = dp_txq_of(ctx, c->hop);

	if (rh_unlikely(!txq))
		dp_drop_copies(ctx, c->slot, DP_DROP_NO_ADJACENCY, c->run->count);
	else if (rh_unlikely(!dp_may_send_now(c->slot, txq, c->run->count, c->run->bytes) || dp_too_long(c->slot, txq, c->run->padded)))
		run_split(ctx, c, txq);
	else
		dp_forward(ctx, c, txq);
}

static void other_copy(struct dp_ctx *ctx, const struct dp_copy *c)
{
	for (uint32_t i = 0; i < c->run->count; i++)
		dp_outbox_add(ctx, &c->run->events[i], receiver_of(ctx, c, i), c->slot);
}

static void queues_flush(struct dp_ctx *ctx)
{
	for (uint32_t q = 0; q < ctx->rxq_count; q++)
		dp_txq_relieve(ctx, ctx->txq[ctx->rxq[q].port]);
}

/* A copy of @run for @to, by no short way. Not inline: few go it. */
static __attribute__((noinline)) void copy_send(struct dp_ctx *ctx, const struct dp_run *run, const struct dp_receiver *to)
{
	struct dp_session *slot = &ctx->tables->slots[to->session];
	struct dp_copy c = {.run = run,
		.to = to,
		.slot = slot,
		.hop = rh_rcu_deref(ctx->tables->hops[rh_load_relaxed(&slot->adjacency)])};

	if (rh_unlikely(rh_load_acquire(&slot->state) != DP_SLOT_OPEN))
		dp_drop_copies_unowned(ctx, DP_DROP_SUBSCRIBER_GONE, run->count);
	else if (rh_unlikely(slot->owner != ctx->worker))
		other_copy(ctx, &c);
	else
		own_copy(ctx, &c);
}

/* A copy of @run for @to: straight, if it goes so. Not inline: see only_send. */
static __attribute__((noinline)) void copy_make(struct dp_ctx *ctx, struct dp_way *way, const struct dp_run *run, const struct dp_receiver *to)
{
	bool whole = run->count == 1 && run->events->end;

	if (rh_unlikely(!whole || !dp_straight_send(ctx, way, run->events, to->session, to == run->last)))
		copy_send(ctx, run, to);
}

/* Fetch the sessions of the first chunk of the receivers from @to to @last; how many. */
static inline uint32_t chunk_fetch(const struct dp_session *slots, const struct dp_receiver *to, const struct dp_receiver *last)
{
	const struct dp_receiver *end = last - to < DP_BURST ? last + 1 : to + DP_BURST;

	for (const struct dp_receiver *next = to; next < end; next++)
		dp_session_fetch(&slots[next->session]);
	return (uint32_t)(end - to);
}

/* Fetch the sessions of results from @first on, until there is a burst of copies; behind the last of them. */
static inline uint32_t results_fetch(const struct dp_ctx *ctx, uint32_t first)
{
	const struct dp_match_result *result = &ctx->results[first], *end = &ctx->results[ctx->live_count];
	const struct dp_session *slots = ctx->tables->slots;
	const struct dp_receiver *before = NULL;
	uint32_t copies = 0;

	for (; result < end && copies < DP_BURST; before = result++->receivers) {
		if (rh_unlikely(result->receivers == before))
			continue;
		if (rh_likely(result->count == 1)) {
			dp_session_fetch(&slots[result->receivers->session]);
			copies++;
		} else {
			copies += chunk_fetch(slots, result->receivers, result->receivers + result->count - 1);
		}
	}
	return (uint32_t)(result - ctx->results);
}

static __attribute__((noinline)) void copies_left(struct dp_ctx *ctx, struct dp_way *way, const struct dp_run *run, const struct dp_wide_left *left)
{
	for (uint32_t i = 0; i < left->count; i++)
		copy_make(ctx, way, run, left->to[i]);
	queues_flush(ctx);
}

/* Fetch the next hops of the results from @first on, before @end, of each result's first receiver. Their sessions are fetched. */
static __attribute__((noinline)) void hops_fetch(const struct dp_ctx *ctx, uint32_t first, uint32_t end)
{
	for (; first < end; first++) {
		const struct dp_session *slot = &ctx->tables->slots[ctx->results[first].receivers->session];

		rh_prefetch(rh_rcu_deref(ctx->tables->hops[rh_load_relaxed(&slot->adjacency)]));
	}
}

/* Copies of @run, which is wide, for its receivers from @to on but for the last, who is returned. The first chunk's sessions are fetched. */
static const struct dp_receiver *copies_spread(struct dp_ctx *ctx, struct dp_way *way, const struct dp_run *run, const struct dp_receiver *to)
{
	struct dp_wide_left left;
	struct dp_wide wide;

	dp_wide_begin(&wide, run);
	while (to < run->last) {
		uint32_t n = RTE_MIN((uint32_t)(run->last - to), (uint32_t)DP_BURST);

		if (to + n < run->last)
			(void)chunk_fetch(ctx->tables->slots, to + n, run->last);
		to += dp_wide_send(ctx, way, &wide, to, n, &left);
		if (rh_unlikely(left.count))
			copies_left(ctx, way, run, &left);
	}
	return to;
}

/* Do two results name the same sessions in the same order? Not every pair that does is told. */
static inline bool receivers_same(const struct dp_match_result *a, const struct dp_match_result *b)
{
	if (a->count != b->count)
		return false;
	return a->receivers == b->receivers ||
	       (a->count == 1 && a->receivers->session == b->receivers->session);
}

/* Does the @n-th event behind @event, of which there is one, leave together with those before: records one behind the other, receivers the same? */
static inline bool run_joins(const struct dp_event *event, const uint8_t *live,
	const struct dp_match_result *result, uint32_t n)
{
	return event[n].record == event[n - 1].end && event[n].end && live[n] == live[0] + n &&
	       receivers_same(&result[n - 1], &result[n]);
}

/* @run and what leaves together with it. */
static __attribute__((noinline)) void run_extend(const struct dp_ctx *ctx, struct dp_run *run)
{
	const struct dp_event *event = run->events;
	const struct dp_match_result *result = &ctx->results[run->first];
	const uint8_t *live = &ctx->live[run->first], *end;
	uint32_t n = 1, most = ctx->live_count - run->first;

	for (; n < most && run_joins(event, live, result, n); n++)
		run->bytes += event[n].record_len;
	/* One alone may leave longer than it came, under an alias: what dp_run_begin said stands. */
	if (n == 1)
		return;
	run->count = n;
	run->packet = event[n - 1].packet;
	end = event[n - 1].record + event[n - 1].record_len;
	run->padded = RH_ALIGN_UP((uint32_t)(end - event->record), (uint32_t)RH_WIRE_ALIGN);
}

/* Send the copies of the run that begins with result @first; of how many events it is. The last copy may leave in the frame that it came in. Not inline: see only_send. */
static __attribute__((noinline)) uint32_t run_send(struct dp_ctx *ctx, struct dp_way *way, uint32_t first)
{
	struct dp_event *event = rh_opaque(&ctx->events[ctx->live[first]]);
	const struct dp_match_result *result = &ctx->results[first];
	const struct dp_receiver *to = result->receivers;
	struct dp_run run;

	dp_run_begin(&run, event, first, to + result->count - 1);
	if (event[1].record == event->end)
		run_extend(ctx, &run);
	if (to == run.last) {
		/* It does not go straight: only_send has seen that. */
		copy_send(ctx, &run, to);
		return run.count;
	}
	if (dp_run_is_wide(&run, to))
		to = copies_spread(ctx, way, &run, to);
	for (; to <= run.last; to++)
		copy_make(ctx, way, &run, to);
	return run.count;
}

/* Does the event behind @event leave together with it? Behind the last of a burst lies what a former one left. */
static inline bool is_joined(const struct dp_ctx *ctx, const struct dp_event *event, const uint8_t *live, const struct dp_match_result *result)
{
	return event[1].record == event->end && result + 1 < &ctx->results[ctx->live_count] && run_joins(event, live, result, 1);
}

/* The same for a run of one event that came whole and has one receiver, as nearly every one: false where it is another, or does not go straight. */
static inline bool only_send(const struct dp_ctx *ctx, struct dp_way *way, const struct dp_match_result *result, const uint8_t *live)
{
	const struct dp_event *event = rh_opaque(&ctx->events[*live]);

	return rh_likely(event->end && result->count == 1 && !is_joined(ctx, event, live, result)) &&
	       dp_straight_send(ctx, way, event, result->receivers->session, true);
}

/* Send the copies of the results from @first on, before @end, and of what leaves together with them; behind the last. */
static inline uint32_t results_send(struct dp_ctx *ctx, struct dp_way *way, uint32_t first, uint32_t end)
{
	const struct dp_match_result *result = &ctx->results[first], *last = &ctx->results[end];
	const uint8_t *live = &ctx->live[first];

	while (result < last) {
		uint32_t n = 1;

		if (rh_unlikely(!only_send(ctx, way, result, live)))
			n = run_send(ctx, way, (uint32_t)(result - ctx->results));
		result += n;
		live += n;
	}
	return (uint32_t)(result - ctx->results);
}

static void events_release(struct dp_ctx *ctx)
{
	for (uint32_t i = 0; i < ctx->event_count; i++)
		dp_event_release(ctx, &ctx->events[i]);
	ctx->events_hold = false;
}

void dp_node_fanout(struct dp_ctx *ctx)
{
	uint32_t first = 0, end;
	struct dp_way way;

	dp_way_begin(&way);
	while (first < ctx->live_count) {
		end = results_fetch(ctx, first);
		if (rh_unlikely(ctx->way_turns > 1))
			hops_fetch(ctx, first, end);
		first = results_send(ctx, &way, first, end);
		queues_flush(ctx);
	}
	ctx->way_turns = way.turns;
	if (rh_unlikely(ctx->worker_count > 1))
		dp_outbox_flush(ctx);
	if (rh_unlikely(ctx->events_hold))
		events_release(ctx);
	ctx->event_count = ctx->live_count = 0;
	dp_stage_end(ctx, DP_STAGE_FANOUT);
}
