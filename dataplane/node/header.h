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

/* Fill in what the header of @p, whose bytes are known, says. Not OK: it is refused. */
static inline enum rh_frame_error dp_header_take(const struct dp_tables *tables, struct dp_packet *p)
{
	struct rh_datagram header;
	enum rh_frame_error err = rh_datagram_parse(p->bytes, p->len, &header);

	if (rh_unlikely(err != RH_FRAME_OK))
		return err;
	p->speaker.wire_id = header.session;
	p->speaker.check = header.check;
	p->lane = header.lane;
	p->slot = dp_slot_guess(tables, header.session);
	return RH_FRAME_OK;
}
