#include "dataplane/node/wide.h"

#include "dataplane/node/append.h"
#include "dataplane/node/transmit.h"

/*
 * Where the records begin in a buffer: on a line, so that no store of 32 bytes lies in two of them. In front of the headers at most a few bytes of
 * headroom are missing. Every pool has room for them (port/pool.c).
 */
#define RECORDS_AT (RTE_PKTMBUF_HEADROOM + RH_CACHE_LINE)
_Static_assert(RECORDS_AT % RH_CACHE_LINE == 0, "on a line");
_Static_assert(RECORDS_AT >= DP_L2_MAX + DP_TEMPLATE_MAX, "with room for headers");
_Static_assert(RECORDS_AT + DP_WIDE_BYTES <= RTE_MBUF_DEFAULT_BUF_SIZE, "in any buffer");
_Static_assert(DP_WIDE_BYTES % RH_CACHE_LINE == 0, "whole lines");

/* What the buffers of a chunk have in common, of struct rte_mbuf from rearm_data on: written at once, as drivers that receive with vectors do. */
struct fields {
	uint16_t data_off, refcnt, nb_segs, port;
	uint64_t ol_flags;
	uint32_t packet_type, pkt_len;
	uint16_t data_len, vlan_tci;
	uint32_t rss;
};
#define FIELDS_AT offsetof(struct rte_mbuf, rearm_data)
#define AS_MBUF(field) (offsetof(struct fields, field) + FIELDS_AT == offsetof(struct rte_mbuf, field))
_Static_assert(AS_MBUF(data_off) && AS_MBUF(refcnt) && AS_MBUF(nb_segs) && AS_MBUF(port) && AS_MBUF(ol_flags) && AS_MBUF(packet_type) &&
		       AS_MBUF(pkt_len) && AS_MBUF(data_len) && AS_MBUF(vlan_tci) && sizeof(struct fields) == sizeof(dp_bytes32),
	"the same fields");

/* How a chunk leaves, as its first receiver says and the others mostly do too: all that its copies share. */
struct way {
	uint64_t way;		  /* as in struct dp_session, of the last session that went */
	const struct dp_hop *hop; /* its */
	struct dp_txq *txq;
	struct rte_mbuf **frames; /* places behind what waits, one behind the other */
	struct dp_tx_meta *metas;
	uint32_t tail, waiting; /* before the chunk */
	size_t start;		/* of the frame in its buffer */
	uint32_t length;	/* of a datagram */
	uint32_t lines_bytes;	/* of records, in whole lines */
	uint64_t copies, bytes; /* for credit */
	struct dp_tx_meta meta; /* of each, but for the session */
	struct fields fields;
};

void dp_wide_begin(struct dp_wide *wide, const struct dp_run *run)
{
	wide->padded = run->padded;
	wide->bytes = run->bytes;
	wide->count = run->count;
	dp_closing_make(&wide->closing, RH_DATAGRAM_HDR + run->padded);
	dp_run_write(wide->records, run, false);
}

static inline void way_fill(struct way *way, const struct dp_wide *wide)
{
	uint32_t at = way->txq->tail & (DP_TX_BACKLOG - 1), headers_len = way->hop->l2_len + DP_TEMPLATE_MAX;
	uint32_t frame_bytes = headers_len + wide->padded;

	way->start = RECORDS_AT - headers_len;
	way->frames = &way->txq->frame[at];
	way->metas = &way->txq->meta[at];
	way->tail = way->txq->tail;
	way->length = RH_DATAGRAM_HDR + wide->padded;
	way->lines_bytes = RH_ALIGN_UP(wide->padded, (uint32_t)RH_CACHE_LINE);
	way->copies = wide->count;
	way->bytes = wide->bytes;
	way->meta = (struct dp_tx_meta){.copies = wide->count,
		.record_bytes = wide->bytes,
		.frame_bytes = (uint16_t)frame_bytes,
		.l2_len = way->hop->l2_len};
	/* As rte_pktmbuf_alloc leaves them, and with a frame. In its pool a buffer has no next one. */
	way->fields = (struct fields){.data_off = (uint16_t)way->start,
		.refcnt = 1,
		.nb_segs = 1,
		.port = RTE_MBUF_PORT_INVALID,
		.pkt_len = frame_bytes,
		.data_len = (uint16_t)frame_bytes};
}

/* The way to @slot for @n frames like @wide's, fewer where the ring ends: for how many; 0 when there is none. */
static inline uint32_t way_find(struct way *way, const struct dp_ctx *ctx, const struct dp_wide *wide, const struct dp_session *slot,
	uint32_t n)
{
	dp_adj_id_t adjacency = rh_load_relaxed(&slot->adjacency);

	way->hop = rh_rcu_deref(ctx->tables->hops[adjacency]);
	way->txq = dp_txq_of(ctx, way->hop);
	if (rh_unlikely(!way->txq))
		return 0;
	way->waiting = dp_txq_waiting(way->txq);
	if (rh_unlikely(DP_IPV4_UDP_HEADERS + RH_DATAGRAM_HDR + wide->padded > way->txq->mtu || way->waiting + n > DP_TX_BACKLOG_SOFT))
		return 0;
	way->way = dp_way_of(adjacency, ctx->worker, DP_IPV4_TEMPLATE);
	way_fill(way, wide);
	return RTE_MIN(n, DP_TX_BACKLOG - (way->tail & (DP_TX_BACKLOG - 1)));
}

