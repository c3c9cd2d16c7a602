/*
 * Events with the same receivers whose records lie one behind the other are a run, most often of one. The sessions of a burst of copies are fetched, then
 * the copies made. The last one of a run of one event mostly goes straight (straight.h), those before it the wide way, as those of longer runs with several
 * receivers (wide.h). Of all others a copy leaves at once when its session is ours, has credit and nobody waits before it; otherwise it queues; the copy for a
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

/* A copy of @run for @to: straight, if it goes so. Not inline: see plain_send. */
static __attribute__((noinline)) void copy_make(struct dp_ctx *ctx, struct dp_way *way, const struct dp_run *run, const struct dp_receiver *to)
{
	bool whole = run->count == 1 && run->events->end;

	if (rh_unlikely(!whole || !dp_straight_send(ctx, way, run->events, to->session, to == run->last)))
		copy_send(ctx, run, to);
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
			copies += dp_chunk_fetch(slots, result->receivers, result->receivers + result->count);
		}
	}
	return (uint32_t)(result - ctx->results);
}

/* Fetch the next hops of the results from @first on, before @end, of each result's first receiver. Their sessions are fetched. */
static __attribute__((noinline)) void hops_fetch(const struct dp_ctx *ctx, uint32_t first, uint32_t end)
{
	for (; first < end; first++) {
		const struct dp_session *slot = &ctx->tables->slots[ctx->results[first].receivers->session];

		rh_prefetch(rh_rcu_deref(ctx->tables->hops[rh_load_relaxed(&slot->adjacency)]));
	}
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
static inline bool run_joins(const struct dp_event *event, struct dp_event *const *live,
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
	struct dp_event *const *live = &ctx->live[run->first];
	const uint8_t *end;
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

/* Make @run of what begins with @result. */
static inline void run_make(struct dp_ctx *ctx, struct dp_run *run, const struct dp_match_result *result)
{
	uint32_t first = (uint32_t)(result - ctx->results);
	struct dp_event *event = ctx->live[first];

	dp_run_begin(run, event, first, result->receivers + result->count - 1);
	if (event[1].record == event->end)
		run_extend(ctx, run);
}

/* What the wide way left of the run that begins with @result. */
static __attribute__((noinline)) void copies_left(struct dp_ctx *ctx, const struct dp_wide *wide, const struct dp_match_result *result)
{
	struct dp_run run;

	run_make(ctx, &run, result);
	for (uint32_t i = 0; i < wide->left_count; i++)
		copy_make(ctx, wide->way, &run, wide->left[i]);
	queues_flush(ctx);
}

/* Copies of the run that begins with @result, which is @wide, for its receivers but the last, who is returned. The first chunk's sessions are fetched. */
static inline const struct dp_receiver *copies_spread(struct dp_ctx *ctx, struct dp_wide *wide, const struct dp_match_result *result)
{
	const struct dp_receiver *to = result->receivers, *last = to + result->count - 1;

	do {
		to = dp_wide_send(wide, to, last);
		if (rh_unlikely(wide->left_count))
			copies_left(ctx, wide, result);
	} while (rh_unlikely(to < last));
	return last;
}

/* Send the copies of the run that begins with @result; of how many events it is. The last copy may leave in the frame that it came in. Not inline: see plain_send. */
static __attribute__((noinline)) uint32_t run_send(struct dp_ctx *ctx, struct dp_way *way, struct dp_wide *wide, const struct dp_match_result *result)
{
	const struct dp_receiver *to = result->receivers;
	struct dp_run run;

	run_make(ctx, &run, result);
	if (to == run.last) {
		/* It does not go straight: plain_send has seen that. */
		copy_send(ctx, &run, to);
		return run.count;
	}
	if (dp_is_wide(result->count, run.padded)) {
		dp_wide_of_run(wide, &run);
		to = copies_spread(ctx, wide, result);
	}
	for (; to <= run.last; to++)
		copy_make(ctx, way, &run, to);
	return run.count;
}

/* Does the event behind @event leave together with it? Behind the last of a burst lies what a former one left. */
static inline bool is_joined(const struct dp_ctx *ctx, const struct dp_event *event, struct dp_event *const *live, const struct dp_match_result *result)
{
	return event[1].record == event->end && result + 1 < &ctx->results[ctx->live_count] && run_joins(event, live, result, 1);
}

/* All copies of @event, the plain one of @result, but the last, whose receiver is returned. */
static __attribute__((noinline)) const struct dp_receiver *event_spread(struct dp_ctx *ctx, struct dp_wide *wide, const struct dp_event *event,
	const struct dp_match_result *result)
{
	dp_wide_of_event(wide, event);
	return copies_spread(ctx, wide, result);
}

/* The last copy of a plain event, that of @result, which does not go straight. */
static __attribute__((noinline)) void last_send(struct dp_ctx *ctx, const struct dp_match_result *result)
{
	struct dp_run run;

	run_make(ctx, &run, result);
	copy_send(ctx, &run, run.last);
}

/*
 * Send the copies of a plain event: one that came whole and leaves alone, as nearly every one, and has one receiver or goes the wide way. False: it is none, and
 * nothing was sent.
 */
static inline bool plain_send(struct dp_ctx *ctx, struct dp_way *way, struct dp_wide *wide, const struct dp_match_result *result,
	struct dp_event *const *live)
{
	const struct dp_event *event = *live;
	const struct dp_receiver *last = result->receivers;

	if (rh_unlikely(!event->end || is_joined(ctx, event, live, result)))
		return false;
	if (rh_unlikely(result->count > 1)) {
		if (!dp_is_wide(result->count, event->record_len))
			return false;
		last = event_spread(ctx, wide, event, result);
	}
	if (rh_unlikely(!dp_straight_send(ctx, way, event, last->session, true)))
		last_send(ctx, result);
	return true;
}

/* Send the copies of the results from @first on, before @end, and of what leaves together with them; behind the last. */
static inline uint32_t results_send(struct dp_ctx *ctx, struct dp_way *way, struct dp_wide *wide, uint32_t first, uint32_t end)
{
	const struct dp_match_result *result = &ctx->results[first], *last = &ctx->results[end];
	struct dp_event *const *live = &ctx->live[first];

	while (result < last) {
		uint32_t n = 1;

		if (rh_unlikely(!plain_send(ctx, way, wide, result, live)))
			n = run_send(ctx, way, wide, result);
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
	struct dp_wide wide;
	struct dp_way way;

	dp_way_begin(&way, ctx);
	dp_wide_begin(&wide, ctx, &way);
	while (first < ctx->live_count) {
		end = results_fetch(ctx, first);
		if (rh_unlikely(ctx->way_turns > 1))
			hops_fetch(ctx, first, end);
		first = results_send(ctx, &way, &wide, first, end);
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
