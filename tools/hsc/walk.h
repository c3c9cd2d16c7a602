#pragma once

/*
 * Payloads that keep a pattern's automaton busy. A pattern has several parts (itself, its groups,
 * the beginnings of each, which never complete); a walk writes one part over and over in one of
 * several styles. Deterministic: a pattern is judged alike each time. Ctx of everything: any.
 */

#include "tools/hsc/tree.h"

#include <stdbool.h>
#include <stddef.h>

enum hsc_walk_style {
	HSC_WALK_LETTERS, /* its narrow sets in order, every branch, each repeat once */
	HSC_WALK_SHUFFLE, /* the same letters in random order */
	HSC_WALK_SHORT,	  /* a match: the same branch always, fewest repeats */
	HSC_WALK_LONG,	  /* a match: branches in turn, most repeats */
	HSC_WALK_RANDOM,  /* a match: branches and repeats at random */
	HSC_WALK_STYLES
};

/* So many of the children of @node, from the first. */
struct hsc_part {
	uint32_t node, count;
};

#define HSC_PARTS_MAX 48

/* The dearest first as far as one can guess: returns how many, at most HSC_PARTS_MAX. */
uint32_t hsc_parts(const struct hsc_tree *tree, struct hsc_part *out);
/* Fill @out; false when the part consumes nothing. */
bool hsc_walk(const struct hsc_tree *tree, const struct hsc_part *part, enum hsc_walk_style style,
	uint8_t *out, size_t len);
