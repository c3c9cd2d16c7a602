#include "dataplane/node/wide.h"

#include "dataplane/node/append.h"
#include "dataplane/node/buffer.h"
#include "dataplane/node/transmit.h"

#include <rte_mempool.h>

_Static_assert(DP_RECORDS_AT + DP_WIDE_BYTES <= RTE_MBUF_DEFAULT_BUF_SIZE, "in any buffer");
_Static_assert(DP_WIDE_BYTES % RH_CACHE_LINE == 0, "whole lines");

/* 16 bytes, written at once. */
typedef uint64_t half_words __attribute__((vector_size(16), aligned(4), may_alias));

/* What the copies of a chunk share; words are written whole, since they are read whole. */
struct chunk {
	struct dp_way way;
	struct rte_mbuf **frames; /* places behind what waits, one behind the other */
	struct dp_tx_meta *metas;
	uint32_t tail, waiting; /* before the chunk */
	size_t start;		/* of the frame in its buffer */
	uint32_t length;	/* of a datagram */
	uint32_t lines_bytes;	/* of records, in whole lines */
	uint64_t copies, bytes; /* for credit */
	uint32_t frame_bytes;
	half_words meta; /* of each, but for the session */
	dp_buffer_words buffer;
};

void dp_wide_begin(struct dp_wide *wide, const struct dp_run *run)
{
	wide->padded = run->padded;
	wide->bytes = run->bytes;
	wide->count = run->count;
	dp_closing_make(&wide->closing, RH_DATAGRAM_HDR + run->padded);
	dp_run_write(wide->records, run, false);
}

static inline void chunk_fill(struct chunk *chunk, const struct dp_wide *wide)
{
	const struct dp_way *way = &chunk->way;
	uint32_t at = way->txq->tail & (DP_TX_BACKLOG - 1), frame_bytes = way->headers_len + wide->padded;

	chunk->start = DP_RECORDS_AT - way->headers_len;
	chunk->frames = &way->txq->frame[at];
	chunk->metas = &way->txq->meta[at];
	chunk->tail = way->txq->tail;
	chunk->length = RH_DATAGRAM_HDR + wide->padded;
	chunk->lines_bytes = RH_ALIGN_UP(wide->padded, (uint32_t)RH_CACHE_LINE);
	chunk->copies = wide->count;
	chunk->bytes = wide->bytes;
	chunk->frame_bytes = frame_bytes;
	chunk->meta = (half_words){(uint64_t)wide->count << 32, (uint64_t)way->hop->l2_len << 48 | (uint64_t)frame_bytes << 32 | wide->bytes};
	chunk->buffer = dp_buffer_words_of((uint32_t)chunk->start, frame_bytes);
}
_Static_assert(offsetof(struct dp_tx_meta, copies) == 4 && offsetof(struct dp_tx_meta, record_bytes) == 8 && offsetof(struct dp_tx_meta, frame_bytes) == 12 &&
		       offsetof(struct dp_tx_meta, l2_len) == 14 && sizeof(struct dp_tx_meta) == sizeof(half_words),
	"the same words");

/* Fill @chunk for @n frames like @wide's, the first one to @slot, fewer where the ring ends: for how many; 0 when no way leads there. */
static inline uint32_t chunk_begin(struct chunk *chunk, const struct dp_ctx *ctx, const struct dp_wide *wide, const struct dp_session *slot, uint32_t n)
{
	uint64_t word = rh_load_acquire(&slot->way);
	struct dp_way *way = &chunk->way;

	if (rh_unlikely(word != way->word && !dp_way_turn(way, ctx, word)))
		return 0;
	chunk->waiting = dp_txq_waiting(way->txq);
	if (rh_unlikely(DP_IPV4_UDP_HEADERS + RH_DATAGRAM_HDR + wide->padded > way->txq->mtu || chunk->waiting + n > DP_TX_BACKLOG_SOFT))
		return 0;
	chunk_fill(chunk, wide);
	return RTE_MIN(n, DP_TX_BACKLOG - (chunk->tail & (DP_TX_BACKLOG - 1)));
}

/* Its pool fills the cache when more are taken than it has. False: the pool has not as many either. */
static __attribute__((noinline)) bool cache_fill(const struct chunk *chunk, uint32_t n)
{
	struct rte_mempool_cache *cache = chunk->way.cache;
	struct rte_mempool *pool = chunk->way.txq->pool;

	if (rte_mempool_generic_get(pool, (void **)chunk->frames, n, cache) < 0)
		return false;
	rte_mempool_generic_put(pool, (void **)chunk->frames, n, cache);
	return cache->len >= n;
}

/* Another next hop than the last session's: is it reached the same way? */
static __attribute__((noinline)) bool chunk_turns(struct chunk *chunk, const struct dp_ctx *ctx, uint64_t word)
{
	struct dp_way way = chunk->way;

	if (!dp_way_turn(&way, ctx, word) || way.txq != chunk->way.txq || way.headers_len != chunk->way.headers_len)
		return false;
	chunk->way = way;
	return true;
}

/* May @slot have its copy at once, and this way? */
static inline bool may_go(struct chunk *chunk, const struct dp_ctx *ctx, const struct dp_session *slot)
{
	uint64_t word = rh_load_acquire(&slot->way);

	return (rh_likely(word == chunk->way.word) || chunk_turns(chunk, ctx, word)) && slot->max_datagram >= chunk->length &&
	       dp_may_leave(slot, chunk->copies, chunk->bytes);
}

