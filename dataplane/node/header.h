#pragma once

/* The datagram header of a frame that is ours, and the session it names. Inline: once a datagram. Ctx: worker. */

#include "dataplane/frame/datagram.h"
#include "dataplane/node/context.h"

/* Guess the slot from the session number and fetch what admission and the session stage read. NULL: there is no such slot. */
static inline struct dp_session *dp_slot_guess(const struct dp_tables *tables, uint32_t wire_id)
{
	uint32_t index = wire_id & DP_SLOT_MASK;
	struct dp_session *slot = &tables->slots[index];

	if (rh_unlikely(index >= tables->slot_count))
		return NULL;
	rh_prefetch(slot);
	rh_prefetch(slot->template);
	rh_prefetch(&slot->sequence);
	rh_prefetch(&slot->rx_granted_events);
	return slot;
}

/* What the header of @p, which holds, says of who speaks. */
static inline void dp_header_read(struct dp_packet *p)
{
	p->speaker.wire_id = rh_datagram_session(p->bytes);
	p->speaker.check = rh_datagram_check(p->bytes);
	p->lane = rh_datagram_lane(p->bytes);
}
