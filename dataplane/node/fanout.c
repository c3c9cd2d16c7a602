/*
 * Events with the same receivers whose records lie one behind the other are a run, most often of one; what is done for a copy is done for a whole
 * run at once. The copies of a burst are taken in chunks: fetch the sessions, fetch their next hops, then make
 * the copies. A copy leaves at once when its session is ours, has credit and nobody waits before it; otherwise
 * it queues; the copy for a session of another worker goes to that worker. That is the narrow way; of a run with many
 * receivers most copies go another one (wide.h).
 */

#include "dataplane/node/forward.h"
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

/* Is @run longer than a datagram to @slot? None is shorter than RH_DATAGRAM_MIN_MAX. */
static inline bool too_long(const struct dp_session *slot, const struct dp_txq *txq, const struct dp_run *run)
{
	return rh_unlikely(RH_DATAGRAM_HDR + run->padded > RH_DATAGRAM_MIN_MAX) &&
	       RH_DATAGRAM_HDR + run->padded > dp_datagram_max(slot, txq);
}

static void one_forward(struct dp_ctx *ctx, const struct dp_copy *one, struct dp_txq *txq)
{
	enum dp_drop drop;

	if (!too_long(one->slot, txq, one->run)) {
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

static inline __attribute__((always_inline)) void own_copy(struct dp_ctx *ctx, const struct dp_copy *c)
{
	struct dp_txq *txq = dp_txq_of(ctx, c->hop);

	if (rh_unlikely(!txq))
		dp_drop_copies(ctx, c->slot, DP_DROP_NO_ADJACENCY, c->run->count);
	else if (rh_unlikely(!dp_may_send_now(c->slot, txq, c->run->count, c->run->bytes) || too_long(c->slot, txq, c->run)))
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

/* Inline where a burst is sent, whatever else sends one. */
static inline __attribute__((always_inline)) void copy_send(struct dp_ctx *ctx, const struct dp_copy *c)
{
	if (rh_unlikely(rh_load_acquire(&c->slot->state) != DP_SLOT_OPEN))
		dp_drop_copies_unowned(ctx, DP_DROP_SUBSCRIBER_GONE, c->run->count);
	else if (rh_unlikely(c->slot->owner != ctx->worker))
		other_copy(ctx, c);
	else
		own_copy(ctx, c);
}

static void copies_send(struct dp_ctx *ctx, struct dp_copy *copies, const struct dp_copy *end)
{
	struct dp_hop *const *hops = ctx->tables->hops;

	for (struct dp_copy *c = copies; c < end; c++) {
		c->hop = rh_rcu_deref(hops[rh_load_relaxed(&c->slot->adjacency)]);
		rh_prefetch(c->hop);
	}
	for (const struct dp_copy *c = copies; c < end; c++)
		copy_send(ctx, c);
	queues_flush(ctx);
}

/* Put a copy of @run for each of its receivers, from @to on, at @end of @copies, and send what makes a burst; the end now. */
static inline struct dp_copy *copies_add(struct dp_ctx *ctx, struct dp_copy *copies, struct dp_copy *end, const struct dp_run *run,
	const struct dp_receiver *to, struct dp_session *slots)
{
	/* There is at least one. */
	do {
		struct dp_copy *c = end++;

		c->run = run;
		c->to = to;
		c->slot = &slots[to->session];
		dp_session_fetch(c->slot);
		if (end == copies + DP_BURST) {
			copies_send(ctx, copies, end);
			end = copies;
		}
	} while (to++ < run->last);
	return end;
}

/* A copy of @run for @to alone. Not inline: copies_send has it too. */
static __attribute__((noinline)) void copy_alone(struct dp_ctx *ctx, const struct dp_run *run, const struct dp_receiver *to)
{
	struct dp_session *slot = &ctx->tables->slots[to->session];
	struct dp_copy c = {.run = run,
		.to = to,
		.slot = slot,
		.hop = rh_rcu_deref(ctx->tables->hops[rh_load_relaxed(&slot->adjacency)])};

	copy_send(ctx, &c);
}

static __attribute__((noinline)) void copies_left(struct dp_ctx *ctx, const struct dp_run *run, const struct dp_wide_left *left)
{
	for (uint32_t i = 0; i < left->count; i++)
		copy_alone(ctx, run, left->to[i]);
	queues_flush(ctx);
}

/* Fetch the sessions of the first chunk of the receivers from @to to @last. */
static inline void chunk_fetch(const struct dp_session *slots, const struct dp_receiver *to, const struct dp_receiver *last)
{
	const struct dp_receiver *end = last - to < DP_BURST ? last + 1 : to + DP_BURST;

	for (; to < end; to++)
		dp_session_fetch(&slots[to->session]);
}

/* Fetch the sessions of the event with result @first, if it is one and has many: while those of the one before get theirs. */
static void next_fetch(const struct dp_ctx *ctx, uint32_t first)
{
	const struct dp_match_result *next = &ctx->results[first];

	if (first < ctx->live_count && next->count >= DP_WIDE_LEAST)
		chunk_fetch(ctx->tables->slots, next->receivers, next->receivers + next->count - 1);
}

/* A copy of @run for each of its receivers, of whom the last may get the frame that it came in. @fetched: the first chunk's sessions are. */
static __attribute__((noinline)) void run_spread(struct dp_ctx *ctx, const struct dp_run *run, bool fetched)
{
	const struct dp_receiver *to = ctx->results[run->first].receivers, *last = run->last;
	struct dp_wide_left left;
	struct dp_wide wide;

	if (!fetched)
		chunk_fetch(ctx->tables->slots, to, last);
	dp_wide_begin(&wide, run);
	while (to < last) {
		uint32_t n = RTE_MIN((uint32_t)(last - to), (uint32_t)DP_BURST);

		if (to + n < last)
			chunk_fetch(ctx->tables->slots, to + n, last);
		else
			next_fetch(ctx, run->first + run->count);
		to += dp_wide_send(ctx, &wide, to, n, &left);
		if (rh_unlikely(left.count))
			copies_left(ctx, run, &left);
	}
	copy_alone(ctx, run, last);
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

/* Make @run of the events from result @first on; its receivers. */
static inline const struct dp_receiver *run_fill(struct dp_ctx *ctx, struct dp_run *run, uint32_t first)
{
	struct dp_event *event = rh_opaque(&ctx->events[ctx->live[first]]);
	const struct dp_match_result *result = &ctx->results[first];

	dp_run_begin(run, event, first, result->receivers + result->count - 1);
	/* Most datagrams hold one event, and this looks no further. Behind the last of a burst lies what a former one left. */
	if (rh_unlikely(event[1].record == event->end))
		run_extend(ctx, run);
	return result->receivers;
}

static void events_release(struct dp_ctx *ctx)
{
	for (uint32_t i = 0; i < ctx->event_count; i++)
		dp_event_release(ctx, &ctx->events[i]);
	ctx->events_hold = false;
}

void dp_node_fanout(struct dp_ctx *ctx)
{
	struct dp_run runs[DP_BURST], *run = runs;
	struct dp_copy copies[DP_BURST], *end = copies;
	struct dp_session *slots = ctx->tables->slots;
	uint32_t fetched = UINT32_MAX; /* result whose first sessions are */

	for (uint32_t first = 0; first < ctx->live_count; first += run++->count) {
		const struct dp_receiver *to = run_fill(ctx, run, first);

		if (rh_likely(!dp_run_is_wide(run, to))) {
			end = copies_add(ctx, copies, end, run, to, slots);
			continue;
		}
		/* Copies of earlier events first, which may be to some of its receivers. */
		if (end != copies)
			copies_send(ctx, copies, end);
		end = copies;
		run_spread(ctx, run, fetched == first);
		fetched = first + run->count;
	}
	if (end != copies)
		copies_send(ctx, copies, end);
	if (rh_unlikely(ctx->worker_count > 1))
		dp_outbox_flush(ctx);
	if (rh_unlikely(ctx->events_hold))
		events_release(ctx);
	ctx->event_count = ctx->live_count = 0;
	dp_stage_end(ctx, DP_STAGE_FANOUT);
}
