#pragma once

/* Tokens of CESQL. Private to the room. */

#include "dataplane/cesql/tree.h"

enum token_kind {
	TOKEN_END,
	TOKEN_BAD, /* a character that begins no token, or a string without its end */
	TOKEN_WORD, /* a name, or a function's */
	TOKEN_DIGITS,
	TOKEN_STRING,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_COMMA,
	TOKEN_PLUS,
	TOKEN_MINUS,
	TOKEN_STAR,
	TOKEN_SLASH,
	TOKEN_PERCENT,
	TOKEN_EQUAL,
	TOKEN_UNEQUAL,
	TOKEN_LESS,
	TOKEN_LESS_EQUAL,
	TOKEN_GREATER,
	TOKEN_GREATER_EQUAL,
	TOKEN_AND,
	TOKEN_OR,
	TOKEN_XOR,
	TOKEN_NOT,
	TOKEN_LIKE,
	TOKEN_IN,
	TOKEN_EXISTS,
	TOKEN_TRUE,
	TOKEN_FALSE,
};

/* @size bytes of the text from @at, quotes included. */
struct token {
	enum token_kind kind;
	uint16_t at, size;
};

/* The token at byte @at or behind the blanks there. @len is at most RH_CESQL_TEXT_MAX. */
struct token cesql_token(const char *text, size_t len, size_t at);
