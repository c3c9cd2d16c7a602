#include "tools/librhumb/rhumb_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Beyond the slices of the largest event: room for small ones and control records. */
#define SPARE_SLOTS 64
#define SEND_BATCH  32

static struct rhc_slot *slot_at(struct rhc_out *out, uint32_t i)
{
	return &out->slots[(out->head + i) & (out->capacity - 1)];
}

static uint8_t *bytes_at(struct rhc_out *out, uint32_t i)
{
	return out->memory + (size_t)((out->head + i) & (out->capacity - 1)) * out->room;
}

int rhc_out_init(struct rhumb *r)
{
	struct rhc_out *out = &r->out;
	uint32_t slices = RH_EVENT_MAX / (RH_DATAGRAM_MIN_MAX - RH_DATAGRAM_HDR - RH_FRAGMENT_HDR) + 1;

	rhc_out_fini(out);
	out->room = RH_ALIGN_UP(r->path.max_datagram, (uint32_t)RH_WIRE_ALIGN);
	out->capacity = (uint32_t)rh_pow2_ceil(slices + SPARE_SLOTS);
	out->memory = malloc((size_t)out->capacity * out->room);
	out->slots = calloc(out->capacity, sizeof(*out->slots));
	if (!out->memory || !out->slots)
		return rh_error_set(&r->error, ENOMEM, "out of memory");
	return 0;
}

void rhc_out_fini(struct rhc_out *out)
{
	free(out->memory);
	free(out->slots);
	*out = (struct rhc_out){0};
}

uint32_t rhc_out_record_max(const struct rhumb *r)
{
	return rhc_datagram_max(r) - RH_DATAGRAM_HDR;
}

uint32_t rhc_out_free(const struct rhumb *r)
{
	return r->out.capacity - r->out.count;
}

void rhc_out_close(struct rhumb *r)
{
	if (r->out.count)
		slot_at(&r->out, r->out.count - 1)->closed = true;
}

uint8_t *rhc_out_reserve(struct rhumb *r, size_t len, bool sessionless)
{
	struct rhc_out *out = &r->out;
	struct rhc_slot *last = out->count ? slot_at(out, out->count - 1) : NULL;

	if (last && !last->closed && last->sessionless == sessionless &&
		last->len + len <= rhc_datagram_max(r))
		return bytes_at(out, out->count - 1) + last->len;
	if (out->count == out->capacity || len + RH_DATAGRAM_HDR > out->room)
		return NULL;
	*slot_at(out, out->count) = (struct rhc_slot){
		.len = RH_DATAGRAM_HDR, .sessionless = sessionless, .closed = sessionless};
	out->count++;
	return bytes_at(out, out->count - 1) + RH_DATAGRAM_HDR;
}

void rhc_out_slice(struct rhumb *r)
{
	slot_at(&r->out, r->out.count - 1)->slice = true;
}

void rhc_out_commit(struct rhumb *r, size_t len, uint32_t events, uint64_t bytes)
{
	struct rhc_slot *last = slot_at(&r->out, r->out.count - 1);
	uint8_t *end = bytes_at(&r->out, r->out.count - 1) + last->len + len;
	size_t padded = RH_ALIGN_UP(len, (size_t)RH_WIRE_ALIGN);

	/* Behind the last record padding may be left out whole, which is how one fills a datagram to the brim. */
	if (last->len + padded > rhc_datagram_max(r)) {
		padded = len;
		last->closed = true;
	} else {
		memset(end, 0, padded - len);
	}
	last->len += (uint32_t)padded;
	last->events += events;
	last->bytes += bytes;
}

static void header_write(struct rhumb *r, const struct rhc_slot *slot, uint8_t *bytes)
{
	struct rh_datagram d = {.length = (uint16_t)slot->len};

	if (!slot->sessionless) {
		d.session = r->session.number;
		d.check = r->session.check;
		d.packet_number = ++r->session.packet_number;
	}
	rh_datagram_encode(bytes, &d);
}

static void slots_sent(struct rhc_out *out, unsigned count)
{
	out->head = (out->head + count) & (out->capacity - 1);
	out->count -= count;
}

/* The kernel refuses the first datagram for good: give it up, its events will show as lost. */
static void slot_refused(struct rhumb *r)
{
	r->stats.unsent_events += slot_at(&r->out, 0)->events;
	slots_sent(&r->out, 1);
}

static int batch_send(struct rhumb *r)
{
	struct mmsghdr messages[SEND_BATCH];
	struct iovec vectors[SEND_BATCH];
	unsigned count = 0;
	int sent;

	for (; count < SEND_BATCH && count < r->out.count; count++) {
		const struct rhc_slot *slot = slot_at(&r->out, count);

		/* Between two sessions only greetings go out. */
		if (!slot->sessionless && r->state != RHC_OPEN)
			break;
		header_write(r, slot, bytes_at(&r->out, count));
		vectors[count] = (struct iovec){bytes_at(&r->out, count), slot->len};
		messages[count] = (struct mmsghdr){
			.msg_hdr = {.msg_iov = &vectors[count], .msg_iovlen = 1}};
	}
	if (!count)
		return 0;
	sent = sendmmsg(r->path.fd, messages, count, 0);
	if (sent < 0)
		return -errno;
	slots_sent(&r->out, (unsigned)sent);
	return sent;
}

/* A sessionless datagram behind events that must wait for the session: it goes first. */
static void greeting_first(struct rhumb *r)
{
	struct rhc_out *out = &r->out;
	uint32_t last = out->count - 1;

	if (r->state == RHC_OPEN || out->count < 2 || !slot_at(out, last)->sessionless)
		return;
	header_write(r, slot_at(out, last), bytes_at(out, last));
	(void)send(r->path.fd, bytes_at(out, last), slot_at(out, last)->len, 0);
	out->count--;
}

int rhc_out_flush(struct rhumb *r)
{
	int err;
	unsigned refusals = 0;

	if (r->path.fd < 0)
		return -ENOTCONN;
	greeting_first(r);
	while (r->out.count) {
		err = batch_send(r);
		if (err > 0) {
			refusals = 0;
			continue;
		}
		if (err == 0)
			return 0;
		if (err == -EINTR)
			continue;
		if (err == -EAGAIN || err == -ENOBUFS)
			return -EAGAIN;
		if (err == -EMSGSIZE)
			rhc_path_shrink(r);
		/* The first may be the ICMP error of an earlier datagram, which is told once: this one was not sent. */
		if (!refusals++)
			continue;
		slot_refused(r);
		refusals = 0;
	}
	return 0;
}

void rhc_out_new_session(struct rhumb *r)
{
	struct rhc_out *out = &r->out;
	struct rhc_credit *credit = &r->credit;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < out->count; i++) {
		struct rhc_slot *slot = slot_at(out, i);

		if (!slot->events && !slot->bytes)
			continue;
		/* Slices before this one may have gone to the old session: the rest alone would never be whole. */
		if (slot->slice || slot->len > rhc_datagram_max(r) ||
			credit->sent_events + slot->events > credit->grant_events ||
			credit->sent_bytes + slot->bytes > credit->grant_bytes) {
			r->stats.unsent_events += slot->events;
			continue;
		}
		credit->sent_events += slot->events;
		credit->sent_bytes += slot->bytes;
		if (kept != i) {
			*slot_at(out, kept) = *slot;
			memmove(bytes_at(out, kept), bytes_at(out, i), slot->len);
		}
		kept++;
	}
	out->count = kept;
	rhc_out_close(r);
}
