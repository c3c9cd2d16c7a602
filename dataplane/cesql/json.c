#include "dataplane/cesql/json.h"

#include "dataplane/base/utf8.h"

#include <string.h>

enum json_expects {
	EXPECTS_VALUE, /* and nothing else */
	EXPECTS_FIRST, /* in a container that has just been opened */
	EXPECTS_MORE,  /* behind a value */
};

void cesql_json_init(struct json *json, const char *bytes, size_t len)
{
	*json = (struct json){.bytes = bytes, .len = len < JSON_SIZE_MAX ? (uint32_t)len : JSON_SIZE_MAX};
}

static struct json_piece bad(struct json *json, uint32_t at, const char *why)
{
	json->why = why;
	return (struct json_piece){.kind = PIECE_BAD, .at = at};
}

/* The byte behind blanks; 0, which is no JSON, at the end. */
static char peek(struct json *json)
{
	while (json->at < json->len) {
		char c = json->bytes[json->at];

		if (c != ' ' && c != '\n' && c != '\t' && c != '\r')
			return c;
		json->at++;
	}
	return '\0';
}

static bool in_object(const struct json *json)
{
	return json->objects & 1;
}

static struct json_piece open_container(struct json *json, bool object)
{
	uint32_t at = json->at;

	if (json->depth == JSON_DEPTH_MAX)
		return bad(json, at, "more than 64 objects and arrays are within each other");
	json->at++;
	json->depth++;
	json->objects = json->objects << 1 | object;
	json->expects = EXPECTS_FIRST;
	return (struct json_piece){.kind = object ? PIECE_OBJECT : PIECE_ARRAY, .at = at, .size = 1};
}

static struct json_piece close_container(struct json *json)
{
	struct json_piece piece = {.kind = in_object(json) ? PIECE_OBJECT_END : PIECE_ARRAY_END, .at = json->at++, .size = 1};

	json->depth--;
	json->objects >>= 1;
	json->expects = EXPECTS_MORE;
	return piece;
}

