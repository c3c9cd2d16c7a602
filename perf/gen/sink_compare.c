#include "dataplane/base/compiler.h"
#include "dataplane/frame/wire.h"
#include "perf/gen/sink_priv.h"

#include <string.h>

/* In the PUBLISH header, see dataplane/frame/wire.h. */
#define LENGTH_AT 2
#define HOP_AT	  5
#define TTL_AT	  32
/* Of the first 8 bytes what no router changes: type, flags and the byte of class, mode and kind. */
#define FIRST_KEPT 0xffff0000ff000000ULL

static bool length_same(const uint8_t *got, const uint8_t *sent)
{
	uint16_t len = rh_load_be16(got + LENGTH_AT);

	return len == 0 || len == rh_load_be16(sent + LENGTH_AT);
}

static bool ttl_same(const uint8_t *got, const uint8_t *sent)
{
	uint32_t left = rh_load_be32(got + TTL_AT), all = rh_load_be32(sent + TTL_AT);

	return left == all || (all != RH_TTL_NONE && left > 0 && left < all);
}

/* The first 8 bytes, and those of time to live and partition hash: where a router writes. */
static bool routed_same(const uint8_t *got, const uint8_t *sent)
{
	uint64_t first = rh_load_be64(got) ^ rh_load_be64(sent);

	return !(first & FIRST_KEPT) && length_same(got, sent) && got[HOP_AT] + 1 == sent[HOP_AT] &&
	       ttl_same(got, sent) &&
	       rh_load_be32(got + TTL_AT + 4) == rh_load_be32(sent + TTL_AT + 4);
}

static bool header_same(const uint8_t *got, const uint8_t *sent, bool reflect, uint64_t sequence)
{
	if (reflect ? memcmp(got, sent, 8) || memcmp(got + TTL_AT, sent + TTL_AT, 8)
		    : !routed_same(got, sent))
		return false;
	return rh_load_be64(got + STAMP_SEQUENCE_AT) == sequence &&
	       !memcmp(got + 16, sent + 16, 16) && !memcmp(got + 40, sent + 40, 16);
}

bool sink_record_same(const struct place *place, bool reflect, const uint8_t *record, uint32_t len,
	uint64_t sequence)
{
	if (rh_unlikely(len != place->len))
		return false;
	return header_same(record, place->record, reflect, sequence) &&
	       !memcmp(record + RH_PUBLISH_HDR, place->record + RH_PUBLISH_HDR,
		       len - RH_PUBLISH_HDR - STAMP_BYTES);
}
