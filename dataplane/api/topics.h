#pragma once

/*
 * What was published, by topic, for `show topics`. Workers count in memory that does not grow
 * (dataplane/match/topics.h): topics in a result cache, and those given a record when they left it,
 * are counted apart and exactly; all others are the rest, of which the sum is exact and the parts
 * are estimated. Nothing here stops or slows a worker but for the cache lines it reads. Ctx of
 * everything: control.
 */

#include "dataplane/base/topic_limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dp_engine;

/*
 * What one worker counts of a topic. Times are TSC, at most a tenth of a second too early for
 * since_tsc and last_tsc.
 */
struct dp_topic_row {
	char topic[RH_TOPIC_MAX + 1];
	uint16_t topic_len;
	uint16_t tenant, profile;
	uint32_t worker;
	uint32_t receivers; /* sessions that get each of its events whatever the payload is */
	/* From since_tsc on, and all of them; those before are in the rest, if there were any
	 * (dp_topics_missed). Bytes are of payload. */
	uint64_t events, bytes;
	uint64_t since_tsc, last_tsc;
	uint64_t read_tsc; /* when it was read */
};

typedef void (*dp_topic_cb)(void *arg, const struct dp_topic_row *row);

/* Where a worker keeps topics: so many places, of which it uses few or many. Ctx: control. */
uint64_t dp_topics_places(const struct dp_engine *eng, uint32_t worker);
/*
 * Call @cb for each topic in places [@from, @to) of @worker; a row that changed again and again while
 * it was read is left out. Returns how many were. One pass over all places may give a topic twice
 * while the worker runs: each row is all the worker has of it, so the later one counts. Ctx: control.
 */
uint64_t dp_topics_scan(const struct dp_engine *eng, uint32_t worker, uint64_t from, uint64_t to,
	dp_topic_cb cb, void *arg);
/* All places of all workers; each topic once a worker, but for those that move meanwhile. Ctx:
 * control. */
void dp_topics_each(const struct dp_engine *eng, dp_topic_cb cb, void *arg);

/*
 * At most so many events of @topic are in @worker's rest; 0: none at all, its row is whole. Not if
 * the topics were sampled. Ctx: control.
 */
uint64_t dp_topics_missed(const struct dp_engine *eng, uint32_t worker, uint16_t tenant,
	const char *topic, size_t len);

/* The rest of all workers. */
struct dp_topics_rest {
	uint64_t events, bytes;
	uint64_t topics,
		topics_error;  /* estimate, and how far off it is at most in 95 of 100 cases */
	uint64_t missed_error; /* a worker's dp_topics_missed says this much too much at most in 98
				  of 100 cases */
	uint32_t sample;    /* 1: every event was counted; n: one in n was looked at and counts n */
	uint64_t since_tsc; /* counting began */
	bool profiles;	    /* not all of it is of profile 0 */
};
/* Ctx: control. */
void dp_topics_rest(const struct dp_engine *eng, struct dp_topics_rest *out);
