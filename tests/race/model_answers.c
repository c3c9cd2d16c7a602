#include "tests/race/model_answers.h"

#include "tests/race/model_world.h"

#include <stdio.h>
#include <stdlib.h>

#define TOLD 3 /* of each kind */

static void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

void model_answers_init(struct model_answers *answers, uint32_t events, uint32_t named)
{
	*answers = (struct model_answers){
		.event = must(calloc(events, sizeof(*answers->event))),
		.waited = must(calloc(events, sizeof(*answers->waited))),
		.named = must(calloc(named, sizeof(*answers->named))),
	};
}

void model_answers_fini(struct model_answers *answers)
{
	free(answers->event);
	free(answers->waited);
	free(answers->named);
}

static struct history_answer answer_of(
	const uint64_t *op_of, const struct model_answers *answers, uint32_t at)
{
	const struct model_event *event = &answers->event[at];
	uint64_t after = op_of[event->generation];

	return (struct history_answer){
		.window = {after > event->acknowledged ? after : event->acknowledged, event->until},
		.receivers = answers->named + event->first,
		.count = event->count,
		.topic = event->topic,
		.truth = event->truth,
		.tenant = event->tenant,
	};
}

static void judge_event(struct history *history, const struct history_answer *answer,
	struct model_verdicts *verdicts)
{
	uint32_t session = 0;
	enum history_verdict verdict = history_judge(history, answer, &session, &verdicts->open);

	verdicts->events++;
	verdicts->of_askers[verdict] += model_is_asker(session);
	if (verdict && verdicts->of[verdict]++ < TOLD && !verdicts->quiet)
		(void)fprintf(stderr,
			"model: topic %s tenant %u session %u: %s (operations %lu to %lu)\n",
			model_topics[answer->topic].text, answer->tenant, session,
			history_verdict_text(verdict), answer->window.after, answer->window.until);
}

static void judge_waited(const struct history *history, const struct history_answer *then,
	const struct model_waited *waited, struct history_window now,
	struct model_verdicts *verdicts)
{
	enum history_life life = history_life(history, then, then->receivers + waited->named, now);

	verdicts->waited++;
	if (life == (waited->lives ? HISTORY_DEAD : HISTORY_LIVES) &&
		verdicts->wrong_lives++ < TOLD && !verdicts->quiet)
		(void)fprintf(stderr, "model: a subscription that %s is said to %s\n",
			waited->lives ? "was removed" : "stays",
			waited->lives ? "live" : "be gone");
}

void model_judge(struct history *history, const uint64_t *op_of,
	const struct model_answers *answers, struct model_verdicts *verdicts)
{
	struct history_answer answer;

	for (uint32_t i = 0; i < answers->events; i++) {
		answer = answer_of(op_of, answers, i);
		judge_event(history, &answer, verdicts);
	}
	for (uint32_t i = 0; i < answers->waits; i++) {
		const struct model_waited *waited = &answers->waited[i];
		struct history_window now = answer_of(op_of, answers, waited->now).window;

		now.until = waited->until;
		answer = answer_of(op_of, answers, waited->then);
		judge_waited(history, &answer, waited, now, verdicts);
	}
}
