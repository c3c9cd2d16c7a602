#pragma once

/*
 * The direct way of a copy: events of this burst, whole, behind what waits for their session already, in the frame that they came in, or in a
 * buffer of their own. Inline: once a copy. Ctx of everything: worker.
 */

#include "dataplane/node/append.h"
#include "dataplane/node/encap.h"
#include "dataplane/node/node.h"
#include "dataplane/node/outgoing.h"
#include "dataplane/node/transmit.h"

/* Put @m, a datagram for @slot. */
static inline void dp_frame_put(struct dp_txq *txq, struct rte_mbuf *m, struct dp_session *slot,
	struct dp_tx_meta meta)
{
	slot->tx_packet_number++;
	dp_txq_put(txq, m, meta);
	slot->tx_open = txq->tail;
}

/* Is the buffer this worker's alone, one piece, with its bytes in itself? References and segments, one each, are read together. */
static inline bool dp_buffer_is_own(const struct rte_mbuf *m)
{
	uint32_t both;

	memcpy(&both, (const uint8_t *)m + offsetof(struct rte_mbuf, refcnt), sizeof(both));
	return both == (1 | 1 << 16) && RTE_MBUF_DIRECT(m);
}

_Static_assert(offsetof(struct rte_mbuf, nb_segs) == offsetof(struct rte_mbuf, refcnt) + 2, "side by side, 16 bits each");

/* One copy of each event of a run, for one receiver. */
struct dp_copy {
	const struct dp_run *run;
	const struct dp_receiver *to; /* as the run's first event names it */
	struct dp_session *slot;
	const struct dp_hop *hop;
};

/*
 * The frame of @packet, to begin @headers_len bytes in front of @record, from which on it holds @padded bytes of records: nothing is allocated, nothing
 * copied. NULL when somebody else needs its bytes, it has no room for other headers or padding, or its pool has no buffers to spare. The caller has seen that
 * fewer than DP_TX_REUSE_WAITING wait.
 */
static inline struct rte_mbuf *dp_frame_reuse(const struct dp_ctx *ctx, const struct dp_packet *packet, const uint8_t *record, uint32_t padded,
	uint32_t headers_len)
{
	struct rte_mbuf *m;
	ptrdiff_t at, start;

	if (!packet || !ctx->lends[packet->port])
		return NULL;
	m = packet->mbuf;
	if (rh_unlikely(!dp_buffer_is_own(m)))
		return NULL;
	at = record - (const uint8_t *)m->buf_addr;
	start = at - headers_len;
	if (rh_unlikely(start < 0 || at + padded > m->buf_len))
		return NULL;
	m->data_off = (uint16_t)start;
	return m;
}

/* @c as one datagram in @m, its records at @records, where they may stand already. */
static inline void dp_forward_in(struct rte_mbuf *m, uint8_t *records, const struct dp_copy *c,
	struct dp_txq *txq, bool in_place)
{
	const struct dp_run *run = c->run;

	dp_run_write(records, run, in_place);
	dp_frame_finish(m, records, c->slot, c->hop, run->padded);
	dp_frame_put(txq, m, c->slot,
		(struct dp_tx_meta){.slot = c->to->session,
			.record_bytes = run->bytes,
			.copies = run->count,
			.l2_len = c->hop->l2_len});
}

/* @run into the frame of its session that is @a. Not inline: most find none. */
static __attribute__((noinline)) void dp_forward_behind(const struct dp_run *run, const struct dp_append *a, struct dp_txq *txq)
{
	dp_run_write(a->records, run, false);
	dp_append_close(a, txq, run->padded, run->bytes, run->count);
}

/* As one datagram of its own in a new buffer. Not inline: of the copies of an event, the last goes without. */
static __attribute__((noinline)) void dp_forward_copied(struct dp_ctx *ctx, const struct dp_copy *c,
	struct dp_txq *txq)
{
	uint8_t *records;
	struct rte_mbuf *m = dp_frame_begin(txq, c->slot, c->hop, &records);

	if (rh_unlikely(!m)) {
		/* dp_forward counted them already. */
		dp_count_unsent(c->slot, c->run->count, c->run->bytes);
		dp_drop_copies(ctx, c->slot, DP_DROP_NO_BUFFER, c->run->count);
		return;
	}
	dp_forward_in(m, records, c, txq, false);
}

/* The received frame, if @c may have it. */
static inline struct rte_mbuf *dp_forward_reuse(const struct dp_ctx *ctx, const struct dp_copy *c, const struct dp_txq *txq)
{
	const struct dp_run *run = c->run;

	if (c->to != run->last || dp_txq_waiting(txq) >= DP_TX_REUSE_WAITING)
		return NULL;
	return dp_frame_reuse(ctx, run->packet, run->events->record, run->padded, dp_headers_len(c->slot, c->hop));
}

/* Send @c by @txq; what is dropped is counted. The caller has seen dp_txq_open, and that the run fits dp_datagram_max. */
static inline void dp_forward(struct dp_ctx *ctx, const struct dp_copy *c, struct dp_txq *txq)
{
	const struct dp_run *run = c->run;
	struct dp_append a;
	struct rte_mbuf *m;

	dp_count_sent(c->slot, run->count, run->bytes);
	if (dp_append_fits(&a, txq, c->slot, c->to->session, run->padded)) {
		dp_forward_behind(run, &a, txq);
	} else if ((m = dp_forward_reuse(ctx, c, txq)) != NULL) {
		dp_forward_in(m, (uint8_t *)run->events->record, c, txq, true);
		m->ol_flags = 0;
		run->packet->mbuf = NULL;
	} else {
		dp_forward_copied(ctx, c, txq);
	}
}
