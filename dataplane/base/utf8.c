#include "dataplane/base/utf8.h"

#include "dataplane/base/compiler.h"

#include <string.h>

/* Length of the well-formed sequence at @p, 0 when ill-formed. Table 3-7 of the Unicode standard. */
static size_t sequence_len(const uint8_t *p, size_t left)
{
	uint8_t lo = 0x80, hi = 0xbf;
	size_t n;

	if (p[0] < 0x80)
		return p[0] != 0;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (left < n)
		return 0;
	if (p[0] == 0xe0)
		lo = 0xa0;
	else if (p[0] == 0xed)
		hi = 0x9f;
	else if (p[0] == 0xf0)
		lo = 0x90;
	else if (p[0] == 0xf4)
		hi = 0x8f;
	if (p[1] < lo || p[1] > hi)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

/* Eight bytes that are all ASCII and none of them zero. */
static inline bool word_is_plain(uint64_t w)
{
	return ((w | (w - 0x0101010101010101ULL)) & 0x8080808080808080ULL) == 0;
}

static inline uint64_t load(const uint8_t *p, size_t bytes)
{
	uint64_t w = 0;

	memcpy(&w, p, bytes);
	return w;
}

/* All ASCII, none zero: the usual attribute, 7 to 30 bytes, in loads that may overlap instead of a byte loop. */
static inline bool is_plain(const uint8_t *p, size_t len)
{
	size_t i = 0;

	if (len >= 8) {
		while (i + 8 < len && word_is_plain(load(p + i, 8)))
			i += 8;
		return i + 8 >= len && word_is_plain(load(p + len - 8, 8));
	}
	if (len >= 4)
		return word_is_plain(load(p, 4) | load(p + len - 4, 4) << 32);
	for (; i < len; i++)
		if ((uint8_t)(p[i] - 1) >= 0x7f)
			return false;
	return true;
}

bool rh_utf8_valid(const uint8_t *bytes, size_t len, size_t *where)
{
	size_t i = 0, n;

	if (rh_likely(is_plain(bytes, len)))
		return true;
	while (i < len) {
		if (len - i >= sizeof(uint64_t) && word_is_plain(load(bytes + i, 8))) {
			i += sizeof(uint64_t);
			continue;
		}
		n = sequence_len(bytes + i, len - i);
		if (!n) {
			if (where)
				*where = i;
			return false;
		}
		i += n;
	}
	return true;
}
