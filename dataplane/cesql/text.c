#include "dataplane/cesql/text.h"

#include "dataplane/base/compiler.h"
#include "dataplane/base/utf8.h"

static bool is_continuation(char c)
{
	return rh_utf8_continues((uint8_t)c);
}

uint32_t cesql_text_length(struct rh_cesql_text text)
{
	uint32_t length = 0;

	for (uint32_t i = 0; i < text.size; i++)
		length += !is_continuation(text.bytes[i]);
	return length;
}

struct rh_cesql_text cesql_text_behind(struct rh_cesql_text text, uint32_t count)
{
	uint32_t i = 0;

	while (count-- && i < text.size)
		do
			i++;
		while (i < text.size && is_continuation(text.bytes[i]));
	return (struct rh_cesql_text){text.bytes + i, text.size - i};
}

struct rh_cesql_text cesql_text_left(struct rh_cesql_text text, uint32_t count)
{
	return (struct rh_cesql_text){text.bytes, text.size - cesql_text_behind(text, count).size};
}

/* The character at @p of @size bytes. */
static uint32_t decode(const char *p, uint32_t size)
{
	static const uint8_t first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t c = (uint8_t)p[0] & first_bits[size];

	for (uint32_t i = 1; i < size; i++)
		c = c << 6 | ((uint8_t)p[i] & 0x3f);
	return c;
}

/* Unicode PropList.txt, White_Space. */
static bool is_space(uint32_t c)
{
	return (c >= 0x09 && c <= 0x0d) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
	       (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000;
}

/* Bytes of the character at @i; at most 4, also where the string is none of UTF-8. */
static uint32_t width(struct rh_cesql_text text, uint32_t i)
{
	uint32_t n = 1;

	while (n < 4 && i + n < text.size && is_continuation(text.bytes[i + n]))
		n++;
	return n;
}

struct rh_cesql_text cesql_text_trim(struct rh_cesql_text text)
{
	uint32_t n;

	while (text.size && (n = width(text, 0), is_space(decode(text.bytes, n)))) {
		text.bytes += n;
		text.size -= n;
	}
	while (text.size) {
		uint32_t last = text.size - 1;

		while (last && text.size - last < 4 && is_continuation(text.bytes[last]))
			last--;
		if (!is_space(decode(text.bytes + last, text.size - last)))
			break;
		text.size = last;
	}
	return text;
}

/*
 * Simple case mappings of UnicodeData.txt whose two sides have as many bytes, by script: upper case from first to last,
 * lower case @shift further. With @step 2 upper and lower case alternate, with the shift 1.
 */
static const struct {
	uint16_t first, last;
	int16_t step, shift;
} cases[] = {
	{0x0041, 0x005a, 1, 32}, /* Latin */
	{0x00c0, 0x00d6, 1, 32},
	{0x00d8, 0x00de, 1, 32},
	{0x0100, 0x012e, 2, 1},
	{0x0132, 0x0136, 2, 1},
	{0x0139, 0x0147, 2, 1},
	{0x014a, 0x0176, 2, 1},
	{0x0178, 0x0178, 1, -121},
	{0x0179, 0x017d, 2, 1},
	{0x01a0, 0x01a4, 2, 1},
	{0x01af, 0x01af, 2, 1},
	{0x01b3, 0x01b5, 2, 1},
	{0x01cd, 0x01db, 2, 1},
	{0x01de, 0x01ee, 2, 1},
	{0x01f8, 0x021e, 2, 1},
	{0x0222, 0x0232, 2, 1},
	{0x0246, 0x024e, 2, 1},
	{0x0370, 0x0372, 2, 1}, /* Greek */
	{0x0386, 0x0386, 1, 38},
	{0x0388, 0x038a, 1, 37},
	{0x038c, 0x038c, 1, 64},
	{0x038e, 0x038f, 1, 63},
	{0x0391, 0x03a1, 1, 32},
	{0x03a3, 0x03ab, 1, 32},
	{0x03d8, 0x03ee, 2, 1},
	{0x0400, 0x040f, 1, 80}, /* Cyrillic */
	{0x0410, 0x042f, 1, 32},
	{0x0460, 0x0480, 2, 1},
	{0x048a, 0x04be, 2, 1},
	{0x04c1, 0x04cd, 2, 1},
	{0x04d0, 0x052e, 2, 1},
	{0x0531, 0x0556, 1, 48}, /* Armenian */
	{0x1e00, 0x1e94, 2, 1}, /* Latin again */
	{0x1ea0, 0x1efe, 2, 1},
	{0xff21, 0xff3a, 1, 32},
};

static uint32_t other_case(uint32_t c, bool upper)
{
	for (unsigned i = 0; i < RH_ARRAY_LEN(cases); i++) {
		int32_t at = (int32_t)c - (upper ? cases[i].shift : 0) - cases[i].first;

		if (at >= 0 && at <= cases[i].last - cases[i].first && at % cases[i].step == 0)
			return upper ? c - (uint32_t)cases[i].shift : c + (uint32_t)cases[i].shift;
	}
	return c;
}

/* Greek has two small sigmas for one capital. */
#define SMALL_FINAL_SIGMA 0x03c2
#define CAPITAL_SIGMA	  0x03a3

static void encode(uint32_t c, uint32_t size, char *out)
{
	static const uint8_t first_mark[] = {0, 0, 0xc0, 0xe0, 0xf0};

	for (uint32_t i = size; i-- > 1; c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)(first_mark[size] | c);
}

void cesql_text_case(struct rh_cesql_text text, bool upper, char *out)
{
	for (uint32_t i = 0, n; i < text.size; i += n) {
		uint32_t c;

		n = width(text, i);
		c = decode(text.bytes + i, n);
		c = upper && c == SMALL_FINAL_SIGMA ? CAPITAL_SIGMA : other_case(c, upper);
		encode(c, n, out + i);
	}
}
