#include "dataplane/cesql/like.h"

#include "dataplane/base/utf8.h"

#include <string.h>

enum like_item cesql_like_item(const char *pattern, size_t size, size_t *i, uint8_t *byte)
{
	if (*i == size)
		return LIKE_END;
	*byte = (uint8_t)pattern[(*i)++];
	if (*byte == '%')
		return LIKE_RUN;
	if (*byte == '_')
		return LIKE_ANY;
	if (*byte == '\\' && *i < size && (pattern[*i] == '%' || pattern[*i] == '_'))
		*byte = (uint8_t)pattern[(*i)++];
	return LIKE_BYTE;
}

/* Columns of the bytes that the pattern names, from 1; returns how many columns there are with 0. */
static unsigned columns(const char *pattern, size_t size, uint8_t column[256], unsigned *items)
{
	unsigned count = 1;
	enum like_item kind;
	uint8_t byte;

	memset(column, 0, 256);
	*items = 0;
	for (size_t i = 0; (kind = cesql_like_item(pattern, size, &i, &byte)) != LIKE_END;) {
		*items += kind != LIKE_RUN;
		if (kind == LIKE_BYTE && !column[byte])
			column[byte] = (uint8_t)count++;
	}
	return count;
}

size_t cesql_like_size(const char *pattern, size_t size)
{
	uint8_t column[256];
	unsigned items, count = columns(pattern, size, column, &items);

	/* One column more: continuation bytes that the pattern does not name. */
	return sizeof(struct like) + (count + 1) * (items / 64 + 1) * sizeof(uint64_t);
}

static void bit_set(uint64_t *words, unsigned bit)
{
	words[bit / 64] |= 1ULL << (bit % 64);
}

/* A '_' takes the first byte of a character, whichever column that has. */
static void any_set(struct like *like, unsigned state)
{
	bit_set(like->any, state);
	for (unsigned byte = 0; byte < 256; byte++)
		if (!rh_utf8_continues((uint8_t)byte))
			bit_set(like->takes + like->column[byte] * like->words, state);
}

void cesql_like_build(struct like *out, const char *pattern, size_t size)
{
	unsigned items, count, state = 0;
	enum like_item kind;
	uint8_t byte;

	memset(out, 0, cesql_like_size(pattern, size));
	count = columns(pattern, size, out->column, &items);
	for (byte = 0x80; rh_utf8_continues(byte); byte++)
		if (!out->column[byte])
			out->column[byte] = (uint8_t)count;
	out->words = (uint16_t)(items / 64 + 1);
	out->last = (uint16_t)items;
	for (size_t i = 0; (kind = cesql_like_item(pattern, size, &i, &byte)) != LIKE_END;) {
		if (kind == LIKE_RUN)
			bit_set(out->loops, state);
		else if (kind == LIKE_ANY)
			any_set(out, ++state);
		else
			bit_set(out->takes + out->column[byte] * out->words, ++state);
	}
}

bool cesql_like_matches(const struct like *like, const char *bytes, size_t size)
{
	uint64_t states[LIKE_WORDS] = {1};

	for (size_t i = 0; i < size; i++) {
		uint8_t byte = (uint8_t)bytes[i];
		const uint64_t *takes = like->takes + like->column[byte] * like->words;
		uint64_t rest = rh_utf8_continues(byte) ? UINT64_MAX : 0, carry = 0;

		for (unsigned w = 0; w < like->words; w++) {
			uint64_t old = states[w];

			states[w] = ((old << 1 | carry) & takes[w]) | (old & like->loops[w]) | (old & like->any[w] & rest);
			carry = old >> 63;
		}
	}
	return states[like->last / 64] >> (like->last % 64) & 1;
}
