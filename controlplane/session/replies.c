#include "controlplane/session/session_priv.h"

#include <stdlib.h>
#include <string.h>

static bool older(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

enum cp_reply_verdict cp_replies_take(
	struct cp_replies **ring, uint32_t request, struct cp_reply **out)
{
	struct cp_replies *r = *ring;
	struct cp_reply *reply;

	if (!r)
		r = *ring = calloc(1, sizeof(*r));
	if (!r)
		return CP_REPLY_BUSY;
	reply = &r->ring[request & (CP_REPLIES - 1)];
	*out = reply;
	if (reply->state != CP_REPLY_FREE && reply->request == request)
		return reply->state == CP_REPLY_DONE ? CP_REPLY_REPEAT : CP_REPLY_BUSY;
	if (r->any && older(request, r->highest - (CP_REPLIES - 1)))
		return CP_REPLY_STALE;
	if (reply->state == CP_REPLY_OPEN)
		return CP_REPLY_BUSY;
	free(reply->bytes);
	*reply = (struct cp_reply){.request = request, .state = CP_REPLY_OPEN};
	if (!r->any || older(r->highest, request))
		r->highest = request;
	r->any = true;
	return CP_REPLY_NEW;
}

struct cp_reply *cp_replies_open(struct cp_replies *ring, uint32_t request)
{
	struct cp_reply *reply = ring ? &ring->ring[request & (CP_REPLIES - 1)] : NULL;

	return reply && reply->state == CP_REPLY_OPEN && reply->request == request ? reply : NULL;
}

void cp_replies_free(struct cp_replies *ring)
{
	for (unsigned i = 0; ring && i < CP_REPLIES; i++)
		free(ring->ring[i].bytes);
	free(ring);
}

/* At most @most bytes of @text, not ending inside a character. */
static uint16_t cut(const char *text, size_t most)
{
	size_t len = strlen(text);

	if (len <= most)
		return (uint16_t)len;
	while (most && ((uint8_t)text[most] & 0xc0) == 0x80)
		most--;
	return (uint16_t)most;
}

int cp_suback_encode(uint8_t *out, size_t room, uint8_t type, uint32_t request, uint64_t generation,
	const struct cp_sub_outcome *outcomes, uint16_t count)
{
	struct rh_sub_result results[RH_SUBSCRIBE_MAX];
	int len;

	for (int most = RH_TEXT_MAX;; most = most > 4 ? most - 4 : 0) {
		for (uint16_t i = 0; i < count; i++) {
			results[i].code = outcomes[i].code;
			results[i].text = (struct rh_text){
				outcomes[i].text, cut(outcomes[i].text, (size_t)most)};
		}
		len = rh_suback_encode(out, room, type, request, generation, results, count);
		if (len > 0 || !most)
			return len;
	}
}
