/*
 * Between workers. Copies: the event's bytes stay in the sender's store; the message carries their place, the receiver sends or
 * copies them and gives the reference back through a ring of its own. Datagrams: the frame itself changes hands. It is counted as
 * received where it arrived and as whatever it turns out to be where its session lives, so the laws hold over the sum.
 *
 * Every ring has one writer and one reader. A full ring drops with a reason; nobody waits.
 */

#include "dataplane/node/node.h"
#include "dataplane/node/transmit.h"

#include <rte_mbuf.h>
#include <rte_memcpy.h>
#include <rte_ring.h>
#include <rte_ring_elem.h>

/* @message takes a reference of its own. */
static void outbox_put(struct dp_ctx *ctx, uint32_t owner, const struct dp_copy_message *message)
{
	if (ctx->outbox_count[owner] == DP_BURST)
		dp_outbox_flush(ctx);
	dp_store_get(&ctx->store, message->blob)->refs++;
	ctx->outbox[owner][ctx->outbox_count[owner]++] = *message;
}

void dp_outbox_add(struct dp_ctx *ctx, struct dp_event *event, const struct dp_receiver *to,
	const struct dp_session *slot)
{
	dp_blob_id_t blob = dp_event_blob(ctx, event);

	if (blob == DP_BLOB_NONE) {
		dp_drop_copies_unowned(ctx, DP_DROP_NO_BUFFER, 1);
		return;
	}
	outbox_put(ctx, slot->owner, &(struct dp_copy_message){
		.blob = blob,
		.slot = to->session,
		.wire_id = slot->wire_id,
		.witness = dp_witness_of(ctx, to),
	});
}

/* All that came back: as many as went out, so nothing piles up. */
static void returns_drain(struct dp_ctx *ctx, uint32_t from)
{
	struct dp_ctx *peer = ctx->peer[from];
	dp_blob_id_t back[DP_BURST];
	uint32_t n;

	do {
		n = rte_ring_sc_dequeue_burst_elem(
			peer->returns_to[ctx->worker], back, sizeof(back[0]), DP_BURST, NULL);
		for (uint32_t i = 0; i < n; i++)
			dp_store_put(&ctx->store, back[i], 1);
		ctx->lent_to[from] -= n;
		ctx->copies_lent -= n;
	} while (n == DP_BURST && ctx->lent_to[from]);
}

/* What may be lent to @owner beyond what it has: its ring of returns holds all of it. */
static uint32_t lendable(struct dp_ctx *ctx, uint32_t owner, uint32_t count)
{
	uint32_t room = DP_RETURN_RING - ctx->lent_to[owner];

	if (rh_unlikely(room < count)) {
		returns_drain(ctx, owner);
		room = DP_RETURN_RING - ctx->lent_to[owner];
	}
	return count < room ? count : room;
}

static void outbox_flush_to(struct dp_ctx *ctx, uint32_t owner)
{
	struct dp_copy_message *messages = ctx->outbox[owner];
	uint32_t count = ctx->outbox_count[owner];
	uint32_t sent = rte_ring_sp_enqueue_burst_elem(ctx->copies_to[owner], messages,
		sizeof(*messages), lendable(ctx, owner, count), NULL);

	dp_count(ctx, copies_to_owner, sent);
	ctx->copies_lent += sent;
	ctx->lent_to[owner] += sent;
	for (uint32_t i = sent; i < count; i++) {
		dp_store_put(&ctx->store, messages[i].blob, 1);
		rh_add_relaxed(&ctx->owner_full[messages[i].slot], 1);
		dp_drop_copies_unowned(ctx, DP_DROP_OWNER_FULL, 1);
	}
	ctx->outbox_count[owner] = 0;
}

void dp_outbox_flush(struct dp_ctx *ctx)
{
	for (uint32_t w = 0; w < ctx->worker_count; w++)
		if (ctx->outbox_count[w])
			outbox_flush_to(ctx, w);
}

void dp_outbox_datagram(struct dp_ctx *ctx, struct dp_packet *p)
{
	p->mbuf->hash.usr = p->port;
	if (rte_ring_sp_enqueue(ctx->datagrams_to[p->slot->owner], p->mbuf) == 0) {
		dp_count(ctx, handoffs, 1);
		return;
	}
	dp_drop_datagrams(ctx, DP_DROP_HANDOFF_FULL, 1);
	rte_pktmbuf_free(p->mbuf);
}

/* One's own copy of an event that lies in another worker's store, while one burst of messages is drained. */
struct borrowed {
	const struct dp_blob *from;
	dp_blob_id_t own;
};

