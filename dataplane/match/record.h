#pragma once

/*
 * A condition as it stands in the lists of its keys (access.h): whom it is about, and one word that says what else the event
 * must have. Most are refused, and many taken, by that word alone; nothing of them elsewhere is read then.
 *
 * A target is, by its lowest bits: with DP_SET_ALONE (index.h) the condition's only subscriber since it came, who gets the event; else the
 * condition's address, with DP_RECORD_SURE all of its subscribers get it, without, its expression has still to be asked.
 */

#include <stdint.h>

#define DP_RECORD_SURE 2ULL

struct dp_record {
	uint64_t target; /* R; may be replaced where it stands */
	uint64_t test;	 /* R; facts.h */
};
