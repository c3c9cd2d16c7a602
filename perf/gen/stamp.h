#pragma once

/*
 * What each event of the generator says about itself, in the last 32 bytes of its record (which are
 * payload). In network byte order:
 *
 *    0   4   check over the 28 bytes behind it: finds any change, and payload that is no stamp
 *    4   4   trial
 *    8   4   place in the trace
 *   12   4   publisher
 *   16   8   event sequence, the same as in the record's header
 *   24   8   intended send time, ns of the generator's clock
 */

#include "dataplane/frame/bytes.h"

#include <stdbool.h>
#include <stdint.h>

#define STAMP_BYTES	  32
#define STAMP_SEQUENCE_AT 8 /* in the PUBLISH record */
#define STAMP_CHECK_SALT  0x52687374616d7031ULL

struct stamp {
	uint64_t sequence; /* per publisher, growing over all trials; never 0 */
	uint64_t intended_ns;
	uint32_t trial, place, publisher;
};

/* Each step is a bijection of the sum so far: no change of a single word goes unseen before the
 * fold to 32 bits. */
static inline uint64_t stamp_mix(uint64_t sum, uint64_t word)
{
	sum = (sum ^ word) * 0x9e3779b97f4a7c15ULL;
	return sum ^ sum >> 29;
}

static inline uint32_t stamp_check(const struct stamp *s)
{
	uint64_t sum = stamp_mix(STAMP_CHECK_SALT, s->trial);

	sum = stamp_mix(sum, (uint64_t)s->place << 32 | s->publisher);
	sum = stamp_mix(sum, s->sequence);
	sum = stamp_mix(sum, s->intended_ns);
	return (uint32_t)(sum ^ sum >> 32);
}

/* Stamp a copy of a place's record, which ends in at least STAMP_BYTES of payload, and write its
 * sequence. Ctx: any. */
static inline void stamp_put(uint8_t *record, uint32_t len, const struct stamp *s)
{
	uint8_t *p = record + len - STAMP_BYTES;

	rh_store_be64(record + STAMP_SEQUENCE_AT, s->sequence);
	rh_store_be32(p, stamp_check(s));
	rh_store_be32(p + 4, s->trial);
	rh_store_be32(p + 8, s->place);
	rh_store_be32(p + 12, s->publisher);
	rh_store_be64(p + 16, s->sequence);
	rh_store_be64(p + 24, s->intended_ns);
}

/* False when there is no stamp or one of its bytes was changed; then @out is not to be used. Ctx:
 * any. */
static inline bool stamp_get(const uint8_t *record, uint32_t len, struct stamp *out)
{
	const uint8_t *p;

	if (len < STAMP_BYTES)
		return false;
	p = record + len - STAMP_BYTES;
	out->trial = rh_load_be32(p + 4);
	out->place = rh_load_be32(p + 8);
	out->publisher = rh_load_be32(p + 12);
	out->sequence = rh_load_be64(p + 16);
	out->intended_ns = rh_load_be64(p + 24);
	return rh_load_be32(p) == stamp_check(out);
}
