#include "tests/lib/cesql_reference.h"

/* RFC 3629 by its ranges of code points. */
bool ref_is_utf8(const char *bytes, size_t size)
{
	static const uint32_t least[] = {0, 1, 0x80, 0x800, 0x10000};

	for (size_t i = 0, n; i < size; i += n) {
		uint8_t first = (uint8_t)bytes[i];
		uint32_t c;

		n = first < 0x80 ? 1 : first >> 5 == 6 ? 2 : first >> 4 == 14 ? 3 : first >> 3 == 30 ? 4 : 0;
		if (!n || n > size - i)
			return false;
		c = n == 1 ? first : first & (0x7fu >> n);
		for (size_t k = 1; k < n; k++) {
			if (((uint8_t)bytes[i + k] & 0xc0) != 0x80)
				return false;
			c = c << 6 | ((uint8_t)bytes[i + k] & 0x3f);
		}
		if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
			return false;
	}
	return true;
}
