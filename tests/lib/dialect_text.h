#pragma once

/*
 * Random filters of every dialect, and topics that they have a chance to match: few words, each
 * dialect's wildcards, mostly shallow, now and then deeper than a key of the index takes in.
 * Ctx: any.
 */

#include "tests/lib/random.h"
#include "tests/lib/reference_dialect.h"

#define DIALECT_TEXT_MAX 400

/* Terminated, into @out (DIALECT_TEXT_MAX); returns the length. Not all are valid, nor free of
 * what a dialect refuses. */
size_t dialect_filter_text(struct rnd *rnd, enum ref_dialect dialect, char *out);
/* Native text, levels between '/'. */
size_t dialect_topic_text(struct rnd *rnd, char *out);
