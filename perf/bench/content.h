#pragma once

/*
 * What rhumb-perf-content measures: two lanes of the same shape, of which the first has content subscriptions, and bare hs_scan beside them. One thread is worker of both lanes, builder and
 * reference, so that all are measured by turns within milliseconds.
 */

#include "perf/bench/path.h"
#include "perf/gen/pattern_set.h"

#include <hs/hs.h>

#define CONTENT_SESSIONS 1000 /* with content subscriptions; each has every so-many-th pattern */
#define CONTENT_BURST	 32   /* events that the worker takes at once */
#define CONTENT_HITS_MAX 8    /* patterns that one payload may hold */

/* An event of lane 0 as its record has it. */
struct content_event {
	uint8_t record[TRACE_FRAME_MAX];
	const char *topic;
	const uint8_t *payload;
	uint32_t payload_len;
	uint16_t topic_len;
	uint32_t hits; /* distinct sessions due by content, 0 where the topic has none */
	uint32_t hit[CONTENT_HITS_MAX]; /* their numbers */
};

struct content {
	struct path path;
	struct pattern_set set;
	struct content_event *events; /* of the trace */
	dp_session_id_t session[CONTENT_SESSIONS];
	void *serialized;
	size_t serialized_len;
	hs_database_t *db; /* of the same bytes as the router's */
	hs_scratch_t *scratch;
	uint64_t passes; /* that lane 0 has gone through */
	uint64_t payload_bytes, payloads, hits; /* of the events with content */
};

/* @opt as this program wants it: two lanes, payloads of text. 0 or -EINVAL with a sentence. Keeps pointers to @c and @opt's texts. */
int content_options(struct content *c, const struct path_options *opt, struct path_options *out, struct rh_error *err);
/* Patterns, sessions, subscriptions and what is due to whom, after path_init. 0 or a negative errno with a sentence; content_fini accepts what was half made. */
int content_init(struct content *c, struct rh_error *err);
/* Path included. */
void content_fini(struct content *c);

/* Every event of lane 0 through dp_match_burst: exactly those get it who the reference says. 0 or -EINVAL with the first that is not so. */
int content_check(const struct content *c, struct rh_error *err);
/* After the timed passes: copies of each session with content subscriptions, and all that path_verify_counters looks at. */
int content_verify(const struct content *c, struct rh_error *err);
