#include "tests/lib/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TENANTS_MAX 8

/* Operations of one place: the first, third, ... added its subscription. */
struct course {
	uint64_t *op;
	uint32_t *sub; /* of the add; of the removal the same */
	uint32_t count, room;
};

/* Places that match a topic. */
struct matching {
	uint32_t *place;
	uint32_t count;
};

struct history {
	uint32_t sessions;
	struct history_place *place;
	struct course *course;
	size_t places, places_room;
	struct matching (*topic)[TENANTS_MAX];
	size_t topics;
	uint8_t *said; /* of each session, while an answer is judged: enum saying */
};

enum saying {
	ASKS = 1, /* all the time */
	MIGHT_ASK = 2,
	EXCEPTS = 4, /* all the time */
	MIGHT_EXCEPT = 8,
	ANSWERED = 16,
};

static void *must(void *memory)
{
	if (!memory) {
		(void)fprintf(stderr, "history: out of memory\n");
		abort();
	}
	return memory;
}

struct history *history_create(uint32_t sessions)
{
	struct history *history = must(calloc(1, sizeof(*history)));

	history->sessions = sessions;
	history->said = must(calloc(sessions, 1));
	return history;
}

void history_destroy(struct history *history)
{
	for (size_t i = 0; i < history->places; i++) {
		free(history->place[i].text);
		free(history->course[i].op);
		free(history->course[i].sub);
	}
	for (size_t i = 0; i < history->topics; i++)
		for (unsigned t = 0; t < TENANTS_MAX; t++)
			free(history->topic[i][t].place);
	free(history->place);
	free(history->course);
	free(history->topic);
	free(history->said);
	free(history);
}

size_t history_place_add(struct history *history, const struct history_place *place)
{
	struct history_place *to;

	if (place->tenant >= TENANTS_MAX || place->session >= history->sessions)
		abort();
	if (history->places == history->places_room) {
		history->places_room = history->places_room ? history->places_room * 2 : 64;
		history->place = must(
			realloc(history->place, history->places_room * sizeof(*history->place)));
		history->course = must(
			realloc(history->course, history->places_room * sizeof(*history->course)));
	}
	to = &history->place[history->places];
	*to = *place;
	to->text = must(malloc(place->len + 1));
	memcpy(to->text, place->text, place->len);
	to->text[place->len] = '\0';
	history->course[history->places] = (struct course){0};
	return history->places++;
}

const struct history_place *history_place_at(const struct history *history, size_t place)
{
	return &history->place[place];
}

size_t history_topic_add(struct history *history, const char *text, size_t len)
{
	struct matching *matching;

	history->topic =
		must(realloc(history->topic, (history->topics + 1) * sizeof(*history->topic)));
	matching = history->topic[history->topics];
	memset(matching, 0, sizeof(*history->topic));
	for (size_t i = 0; i < history->places; i++) {
		const struct history_place *place = &history->place[i];
		struct matching *in = &matching[place->tenant];

		if (!ref_dialect_matches(place->dialect, place->text, place->len, text, len))
			continue;
		if ((in->count & (in->count - 1)) == 0)
			in->place = must(realloc(
				in->place, sizeof(*in->place) * (in->count ? in->count * 2 : 1)));
		in->place[in->count++] = (uint32_t)i;
	}
	return history->topics++;
}

bool history_present(const struct history *history, size_t place)
{
	return history->course[place].count & 1;
}

static void happened(struct course *course, uint64_t op, uint32_t sub)
{
	if (course->count && course->op[course->count - 1] >= op)
		abort();
	if (course->count == course->room) {
		course->room = course->room ? course->room * 2 : 4;
		course->op = must(realloc(course->op, course->room * sizeof(*course->op)));
		course->sub = must(realloc(course->sub, course->room * sizeof(*course->sub)));
	}
	course->op[course->count] = op;
	course->sub[course->count++] = sub;
}

void history_added(struct history *history, size_t place, uint64_t op, uint32_t sub)
{
	if (history_present(history, place))
		abort();
	happened(&history->course[place], op, sub);
}

void history_removed(struct history *history, size_t place, uint64_t op)
{
	struct course *course = &history->course[place];

	if (!history_present(history, place))
		abort();
	happened(course, op, course->sub[course->count - 1]);
}

void history_forget(struct history *history)
{
	for (size_t i = 0; i < history->places; i++)
		history->course[i].count = 0;
}

