#include "dataplane/cesql/lex.h"

#include "dataplane/base/compiler.h"
#include "dataplane/base/utf8.h"

#include <string.h>
#include <strings.h>

static const struct {
	const char *word;
	enum token_kind kind;
} keywords[] = {{"AND", TOKEN_AND}, {"OR", TOKEN_OR}, {"XOR", TOKEN_XOR}, {"NOT", TOKEN_NOT}, {"LIKE", TOKEN_LIKE},
	{"IN", TOKEN_IN}, {"EXISTS", TOKEN_EXISTS}, {"TRUE", TOKEN_TRUE}, {"FALSE", TOKEN_FALSE}},
  /* The longer ones first. */
	signs[] = {{"!=", TOKEN_UNEQUAL}, {"<>", TOKEN_UNEQUAL}, {"<=", TOKEN_LESS_EQUAL}, {">=", TOKEN_GREATER_EQUAL},
		{"(", TOKEN_OPEN}, {")", TOKEN_CLOSE}, {",", TOKEN_COMMA}, {"+", TOKEN_PLUS}, {"-", TOKEN_MINUS},
		{"*", TOKEN_STAR}, {"/", TOKEN_SLASH}, {"%", TOKEN_PERCENT}, {"=", TOKEN_EQUAL}, {"<", TOKEN_LESS},
		{">", TOKEN_GREATER}};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static enum token_kind word_kind(const char *word, size_t size)
{
	size_t digits = 0;

	for (size_t i = 0; i < RH_ARRAY_LEN(keywords); i++)
		if (strlen(keywords[i].word) == size && strncasecmp(keywords[i].word, word, size) == 0)
			return keywords[i].kind;
	while (digits < size && is_digit(word[digits]))
		digits++;
	return digits == size ? TOKEN_DIGITS : TOKEN_WORD;
}

/* Bytes of the string that begins with the quote at @text, 0 without its end. A backslash takes the next byte along. */
static size_t string_size(const char *text, size_t left)
{
	for (size_t i = 1; i < left; i++) {
		if (text[i] == text[0])
			return i + 1;
		if (text[i] == '\\')
			i++;
	}
	return 0;
}

static struct token sign_at(const char *text, size_t len, size_t at)
{
	size_t width = 1;

	for (size_t i = 0; i < RH_ARRAY_LEN(signs); i++) {
		size_t size = strlen(signs[i].word);

		if (len - at >= size && memcmp(text + at, signs[i].word, size) == 0)
			return (struct token){signs[i].kind, (uint16_t)at, (uint16_t)size};
	}
	while (at + width < len && rh_utf8_continues((uint8_t)text[at + width]))
		width++;
	return (struct token){TOKEN_BAD, (uint16_t)at, (uint16_t)width};
}

struct token cesql_token(const char *text, size_t len, size_t at)
{
	size_t size = 0;

	while (at < len && memchr(" \t\r\n", text[at], 4))
		at++;
	if (at == len)
		return (struct token){TOKEN_END, (uint16_t)at, 0};
	if (text[at] == '\'' || text[at] == '"') {
		size = string_size(text + at, len - at);
		return (struct token){size ? TOKEN_STRING : TOKEN_BAD, (uint16_t)at, (uint16_t)(size ? size : len - at)};
	}
	while (at + size < len && is_word(text[at + size]))
		size++;
	if (size)
		return (struct token){word_kind(text + at, size), (uint16_t)at, (uint16_t)size};
	return sign_at(text, len, at);
}
