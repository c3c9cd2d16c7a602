#include "dataplane/frame/event.h"

enum rh_frame_error rh_fragment_parse(const uint8_t *bytes, size_t len, struct rh_fragment *out)
{
	struct rh_fragment f;

	if (len < RH_FRAGMENT_HDR)
		return RH_FRAME_SHORT;
	f.slice = bytes + RH_FRAGMENT_HDR;
	f.slice_len = (uint32_t)(len - RH_FRAGMENT_HDR);
	f.offset = rh_load_be32(bytes + 4);
	f.sequence = rh_load_be64(bytes + 8);
	f.total = rh_load_be32(bytes + 16);
	f.id = rh_load_be32(bytes + 20);
	f.last = bytes[1] & RH_FRAGMENT_LAST;
	if (f.total > RH_EVENT_MAX)
		return RH_FRAME_TOO_LARGE;
	if (!f.slice_len || f.total < RH_PUBLISH_HDR || f.offset > f.total ||
		f.slice_len > f.total - f.offset)
		return RH_FRAME_LENGTH;
	/* The last one, and only it, ends the record; the others are cut where the next can start.
	 */
	if (f.last != (f.offset + f.slice_len == f.total) ||
		(!f.last && !RH_IS_ALIGNED(f.slice_len, RH_WIRE_ALIGN)))
		return RH_FRAME_LENGTH;
	if (!RH_IS_ALIGNED(f.offset, RH_WIRE_ALIGN) || !f.sequence)
		return RH_FRAME_VALUE;
	*out = f;
	return RH_FRAME_OK;
}

void rh_fragment_encode(uint8_t *out, const struct rh_fragment *f)
{
	out[0] = RH_RECORD_FRAGMENT;
	out[1] = f->last ? RH_FRAGMENT_LAST : 0;
	rh_store_be16(out + 2, (uint16_t)(RH_FRAGMENT_HDR + f->slice_len));
	rh_store_be32(out + 4, f->offset);
	rh_store_be64(out + 8, f->sequence);
	rh_store_be32(out + 16, f->total);
	rh_store_be32(out + 20, f->id);
}
