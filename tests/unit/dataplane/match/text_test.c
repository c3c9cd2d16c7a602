/*
 * Comparing texts by words: every byte counts, none beside it does.
 */

#include "dataplane/match/text.h"

#include <criterion/criterion.h>

#define LEN_MAX 70
#define ROOM	(LEN_MAX + 32)

Test(text, equal_only_if_every_byte_is)
{
	char a[ROOM], b[ROOM];

	for (size_t len = 0; len <= LEN_MAX; len++) {
		/* What stands around them differs everywhere. */
		memset(a, 'x', sizeof(a));
		memset(b, 'y', sizeof(b));
		for (size_t i = 0; i < len; i++)
			a[8 + i] = b[5 + i] = (char)('a' + i % 26);
		cr_assert(dp_text_equal(a + 8, b + 5, len), "%zu bytes", len);
		for (size_t i = 0; i < len; i++) {
			b[5 + i] ^= 1;
			cr_assert_not(dp_text_equal(a + 8, b + 5, len), "%zu bytes, byte %zu", len, i);
			b[5 + i] ^= 1;
		}
	}
}

Test(text, ends_are_equal_only_if_every_byte_is)
{
	char a[DP_TEXT_BEFORE + LEN_MAX + 8], b[DP_TEXT_BEFORE + LEN_MAX + 8];

	for (size_t len = 0; len <= LEN_MAX; len++) {
		char *a_end = a + DP_TEXT_BEFORE + len + 3, *b_end = b + DP_TEXT_BEFORE + len;

		memset(a, 'x', sizeof(a));
		memset(b, 'y', sizeof(b));
		for (size_t i = 1; i <= len; i++)
			a_end[-(ptrdiff_t)i] = b_end[-(ptrdiff_t)i] = (char)('a' + i % 26);
		cr_assert(dp_text_ends_equal(a_end, b_end, len), "%zu bytes", len);
		for (size_t i = 1; i <= len; i++) {
			b_end[-(ptrdiff_t)i] ^= 1;
			cr_assert_not(dp_text_ends_equal(a_end, b_end, len), "%zu bytes, byte %zu from the end",
				len, i);
			b_end[-(ptrdiff_t)i] ^= 1;
		}
	}
}
