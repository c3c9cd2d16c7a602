#include "controlplane/session/session_priv.h"

#include "dataplane/base/utf8.h"

#include <stdlib.h>
#include <string.h>

static bool older(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

#define ROOM_LEAST 4

static struct cp_reply *place_of(struct cp_replies *r, uint32_t request)
{
	return &r->ring[request & (r->room - 1)];
}

/* With @room places, more than now. False: no memory. */
static bool grow(struct cp_replies **ring, unsigned room)
{
	struct cp_replies *old = *ring;
	struct cp_replies *r = calloc(1, sizeof(*r) + room * sizeof(*r->ring));

	if (!r)
		return false;
	r->room = (uint16_t)room;
	if (old) {
		r->seen = old->seen;
		r->highest = old->highest;
		for (unsigned i = 0; i < old->room; i++)
			if (old->ring[i].state != CP_REPLY_FREE)
				*place_of(r, old->ring[i].request) = old->ring[i];
	}
	free(old);
	*ring = r;
	return true;
}

/* The place for @request, with what was there before it. NULL: no memory. */
static struct cp_reply *place_make(struct cp_replies **ring, uint32_t request)
{
	for (;;) {
		struct cp_replies *r = *ring;
		struct cp_reply *reply = r && r->room ? place_of(r, request) : NULL;

		if (reply && (reply->state == CP_REPLY_FREE || reply->request == request ||
				     r->room == CP_REPLIES))
			return reply;
		if (!grow(ring, reply ? r->room * 2u : ROOM_LEAST))
			return NULL;
	}
}

static bool is_seen(const struct cp_replies *r, uint32_t request)
{
	return !older(r->highest, request) && r->seen >> (r->highest - request) & 1;
}

static void see(struct cp_replies *r, uint32_t request)
{
	uint32_t step = request - r->highest;

	if (!r->seen || older(r->highest, request)) {
		r->seen = r->seen && step < CP_REPLIES ? r->seen << step : 0;
		r->highest = request;
	}
	r->seen |= 1ULL << (r->highest - request);
}

static void empty(struct cp_reply *reply)
{
	if (reply->state == CP_REPLY_KEPT)
		free(reply->bytes);
	*reply = (struct cp_reply){0};
}

enum cp_reply_verdict cp_replies_take(
	struct cp_replies **ring, uint32_t request, struct cp_reply **out)
{
	struct cp_replies *r = *ring;
	bool seen = r && r->seen;
	struct cp_reply *reply;

	if (seen && older(request, r->highest - (CP_REPLIES - 1)))
		return CP_REPLY_STALE;
	reply = place_make(ring, request);
	if (!reply)
		return CP_REPLY_BUSY;
	r = *ring;
	*out = reply;
	if (reply->state != CP_REPLY_FREE && reply->request == request)
		return reply->state == CP_REPLY_OPEN ? CP_REPLY_BUSY : CP_REPLY_REPEAT;
	if (seen && is_seen(r, request))
		return CP_REPLY_STALE;
	if (reply->state == CP_REPLY_OPEN)
		return CP_REPLY_BUSY;
	empty(reply);
	*reply = (struct cp_reply){.request = request, .state = CP_REPLY_OPEN};
	r->idle = 0;
	see(r, request);
	return CP_REPLY_NEW;
}

struct cp_reply *cp_replies_open(struct cp_replies *ring, uint32_t request)
{
	struct cp_reply *reply = ring && ring->room ? place_of(ring, request) : NULL;

	return reply && reply->state == CP_REPLY_OPEN && reply->request == request ? reply : NULL;
}

void cp_replies_forget(struct cp_replies *ring, struct cp_reply *reply)
{
	uint32_t back = ring->highest - reply->request;

	if (back < CP_REPLIES)
		ring->seen &= ~(1ULL << back);
	/* The number that was the highest is still no older than what is kept. */
	ring->seen |= ring->seen ? 0 : 1ULL << (CP_REPLIES - 1);
	empty(reply);
}

void cp_replies_look(struct cp_replies **ring)
{
	struct cp_replies *r = *ring, *less;

	if (!r || !r->room || ++r->idle < CP_REPLIES_IDLE)
		return;
	r->idle = 0;
	for (unsigned i = 0; i < r->room; i++)
		if (r->ring[i].state == CP_REPLY_OPEN)
			return;
	for (unsigned i = 0; i < r->room; i++)
		empty(&r->ring[i]);
	r->room = 0;
	less = realloc(r, sizeof(*r));
	*ring = less ? less : r;
}

void cp_replies_free(struct cp_replies *ring)
{
	for (unsigned i = 0; ring && i < ring->room; i++)
		empty(&ring->ring[i]);
	free(ring);
}

/* At most @most bytes of @text, not ending inside a character. */
static uint16_t cut(const char *text, size_t most)
{
	return (uint16_t)rh_utf8_cut(text, strlen(text), most);
}

static uint16_t most_16(uint32_t value)
{
	return value < UINT16_MAX ? (uint16_t)value : UINT16_MAX;
}

static struct rh_sub_result result_of(const struct cp_sub_outcome *outcome, size_t text_most)
{
	const struct dp_sub_price *price = &outcome->price;

	return (struct rh_sub_result){.code = outcome->code,
		.text = {outcome->text, cut(outcome->text, text_most)},
		.price = {most_16(price->every_cycles), most_16(price->match_cycles),
			most_16(price->bytes)}};
}

int cp_suback_encode(uint8_t *out, size_t room, uint8_t type, uint32_t request, uint64_t generation,
	const struct cp_sub_outcome *outcomes, uint16_t count)
{
	struct rh_sub_result results[RH_SUBSCRIBE_MAX];
	int len;

	for (int most = RH_TEXT_MAX;; most = most > 4 ? most - 4 : 0) {
		for (uint16_t i = 0; i < count; i++)
			results[i] = result_of(&outcomes[i], (size_t)most);
		len = rh_suback_encode(out, room, type, request, generation, results, count);
		if (len > 0 || !most)
			return len;
	}
}
