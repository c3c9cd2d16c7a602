#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Is @bytes well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF) without U+0000?
 * U+0000 is refused because MQTT [MQTT-1.5.4-2] and CloudEvents strings exclude it.
 *
 * Ctx: any. *@where (may be NULL) gets the offset of the first bad byte on failure.
 */
bool rh_utf8_valid(const uint8_t *bytes, size_t len, size_t *where);

/* Does @byte stand within a character, behind its first byte? */
static inline bool rh_utf8_continues(uint8_t byte)
{
	return (byte & 0xc0) == 0x80;
}

/* Bytes of @text, of @size, that may be shown: @most of them, or as many fewer as cut no character in two. Ctx: any. */
static inline size_t rh_utf8_cut(const char *text, size_t size, size_t most)
{
	if (size <= most)
		return size;
	while (most && rh_utf8_continues((uint8_t)text[most]))
		most--;
	return most;
}

/* Eight bytes that are all ASCII and none of them zero. */
static inline bool rh_word_is_plain(uint64_t w)
{
	return ((w | (w - 0x0101010101010101ULL)) & 0x8080808080808080ULL) == 0;
}

/* @count (at most 8) bytes, zeros above them. */
static inline uint64_t rh_text_word(const uint8_t *p, size_t count)
{
	uint64_t w = 0;

	memcpy(&w, p, count);
	return w;
}

/* 16 bytes as signed numbers: plain ones are above 0. The compiler's own vectors, so that one body serves every machine. */
typedef int8_t rh_text_vector __attribute__((vector_size(16)));
typedef uint64_t rh_text_halves __attribute__((vector_size(16)));

static inline rh_text_vector rh_text_plain_lanes(const uint8_t *p)
{
	rh_text_vector v;

	memcpy(&v, p, sizeof(v));
	return v > 0;
}

/*
 * Is @bytes ASCII without U+0000? The usual string, 7 to 30 bytes, in loads that may overlap instead of a byte loop; what is
 * not plain may still be UTF-8. Ctx: any.
 */
static inline bool rh_text_is_plain(const uint8_t *bytes, size_t len)
{
	rh_text_halves halves;
	rh_text_vector plain;

	if (len >= sizeof(plain)) {
		plain = rh_text_plain_lanes(bytes + len - sizeof(plain));
		for (size_t i = 0; i + sizeof(plain) < len; i += sizeof(plain))
			plain &= rh_text_plain_lanes(bytes + i);
		halves = (rh_text_halves)plain;
		return (halves[0] & halves[1]) == UINT64_MAX;
	}
	if (len >= 8)
		return rh_word_is_plain(rh_text_word(bytes, 8)) &&
		       rh_word_is_plain(rh_text_word(bytes + len - 8, 8));
	if (len >= 4)
		return rh_word_is_plain(
			rh_text_word(bytes, 4) | rh_text_word(bytes + len - 4, 4) << 32);
	for (size_t i = 0; i < len; i++)
		if ((uint8_t)(bytes[i] - 1) >= 0x7f)
			return false;
	return true;
}
