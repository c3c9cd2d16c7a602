#include "dataplane/node/transmit.h"

#include "dataplane/frame/bytes.h"
#include "dataplane/node/encap.h"
#include "dataplane/node/node.h"
#include "dataplane/node/outgoing.h"

/* Slices of the largest event in the smallest datagram: of what a client asks for, and of what a port of DP_MTU_MIN carries. */
#define FRAGMENTS_MAX 192
_Static_assert(RH_EVENT_MAX / ((RH_DATAGRAM_MIN_MAX - RH_DATAGRAM_HDR - RH_FRAGMENT_HDR) & ~7) <
		       FRAGMENTS_MAX,
	"bounded by the smallest datagram");
_Static_assert(FRAGMENTS_MAX <= DP_TX_BACKLOG - DP_TX_BACKLOG_SOFT, "an open queue takes any copy");

static inline struct dp_envelope envelope_of(const struct dp_ctx *ctx, const struct dp_session *slot,
	const struct dp_hop *hop)
{
	return (struct dp_envelope){
		.template = slot->template,
		.hop = hop,
		.session = slot->wire_id,
		.check = slot->check,
		.ip_sum = slot->ip_sum,
		.template_len = slot->template_len,
		.family = slot->family,
		.lane = (uint8_t)ctx->worker,
		.packet_number = slot->tx_packet_number,
	};
}

/* Bytes of UDP payload one frame to this client may hold: never less than RH_DATAGRAM_MIN_MAX. */
static uint32_t datagram_max(const struct dp_session *slot, const struct dp_txq *txq)
{
	uint32_t fits = txq->mtu - (slot->family == 4 ? DP_IPV4_UDP_HEADERS : DP_IPV6_UDP_HEADERS);

	return slot->max_datagram < fits ? slot->max_datagram : fits;
}

static void pad(uint8_t *records, uint32_t len, uint32_t padded)
{
	for (uint32_t i = len; i < padded; i++)
		records[i] = 0;
}

static void count_sent(struct dp_session *slot, uint32_t len)
{
	rh_add_relaxed(&slot->tx_events, 1);
	rh_add_relaxed(&slot->tx_bytes, len);
}

/* Is the buffer this worker's alone, one piece, with its bytes in itself? */
static inline bool buffer_is_own(const struct rte_mbuf *m)
{
	return rte_mbuf_refcnt_read(m) == 1 && m->nb_segs == 1 && RTE_MBUF_DIRECT(m);
}

/*
 * The received frame, from @headers bytes before the event's record on: nothing is allocated, nothing copied. NULL when somebody
 * else needs its bytes, it has no room for other headers or padding, or its pool has no buffers to spare.
 */
static inline struct rte_mbuf *frame_reuse(const struct dp_ctx *ctx, const struct dp_txq *txq,
	struct dp_event *event, uint32_t headers, uint32_t padded)
{
	struct dp_packet *packet = event->packet;
	struct rte_mbuf *m;
	ptrdiff_t at;

	if (!packet || event->view.alias || !ctx->lends[packet->port] ||
		dp_txq_waiting(txq) >= DP_TX_REUSE_WAITING)
		return NULL;
	m = packet->mbuf;
	at = event->view.record - (const uint8_t *)m->buf_addr;
	if (rh_unlikely(!buffer_is_own(m) || at < (ptrdiff_t)headers || at + padded > m->buf_len))
		return NULL;
	m->data_off = (uint16_t)(at - headers);
	m->ol_flags = 0;
	packet->mbuf = NULL;
	return m;
}

/* Too long for one datagram. */
static enum dp_drop transmit_long(struct dp_ctx *ctx, struct dp_session *slot, const struct dp_hop *hop,
	struct dp_txq *txq, struct dp_event *event)
{
	dp_blob_id_t blob = dp_event_blob(ctx, event);

	return blob == DP_BLOB_NONE
		       ? DP_DROP_NO_BUFFER
		       : dp_transmit_blob(ctx, slot, hop, txq, dp_store_get(&ctx->store, blob));
}

enum dp_drop dp_transmit_event(struct dp_ctx *ctx, struct dp_session *slot, const struct dp_hop *hop,
	struct dp_txq *txq, struct dp_event *event, bool last)
{
	uint32_t len = dp_outgoing_len(event), padded = RH_ALIGN_UP(len, (uint32_t)RH_WIRE_ALIGN);
	struct dp_envelope e = envelope_of(ctx, slot, hop);
	struct rte_mbuf *m = NULL;
	bool in_place;
	uint8_t *out;

	if (rh_unlikely(RH_DATAGRAM_HDR + padded > datagram_max(slot, txq)))
		return transmit_long(ctx, slot, hop, txq, event);
	if (last)
		m = frame_reuse(ctx, txq, event, dp_headers_len(&e), padded);
	in_place = m != NULL;
	if (!in_place)
		m = rte_pktmbuf_alloc(txq->pool);
	if (rh_unlikely(!m))
		return DP_DROP_NO_BUFFER;
	out = dp_headers_put(m, &e, padded);
	if (in_place)
		dp_outgoing_patch(out, event);
	else
		dp_outgoing_write(out, event);
	rh_store_be16(out + DP_OUTGOING_LEN_AT, (uint16_t)len);
	pad(out, len, padded);
	dp_frame_finish(m, &e);
	slot->tx_packet_number++;
	count_sent(slot, len);
	dp_txq_put(txq, m, dp_slot_index(ctx, slot), len, true);
	return DP_DROP_NONE;
}

