#include "tests/race/model_asks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBERS 8
#define ABSENT	(-1)

const char *const model_patterns[MODEL_PATTERNS] = {"needle", "x[0-9]+y", "end$"};
struct model_ask model_asks[MODEL_ASKS + 1];
struct model_event_kind model_events[MODEL_EVENTS];

static const struct {
	const char *bytes;
	uint32_t has; /* bit i: pattern i + 1 */
} payloads[MODEL_PAYLOADS] = {
	{"nothing", 0},
	{"a needle", 1},
	{"x12y", 2},
	{"needle x9y", 3},
	{"x0y needle end", 7},
};
static const char *const words[] = {"red", "rose", "blue", "beige"};
#define WORDS (int)(sizeof(words) / sizeof(words[0]))

/* An event's: a number, a word and a flag, each of which may be absent, and patterns. */
struct facts {
	int n, word, flag;
	uint32_t has;
};

enum truth { FALSE, TRUE, ERROR };
enum form { EQUALS, BELOW, BETWEEN, ONE_OF, IS, IS_NOT, BEGINS, EXISTS, EXISTS_NOT, FLAG, PATTERN, FORMS };

struct clause {
	enum form form;
	int value;
};

static const int bounds[FORMS] = {[EQUALS] = NUMBERS,
	[BELOW] = NUMBERS,
	[BETWEEN] = NUMBERS,
	[ONE_OF] = NUMBERS,
	[IS] = WORDS,
	[IS_NOT] = WORDS,
	[BEGINS] = WORDS,
	[EXISTS] = 1,
	[EXISTS_NOT] = 1,
	[FLAG] = 1,
	[PATTERN] = MODEL_PATTERNS};

static void clause_text(struct clause clause, char *out)
{
	int value = clause.value;
	const char *word = words[value % WORDS];

	switch (clause.form) {
	case EQUALS:
		(void)snprintf(out, MODEL_CLAUSE_BYTES, "n = %d", value);
		return;
	case BELOW:
		(void)snprintf(out, MODEL_CLAUSE_BYTES, "n < %d", value);
		return;
	case BETWEEN:
		(void)snprintf(out, MODEL_CLAUSE_BYTES, "(n >= %d AND n < %d)", value, value + 3);
		return;
	case ONE_OF:
		(void)snprintf(out, MODEL_CLAUSE_BYTES, "n IN (%d, %d)", value, value + 2);
		return;
	case IS:
		(void)snprintf(out, MODEL_CLAUSE_BYTES, "word = '%s'", word);
		return;
	case IS_NOT:
		(void)snprintf(out, MODEL_CLAUSE_BYTES, "word != '%s'", word);
		return;
	case BEGINS:
		(void)snprintf(out, MODEL_CLAUSE_BYTES, "word LIKE '%c%%'", word[0]);
		return;
	case EXISTS:
		(void)snprintf(out, MODEL_CLAUSE_BYTES, "EXISTS word");
		return;
	case EXISTS_NOT:
		(void)snprintf(out, MODEL_CLAUSE_BYTES, "(NOT EXISTS word)");
		return;
	case FLAG:
		(void)snprintf(out, MODEL_CLAUSE_BYTES, "flag");
		return;
	default:
		(void)snprintf(out, MODEL_CLAUSE_BYTES, "MATCHES(payload, '%s')", model_patterns[value]);
	}
}

static enum truth of(int there, bool holds)
{
	return there == ABSENT ? ERROR : holds ? TRUE : FALSE;
}

static enum truth clause_truth(struct clause clause, const struct facts *facts)
{
	int n = facts->n, word = facts->word, value = clause.value;

	switch (clause.form) {
	case EQUALS:
		return of(n, n == value);
	case BELOW:
		return of(n, n < value);
	case BETWEEN:
		return of(n, n >= value && n < value + 3);
	case ONE_OF:
		return of(n, n == value || n == value + 2);
	case IS:
		return of(word, word == value);
	case IS_NOT:
		return of(word, word != value);
	case BEGINS:
		return of(word, word / 2 == value / 2);
	case EXISTS:
		return word != ABSENT ? TRUE : FALSE;
	case EXISTS_NOT:
		return word == ABSENT ? TRUE : FALSE;
	case FLAG:
		return of(facts->flag, facts->flag == 1);
	default:
		return facts->has >> value & 1 ? TRUE : FALSE;
	}
}

/* From left to right. An error in an AND is no match, as false is. */
static bool fulfils(const struct clause *clause, unsigned count, bool any, const struct facts *facts)
{
	enum truth truth = FALSE;

	for (unsigned i = 0; i < count; i++) {
		truth = clause_truth(clause[i], facts);
		if (truth == ERROR || (truth == TRUE) == any)
			break;
	}
	return truth == TRUE;
}

