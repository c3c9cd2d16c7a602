#include "dataplane/base/utf8.h"

#include <criterion/criterion.h>
#include <string.h>

/* The length of a string literal, which may hold zeros. */
#define VALID(s) rh_utf8_valid((const uint8_t *)(s), sizeof(s) - 1, NULL)

/* What RFC 3629 says, decoded slowly: the reference. */
static bool reference(const uint8_t *p, size_t len)
{
	for (size_t i = 0, n; i < len; i += n) {
		uint32_t c = p[i];

		n = c < 0x80 ? 1 : (c >> 5) == 6 ? 2 : (c >> 4) == 14 ? 3 : (c >> 3) == 30 ? 4 : 0;
		if (!n || i + n > len)
			return false;
		c &= n == 1 ? 0x7f : 0x7fu >> n;
		for (size_t k = 1; k < n; k++) {
			if ((p[i + k] >> 6) != 2)
				return false;
			c = c << 6 | (p[i + k] & 0x3f);
		}
		if (!c || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ||
			n != (c < 0x80		   ? 1
				     : c < 0x800   ? 2
				     : c < 0x10000 ? 3
						   : 4))
			return false;
	}
	return true;
}

Test(utf8, text_of_every_sequence_length_is_valid)
{
	cr_assert(rh_utf8_valid(NULL, 0, NULL));
	cr_assert(VALID("plain ASCII, longer than a word"));
	cr_assert(VALID("\xc2\x80 \xdf\xbf \xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf"));
	cr_assert(VALID("\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf"));
}

Test(utf8, zero_surrogates_overlong_and_beyond_the_last_are_refused)
{
	cr_assert_not(VALID("a\0b"));
	cr_assert_not(VALID("\xed\xa0\x80"), "surrogate");
	cr_assert_not(VALID("\xed\xbf\xbf"), "surrogate");
	cr_assert_not(VALID("\xc0\x80"), "overlong zero");
	cr_assert_not(VALID("\xc1\xbf"), "overlong");
	cr_assert_not(VALID("\xe0\x9f\xbf"), "overlong");
	cr_assert_not(VALID("\xf0\x8f\xbf\xbf"), "overlong");
	cr_assert_not(VALID("\xf4\x90\x80\x80"), "U+110000");
	cr_assert_not(VALID("\xf5\x80\x80\x80"));
	cr_assert_not(VALID("\xff"));
	cr_assert_not(VALID("\x80"), "continuation alone");
	cr_assert_not(VALID("\xe2\x82"), "cut");
}

Test(utf8, the_first_bad_byte_is_told_wherever_it_stands)
{
	uint8_t text[40];
	size_t where;

	for (size_t bad = 0; bad < sizeof(text); bad++) {
		memset(text, 'x', sizeof(text));
		text[bad] = bad % 2 ? 0 : 0xfe;
		where = SIZE_MAX;
		cr_assert_not(rh_utf8_valid(text, sizeof(text), &where));
		cr_assert_eq(where, bad);
	}
}

Test(utf8, every_two_and_three_byte_input_agrees_with_the_reference)
{
	uint8_t b[11] = "ABCDEFGH";

	for (uint32_t v = 0; v < 1u << 24; v += 1 + v % 3) {
		b[8] = (uint8_t)(v >> 16);
		b[9] = (uint8_t)(v >> 8);
		b[10] = (uint8_t)v;
		cr_assert_eq(rh_utf8_valid(b + 8, 3, NULL), reference(b + 8, 3), "%06x", v);
		/* Behind eight plain bytes too, where the word loop hands over. */
		if (v % 64 == 0)
			cr_assert_eq(rh_utf8_valid(b, 11, NULL), reference(b, 11), "%06x", v);
	}
}

Test(utf8, text_is_plain_when_each_of_its_bytes_is)
{
	static const uint8_t odd[] = {0, 1, 0x7f, 0x80, 0xc3, 0xff};
	uint8_t text[70];

	for (size_t len = 0; len < sizeof(text); len++) {
		memset(text, 'x', sizeof(text));
		text[len] = 0;
		cr_assert(rh_text_is_plain(text, len), "length %zu", len);
		for (size_t at = 0; at < len; at++)
			for (size_t i = 0; i < sizeof(odd); i++) {
				text[at] = odd[i];
				cr_assert_eq(rh_text_is_plain(text, len), odd[i] - 1u < 0x7f,
					"length %zu, %02x at %zu", len, odd[i], at);
				text[at] = 'x';
			}
	}
}