/* Its pool fills @cache when more are taken than it has. False: the pool has not as many either. */
static __attribute__((noinline)) bool cache_fill(const struct way *way, struct rte_mempool_cache *cache, uint32_t n)
{
	if (rte_mempool_generic_get(way->txq->pool, (void **)way->frames, n, cache) < 0)
		return false;
	rte_mempool_generic_put(way->txq->pool, (void **)way->frames, n, cache);
	return cache->len >= n;
}

/* This worker's cache of the pool, with @n buffers in it; NULL when there are not as many, or no cache. */
static inline struct rte_mempool_cache *buffers_of(const struct way *way, uint32_t n)
{
	struct rte_mempool_cache *cache = rte_mempool_default_cache(way->txq->pool, rte_lcore_id());

	return rh_likely(cache && (cache->len >= n || cache_fill(way, cache, n))) ? cache : NULL;
}

/* Another next hop than the last session's: is it reached the same way? */
static __attribute__((noinline)) bool way_turn(struct way *way, const struct dp_ctx *ctx, uint64_t to)
{
	const struct dp_hop *hop;

	if ((to ^ way->way) >> 32)
		return false;
	hop = rh_rcu_deref(ctx->tables->hops[(dp_adj_id_t)to]);
	if (dp_txq_of(ctx, hop) != way->txq || hop->l2_len != way->meta.l2_len)
		return false;
	way->hop = hop;
	way->way = to;
	return true;
}

/* May @slot have its copy at once, and this way? */
static inline bool may_go(struct way *way, const struct dp_ctx *ctx, const struct dp_session *slot)
{
	uint64_t to = rh_load_acquire(&slot->way);

	return (rh_likely(to == way->way) || way_turn(way, ctx, to)) && slot->max_datagram >= way->length &&
	       dp_may_leave(slot, way->copies, way->bytes) && !dp_append_may_wait(way->tail, way->waiting, slot);
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
static inline void copy_put(const struct way *way, const struct dp_wide *wide, struct rte_mbuf *m, struct dp_session *slot,
	uint32_t session, uint32_t n)
{
	uint8_t *buffer = m->buf_addr, *records = buffer + RECORDS_AT;

	way->frames[n] = m;
	rte_mov32((uint8_t *)m + FIELDS_AT, (const uint8_t *)&way->fields);
	memcpy(buffer + way->start, way->hop->l2, DP_L2_MAX);
	dp_template_copy_closed(records - DP_TEMPLATE_MAX, slot->template, &wide->closing);
	rh_datagram_number(records - RH_DATAGRAM_HDR, slot->tx_packet_number++);
	lines_copy(records, wide->records, way->lines_bytes);
	rte_mov16((uint8_t *)&way->metas[n], (const uint8_t *)&way->meta);
	way->metas[n].slot = session;
	dp_count_sent(slot, way->copies, way->bytes);
	slot->tx_open = way->tail + n + 1;
}

/* @n frames wait more. */
static inline void way_close(const struct way *way, uint32_t n)
{
	way->txq->tail += n;
	dp_tx_sum_add(&way->txq->waits, n * way->meta.frame_bytes, n * way->meta.record_bytes, n * way->meta.copies);
}

static uint32_t leave_all(struct dp_wide_left *left, const struct dp_receiver *to, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		left->to[i] = &to[i];
	left->count = n;
	return n;
}

/* The copies of a chunk; how many left. */
static inline uint32_t chunk_put(struct way *way, const struct dp_ctx *ctx, const struct dp_wide *wide, const struct dp_receiver *to,
	uint32_t n, struct rte_mempool_cache *cache, struct dp_wide_left *left)
{
	struct dp_session *slots = ctx->tables->slots;
	void **buffer = &cache->objs[cache->len];
	uint32_t used = 0;

	for (const struct dp_receiver *end = to + n; to < end; to++) {
		struct dp_session *slot = &slots[to->session];

		if (rh_likely(may_go(way, ctx, slot)))
			copy_put(way, wide, *--buffer, slot, to->session, used++);
		else
			left->to[left->count++] = to;
	}
	cache->len -= used;
	return used;
}

uint32_t dp_wide_send(struct dp_ctx *ctx, const struct dp_wide *wide, const struct dp_receiver *to, uint32_t n,
	struct dp_wide_left *left)
{
	struct rte_mempool_cache *cache;
	struct way way;
	uint32_t room;

	room = way_find(&way, ctx, wide, &ctx->tables->slots[to->session], n);
	/* Without a buffer for each, the narrow way finds out who goes without. */
	if (rh_unlikely(!room || !(cache = buffers_of(&way, room))))
		return leave_all(left, to, n);
	left->count = 0;
	way_close(&way, chunk_put(&way, ctx, wide, to, room, cache, left));
	dp_txq_relieve(ctx, way.txq);
	return room;
}
