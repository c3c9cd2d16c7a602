#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* memcmp as a call costs a dozen cycles; topics are mostly 16 to 60 bytes, levels fewer. */
static inline bool dp_text_equal(const char *a, const char *b, size_t len)
{
	uint64_t x, y;
	uint32_t v, w;
	size_t i;

	if (len >= sizeof(x)) {
		for (i = 0; i + sizeof(x) < len; i += sizeof(x)) {
			memcpy(&x, a + i, sizeof(x));
			memcpy(&y, b + i, sizeof(y));
			if (x != y)
				return false;
		}
		/* The last word, overlapping the one before. */
		memcpy(&x, a + len - sizeof(x), sizeof(x));
		memcpy(&y, b + len - sizeof(y), sizeof(y));
		return x == y;
	}
	if (len >= sizeof(v)) {
		memcpy(&v, a, sizeof(v));
		memcpy(&w, b, sizeof(w));
		x = v ^ w;
		memcpy(&v, a + len - sizeof(v), sizeof(v));
		memcpy(&w, b + len - sizeof(w), sizeof(w));
		return (x | (v ^ w)) == 0;
	}
	for (i = 0; i < len; i++)
		if (a[i] != b[i])
			return false;
	return true;
}
