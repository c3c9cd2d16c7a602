#pragma once

/* May a datagram speak for its session? Number, check and source have to be the session's. Inline: once a datagram. */

#include "dataplane/base/atomic.h"
#include "dataplane/node/context.h"

#include <string.h>

enum dp_admission {
	DP_ADMIT_OWN,	  /* ours: go on */
	DP_ADMIT_GREETING, /* no session yet: only a HELLO may be in it */
	DP_ADMIT_OTHER,	  /* another worker owns the session */
	DP_ADMIT_UNKNOWN,
	DP_ADMIT_WRONG_SOURCE,
};

/* The rest of an IPv6 address; of an IPv4 one there is none. */
static inline bool dp_address_same(const struct dp_session *slot, const struct dp_packet *p)
{
	return rh_likely(p->speaker.family == 4) || memcmp(slot->remote, dp_packet_source(p), 16) == 0;
}

static inline bool dp_source_same(const struct dp_session *slot, const struct dp_packet *p)
{
	return slot->family == p->speaker.family && slot->remote_port == p->speaker.port &&
	       memcmp(slot->remote, p->speaker.address, 4) == 0 && dp_address_same(slot, p);
}

/* Is it of an open session whose owner is that of @open? dp_session_admit's usual answer, at once. Ctx: worker. */
static inline bool dp_session_is_own(uint64_t open, const struct dp_session *slot, const struct dp_packet *p)
{
	return slot && (rh_load_acquire(&slot->way) & DP_WAY_OPEN_MASK) == open &&
	       memcmp(&slot->speaker, &p->speaker, sizeof(p->speaker)) == 0 && dp_address_same(slot, p);
}

/* packet->slot was guessed from the number. Ctx: worker. */
static inline enum dp_admission dp_session_admit(const struct dp_ctx *ctx, const struct dp_packet *p)
{
	const struct dp_session *slot = p->slot;
	uint32_t state;

	if (!p->speaker.wire_id)
		return DP_ADMIT_GREETING;
	if (!slot)
		return DP_ADMIT_UNKNOWN;
	state = rh_load_acquire(&slot->state);
	if ((state != DP_SLOT_OPEN && state != DP_SLOT_CLOSING) || slot->wire_id != p->speaker.wire_id)
		return DP_ADMIT_UNKNOWN;
	if (slot->check != p->speaker.check)
		return DP_ADMIT_UNKNOWN;
	/* Not answered: number and check are right, so the client is told by its own silence. */
	if (!dp_source_same(slot, p))
		return DP_ADMIT_WRONG_SOURCE;
	return slot->owner == ctx->worker ? DP_ADMIT_OWN : DP_ADMIT_OTHER;
}
