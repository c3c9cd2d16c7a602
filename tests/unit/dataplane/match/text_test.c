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
