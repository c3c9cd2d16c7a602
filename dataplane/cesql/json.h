#pragma once

/*
 * JSON (RFC 8259) one piece after the other, without allocation, strictly: UTF-8, no control characters in strings, surrogates
 * in pairs, nothing behind the value. For filters in JSON, and for what JSON(payload, ...) reads on a worker. Private to the
 * room.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Objects and arrays within each other: a bit each. */
#define JSON_DEPTH_MAX 64
/* Bytes of a text; positions have 32 bits. */
#define JSON_SIZE_MAX (1u << 30)

enum json_kind {
	PIECE_END, /* the one value is over, and so is the text */
	PIECE_BAD, /* .at: the byte; the sentence is the reader's .why */
	PIECE_OBJECT,
	PIECE_OBJECT_END,
	PIECE_ARRAY,
	PIECE_ARRAY_END,
	PIECE_NAME, /* of a member; its value comes next */
	PIECE_STRING,
	PIECE_NUMBER,
	PIECE_TRUE,
	PIECE_FALSE,
	PIECE_NULL,
};

/* @size bytes of the text from @at: of names and strings what stands between the quotes. */
struct json_piece {
	enum json_kind kind;
	bool escaped; /* a backslash is in it */
	uint32_t at, size;
};

struct json {
	const char *bytes;
	uint32_t len, at;
	uint32_t depth;	  /* containers that are open */
	uint32_t expects; /* enum json_expects of json.c */
	uint64_t objects; /* a bit for each of them: is it an object? bit 0 is the innermost */
	const char *why;  /* after PIECE_BAD: a sentence without subject */
};

void cesql_json_init(struct json *json, const char *bytes, size_t len);
/* The next piece; after PIECE_END or PIECE_BAD nothing more may be asked. */
struct json_piece cesql_json_next(struct json *json);
/*
 * The character or byte at *@i of the inside of a string that cesql_json_next gave, decoded to @out; *@i moves behind it. Returns
 * its bytes, 1 to 4.
 */
unsigned cesql_json_decode(const char *string, uint32_t *i, char out[4]);
