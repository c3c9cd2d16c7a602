#pragma once

/*
 * What the control codecs share: texts behind a fixed part, zero padding, room checks.
 */

#include "dataplane/frame/bytes.h"
#include "dataplane/frame/control.h"

/* UTF-8 without control characters: what may be logged and shown on a terminal as it is. */
bool rh_text_shown(const struct rh_text *text);

/* A view of @len bytes at @bytes. */
static inline struct rh_text rh_text_at(const uint8_t *bytes, uint16_t len)
{
	return (struct rh_text){(const char *)bytes, len};
}

/* Are @count bytes (fewer than 8) at @bytes zero? */
bool rh_zero(const uint8_t *bytes, size_t count);

/* Copy @text to @out, returns the byte behind it. */
uint8_t *rh_text_put(uint8_t *out, const struct rh_text *text);

/*
 * Begin a record of @len bytes (padding not counted): zeroes it with its padding and writes its
 * header. Returns the bytes with padding, or -EMSGSIZE when it exceeds @room or 65,535.
 */
int rh_control_begin(uint8_t *out, size_t room, uint8_t type, size_t len);
