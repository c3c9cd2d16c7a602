#include "dataplane/node/node.h"

#include <rte_mbuf.h>
#include <string.h>

/* Depth of a bucket: what may come at once after a pause. */
#define BURST_PER_SECOND 10

void dp_rate_init(struct dp_rate *bucket, uint64_t rate, uint64_t tsc_hz)
{
	*bucket = (struct dp_rate){0};
	if (!rate)
		return;
	bucket->cycles_per_token = tsc_hz / rate ? tsc_hz / rate : 1;
	bucket->depth_cycles = tsc_hz / BURST_PER_SECOND;
	if (bucket->depth_cycles < bucket->cycles_per_token)
		bucket->depth_cycles = bucket->cycles_per_token;
}

bool dp_rate_take(struct dp_rate *bucket, uint64_t now_tsc)
{
	uint64_t full = bucket->full_tsc > now_tsc ? bucket->full_tsc : now_tsc;

	if (full + bucket->cycles_per_token - now_tsc > bucket->depth_cycles && bucket->cycles_per_token)
		return false;
	bucket->full_tsc = full + bucket->cycles_per_token;
	return true;
}

/* Of the control records a worker may punt, one session has a quarter. */
#define SESSION_SHARE 4

static bool session_share_take(struct dp_ctx *ctx, const struct dp_session *slot)
{
	struct dp_session_cold *cold = &ctx->tables->cold[dp_slot_index(ctx, slot)];
	struct dp_rate share = ctx->buckets[DP_PUNT_CLASS_CONTROL];
	bool taken;

	share.cycles_per_token *= SESSION_SHARE;
	if (share.depth_cycles < share.cycles_per_token)
		share.depth_cycles = share.cycles_per_token;
	share.full_tsc = cold->control_full_tsc;
	taken = dp_rate_take(&share, ctx->now_tsc);
	cold->control_full_tsc = share.full_tsc;
	return taken;
}

/* A message of @head.len bytes, to be filled and committed; NULL over its rate or when the ring is full. */
static uint8_t *punt_begin(struct dp_ctx *ctx, enum dp_punt_class class, const struct dp_punt_head *head)
{
	uint8_t *message;

	if (head->len > DP_PUNT_FRAME_MAX || !dp_rate_take(&ctx->buckets[class], ctx->now_tsc))
		return NULL;
	message = dp_bytering_reserve(&ctx->punts, sizeof(*head) + head->len);
	if (!message)
		return NULL;
	memcpy(message, head, sizeof(*head));
	return message + sizeof(*head);
}

static void punt_end(struct dp_ctx *ctx, const struct dp_punt_head *head)
{
	dp_bytering_commit(&ctx->punts, sizeof(*head) + head->len);
}

/* The device may have taken the tag off; the kernel gets the frame as it was on the wire. */
static uint32_t tag_len(const struct rte_mbuf *frame)
{
	return frame->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED ? 4 : 0;
}

static void frame_copy(uint8_t *out, const struct rte_mbuf *frame)
{
	uint32_t len = rte_pktmbuf_pkt_len(frame), tag = tag_len(frame), macs = 0;
	const uint8_t *bytes;

	if (tag && len >= 12) {
		macs = 12;
		bytes = rte_pktmbuf_read(frame, 0, macs, out);
		if (bytes != out)
			memcpy(out, bytes, macs);
		out[12] = 0x81;
		out[13] = 0;
		out[14] = (uint8_t)(frame->vlan_tci >> 8);
		out[15] = (uint8_t)frame->vlan_tci;
	}
	out += macs + (macs ? tag : 0);
	bytes = rte_pktmbuf_read(frame, macs, len - macs, out);
	if (bytes && bytes != out)
		memcpy(out, bytes, len - macs);
}

bool dp_punt_kernel(struct dp_ctx *ctx, uint32_t port, const struct rte_mbuf *frame)
{
	uint32_t len = rte_pktmbuf_pkt_len(frame);
	struct dp_punt_head head = {.kind = DP_PUNT_KERNEL,
		.port = port,
		.vlan = DP_VLAN_NONE,
		.len = len + (len >= 12 ? tag_len(frame) : 0)};
	uint8_t *out;

	/* Half of the ring is for clients, however much there is for the kernel. */
	if (dp_bytering_crowded(&ctx->punts))
		return false;
	out = punt_begin(ctx, DP_PUNT_CLASS_KERNEL, &head);
	if (!out)
		return false;
	frame_copy(out, frame);
	punt_end(ctx, &head);
	return true;
}

static struct dp_punt_head head_of(const struct dp_ctx *ctx, const struct dp_packet *p,
	enum dp_punt_kind kind, bool has_session, uint32_t len)
{
	const uint8_t *source = dp_packet_source(p);
	size_t size = p->speaker.family == 4 ? 4 : 16;
	struct dp_punt_head head = {
		.kind = kind,
		.port = p->port,
		.len = len,
		.local = {.family = p->speaker.family, .port = ctx->tables->udp_port},
		.remote = {.family = p->speaker.family, .port = p->speaker.port},
		.wire_session = p->speaker.wire_id,
		.slot = has_session ? dp_slot_index(ctx, p->slot) : 0,
		.vlan = p->vlan,
		.has_session = has_session,
	};

	/* The destination stands behind the source. */
	memcpy(head.remote.bytes, source, size);
	memcpy(head.local.bytes, source + size, size);
	return head;
}

bool dp_punt_record(struct dp_ctx *ctx, const struct dp_packet *p, bool has_session,
	const uint8_t *record, uint32_t len)
{
	struct dp_punt_head head = head_of(ctx, p, DP_PUNT_CONTROL, has_session, len);
	uint8_t *out;

	if (has_session && !session_share_take(ctx, p->slot))
		return false;
	out = punt_begin(
		ctx, has_session ? DP_PUNT_CLASS_CONTROL : DP_PUNT_CLASS_HELLO, &head);

	if (!out)
		return false;
	memcpy(out, record, len);
	punt_end(ctx, &head);
	return true;
}

bool dp_punt_unknown(struct dp_ctx *ctx, const struct dp_packet *p)
{
	struct dp_punt_head head = head_of(ctx, p, DP_PUNT_UNKNOWN_SESSION, false, 0);

	if (!punt_begin(ctx, DP_PUNT_CLASS_UNKNOWN, &head))
		return false;
	punt_end(ctx, &head);
	return true;
}
