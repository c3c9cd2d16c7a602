#include "dataplane/node/wide.h"

#include "dataplane/node/append.h"
#include "dataplane/node/buffer.h"
#include "dataplane/node/transmit.h"

#include <rte_mempool.h>

_Static_assert(DP_RECORDS_AT + DP_WIDE_BYTES <= RTE_MBUF_DEFAULT_BUF_SIZE, "in any buffer");
_Static_assert(DP_WIDE_BYTES % RH_CACHE_LINE == 0, "whole lines");

_Static_assert(sizeof(((struct dp_hop *)NULL)->l2) == sizeof(dp_half_words) && offsetof(struct dp_tx_meta, slot) == 0 &&
		       offsetof(struct dp_tx_meta, copies) == 4 && offsetof(struct dp_tx_meta, record_bytes) == 8 &&
		       offsetof(struct dp_tx_meta, frame_bytes) == 12 && offsetof(struct dp_tx_meta, l2_len) == 14 &&
		       sizeof(struct dp_tx_meta) == sizeof(dp_half_words),
	"the same words");

/* Where the next frame of a chunk goes and comes from. */
struct place {
	struct rte_mbuf **frame; /* in the transmit queue: behind what waits, one behind the other */
	dp_half_words *meta;	 /* likewise */
	void **buffer;		 /* behind it, in the cache */
	uint32_t tail;		 /* of the queue, before it */
};

/* The next hop is that of the way now, reached like the last one. */
static inline void hop_set(struct dp_wide *wide)
{
	memcpy(&wide->l2, wide->way->hop->l2, sizeof(wide->l2));
	wide->word = wide->way->word;
	wide->turn = wide->way->turns;
}

/* What @wide has of its way; false: the port does not carry as much. Not inline: once a length and way. */
static __attribute__((noinline)) bool way_fill(struct dp_wide *wide)
{
	const struct dp_way *way = wide->way;
	uint32_t frame_bytes = way->headers_len + wide->padded, length = RH_DATAGRAM_HDR + wide->padded;

	if (DP_IPV4_UDP_HEADERS + length > way->txq->mtu)
		return false;
	wide->start = DP_RECORDS_AT - way->headers_len;
	wide->frame_bytes = frame_bytes;
	wide->length = (uint16_t)length;
	wide->meta = (dp_half_words){0, wide->count, wide->bytes, (uint32_t)way->hop->l2_len << 16 | frame_bytes};
	wide->buffer = dp_buffer_words_of(wide->start, frame_bytes);
	dp_closing_make(&wide->closing, length);
	hop_set(wide);
	return true;
}

/* Does @wide go by the way of @slot? */
static inline bool way_leads(struct dp_wide *wide, const struct dp_session *slot)
{
	uint64_t word = rh_load_acquire(&slot->way);

	return (rh_likely(word == wide->way->word) || dp_way_turn(wide->way, wide->ctx, word)) && (rh_likely(wide->turn == wide->way->turns) || way_fill(wide));
}

/* For how many of @n frames there is room one behind the other. */
static inline uint32_t ring_room(const struct dp_txq *txq, uint32_t n)
{
	return rh_likely(dp_txq_waiting(txq) + n <= DP_TX_BACKLOG_SOFT) ? RTE_MIN(n, DP_TX_BACKLOG - (txq->tail & (DP_TX_BACKLOG - 1))) : 0;
}

static inline struct place place_first(const struct dp_way *way)
{
	struct dp_txq *txq = way->txq;
	uint32_t at = txq->tail & (DP_TX_BACKLOG - 1);

	return (struct place){&txq->frame[at], (dp_half_words *)&txq->meta[at], &way->cache->objs[way->cache->len], txq->tail};
}

/* Its pool fills the cache when more are taken than it has. False: the pool has not as many either. */
static __attribute__((noinline)) bool cache_fill(const struct dp_way *way, uint32_t n)
{
	struct rte_mempool *pool = way->txq->pool;
	void *buffers[DP_BURST];

	if (rte_mempool_generic_get(pool, buffers, n, way->cache) < 0)
		return false;
	rte_mempool_generic_put(pool, buffers, n, way->cache);
	return way->cache->len >= n;
}

/* Another next hop than the last session's: is it reached the same way? */
static __attribute__((noinline)) bool hop_turns(struct dp_wide *wide, uint64_t word)
{
	struct dp_way next = *wide->way;

	if (!dp_way_turn(&next, wide->ctx, word) || next.txq != wide->way->txq || next.headers_len != wide->way->headers_len)
		return false;
	*wide->way = next;
	hop_set(wide);
	return true;
}

/* May @slot have its copy this way? */
static inline bool leads_to(struct dp_wide *wide, const struct dp_session *slot)
{
	uint64_t word = rh_load_acquire(&slot->way);

	return (rh_likely(word == wide->word) || hop_turns(wide, word)) && slot->max_datagram >= wide->length;
}

/* And at once, by its credit and what waits before it? Then it is counted. */
static inline bool credit_take(const struct dp_wide *wide, struct dp_session *slot)
{
	if (!dp_may_leave(slot, wide->count, wide->bytes))
		return false;
	dp_count_sent(slot, wide->count, wide->bytes);
	return true;
}

