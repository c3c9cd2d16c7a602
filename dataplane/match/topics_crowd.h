#pragma once

/* The rests of several workers, put together. Ctx: control. */

#include "dataplane/match/topics.h"

struct dp_topics_rest;

struct dp_topic_crowd {
	uint64_t events, bytes, most_events; /* most_events: of one worker */
	uint32_t sample, started;
	uint32_t workers;
	bool profiles;
	uint8_t reg[DP_TOPIC_CROWD];
};

/* @crowd: zeroed before the first dp_match_topics_crowd. */
void dp_topic_crowd_estimate(const struct dp_topic_crowd *crowd, struct dp_topics_rest *out);