/* The copy for @slot into its frame that waits, if one does and has room. Not inline: most find none. */
static __attribute__((noinline)) bool copy_behind(const struct chunk *chunk, const struct dp_wide *wide, struct dp_session *slot, uint32_t session)
{
	struct dp_txq *txq = chunk->way.txq;
	struct dp_append a;

	if (txq->meta[(slot->tx_open - 1) & (DP_TX_BACKLOG - 1)].slot != session)
		return false;
	a = dp_append_begin(txq, slot);
	if (!dp_append_has_room(&a, txq, slot, wide->padded))
		return false;
	dp_outgoing_copy(dp_append_place(&a), wide->records, wide->padded);
	dp_append_close(&a, txq, slot, wide->padded, wide->bytes, wide->count);
	dp_count_sent(slot, wide->count, wide->bytes);
	return true;
}

/* All of @bytes of @from, whole lines, which both begin on one. */
static inline void lines_copy(uint8_t *to, const uint8_t *from, uint32_t bytes)
{
	for (; rh_unlikely(bytes > 4 * RH_CACHE_LINE); bytes -= RH_CACHE_LINE)
		rte_mov64(to + bytes - RH_CACHE_LINE, from + bytes - RH_CACHE_LINE);
	switch (bytes) {
	case 4 * RH_CACHE_LINE:
		rte_mov64(to + 3 * RH_CACHE_LINE, from + 3 * RH_CACHE_LINE);
		__attribute__((fallthrough));
	case 3 * RH_CACHE_LINE:
		rte_mov64(to + 2 * RH_CACHE_LINE, from + 2 * RH_CACHE_LINE);
		__attribute__((fallthrough));
	case 2 * RH_CACHE_LINE:
		rte_mov64(to + RH_CACHE_LINE, from + RH_CACHE_LINE);
		__attribute__((fallthrough));
	default:
		rte_mov64(to, from);
	}
}

/* @m is the copy for @slot, frame @n of the chunk. */
static inline void copy_put(const struct chunk *chunk, const struct dp_wide *wide, struct rte_mbuf *m, struct dp_session *slot,
	uint32_t session, uint32_t n)
{
	uint8_t *buffer = m->buf_addr, *records = buffer + DP_RECORDS_AT;

	chunk->frames[n] = m;
	*dp_buffer_words_in(m) = chunk->buffer;
	memcpy(buffer + chunk->start, chunk->way.hop->l2, DP_L2_MAX);
	dp_template_copy_closed(records - DP_TEMPLATE_MAX, slot->template, &wide->closing);
	rh_datagram_number(records - RH_DATAGRAM_HDR, slot->tx_packet_number++);
	lines_copy(records, wide->records, chunk->lines_bytes);
	*(half_words *)&chunk->metas[n] = chunk->meta;
	chunk->metas[n].slot = session;
	dp_count_sent(slot, chunk->copies, chunk->bytes);
	slot->tx_open = chunk->tail + n + 1;
}

/* @n frames wait more. */
static inline void chunk_close(const struct chunk *chunk, uint32_t n)
{
	struct dp_txq *txq = chunk->way.txq;

	txq->tail += n;
	dp_tx_sum_add(&txq->waits, n * chunk->frame_bytes, n * (uint32_t)chunk->bytes, n * (uint32_t)chunk->copies);
}

static uint32_t leave_all(struct dp_wide_left *left, const struct dp_receiver *to, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		left->to[i] = &to[i];
	left->count = n;
	return n;
}

/* The copies of a chunk; how many left. */
static inline uint32_t chunk_put(struct chunk *chunk, const struct dp_ctx *ctx, const struct dp_wide *wide, const struct dp_receiver *to,
	uint32_t n, struct dp_wide_left *left)
{
	struct rte_mempool_cache *cache = chunk->way.cache;
	struct dp_session *slots = ctx->tables->slots;
	void **buffer = &cache->objs[cache->len];
	uint32_t used = 0;

	for (const struct dp_receiver *end = to + n; to < end; to++) {
		struct dp_session *slot = &slots[to->session];

		if (rh_unlikely(!may_go(chunk, ctx, slot)))
			left->to[left->count++] = to;
		else if (rh_likely(!dp_append_may_wait(chunk->tail, chunk->waiting, slot)) || !copy_behind(chunk, wide, slot, to->session))
			copy_put(chunk, wide, *--buffer, slot, to->session, used++);
	}
	cache->len -= used;
	return used;
}

uint32_t dp_wide_send(struct dp_ctx *ctx, struct dp_way *way, const struct dp_wide *wide, const struct dp_receiver *to, uint32_t n,
	struct dp_wide_left *left)
{
	struct chunk chunk;
	uint32_t room;

	chunk.way = *way;
	room = chunk_begin(&chunk, ctx, wide, &ctx->tables->slots[to->session], n);
	/* Without a buffer for each, they are made one by one, which finds out who goes without. */
	if (rh_unlikely(!room || (chunk.way.cache->len < room && !cache_fill(&chunk, room))))
		return leave_all(left, to, n);
	left->count = 0;
	chunk_close(&chunk, chunk_put(&chunk, ctx, wide, to, room, left));
	*way = chunk.way;
	dp_txq_relieve(ctx, way->txq);
	return room;
}
