#pragma once

/*
 * A sequential oracle for matching while subscriptions change. It holds a history: places, each a
 * subscription that can be there or not, and numbered operations (1, 2, ...), each of which adds or
 * removes the subscription of one place. Asked for an answer that was given at some time after
 * operation `after` was in force and before any beyond `until` had begun, it knows of each place
 * whether its subscription was there all that time, never, or may be seen either way; each
 * session's filters, exceptions and expressions together then say whether it has to be in the
 * answer, must not be, or may.
 *
 * It shares no code with the dataplane; matching is tests/lib/reference_dialect.h. Ctx of
 * everything: any one thread at a time. Out of memory ends the process: these are tests.
 */

#include "tests/lib/reference_dialect.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct history;

struct history_place {
	uint16_t tenant;
	uint32_t session;
	enum ref_dialect dialect;
	char *text; /* in its dialect, valid */
	size_t len;
	bool except;
	uint32_t asks; /* number of an expression; 0: of none */
};

/* Sessions have numbers below @sessions. */
struct history *history_create(uint32_t sessions);
void history_destroy(struct history *history);

/* Copies the text. Returns the place's number: 0, 1, ... */
size_t history_place_add(struct history *history, const struct history_place *place);
const struct history_place *history_place_at(const struct history *history, size_t place);
/* After all places; the same for topics. Native text, levels between '/'. */
size_t history_topic_add(struct history *history, const char *text, size_t len);

/* Is the subscription of @place there after all operations so far? */
bool history_present(const struct history *history, size_t place);
/* Operation @op, above all before, adds the subscription of @place, which is known as @sub. */
void history_added(struct history *history, size_t place, uint64_t op, uint32_t sub);
/* Operation @op, above all before, removes it. */
void history_removed(struct history *history, size_t place, uint64_t op);
/* No operation has happened. */
void history_forget(struct history *history);

struct history_receiver {
	uint32_t session, sub; /* the subscription that is named as the reason */
};

/* In force at least all operations up to @after, begun at most all up to @until. */
struct history_window {
	uint64_t after, until;
};

struct history_answer {
	struct history_window window;
	const struct history_receiver *receivers;
	uint32_t count;
	uint32_t topic;
	uint64_t truth; /* bit i: the event fulfils expression i + 1 */
	uint16_t tenant;
};

enum history_verdict {
	HISTORY_RIGHT,
	HISTORY_MISSING, /* a session that had to be in it */
	HISTORY_EXTRA,	 /* one that must not be */
	HISTORY_TWICE,
	HISTORY_REASON, /* a subscription named that is not the session's or not there or does not
			   match */
	HISTORY_VERDICTS
};
/* *@session: the first that is wrong. *@open, counted up: sessions that might be in it or not. */
enum history_verdict history_judge(struct history *history, const struct history_answer *answer,
	uint32_t *session, uint64_t *open);
const char *history_verdict_text(enum history_verdict verdict);

/* What may be said of a subscription that an answer named, when asked later whether it lives. */
enum history_life { HISTORY_EITHER, HISTORY_LIVES, HISTORY_DEAD };
enum history_life history_life(const struct history *history, const struct history_answer *then,
	const struct history_receiver *receiver, struct history_window now);
