#pragma once

/*
 * The straight way of a copy, which most go: nothing keeps it. Its event came whole and leaves alone; its session is open, ours, over IPv4 (way.h), has credit,
 * nobody waits before it, and there is room. It leaves in the frame that its event came in, or in a buffer out of this worker's cache; behind a frame of its
 * session that waits, if that has room. Every other copy is left to fanout.c: nothing is dropped or queued here. Inline: once a copy. Ctx of everything:
 * worker.
 */

#include "dataplane/node/buffer.h"
#include "dataplane/node/forward.h"
#include "dataplane/node/way.h"

#include <rte_mempool.h>

/* The copy of @event for @slot into its frame that waits; false: it has no room. Not inline: most find none. */
static __attribute__((noinline)) bool dp_straight_behind(const struct dp_way *way, const struct dp_event *event, struct dp_session *slot, uint32_t padded)
{
	struct dp_append a = dp_append_begin(way->txq, slot, DP_IPV4_TEMPLATE);

	if (!dp_append_has_room(&a, way->txq, slot, padded))
		return false;
	dp_outgoing_write_whole(a.records, event, padded);
	dp_append_close(&a, way->txq, padded, event->record_len, 1);
	dp_count_sent(slot, 1, event->record_len);
	return true;
}

/* @m with the record of @bytes bytes, @padded with padding, at @record is the copy for @slot. */
static inline void dp_straight_put(const struct dp_way *way, struct dp_session *slot, uint32_t session, struct rte_mbuf *m, uint8_t *record, uint32_t bytes,
	uint32_t padded)
{
	const struct dp_hop *hop = way->hop;
	struct dp_tx_meta meta = {.slot = session,
		.copies = 1,
		.record_bytes = bytes,
		.frame_bytes = (uint16_t)(way->headers_len + padded),
		.l2_len = hop->l2_len};

	dp_ipv4_headers_put(record, slot, hop, RH_DATAGRAM_HDR + padded);
	dp_count_sent(slot, 1, bytes);
	slot->tx_packet_number++;
	slot->tx_open = dp_txq_add(way->txq, m, meta);
}

/* The copy of @event for @slot in @m, the frame that it came in (dp_frame_reuse). */
static inline void dp_straight_in_place(const struct dp_way *way, const struct dp_event *event, struct rte_mbuf *m, struct dp_session *slot, uint32_t session,
	uint32_t padded)
{
	uint8_t *record = (uint8_t *)event->record;
	uint32_t bytes = event->record_len, frame_bytes = way->headers_len + padded;

	event->packet->mbuf = NULL;
	m->ol_flags = 0;
	m->pkt_len = frame_bytes;
	m->data_len = (uint16_t)frame_bytes;
	dp_outgoing_patch_whole(record, event->key.tenant);
	dp_pad(record, bytes, padded);
	dp_straight_put(way, slot, session, m, record, bytes, padded);
}

/* The same in a buffer of its own; false: there is none at hand, and who goes the long way gets more. */
static inline bool dp_straight_copied(const struct dp_way *way, const struct dp_event *event, struct dp_session *slot, uint32_t session, uint32_t padded)
{
	struct rte_mempool_cache *cache = way->cache;
	uint32_t bytes = event->record_len;
	struct rte_mbuf *m;
	uint8_t *record;

	if (rh_unlikely(!cache->len))
		return false;
	m = cache->objs[--cache->len];
	record = (uint8_t *)m->buf_addr + DP_RECORDS_AT;
	*dp_buffer_words_in(m) = dp_buffer_words_of(DP_RECORDS_AT - way->headers_len, way->headers_len + padded);
	dp_outgoing_write_whole(record, event, padded);
	dp_straight_put(way, slot, session, m, record, bytes, padded);
	return true;
}

/* May @slot have a copy of @bytes, @padded with padding, at once, if the device takes it? By @way, which turns to the one that leads there, if one does. */
static inline bool dp_straight_may(const struct dp_ctx *ctx, struct dp_way *way, const struct dp_session *slot, uint32_t bytes, uint32_t padded)
{
	uint64_t word = rh_load_acquire(&slot->way);

	return (rh_likely(word == way->word) || dp_way_turn(way, ctx, word)) && dp_may_leave(slot, 1, bytes) && !dp_too_long(slot, way->txq, padded);
}

/*
 * The copy of @event, which is a run of its own and came whole, for @session, its @last one or not. False: it does not go straight. Inline wherever it is
 * sent from.
 */
static inline __attribute__((always_inline)) bool dp_straight_send(const struct dp_ctx *ctx, struct dp_way *way, const struct dp_event *event,
	uint32_t session, bool last)
{
	uint32_t bytes = event->record_len, padded = RH_ALIGN_UP(bytes, (uint32_t)RH_WIRE_ALIGN);
	struct dp_session *slot = &way->slots[session];
	struct rte_mbuf *m = NULL;
	bool crowded;

	if (rh_unlikely(!dp_straight_may(ctx, way, slot, bytes, padded)))
		return false;
	crowded = dp_txq_waiting(way->txq) >= DP_TX_REUSE_WAITING;
	if (rh_unlikely(crowded) && !dp_txq_open(way->txq))
		return false;
	if (rh_unlikely(dp_append_waits(way->txq, slot, session)) && dp_straight_behind(way, event, slot, padded))
		return true;
	if (last && !crowded)
		m = dp_frame_reuse(ctx, event->packet, event->record, padded, way->headers_len);
	if (!m)
		return dp_straight_copied(way, event, slot, session, padded);
	dp_straight_in_place(way, event, m, slot, session, padded);
	return true;
}
