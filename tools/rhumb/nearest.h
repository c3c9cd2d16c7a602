#pragma once

/* What somebody may have meant by a word that is none. */

#include <stddef.h>

struct nearest {
	const char *word; /* the best so far; NULL for none that is near enough */
	unsigned distance;
};

/*
 * Compare @typed with @candidate and keep it in @best when nothing offered before was as near. Near is at most a third of the
 * candidate's letters inserted, left out, changed or swapped with a neighbour. @says is what *best then holds.
 */
void nearest_offer(struct nearest *best, const char *typed, const char *candidate, const char *says);
