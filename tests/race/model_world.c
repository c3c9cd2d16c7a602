#include "tests/race/model_world.h"

#include "dataplane/filter/filter.h"

#include <stdio.h>
#include <string.h>

const char *const model_patterns[MODEL_PATTERNS] = {"needle", "x[0-9]+y", "end$"};
const struct model_payload model_payloads[MODEL_PAYLOADS] = {
	{"nothing", 0},
	{"a needle", 1},
	{"x12y", 2},
	{"needle x9y", 3},
	{"x0y needle end", 7},
};
struct model_topic model_topics[MODEL_TOPICS];

static void place_add(struct history *history, struct rnd *rnd, struct history_place place)
{
	place.session = rnd_below(rnd, MODEL_SESSIONS);
	place.len = strlen(place.text);
	if (!place.except && rnd_below(rnd, 6) == 0)
		place.pattern = 1 + rnd_below(rnd, MODEL_PATTERNS);
	(void)history_place_add(history, &place);
}

static void mixed_add(struct history *history, struct rnd *rnd)
{
	char text[DIALECT_TEXT_MAX];
	struct rh_filter filter;
	enum ref_dialect dialect;
	size_t len;

	do {
		dialect = rnd_below(rnd, REF_DIALECT_COUNT);
		len = dialect_filter_text(rnd, dialect, text);
	} while (rh_filter_parse((enum rh_dialect)dialect, text, len, &filter, NULL));
	place_add(history, rnd,
		(struct history_place){.tenant = (uint16_t)rnd_below(rnd, MODEL_TENANTS),
			.dialect = dialect,
			.text = text,
			.except = rnd_below(rnd, 6) == 0});
}

static void crowd_add(struct history *history, struct rnd *rnd, unsigned i)
{
	static const char *const texts[] = {"a/#", "a/b", "+"};
	char text[8];

	(void)snprintf(text, sizeof(text), "%s", texts[i % 3]);
	place_add(history, rnd, (struct history_place){.dialect = REF_MQTT, .text = text});
}

static void flock_add(struct history *history, struct rnd *rnd, unsigned i)
{
	char text[32];

	(void)snprintf(text, sizeof(text), i % 8 ? "f/%u/x" : "f/%u/#", i);
	place_add(history, rnd,
		(struct history_place){.tenant = (uint16_t)(i % MODEL_TENANTS),
			.dialect = REF_MQTT,
			.text = text});
}

static void topic_make(struct model_topic *topic, struct rnd *rnd, unsigned i)
{
	if (i % 4)
		topic->len = dialect_topic_text(rnd, topic->text);
	else
		topic->len = (size_t)snprintf(
			topic->text, DIALECT_TEXT_MAX, "f/%u/x", rnd_below(rnd, MODEL_FLOCK));
}

struct history *model_world_make(struct rnd *rnd)
{
	struct history *history = history_create(MODEL_SESSIONS);

	for (unsigned i = 0; i < MODEL_MIXED; i++)
		mixed_add(history, rnd);
	for (unsigned i = 0; i < MODEL_CROWD; i++)
		crowd_add(history, rnd, i);
	for (unsigned i = 0; i < MODEL_FLOCK; i++)
		flock_add(history, rnd, i);
	for (unsigned i = 0; i < MODEL_TOPICS; i++) {
		topic_make(&model_topics[i], rnd, i);
		(void)history_topic_add(history, model_topics[i].text, model_topics[i].len);
	}
	return history;
}