/* How many of its operations are numbered @op or less. */
static uint32_t done_by(const struct course *course, uint64_t op)
{
	uint32_t low = 0, high = course->count;

	while (low < high) {
		uint32_t mid = (low + high) / 2;

		if (course->op[mid] <= op)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* What @place says to its session in @window. */
static uint8_t saying_of(const struct history_place *place, const struct course *course,
	struct history_window window)
{
	uint32_t before = done_by(course, window.after), by = done_by(course, window.until);

	if (before != by)
		return place->except ? MIGHT_EXCEPT : MIGHT_ASK;
	if (!(before & 1))
		return 0;
	return place->except ? EXCEPTS : ASKS;
}

static bool is_due(uint8_t said)
{
	return (said & ASKS) && !(said & (EXCEPTS | MIGHT_EXCEPT));
}

static bool is_allowed(uint8_t said)
{
	return (said & (ASKS | MIGHT_ASK)) && !(said & EXCEPTS);
}

static const struct matching *matching_of(
	const struct history *history, const struct history_answer *answer)
{
	return &history->topic[answer->topic][answer->tenant];
}

static bool wants(const struct history_place *place, uint64_t truth)
{
	return !place->asks || (truth >> (place->asks - 1) & 1);
}

/* Number of the operation that added the life of @sub that may have been seen in @window;
 * UINT32_MAX: there is none. */
static uint32_t life_in(const struct course *course, uint32_t sub, struct history_window window)
{
	uint32_t from = done_by(course, window.after);

	/* From the one that was there then, if one was. */
	for (uint32_t i = from - (from & 1); i < course->count; i += 2) {
		if (course->op[i] > window.until)
			break;
		if (course->sub[i] == sub)
			return i;
	}
	return UINT32_MAX;
}

/* The course and the life of what the answer names for @receiver; NULL: nothing that could be. */
static const struct course *named(const struct history *history,
	const struct history_answer *answer, const struct history_receiver *receiver,
	uint32_t *life)
{
	const struct matching *matching = matching_of(history, answer);

	for (uint32_t i = 0; i < matching->count; i++) {
		const struct history_place *place = &history->place[matching->place[i]];
		const struct course *course = &history->course[matching->place[i]];

		if (place->session != receiver->session || place->except ||
			!wants(place, answer->truth))
			continue;
		*life = life_in(course, receiver->sub, answer->window);
		if (*life != UINT32_MAX)
			return course;
	}
	return NULL;
}

static enum history_verdict judge_receivers(
	struct history *history, const struct history_answer *answer, uint32_t *session)
{
	for (uint32_t i = 0; i < answer->count; i++) {
		uint32_t life, to = answer->receivers[i].session;

		*session = to;
		if (to >= history->sessions || !is_allowed(history->said[to]))
			return HISTORY_EXTRA;
		if (history->said[to] & ANSWERED)
			return HISTORY_TWICE;
		if (!named(history, answer, &answer->receivers[i], &life))
			return HISTORY_REASON;
		history->said[to] |= ANSWERED;
	}
	for (uint32_t s = 0; s < history->sessions; s++) {
		*session = s;
		if (is_due(history->said[s]) && !(history->said[s] & ANSWERED))
			return HISTORY_MISSING;
	}
	return HISTORY_RIGHT;
}

enum history_verdict history_judge(struct history *history, const struct history_answer *answer,
	uint32_t *session, uint64_t *open)
{
	const struct matching *matching = matching_of(history, answer);

	memset(history->said, 0, history->sessions);
	for (uint32_t i = 0; i < matching->count; i++) {
		const struct history_place *place = &history->place[matching->place[i]];

		if (wants(place, answer->truth))
			history->said[place->session] |= saying_of(
				place, &history->course[matching->place[i]], answer->window);
	}
	for (uint32_t s = 0; s < history->sessions; s++)
		*open += is_allowed(history->said[s]) && !is_due(history->said[s]);
	return judge_receivers(history, answer, session);
}

const char *history_verdict_text(enum history_verdict verdict)
{
	static const char *const text[HISTORY_VERDICTS] = {
		[HISTORY_RIGHT] = "right",
		[HISTORY_MISSING] = "a session that is due is missing",
		[HISTORY_EXTRA] = "a session that nothing entitles is there",
		[HISTORY_TWICE] = "a session is there twice",
		[HISTORY_REASON] = "the subscription named for a session cannot be the reason",
	};

	return text[verdict];
}

enum history_life history_life(const struct history *history, const struct history_answer *then,
	const struct history_receiver *receiver, struct history_window now)
{
	uint32_t life;
	const struct course *course = named(history, then, receiver, &life);
	uint64_t end;

	if (!course)
		return HISTORY_EITHER;
	end = life + 1 < course->count ? course->op[life + 1] : UINT64_MAX;
	if (end <= now.after)
		return HISTORY_DEAD;
	return end > now.until ? HISTORY_LIVES : HISTORY_EITHER;
}
