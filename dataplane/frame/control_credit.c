/*
 * KEEPALIVE and CREDIT: cumulative counters of a living session.
 */
#include "dataplane/frame/control.h"

#include "dataplane/frame/control_priv.h"

enum rh_frame_error rh_keepalive_parse(const uint8_t *rec, size_t len, struct rh_keepalive *out)
{
	if (len < RH_KEEPALIVE_HDR)
		return RH_FRAME_SHORT;
	if (len != RH_KEEPALIVE_HDR)
		return RH_FRAME_LENGTH;
	out->answer = rec[1] & RH_KEEPALIVE_ANSWER;
	out->sent_events = rh_load_be64(rec + 8);
	out->sent_bytes = rh_load_be64(rec + 16);
	out->stamp = rh_load_be64(rec + 24);
	out->dropped_copies = rh_load_be64(rec + 32);
	return RH_FRAME_OK;
}

int rh_keepalive_encode(uint8_t *out, size_t room, const struct rh_keepalive *m)
{
	int taken = rh_control_begin(out, room, RH_RECORD_KEEPALIVE, RH_KEEPALIVE_HDR);

	if (taken < 0)
		return taken;
	out[1] = m->answer ? RH_KEEPALIVE_ANSWER : 0;
	rh_store_be64(out + 8, m->sent_events);
	rh_store_be64(out + 16, m->sent_bytes);
	rh_store_be64(out + 24, m->stamp);
	rh_store_be64(out + 32, m->dropped_copies);
	return taken;
}

enum rh_frame_error rh_credit_parse(const uint8_t *rec, size_t len, struct rh_credit *out)
{
	if (len < RH_CREDIT_HDR)
		return RH_FRAME_SHORT;
	if (len != RH_CREDIT_HDR)
		return RH_FRAME_LENGTH;
	out->events = rh_load_be64(rec + 8);
	out->bytes = rh_load_be64(rec + 16);
	return RH_FRAME_OK;
}

int rh_credit_encode(uint8_t *out, size_t room, const struct rh_credit *m)
{
	int taken = rh_control_begin(out, room, RH_RECORD_CREDIT, RH_CREDIT_HDR);

	if (taken < 0)
		return taken;
	rh_store_be64(out + 8, m->events);
	rh_store_be64(out + 16, m->bytes);
	return taken;
}
