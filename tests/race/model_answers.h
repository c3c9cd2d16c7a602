#pragma once

/*
 * What one worker was answered, kept while threads run and judged when they have ended.
 */

#include "tests/lib/history.h"

/* One event, as a worker saw it. */
struct model_event {
	uint64_t generation;	      /* of its burst */
	uint64_t acknowledged, until; /* operations, when the burst was over */
	uint32_t first, count;	      /* into named */
	uint32_t topic;
	uint64_t truth;
	uint16_t tenant;
};

/* A copy that waited, asked about when another event was handled. */
struct model_waited {
	uint32_t then, named, now; /* events, and which receiver */
	bool lives;
	uint64_t until; /* operations begun when that had been said */
};

/* One writer, its worker. */
struct model_answers {
	struct model_event *event;
	struct history_receiver *named;
	struct model_waited *waited;
	uint32_t events, named_count, waits;
};

/* Room for @events, and as many that waited, and @named. Out of memory ends the process. */
void model_answers_init(struct model_answers *answers, uint32_t events, uint32_t named);
void model_answers_fini(struct model_answers *answers);

struct model_verdicts {
	uint64_t of[HISTORY_VERDICTS], events;
	uint64_t of_askers[HISTORY_VERDICTS]; /* of them, those about a session of MODEL_ASKERS */
	uint64_t open; /* sessions that might have been in an answer or not */
	uint64_t waited, wrong_lives;
	bool quiet;
};

/*
 * Count what @history says of @answers. @op_of: of each generation, the last operation that it has.
 * The first of each kind are told on stderr. Ctx: after the threads.
 */
void model_judge(struct history *history, const uint64_t *op_of,
	const struct model_answers *answers, struct model_verdicts *verdicts);
