#pragma once

/*
 * The datagram header and the walk over its records. Both parsers are inline: they are the first
 * thing a worker does with an event and cost less than a call would.
 */

#include "dataplane/base/compiler.h"
#include "dataplane/frame/bytes.h"
#include "dataplane/frame/status.h"
#include "dataplane/frame/wire.h"

#include <stddef.h>
#include <stdint.h>

/* A validated datagram header (wire.h), host byte order. */
struct rh_datagram {
	uint32_t session;
	uint32_t check;
	uint64_t packet_number;
	uint8_t lane;
	uint8_t flags;
	uint16_t length;
};

/* Fields of a header, with no look at the others. Ctx: any. */
static inline uint32_t rh_datagram_session(const uint8_t *bytes)
{
	return rh_load_be32(bytes + 4);
}

static inline uint64_t rh_datagram_packet_number(const uint8_t *bytes)
{
	return rh_load_be64(bytes + 8);
}

static inline uint8_t rh_datagram_lane(const uint8_t *bytes)
{
	return bytes[16];
}

static inline uint32_t rh_datagram_check(const uint8_t *bytes)
{
	return rh_load_be32(bytes + 20);
}

/* Beyond version, flags and length: is it numbered, and is no key named? Then it holds. Ctx: any. */
static inline _Bool rh_datagram_is_usual(const uint8_t *bytes)
{
	return rh_datagram_packet_number(bytes) && !bytes[17];
}

/* Which of its errors a refused header has, never OK. Not inline, so that the accepted path stays
 * short. */
enum rh_frame_error rh_datagram_refusal(const uint8_t *bytes, size_t len);

/*
 * Read the header at @bytes of a UDP payload of @len bytes. Checks version, flags, that the length
 * field equals @len, that no key id is set, and that a datagram of a session has a packet number.
 *
 * Ctx: any. No allocation. @out is written only on RH_FRAME_OK.
 */
static inline enum rh_frame_error rh_datagram_parse(
	const uint8_t *bytes, size_t len, struct rh_datagram *out)
{
	uint64_t number;
	uint32_t session;

	/* One comparison for version, flags (none is accepted yet) and length; the first keeps len
	 * in 16 bits. */
	if (rh_unlikely(len - RH_DATAGRAM_HDR > RH_DATAGRAM_MAX - RH_DATAGRAM_HDR) ||
		rh_unlikely(rh_load_be32(bytes) != ((RH_WIRE_VERSION << 24) | (uint32_t)len)))
		return rh_frame_refused(rh_datagram_refusal(bytes, len));
	session = rh_datagram_session(bytes);
	number = rh_datagram_packet_number(bytes);
	if ((rh_unlikely(!number) && session) || rh_unlikely(bytes[17] /* key id */))
		return RH_FRAME_VALUE;
	out->session = session;
	out->check = rh_datagram_check(bytes);
	out->packet_number = number;
	out->lane = rh_datagram_lane(bytes);
	out->flags = 0;
	out->length = (uint16_t)len;
	return RH_FRAME_OK;
}

/* Write the 24-byte header for a datagram of @d->length bytes at @out. Ctx: any. Inline: once a copy. */
static inline void rh_datagram_encode(uint8_t *out, const struct rh_datagram *d)
{
	out[0] = RH_WIRE_VERSION;
	out[1] = d->flags;
	rh_store_be16(out + 2, d->length);
	rh_store_be32(out + 4, d->session);
	rh_store_be64(out + 8, d->packet_number);
	rh_store_be32(out + 16, (uint32_t)d->lane << 24);
	rh_store_be32(out + 20, d->check);
}

/* Fill in the packet number alone in a header made before. Ctx: any. */
static inline void rh_datagram_number(uint8_t *out, uint64_t packet_number)
{
	rh_store_be64(out + 8, packet_number);
}

/* Fill in what changes from datagram to datagram of a session in a header made before. Ctx: any. */
static inline void rh_datagram_close(uint8_t *out, uint16_t length, uint64_t packet_number)
{
	rh_store_be16(out + 2, length);
	rh_datagram_number(out, packet_number);
}

/*
 * Walk the records of a datagram whose header was accepted. Start with rh_record_first.
 *
 *	struct rh_record rec;
 *	struct rh_record_cursor cur = rh_record_first(bytes, len);
 *	while ((err = rh_record_next(&cur, &rec)) == RH_FRAME_OK && rec.bytes)
 *		...
 *
 * rh_record_next checks type and flags against the table of known types, the length against the
 * type's least size and the room left, and that padding is zero (behind the last record it may be
 * left out). rec.bytes is NULL at the end. A malformed record ends the walk with its error: what
 * came before stands, what follows is lost with the datagram. Ctx: any.
 */
struct rh_record {
	const uint8_t *bytes; /* the record header */
	uint32_t len;	      /* without padding */
	uint8_t type;	      /* enum rh_record_type */
	uint8_t flags;
};

struct rh_record_cursor {
	const uint8_t *next;
	const uint8_t *end;
};

/* What rh_record_next knows of a type. A least size of 0: refused. */
struct rh_record_shape {
	uint16_t least_bytes;
	uint8_t refused_flags;
};

extern const struct rh_record_shape rh_record_shapes[256];

/* Which of its errors a refused record has, never OK. By value, so that no cursor has to be in memory. */
enum rh_frame_error rh_record_refusal(const uint8_t *rec, size_t left);

/* The walk ends here. */
static inline enum rh_frame_error rh_record_refuse(struct rh_record_cursor *cur)
{
	const uint8_t *rec = cur->next;

	cur->next = cur->end;
	return rh_frame_refused(rh_record_refusal(rec, (size_t)(cur->end - rec)));
}

static inline struct rh_record_cursor rh_record_first(const uint8_t *datagram, size_t len)
{
	return (struct rh_record_cursor){datagram + RH_DATAGRAM_HDR, datagram + len};
}

/* Are the bytes between a record of @len bytes, from 1, and the aligned @end behind it zero? At least 8
 * bytes before @end are readable. */
static inline int rh_padding_is_zero(const uint8_t *end, size_t len)
{
	uint64_t last = __builtin_bswap64(rh_load_be64(end - RH_WIRE_ALIGN));

	/* Little-endian: the padding is what stands above the record's last byte. */
	return (last >> (8 * (len - 1) & 63)) <= UINT8_MAX;
}

static inline enum rh_frame_error rh_record_next(
	struct rh_record_cursor *cur, struct rh_record *out)
{
	const uint8_t *rec = cur->next;
	size_t left = (size_t)(cur->end - rec);
	const struct rh_record_shape *shape;
	uint32_t len, padding;

	if (!left) {
		out->bytes = NULL;
		return RH_FRAME_OK;
	}
	if (rh_unlikely(left < RH_RECORD_HDR))
		return rh_record_refuse(cur);
	shape = &rh_record_shapes[rec[0]];
	len = rh_load_be16(rec + 2);
	if (rh_unlikely(!shape->least_bytes || (rec[1] & shape->refused_flags) ||
			len < shape->least_bytes))
		return rh_record_refuse(cur);
	padding = -len & (RH_WIRE_ALIGN - 1);
	/* A record longer than what is left is longer with its padding too: one comparison refuses
	 * both. */
	if (left == len)
		padding = 0;
	else if (rh_unlikely(len + padding > left || !rh_padding_is_zero(rec + len + padding, len)))
		return rh_record_refuse(cur);
	cur->next = rec + len + padding;
	out->bytes = rec;
	out->len = len;
	out->type = rec[0];
	out->flags = rec[1];
	return RH_FRAME_OK;
}
