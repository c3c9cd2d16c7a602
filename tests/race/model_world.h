#pragma once

/*
 * What the model test subscribes to and publishes: places of the history and topics, and with them
 * what model_asks.h has, drawn from a seed. Ctx: any one thread; workers only read.
 */

#include "tests/lib/dialect_text.h"
#include "tests/lib/history.h"
#include "tests/race/model_asks.h"

#define MODEL_TENANTS  3
#define MODEL_SESSIONS 260
#define MODEL_ASKERS   60  /* of them, the last: with expressions on filters that many have expressions on */
#define MODEL_MIXED    700 /* places with filters of every kind */
#define MODEL_CROWD    300 /* with one of a few filters: sets in the filter, inline and in chunks */
#define MODEL_FLOCK    3500 /* each with a filter of its own: more than a segment holds */
#define MODEL_ASKING   180  /* on one of three filters: more expressions than are looked at one by one */
#define MODEL_PLACES   (MODEL_MIXED + MODEL_CROWD + MODEL_FLOCK + MODEL_ASKING)
#define MODEL_TOPICS   120

struct model_topic {
	char text[DIALECT_TEXT_MAX];
	size_t len;
};

extern struct model_topic model_topics[MODEL_TOPICS];

/* A new history, for model_world_free; writes model_topics. The first MODEL_MIXED + MODEL_CROWD
 * places are those that many topics match, the last MODEL_ASKING those of MODEL_ASKERS. */
struct history *model_world_make(struct rnd *rnd);
void model_world_free(struct history *history);

static inline bool model_is_asker(uint32_t session)
{
	return session >= MODEL_SESSIONS - MODEL_ASKERS;
}
