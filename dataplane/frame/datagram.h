#pragma once

#include "dataplane/frame/status.h"

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

/*
 * Read the header at @bytes of a UDP payload of @len bytes. Checks version, flags and that the length field equals @len.
 *
 * Ctx: any. No allocation. @out is written only on RH_FRAME_OK.
 */
enum rh_frame_error rh_datagram_parse(const uint8_t *bytes, size_t len, struct rh_datagram *out);

/* Write the 24-byte header for a datagram of @d->length bytes at @out. Ctx: any. */
void rh_datagram_encode(uint8_t *out, const struct rh_datagram *d);

/*
 * Walk the records of a datagram whose header was accepted. Start with the cursor zeroed by rh_record_first.
 *
 *	struct rh_record rec;
 *	struct rh_record_cursor cur = rh_record_first(bytes, len);
 *	while ((err = rh_record_next(&cur, &rec)) == RH_FRAME_OK && rec.bytes)
 *		...
 *
 * rh_record_next checks type and flags against the table of known types, the length against the type's least size and the
 * room left, and the padding. rec.bytes is NULL at the end. A malformed record ends the walk with its error: what came
 * before stands, what follows is lost with the datagram. Ctx: any.
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

struct rh_record_cursor rh_record_first(const uint8_t *datagram, size_t len);
enum rh_frame_error rh_record_next(struct rh_record_cursor *cur, struct rh_record *out);