static dp_blob_id_t borrow(struct dp_ctx *ctx, struct borrowed *b, const struct dp_blob *from)
{
	struct dp_blob *own;

	if (b->from == from)
		return b->own;
	if (b->own != DP_BLOB_NONE)
		dp_store_put(&ctx->store, b->own, 1);
	b->from = from;
	b->own = dp_store_alloc(&ctx->store, from->len);
	if (b->own == DP_BLOB_NONE)
		return DP_BLOB_NONE;
	own = dp_store_get(&ctx->store, b->own);
	own->rx_tsc = from->rx_tsc;
	own->ttl_ms = from->ttl_ms;
	own->tenant = from->tenant;
	own->profile = from->profile;
	rte_memcpy(own->bytes, from->bytes, from->len);
	return b->own;
}

static void copy_queue(struct dp_ctx *ctx, struct dp_session *slot, const struct dp_blob *blob,
	const struct dp_copy_message *m, struct borrowed *b)
{
	dp_blob_id_t own = borrow(ctx, b, blob);

	if (own == DP_BLOB_NONE)
		dp_drop_copy(ctx, slot, DP_DROP_NO_BUFFER);
	else
		dp_egress_enqueue(ctx, slot, own, &m->witness);
}

static void copy_take(struct dp_ctx *ctx, const struct dp_blob *blob, struct dp_copy_message *m,
	struct borrowed *b)
{
	struct dp_session *slot = &ctx->tables->slots[m->slot];
	const struct dp_hop *hop;
	struct dp_txq *txq;
	enum dp_drop drop = DP_DROP_UNSUBSCRIBED;

	if (rh_load_acquire(&slot->state) != DP_SLOT_OPEN || slot->wire_id != m->wire_id ||
		slot->owner != ctx->worker) {
		dp_drop_copies_unowned(ctx, DP_DROP_SUBSCRIBER_GONE, 1);
		return;
	}
	hop = rh_rcu_deref(ctx->tables->hops[rh_load_relaxed(&slot->adjacency)]);
	txq = dp_txq_of(ctx, hop);
	if (!txq) {
		dp_drop_copy(ctx, slot, DP_DROP_NO_ADJACENCY);
		return;
	}
	if (!dp_may_send_now(slot, txq, 1, blob->len)) {
		copy_queue(ctx, slot, blob, m, b);
		return;
	}
	/* The sender may have matched it under an older generation than ours. */
	if (dp_egress_still_due(ctx, slot, blob, &m->witness))
		drop = dp_transmit_blob(ctx, slot, hop, txq, blob);
	if (drop != DP_DROP_NONE)
		dp_drop_copy(ctx, slot, drop);
}

void dp_stored_copy(struct dp_ctx *ctx, struct dp_copy_message *message)
{
	const struct dp_session *slot = &ctx->tables->slots[message->slot];
	const struct dp_blob *blob = dp_store_get(&ctx->store, message->blob);
	struct borrowed own = {blob, message->blob};

	if (rh_load_acquire(&slot->state) == DP_SLOT_OPEN && slot->wire_id == message->wire_id && slot->owner != ctx->worker)
		outbox_put(ctx, slot->owner, message);
	else
		copy_take(ctx, blob, message, &own);
}

static uint32_t copies_drain(struct dp_ctx *ctx, uint32_t from)
{
	struct dp_copy_message messages[DP_BURST];
	struct dp_ctx *peer = ctx->peer[from];
	struct borrowed b = {.own = DP_BLOB_NONE};
	dp_blob_id_t back[DP_BURST];
	uint32_t n = rte_ring_sc_dequeue_burst_elem(peer->copies_to[ctx->worker], messages,
		sizeof(messages[0]), DP_BURST, NULL);

	for (uint32_t i = 0; i < n; i++)
		dp_session_fetch(&ctx->tables->slots[messages[i].slot]);
	for (uint32_t i = 0; i < n; i++) {
		back[i] = messages[i].blob;
		copy_take(ctx, dp_store_get(&peer->store, back[i]), &messages[i], &b);
	}
	if (b.own != DP_BLOB_NONE)
		dp_store_put(&ctx->store, b.own, 1);
	/* Cannot fail: the sender lends no more than the ring holds. */
	if (n)
		(void)rte_ring_sp_enqueue_burst_elem(
			ctx->returns_to[from], back, sizeof(back[0]), n, NULL);
	return n;
}

static uint32_t datagrams_drain(struct dp_ctx *ctx, uint32_t from)
{
	struct rte_mbuf *frames[DP_BURST];
	uint32_t n = rte_ring_sc_dequeue_burst(
		ctx->peer[from]->datagrams_to[ctx->worker], (void **)frames, DP_BURST, NULL);

	for (uint32_t i = 0; i < n; i++)
		dp_node_classify(ctx, frames[i]->hash.usr, false, &frames[i], 1);
	return n;
}

uint32_t dp_node_inbox(struct dp_ctx *ctx)
{
	uint32_t n = 0;

	for (uint32_t w = 0; w < ctx->worker_count; w++) {
		if (w == ctx->worker)
			continue;
		n += copies_drain(ctx, w);
		if (ctx->lent_to[w])
			returns_drain(ctx, w);
		n += datagrams_drain(ctx, w);
	}
	return n;
}
