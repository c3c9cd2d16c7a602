#pragma once

/*
 * A topic as a worker looks it up: where bytes behind it are readable, checked, cut into levels, each
 * with its hash.
 */

#include "dataplane/filter/topic.h"
#include "dataplane/match/key.h"

/* Bytes behind a topic that may be read. */
#define DP_CUT_PAD 64

struct dp_cut {
	struct rh_topic topic; /* its text is the caller's, or below */
	uint64_t hash[DP_KEY_LEVELS];
	char text[RH_TOPIC_MAX + DP_CUT_PAD]; /* for the topic that ends where a page does */
};

/* False: nobody may publish this topic (rh_topic_parse says why). @text stays until @cut is done with. Ctx: any. */
bool dp_cut_make(
	struct dp_cut *cut, const struct dp_secret *secret, const char *text, size_t len);
