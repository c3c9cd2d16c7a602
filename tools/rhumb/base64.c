#include "tools/rhumb/base64.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void cli_base64_encode(const uint8_t *bytes, size_t len, char *out)
{
	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		uint32_t v = (uint32_t)bytes[i] << 16 | (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
			(left > 2 ? bytes[i + 2] : 0);

		*out++ = alphabet[v >> 18];
		*out++ = alphabet[v >> 12 & 63];
		*out++ = left > 1 ? alphabet[v >> 6 & 63] : '=';
		*out++ = left > 2 ? alphabet[v & 63] : '=';
	}
	*out = '\0';
}

static int digit_of(char c)
{
	const char *at = c ? strchr(alphabet, c) : NULL;

	return at ? (int)(at - alphabet) : -1;
}

long cli_base64_decode(const char *text, size_t len, uint8_t *out)
{
	uint8_t *start = out;
	size_t pad = 0;

	if (len % 4)
		return -1;
	while (pad < 2 && pad < len && text[len - 1 - pad] == '=')
		pad++;
	for (size_t i = 0; i < len; i += 4) {
		size_t digits = i + 4 == len ? 4 - pad : 4;
		uint32_t v = 0;

		for (size_t k = 0; k < 4; k++) {
			int digit = k < digits ? digit_of(text[i + k]) : 0;

			if (digit < 0)
				return -1;
			v = v << 6 | (uint32_t)digit;
		}
		/* Bits behind the last byte must be zero, or two texts would mean the same. */
		if ((digits == 3 && (v & 0xff)) || (digits == 2 && (v & 0xffff)))
			return -1;
		for (size_t k = 0; k + 1 < digits; k++)
			*out++ = (uint8_t)(v >> (16 - 8 * k));
	}
	return out - start;
}