static void blob_header_patch(const struct dp_ctx *ctx, const struct dp_blob *blob, uint8_t *out,
	uint16_t length)
{
	rh_store_be16(out + DP_OUTGOING_LEN_AT, length);
	rh_store_be32(out + DP_OUTGOING_TTL_AT,
		dp_outgoing_ttl(ctx, blob->ttl_ms, ctx->now_tsc - blob->rx_tsc));
}

static enum dp_drop transmit_whole(struct dp_ctx *ctx, struct dp_session *slot, const struct dp_hop *hop,
	struct dp_txq *txq, const struct dp_blob *blob)
{
	uint32_t padded = RH_ALIGN_UP(blob->len, (uint32_t)RH_WIRE_ALIGN);
	struct dp_envelope e = envelope_of(ctx, slot, hop);
	uint8_t *out;
	struct rte_mbuf *m = dp_frame_begin(txq, &e, padded, &out);

	if (!m)
		return DP_DROP_NO_BUFFER;
	rte_memcpy(out, blob->bytes, blob->len);
	blob_header_patch(ctx, blob, out, (uint16_t)blob->len);
	pad(out, blob->len, padded);
	dp_frame_finish(m, &e);
	slot->tx_packet_number++;
	dp_txq_put(txq, m, dp_slot_index(ctx, slot), blob->len, true);
	return DP_DROP_NONE;
}

/* One slice as a frame of its own. */
static struct rte_mbuf *slice_build(struct dp_ctx *ctx, const struct dp_txq *txq,
	const struct dp_envelope *e, const struct dp_blob *blob, const struct rh_fragment *f)
{
	uint32_t len = RH_FRAGMENT_HDR + f->slice_len;
	uint32_t padded = RH_ALIGN_UP(len, (uint32_t)RH_WIRE_ALIGN);
	uint8_t *out;
	struct rte_mbuf *m = dp_frame_begin(txq, e, padded, &out);

	if (!m)
		return NULL;
	rh_fragment_encode(out, f);
	rte_memcpy(out + RH_FRAGMENT_HDR, blob->bytes + f->offset, f->slice_len);
	if (!f->offset)
		blob_header_patch(ctx, blob, out + RH_FRAGMENT_HDR, 0);
	pad(out, len, padded);
	dp_frame_finish(m, e);
	return m;
}

/* All slices or none: a copy of which a part is missing is of no use to anybody. */
static enum dp_drop transmit_slices(struct dp_ctx *ctx, struct dp_session *slot,
	const struct dp_hop *hop, struct dp_txq *txq, const struct dp_blob *blob)
{
	uint32_t room = (datagram_max(slot, txq) - RH_DATAGRAM_HDR - RH_FRAGMENT_HDR) & ~7u;
	struct rh_fragment f = {.total = blob->len,
		.id = slot->fragment_id,
		.sequence = rh_load_be64(blob->bytes + 8)};
	struct dp_envelope e = envelope_of(ctx, slot, hop);
	struct rte_mbuf *frames[FRAGMENTS_MAX];
	uint32_t n = 0;

	for (; f.offset < f.total; f.offset += f.slice_len, n++) {
		f.slice_len = f.total - f.offset < room ? f.total - f.offset : room;
		f.last = f.offset + f.slice_len == f.total;
		frames[n] = slice_build(ctx, txq, &e, blob, &f);
		if (!frames[n]) {
			rte_pktmbuf_free_bulk(frames, n);
			return DP_DROP_NO_BUFFER;
		}
		e.packet_number++;
	}
	slot->tx_packet_number = e.packet_number;
	slot->fragment_id++;
	for (uint32_t i = 0; i < n; i++)
		dp_txq_put(txq, frames[i], dp_slot_index(ctx, slot), i + 1 == n ? blob->len : 0,
			i + 1 == n);
	return DP_DROP_NONE;
}

enum dp_drop dp_transmit_blob(struct dp_ctx *ctx, struct dp_session *slot, const struct dp_hop *hop,
	struct dp_txq *txq, const struct dp_blob *blob)
{
	uint32_t padded = RH_ALIGN_UP(blob->len, (uint32_t)RH_WIRE_ALIGN);
	enum dp_drop drop;

	if (rh_unlikely(!dp_outgoing_ttl(ctx, blob->ttl_ms, ctx->now_tsc - blob->rx_tsc)))
		return DP_DROP_TTL_EXPIRED;
	if (RH_DATAGRAM_HDR + padded <= datagram_max(slot, txq))
		drop = transmit_whole(ctx, slot, hop, txq, blob);
	else
		drop = transmit_slices(ctx, slot, hop, txq, blob);
	if (drop == DP_DROP_NONE)
		count_sent(slot, blob->len);
	return drop;
}

bool dp_transmit_records(struct dp_ctx *ctx, struct dp_session *slot, const uint8_t *records, uint32_t len)
{
	const struct dp_hop *hop = rh_rcu_deref(ctx->tables->hops[rh_load_relaxed(&slot->adjacency)]);
	struct dp_txq *txq = hop && hop->resolved ? dp_txq_of(ctx, hop) : NULL;
	struct dp_envelope e;
	struct rte_mbuf *m = NULL;
	uint8_t *out;

	if (txq && dp_txq_waiting(txq) < DP_TX_BACKLOG) {
		e = envelope_of(ctx, slot, hop);
		m = dp_frame_begin(txq, &e, len, &out);
	}
	if (!m) {
		dp_count(ctx, tx_control_failed, 1);
		return false;
	}
	rte_memcpy(out, records, len);
	dp_frame_finish(m, &e);
	slot->tx_packet_number++;
	dp_txq_put(txq, m, DP_SLOT_NONE, 0, false);
	return true;
}
