#include "dataplane/frame/datagram.h"

#define REFUSE_FLAGS_BUT(allowed) ((uint8_t) ~(allowed))

/* Offsets of the least sizes are those of wire.h: each is the fixed part of its record. */
const struct rh_record_shape rh_record_shapes[256] = {
	[RH_RECORD_PUBLISH] = {RH_PUBLISH_HDR, REFUSE_FLAGS_BUT(RH_PUBLISH_ALIAS)},
	[RH_RECORD_FRAGMENT] = {RH_FRAGMENT_HDR, REFUSE_FLAGS_BUT(RH_FRAGMENT_LAST)},
	[RH_RECORD_HELLO] = {RH_HELLO_HDR, REFUSE_FLAGS_BUT(0)},
	[RH_RECORD_CHALLENGE] = {RH_CHALLENGE_HDR, REFUSE_FLAGS_BUT(0)},
	[RH_RECORD_WELCOME] = {RH_WELCOME_HDR, REFUSE_FLAGS_BUT(0)},
	[RH_RECORD_BYE] = {RH_BYE_HDR, REFUSE_FLAGS_BUT(0)},
	[RH_RECORD_KEEPALIVE] = {RH_KEEPALIVE_HDR, REFUSE_FLAGS_BUT(RH_KEEPALIVE_ANSWER)},
	[RH_RECORD_UNKNOWN_SESSION] = {RH_UNKNOWN_HDR, REFUSE_FLAGS_BUT(0)},
	[RH_RECORD_SUBSCRIBE] = {RH_SUBSCRIBE_HDR, REFUSE_FLAGS_BUT(0)},
	[RH_RECORD_SUBACK] = {RH_SUBACK_HDR, REFUSE_FLAGS_BUT(0)},
	[RH_RECORD_UNSUBSCRIBE] = {RH_SUBSCRIBE_HDR, REFUSE_FLAGS_BUT(0)},
	[RH_RECORD_UNSUBACK] = {RH_SUBACK_HDR, REFUSE_FLAGS_BUT(0)},
	[RH_RECORD_CREDIT] = {RH_CREDIT_HDR, REFUSE_FLAGS_BUT(0)},
	[RH_RECORD_ALIAS] = {RH_ALIAS_HDR, REFUSE_FLAGS_BUT(0)},
	[RH_RECORD_ALIAS_ACK] = {RH_ALIAS_ACK_HDR, REFUSE_FLAGS_BUT(0)},
};

enum rh_frame_error rh_datagram_refusal(const uint8_t *bytes, size_t len)
{
	size_t announced;

	if (len < RH_DATAGRAM_HDR)
		return RH_FRAME_SHORT;
	if (bytes[0] != RH_WIRE_VERSION)
		return RH_FRAME_VERSION;
	/* LINK announces a header between nodes that this version does not speak yet. */
	if (bytes[1] & ~RH_DATAGRAM_AUTH)
		return RH_FRAME_FLAGS;
	announced = rh_load_be16(bytes + 2);
	if (announced > len)
		return RH_FRAME_SHORT;
	if (announced != len)
		return RH_FRAME_LENGTH;
	return RH_FRAME_AUTH;
}

enum rh_frame_error rh_record_refusal(const uint8_t *rec, size_t left)
{
	const struct rh_record_shape *shape = &rh_record_shapes[rec[0]];
	size_t len;

	if (left < RH_RECORD_HDR)
		return RH_FRAME_SHORT;
	if (!shape->least_bytes)
		return RH_FRAME_RECORD_TYPE;
	if (rec[1] & shape->refused_flags)
		return RH_FRAME_FLAGS;
	len = rh_load_be16(rec + 2);
	if (len < shape->least_bytes)
		return RH_FRAME_LENGTH;
	if (len > left)
		return RH_FRAME_SHORT;
	/* Only the padding is left to be wrong: cut off, or not zero. */
	if (RH_ALIGN_UP(len, (size_t)RH_WIRE_ALIGN) > left)
		return RH_FRAME_LENGTH;
	return RH_FRAME_VALUE;
}
