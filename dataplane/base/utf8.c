#include "dataplane/base/utf8.h"

#include "dataplane/base/compiler.h"

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
		if (!rh_utf8_continues(p[i]))
			return 0;
	return n;
}

bool rh_utf8_valid(const uint8_t *bytes, size_t len, size_t *where)
{
	size_t i = 0, n;

	if (rh_likely(rh_text_is_plain(bytes, len)))
		return true;
	while (i < len) {
		if (len - i >= sizeof(uint64_t) && rh_word_is_plain(rh_text_word(bytes + i, 8))) {
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