/* The four digits at @p, -1 when they are none. */
static int hex4(const char *p, uint32_t left)
{
	int value = 0;

	if (left < 4)
		return -1;
	for (unsigned i = 0; i < 4; i++) {
		char c = p[i];

		if (c >= '0' && c <= '9')
			value = value << 4 | (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			value = value << 4 | ((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	return value;
}

#define IS_HIGH_SURROGATE(unit) (((unit) & 0xfc00) == 0xd800)
#define IS_LOW_SURROGATE(unit)	(((unit) & 0xfc00) == 0xdc00)

/* Bytes of the escape at @p, behind its backslash; 0 when it is none. */
static uint32_t escape_size(const char *p, uint32_t left)
{
	int unit, low;

	if (!left)
		return 0;
	if (*p != 'u')
		return *p && strchr("\"\\/bfnrt", *p) ? 1 : 0;
	unit = hex4(p + 1, left - 1);
	if (unit < 0 || IS_LOW_SURROGATE(unit))
		return 0;
	if (!IS_HIGH_SURROGATE(unit))
		return 5;
	low = left >= 11 && p[5] == '\\' && p[6] == 'u' ? hex4(p + 7, left - 7) : -1;
	return low >= 0 && IS_LOW_SURROGATE(low) ? 11 : 0;
}

/* Bytes from @at on, sixteen at a time, that end no string and need no look: neither quote, backslash nor control, all ASCII. */
static uint32_t skip_plain(const char *bytes, uint32_t at, uint32_t len)
{
	while (len - at >= sizeof(rh_text_vector)) {
		rh_text_vector v;
		rh_text_halves stop;

		memcpy(&v, bytes + at, sizeof(v));
		/* Signed: what is not ASCII is below 0. */
		stop = (rh_text_halves)((v < 0x20) | (v == '"') | (v == '\\'));
		if (stop[0] | stop[1])
			break;
		at += sizeof(v);
	}
	return at;
}

/* The string whose quote is at hand. */
static struct json_piece string_next(struct json *json, enum json_kind kind)
{
	struct json_piece piece = {.kind = kind, .at = json->at + 1};
	uint32_t at = piece.at;
	bool plain = true;
	size_t where;

	for (;; at++) {
		uint8_t c;

		at = skip_plain(json->bytes, at, json->len);
		if (at == json->len)
			return bad(json, json->at, "the string has no end");
		c = (uint8_t)json->bytes[at];
		if (c == '"')
			break;
		if (c < 0x20)
			return bad(json, at, "a control character is in a string: write it as \\uXXXX");
		plain = plain && c < 0x80;
		if (c == '\\') {
			uint32_t size = escape_size(json->bytes + at + 1, json->len - at - 1);

			if (!size)
				return bad(json, at, "the escape is none of JSON");
			piece.escaped = true;
			at += size;
		}
	}
	piece.size = at - piece.at;
	if (!plain && !rh_utf8_valid((const uint8_t *)json->bytes + piece.at, piece.size, &where))
		return bad(json, piece.at + (uint32_t)where, "the byte is no UTF-8");
	json->at = at + 1;
	json->expects = EXPECTS_MORE;
	return piece;
}

static struct json_piece name_next(struct json *json)
{
	struct json_piece piece;

	if (peek(json) != '"')
		return bad(json, json->at, "a member's name in double quotes is expected");
	piece = string_next(json, PIECE_NAME);
	if (piece.kind == PIECE_BAD)
		return piece;
	if (peek(json) != ':')
		return bad(json, json->at, "':' is expected behind a member's name");
	json->at++;
	json->expects = EXPECTS_VALUE;
	return piece;
}

static uint32_t digits(const struct json *json, uint32_t at)
{
	while (at < json->len && json->bytes[at] >= '0' && json->bytes[at] <= '9')
		at++;
	return at;
}

/* The byte at @at, 0 behind the end. */
static char byte_at(const struct json *json, uint32_t at)
{
	return at < json->len ? json->bytes[at] : '\0';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)? */
static struct json_piece number_next(struct json *json)
{
	uint32_t first = json->at, begin = first + (byte_at(json, first) == '-');
	uint32_t at = byte_at(json, begin) == '0' ? begin + 1 : digits(json, begin);
	bool good = at > begin;

	if (good && byte_at(json, at) == '.') {
		begin = at + 1;
		at = digits(json, begin);
		good = at > begin;
	}
	if (good && (byte_at(json, at) | 0x20) == 'e') {
		begin = at + 1 + (byte_at(json, at + 1) == '+' || byte_at(json, at + 1) == '-');
		at = digits(json, begin);
		good = at > begin;
	}
	if (!good || is_digit(byte_at(json, at)))
		return bad(json, first, "the number is none of JSON");
	json->at = at;
	json->expects = EXPECTS_MORE;
	return (struct json_piece){.kind = PIECE_NUMBER, .at = first, .size = at - first};
}

static struct json_piece word_next(struct json *json)
{
	static const struct {
		const char *word;
		enum json_kind kind;
	} words[] = {{"true", PIECE_TRUE}, {"false", PIECE_FALSE}, {"null", PIECE_NULL}};
	uint32_t at = json->at;

	for (unsigned i = 0; i < 3; i++) {
		uint32_t size = (uint32_t)strlen(words[i].word);

		if (json->len - at >= size && memcmp(json->bytes + at, words[i].word, size) == 0) {
			json->at += size;
			json->expects = EXPECTS_MORE;
			return (struct json_piece){.kind = words[i].kind, .at = at, .size = size};
		}
	}
	return bad(json, at, at == json->len ? "the text ends where a value is expected" : "a value is expected");
}

static struct json_piece value_next(struct json *json)
{
	char c = peek(json);

	if (c == '{' || c == '[')
		return open_container(json, c == '{');
	if (c == '"')
		return string_next(json, PIECE_STRING);
	if (c == '-' || (c >= '0' && c <= '9'))
		return number_next(json);
	return word_next(json);
}

struct json_piece cesql_json_next(struct json *json)
{
	char c;

	if (json->expects == EXPECTS_VALUE)
		return value_next(json);
	c = peek(json);
	if (json->depth == 0)
		return json->at == json->len ? (struct json_piece){.kind = PIECE_END, .at = json->at}
					     : bad(json, json->at, "more stands behind the value");
	if (c == (in_object(json) ? '}' : ']'))
		return close_container(json);
	if (json->expects == EXPECTS_MORE) {
		if (c != ',')
			return bad(json, json->at, in_object(json) ? "',' or '}' is expected" : "',' or ']' is expected");
		json->at++;
	}
	return in_object(json) ? name_next(json) : value_next(json);
}

static unsigned utf8_encode(uint32_t c, char out[4])
{
	static const uint8_t first_mark[] = {0, 0, 0xc0, 0xe0, 0xf0};
	unsigned size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (unsigned i = size; i-- > 1; c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)(first_mark[size] | c);
	return size;
}

unsigned cesql_json_decode(const char *string, uint32_t *i, char out[4])
{
	static const char escapes[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
	const char *p = string + *i;
	uint32_t c;

	if (p[0] != '\\') {
		out[0] = *p;
		++*i;
		return 1;
	}
	if (p[1] != 'u') {
		out[0] = means[strchr(escapes, p[1]) - escapes];
		*i += 2;
		return 1;
	}
	c = (uint32_t)hex4(p + 2, 4);
	*i += 6;
	if (IS_HIGH_SURROGATE(c)) {
		c = 0x10000 + ((c & 0x3ff) << 10) + ((uint32_t)hex4(p + 8, 4) & 0x3ff);
		*i += 6;
	}
	return utf8_encode(c, out);
}
