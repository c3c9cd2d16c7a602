#include "dataplane/node/transmit.h"

#include "dataplane/frame/bytes.h"
#include "dataplane/node/forward.h"
#include "dataplane/node/node.h"
#include "dataplane/node/outgoing.h"

/* Slices of the largest event in the smallest datagram: of what a client asks for, and of what a port of DP_MTU_MIN carries. */
#define FRAGMENTS_MAX 192
_Static_assert(RH_EVENT_MAX / ((RH_DATAGRAM_MIN_MAX - RH_DATAGRAM_HDR - RH_FRAGMENT_HDR) & ~7) <
		       FRAGMENTS_MAX,
	"bounded by the smallest datagram");
_Static_assert(FRAGMENTS_MAX <= DP_TX_BACKLOG - DP_TX_BACKLOG_SOFT, "an open queue takes any copy");

enum dp_drop dp_transmit_long(struct dp_ctx *ctx, struct dp_session *slot, const struct dp_hop *hop,
	struct dp_txq *txq, struct dp_event *event)
{
	dp_blob_id_t blob = dp_event_blob(ctx, event);

	return blob == DP_BLOB_NONE
		       ? DP_DROP_NO_BUFFER
		       : dp_transmit_blob(ctx, slot, hop, txq, dp_store_get(&ctx->store, blob));
}

static void blob_header_patch(const struct dp_ctx *ctx, const struct dp_blob *blob, uint8_t *out,
	uint16_t length)
{
	rh_store_be16(out + DP_OUTGOING_LEN_AT, length);
	rh_store_be32(out + DP_OUTGOING_TTL_AT,
		dp_outgoing_ttl(ctx, blob->ttl_ms, ctx->now_tsc - blob->rx_tsc));
}

static void blob_write(const struct dp_ctx *ctx, const struct dp_blob *blob, uint8_t *out, uint32_t padded)
{
	rte_memcpy(out, blob->bytes, blob->len);
	blob_header_patch(ctx, blob, out, (uint16_t)blob->len);
	dp_pad(out, blob->len, padded);
}

static enum dp_drop transmit_whole(struct dp_ctx *ctx, struct dp_session *slot, const struct dp_hop *hop,
	struct dp_txq *txq, const struct dp_blob *blob)
{
	uint32_t padded = RH_ALIGN_UP(blob->len, (uint32_t)RH_WIRE_ALIGN), index = dp_slot_index(ctx, slot);
	struct rte_mbuf *m;
	struct dp_append a;
	uint8_t *out;

	if (dp_append_fits(&a, txq, slot, index, padded)) {
		blob_write(ctx, blob, a.records, padded);
		dp_append_close(&a, txq, padded, blob->len, 1);
		return DP_DROP_NONE;
	}
	m = dp_frame_begin(txq, slot, hop, &out);
	if (!m)
		return DP_DROP_NO_BUFFER;
	blob_write(ctx, blob, out, padded);
	dp_frame_finish(m, out, slot, hop, padded);
	dp_frame_put(txq, m, slot,
		(struct dp_tx_meta){.slot = index,
			.record_bytes = blob->len,
			.copies = 1,
			.l2_len = hop->l2_len});
	return DP_DROP_NONE;
}

/* One slice as a frame of its own. */
static struct rte_mbuf *slice_build(struct dp_ctx *ctx, const struct dp_txq *txq,
	struct dp_session *slot, const struct dp_hop *hop, const struct dp_blob *blob,
	const struct rh_fragment *f)
{
	uint32_t len = RH_FRAGMENT_HDR + f->slice_len;
	uint32_t padded = RH_ALIGN_UP(len, (uint32_t)RH_WIRE_ALIGN);
	uint8_t *out;
	struct rte_mbuf *m = dp_frame_begin(txq, slot, hop, &out);

	if (!m)
		return NULL;
	rh_fragment_encode(out, f);
	rte_memcpy(out + RH_FRAGMENT_HDR, blob->bytes + f->offset, f->slice_len);
	if (!f->offset)
		blob_header_patch(ctx, blob, out + RH_FRAGMENT_HDR, 0);
	dp_pad(out, len, padded);
	dp_frame_finish(m, out, slot, hop, padded);
	slot->tx_packet_number++;
	return m;
}

/* All slices or none: a copy of which a part is missing is of no use to anybody. */
static enum dp_drop transmit_slices(struct dp_ctx *ctx, struct dp_session *slot,
	const struct dp_hop *hop, struct dp_txq *txq, const struct dp_blob *blob)
{
	uint32_t room = (dp_datagram_max(slot, txq) - RH_DATAGRAM_HDR - RH_FRAGMENT_HDR) & ~7u;
	uint32_t index = dp_slot_index(ctx, slot);
	struct rh_fragment f = {.total = blob->len,
		.id = ctx->tables->cold[index].fragment_id,
		.sequence = rh_event_sequence(blob->bytes)};
	struct rte_mbuf *frames[FRAGMENTS_MAX];
	uint32_t n = 0;

	for (; f.offset < f.total; f.offset += f.slice_len, n++) {
		f.slice_len = f.total - f.offset < room ? f.total - f.offset : room;
		f.last = f.offset + f.slice_len == f.total;
		frames[n] = slice_build(ctx, txq, slot, hop, blob, &f);
		if (!frames[n]) {
			rte_pktmbuf_free_bulk(frames, n);
			slot->tx_packet_number -= n;
			return DP_DROP_NO_BUFFER;
		}
	}
	ctx->tables->cold[index].fragment_id++;
	for (uint32_t i = 0; i < n; i++) {
		bool end = i + 1 == n;

		dp_txq_put(txq, frames[i],
			(struct dp_tx_meta){.slot = index,
				.record_bytes = end ? blob->len : 0,
				.copies = end});
		/* The newest frame now: what comes next goes behind it. */
		slot->tx_open = txq->tail;
	}
	return DP_DROP_NONE;
}

enum dp_drop dp_transmit_blob(struct dp_ctx *ctx, struct dp_session *slot, const struct dp_hop *hop,
	struct dp_txq *txq, const struct dp_blob *blob)
{
	uint32_t padded = RH_ALIGN_UP(blob->len, (uint32_t)RH_WIRE_ALIGN);
	enum dp_drop drop;

	if (rh_unlikely(!dp_outgoing_ttl(ctx, blob->ttl_ms, ctx->now_tsc - blob->rx_tsc)))
		return DP_DROP_TTL_EXPIRED;
	if (RH_DATAGRAM_HDR + padded <= dp_datagram_max(slot, txq))
		drop = transmit_whole(ctx, slot, hop, txq, blob);
	else
		drop = transmit_slices(ctx, slot, hop, txq, blob);
	if (drop == DP_DROP_NONE)
		dp_count_sent(slot, 1, blob->len);
	return drop;
}

bool dp_transmit_records(struct dp_ctx *ctx, struct dp_session *slot, const uint8_t *records, uint32_t len)
{
	const struct dp_hop *hop = rh_rcu_deref(ctx->tables->hops[rh_load_relaxed(&slot->adjacency)]);
	struct dp_txq *txq = dp_txq_of(ctx, hop);
	struct rte_mbuf *m = NULL;
	uint8_t *out;

	if (txq && dp_txq_waiting(txq) < DP_TX_BACKLOG)
		m = dp_frame_begin(txq, slot, hop, &out);
	if (!m) {
		dp_count(ctx, tx_control_failed, 1);
		return false;
	}
	rte_memcpy(out, records, len);
	dp_frame_finish(m, out, slot, hop, len);
	slot->tx_packet_number++;
	dp_txq_put_other(txq, m);
	return true;
}
