/*
 * What a client receives: a row of datagrams, each behind two bytes of length and one of flags (FLAG_*), so that the fuzzer gets
 * past the session's number and check and at the states behind them.
 */
#include "tools/librhumb/rhumb_priv.h"

#include <stdlib.h>
#include <string.h>

enum { FLAG_OURS = 0x01, FLAG_GREETING = 0x02, FLAG_LATER = 0x04 };

#define NUMBER 0x00010001u
#define CHECK  0x5eed0001u

static uint64_t seen;

static void on_event(void *arg, const struct rhumb_event *event)
{
	(void)arg;
	/* Every byte that is handed over must be readable. */
	for (uint32_t i = 0; i < event->payload_len; i++)
		seen += ((const uint8_t *)event->payload)[i];
	for (uint16_t i = 0; i < event->topic_len; i++)
		seen += (uint8_t)event->topic[i];
	for (uint16_t i = 0; i < event->attribute_count; i++)
		for (uint16_t k = 0; k < event->attributes[i].value_len; k++)
			seen += (uint8_t)event->attributes[i].value[k];
	if (event->traceparent)
		seen += event->traceparent[25];
}

static struct rhumb *client_make(void)
{
	struct rhumb *r = rhumb_create(&(struct rhumb_options){.router = "fuzz", .client_id = "fuzz"});

	if (!r)
		abort();
	r->path.max_datagram = 1472;
	r->path.receive_buffer = 425984;
	r->now_ns = 1;
	if (rhc_out_init(r) < 0)
		abort();
	rhc_credit_windows(r);
	r->state = RHC_OPEN;
	r->session = (struct rhc_session){
		.number = NUMBER, .check = CHECK, .keepalive_ms = 1000, .timeout_ms = 3000, .max_datagram = 1472};
	r->subs.cb = on_event;
	return r;
}

static void datagram_give(struct rhumb *r, const uint8_t *bytes, size_t len, uint8_t flags)
{
	struct rh_datagram d = {.session = NUMBER, .check = CHECK, .packet_number = 1, .length = (uint16_t)len};
	uint8_t *exact = malloc(len ? len : 1);

	if (!exact)
		abort();
	memcpy(exact, bytes, len);
	if ((flags & FLAG_OURS) && len >= RH_DATAGRAM_HDR) {
		d.lane = exact[16];
		d.packet_number = 1 + exact[15];
		rh_datagram_encode(exact, &d);
	}
	if (flags & FLAG_GREETING) {
		r->state = RHC_GREETING;
		r->hello.cookie_len = 8;
	} else if (r->state == RHC_IDLE) {
		r->state = RHC_OPEN;
		r->session.number = NUMBER;
	}
	if (flags & FLAG_LATER)
		r->now_ns += RHC_REASSEMBLY_MS * RH_NS_PER_MS / 2;
	rhc_datagram_take(r, exact, len);
	rhc_subs_timer(r);
	rhc_credit_timer(r);
	rhc_credit_renew(r, false);
	free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct rhumb *r = client_make();
	size_t at = 0;

	while (at + 3 <= len) {
		size_t size = rh_load_be16(bytes + at);

		if (size > len - at - 3)
			size = len - at - 3;
		datagram_give(r, bytes + at + 3, size, bytes[at + 2]);
		at += 3 + size;
	}
	rhumb_destroy(r);
	return 0;
}
