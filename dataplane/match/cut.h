#pragma once

/*
 * A topic as a worker looks it up: where bytes on both sides of it are readable, checked, cut into levels, each
 * with its hash.
 */

#include "dataplane/filter/topic.h"
#include "dataplane/match/key.h"
#include "dataplane/match/match_lookup.h"
#include "dataplane/match/text.h"

#include <stddef.h>

/* Bytes behind a topic that may be read; before it DP_TEXT_BEFORE. */
#define DP_CUT_PAD 64

struct dp_cut {
	struct rh_topic topic; /* its text is the caller's, or below */
	uint64_t hash[DP_KEY_LEVELS];
	char text[RH_TOPIC_MAX + DP_CUT_PAD]; /* for the topic that begins or ends where a page does */
};

/* False: nobody may publish this topic (rh_topic_parse says why). @text stays until @cut is done with. Ctx: any. */
bool dp_cut_make(
	struct dp_cut *cut, const struct dp_secret *secret, const char *text, size_t len);
/*
 * The same for the topics of the @count @keys with the numbers @event, into cut[0] and behind it. Bit n of the answer: it is false for
 * number n. @count: at most DP_MATCH_BURST_MAX.
 */
uint64_t dp_cut_burst(struct dp_cut *cut, const struct dp_secret *secret, struct dp_match_keys keys,
	const uint8_t *event, uint32_t count);
_Static_assert(offsetof(struct dp_cut, text) >= DP_TEXT_BEFORE, "readable before it");