/* The copy for @slot into its frame that waits, if one does and has room. Not inline: most find none. */
static __attribute__((noinline)) bool copy_behind(const struct dp_wide *wide, struct dp_session *slot, uint32_t session)
{
	struct dp_txq *txq = wide->way->txq;
	struct dp_append a;

	if (txq->meta[(slot->tx_open - 1) & (DP_TX_BACKLOG - 1)].slot != session)
		return false;
	a = dp_append_begin(txq, slot, DP_IPV4_TEMPLATE);
	if (!dp_append_has_room(&a, txq, slot, wide->padded))
		return false;
	dp_outgoing_copy(a.records, wide->records, wide->padded);
	dp_append_close(&a, txq, wide->padded, wide->bytes, wide->count);
	return true;
}

/* All of @bytes of @from, in whole lines, which both begin on one; two of them always. */
static inline void lines_copy(uint8_t *to, const uint8_t *from, size_t bytes)
{
	rte_mov64(to, from);
	rte_mov64(to + RH_CACHE_LINE, from + RH_CACHE_LINE);
	for (size_t at = 2 * RH_CACHE_LINE; at < bytes; at += RH_CACHE_LINE)
		rte_mov64(to + at, from + at);
}

/* The copy for @slot into the frame at @place, which is the next one's then. */
static inline void copy_put(struct place *place, const struct dp_wide *wide, struct dp_session *slot, uint32_t session)
{
	struct rte_mbuf *m = place->buffer[-1];
	uint8_t *buffer = m->buf_addr, *records = buffer + DP_RECORDS_AT;

	*place->frame = m;
	*place->meta = wide->meta | (dp_half_words){session};
	*dp_buffer_words_in(m) = wide->buffer;
	memcpy(buffer + wide->start, &wide->l2, DP_L2_MAX);
	dp_template_copy_closed(records - DP_TEMPLATE_MAX, slot->template, &wide->closing);
	rh_datagram_number(records - RH_DATAGRAM_HDR, slot->tx_packet_number);
	lines_copy(records, wide->records, wide->padded);
	slot->tx_packet_number++;
	place->frame++;
	place->meta++;
	place->buffer--;
	slot->tx_open = ++place->tail;
}

/* The copies of the chunk that begins with @to, the first frame at @place; how many frames wait more. */
static inline uint32_t chunk_put(struct dp_wide *wide, const struct dp_receiver *to, struct place place)
{
	for (; to < wide->end; to++) {
		struct dp_session *slot = rh_opaque(&wide->slots[to->session]);

		if (rh_unlikely(!leads_to(wide, slot) || !credit_take(wide, slot)))
			wide->left[wide->left_count++] = to;
		else if (rh_likely(!dp_append_may_wait(wide->tail, wide->waiting, slot)) || !copy_behind(wide, slot, to->session))
			copy_put(&place, wide, slot, to->session);
	}
	return place.tail - wide->tail;
}

/* @n frames wait more, in as many buffers of the cache. */
static inline void chunk_close(const struct dp_way *way, const struct dp_wide *wide, uint32_t n)
{
	way->cache->len -= n;
	way->txq->tail = wide->tail + n;
	dp_tx_sum_add(&way->txq->waits, n * wide->frame_bytes, n * wide->bytes, n * wide->count);
}

static __attribute__((noinline)) const struct dp_receiver *leave_all(struct dp_wide *wide, const struct dp_receiver *to, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		wide->left[i] = &to[i];
	wide->left_count = n;
	return to + n;
}

/* Of @n receivers from @to on, fewer where the ring ends; behind the last one. */
static inline const struct dp_receiver *chunk_send(struct dp_wide *wide, const struct dp_receiver *to, uint32_t n)
{
	struct dp_way *way = wide->way;
	uint32_t room;

	if (rh_unlikely(!way_leads(wide, &wide->slots[to->session])))
		return leave_all(wide, to, n);
	room = ring_room(way->txq, n);
	/* Without a buffer for each, they are made one by one, which finds out who goes without. */
	if (rh_unlikely(!room || (way->cache->len < room && !cache_fill(way, room))))
		return leave_all(wide, to, n);
	wide->end = to + room;
	wide->tail = way->txq->tail;
	wide->waiting = dp_txq_waiting(way->txq);
	chunk_close(way, wide, chunk_put(wide, to, place_first(way)));
	dp_txq_relieve(wide->ctx, way->txq);
	return wide->end;
}

const struct dp_receiver *dp_wide_send(struct dp_wide *wide, const struct dp_receiver *to, const struct dp_receiver *end)
{
	wide->left_count = 0;
	wide->slots = wide->ctx->tables->slots;
	do {
		uint32_t n = RTE_MIN((uint32_t)(end - to), (uint32_t)DP_BURST);

		if (rh_unlikely(to + n < end))
			(void)dp_chunk_fetch(wide->slots, to + n, end);
		to = chunk_send(wide, to, n);
	} while (rh_unlikely(to < end) && !wide->left_count);
	return to;
}