static struct facts facts_draw(struct rnd *rnd)
{
	return (struct facts){
		.n = rnd_below(rnd, 4) ? (int)rnd_below(rnd, NUMBERS) : ABSENT,
		.word = rnd_below(rnd, 4) ? (int)rnd_below(rnd, WORDS) : ABSENT,
		.flag = (int)rnd_below(rnd, 3) - 1,
	};
}

static void attribute_put(struct model_event_kind *event, const char *name, enum rh_attribute_type type, const char *value)
{
	struct rh_attribute attribute = {
		.name = name, .name_len = (uint8_t)strlen(name), .type = type, .value = value, .value_len = (uint16_t)strlen(value)};
	int len = rh_attribute_put(event->attributes, sizeof(event->attributes), event->attributes_len, &attribute);

	if (len < 0)
		abort();
	event->attributes_len = (uint16_t)len;
}

static void event_make(struct model_event_kind *event, const struct facts *facts, const char *payload)
{
	char number[16];

	*event = (struct model_event_kind){.payload = payload};
	(void)snprintf(number, sizeof(number), "%d", facts->n);
	if (facts->n != ABSENT)
		attribute_put(event, "n", RH_ATTR_INTEGER, number);
	if (facts->word != ABSENT)
		attribute_put(event, "word", RH_ATTR_STRING, words[facts->word]);
	if (facts->flag != ABSENT)
		attribute_put(event, "flag", RH_ATTR_BOOLEAN, facts->flag ? "true" : "false");
}

static void ask_text(struct model_ask *ask, const struct clause *clause, unsigned count, bool any)
{
	char text[MODEL_CLAUSE_BYTES];
	unsigned patterns = 0;

	ask->text[0] = '\0';
	for (unsigned i = 0; i < count; i++) {
		clause_text(clause[i], text);
		if (i)
			strcat(ask->text, any ? " OR " : " AND ");
		strcat(ask->text, text);
		if (clause[i].form == PATTERN)
			ask->pattern[patterns++] = (uint32_t)clause[i].value + 1;
	}
}

static void ask_parse(struct model_ask *ask)
{
	struct rh_error err;

	ask->tree = malloc(sizeof(*ask->tree));
	if (ask->tree && rh_cesql_parse(ask->text, strlen(ask->text), ask->tree, NULL, &err) == 0)
		return;
	(void)fprintf(stderr, "model: %s: %s\n", ask->text, ask->tree ? err.text : "no memory");
	abort();
}

static bool is_known(unsigned number)
{
	for (unsigned i = MODEL_PATTERNS + 1; i < number; i++)
		if (strcmp(model_asks[i].text, model_asks[number].text) == 0)
			return true;
	return false;
}

static void ask_draw(struct rnd *rnd, unsigned number, const struct facts *facts)
{
	struct clause clause[MODEL_CLAUSES];
	unsigned count;
	bool any;

	do {
		count = 1 + rnd_below(rnd, MODEL_CLAUSES);
		any = rnd_below(rnd, 4) == 0;
		for (unsigned i = 0; i < count; i++) {
			clause[i].form = (enum form)rnd_below(rnd, FORMS);
			clause[i].value = (int)rnd_below(rnd, (uint32_t)bounds[clause[i].form]);
		}
		ask_text(&model_asks[number], clause, count, any);
	} while (is_known(number));
	ask_parse(&model_asks[number]);
	for (unsigned i = 0; i < MODEL_EVENTS; i++)
		model_events[i].truth |= (uint64_t)fulfils(clause, count, any, &facts[i]) << (number - 1);
}

void model_asks_draw(struct rnd *rnd)
{
	struct facts facts[MODEL_EVENTS];

	for (unsigned i = 0; i < MODEL_EVENTS; i++) {
		facts[i] = i % MODEL_PAYLOADS ? facts[i - 1] : facts_draw(rnd);
		facts[i].has = payloads[i % MODEL_PAYLOADS].has;
		event_make(&model_events[i], &facts[i], payloads[i % MODEL_PAYLOADS].bytes);
		model_events[i].truth = facts[i].has;
	}
	memset(model_asks, 0, sizeof(model_asks));
	for (unsigned i = 1; i <= MODEL_PATTERNS; i++)
		model_asks[i].pattern[0] = i;
	for (unsigned i = MODEL_PATTERNS + 1; i <= MODEL_ASKS; i++)
		ask_draw(rnd, i, facts);
}

void model_asks_free(void)
{
	for (unsigned i = 1; i <= MODEL_ASKS; i++)
		free(model_asks[i].tree);
	memset(model_asks, 0, sizeof(model_asks));
}
