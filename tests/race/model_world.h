#pragma once

/*
 * What the model test subscribes to and publishes: places of the history and topics, drawn from a
 * seed. Ctx: any one thread; workers only read topics and payloads.
 */

#include "tests/lib/dialect_text.h"
#include "tests/lib/history.h"

#define MODEL_TENANTS  3
#define MODEL_SESSIONS 200
#define MODEL_MIXED    700 /* places with filters of every kind */
#define MODEL_CROWD    300 /* with one of a few filters: sets in the filter, inline and in chunks */
#define MODEL_FLOCK    3500 /* each with a filter of its own: more than a segment holds */
#define MODEL_PLACES   (MODEL_MIXED + MODEL_CROWD + MODEL_FLOCK)
#define MODEL_TOPICS   120
#define MODEL_PATTERNS 3
#define MODEL_PAYLOADS 5

struct model_topic {
	char text[DIALECT_TEXT_MAX];
	size_t len;
};

struct model_payload {
	const char *bytes;
	uint32_t truth; /* bit i: has pattern i + 1 */
};

extern const char *const model_patterns[MODEL_PATTERNS];
extern const struct model_payload model_payloads[MODEL_PAYLOADS];
extern struct model_topic model_topics[MODEL_TOPICS];

/* A new history, for history_destroy; writes model_topics. The first MODEL_MIXED + MODEL_CROWD
 * places are those that many topics match. */
struct history *model_world_make(struct rnd *rnd);
