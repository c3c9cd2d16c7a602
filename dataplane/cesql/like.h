#pragma once

/*
 * LIKE patterns (section 3.4.3) as bit-parallel automata over the bytes of UTF-8: a state a byte or '_' of the
 * pattern, all states in a few words, one step a byte of the value. Linear whatever the pattern, nothing is tried
 * twice. Private to the room.
 */

#include "dataplane/cesql/tree.h"

#define LIKE_WORDS ((RH_CESQL_LIKE_MAX + 64) / 64)

struct like {
	uint16_t words;
	uint16_t last;		  /* the state that accepts: bytes and '_' of the pattern */
	uint64_t loops[LIKE_WORDS];    /* states with a '%' behind them: any byte keeps them */
	uint64_t any[LIKE_WORDS];      /* states behind '_': the rest of a character keeps them */
	uint8_t column[256];	  /* of a byte, in takes; 0: bytes that the pattern does not name */
	uint64_t takes[];	  /* columns of words: states that a byte leads to */
};

enum like_item { LIKE_END, LIKE_RUN, LIKE_ANY, LIKE_BYTE };

/* What stands at *@i of the pattern, which moves behind it. A backslash before anything but % and _ is itself. */
enum like_item cesql_like_item(const char *pattern, size_t size, size_t *i, uint8_t *byte);

/* Bytes of a struct like for this pattern; a multiple of 8. */
size_t cesql_like_size(const char *pattern, size_t size);
/* @out has that many bytes, aligned to 8. */
void cesql_like_build(struct like *out, const char *pattern, size_t size);
bool cesql_like_matches(const struct like *like, const char *bytes, size_t size);
