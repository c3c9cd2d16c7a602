#include "tests/race/model_world.h"

#include "dataplane/filter/filter.h"

#include <stdio.h>
#include <string.h>

struct model_topic model_topics[MODEL_TOPICS];

static void place_add(struct history *history, struct rnd *rnd, struct history_place place)
{
	place.session = rnd_below(rnd, MODEL_SESSIONS - MODEL_ASKERS);
	place.len = strlen(place.text);
	/* One in two of them for a pattern alone. */
	if (!place.except && rnd_below(rnd, 6) == 0)
		place.asks = 1 + rnd_below(rnd, rnd_below(rnd, 2) ? MODEL_PATTERNS : MODEL_ASKS);
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

/* Each filter of each tenant is asked for with most of the expressions, with some of them twice. */
static void asking_add(struct history *history, struct rnd *rnd, unsigned i)
{
	static const struct {
		char text[4];
		uint16_t tenant;
	} filters[] = {{"q/#", 0}, {"q/+", 0}, {"q/#", 1}};
	struct history_place place = {.tenant = filters[i % 3].tenant,
		.dialect = REF_MQTT,
		.text = (char[4]){filters[i % 3].text[0], '/', filters[i % 3].text[2]},
		.len = 3,
		.session = MODEL_SESSIONS - MODEL_ASKERS + rnd_below(rnd, MODEL_ASKERS),
		.asks = rnd_below(rnd, 16) ? 1 + rnd_below(rnd, MODEL_ASKS) : 0};

	(void)history_place_add(history, &place);
}

static void topic_make(struct model_topic *topic, struct rnd *rnd, unsigned i)
{
	if (i % 4 == 1)
		topic->len = (size_t)snprintf(topic->text, DIALECT_TEXT_MAX, i % 8 == 1 ? "q/%u" : "q/%u/x", i / 16);
	else if (i % 4)
		topic->len = dialect_topic_text(rnd, topic->text);
	else
		topic->len = (size_t)snprintf(
			topic->text, DIALECT_TEXT_MAX, "f/%u/x", rnd_below(rnd, MODEL_FLOCK));
}

struct history *model_world_make(struct rnd *rnd)
{
	struct history *history = history_create(MODEL_SESSIONS);

	model_asks_draw(rnd);
	for (unsigned i = 0; i < MODEL_MIXED; i++)
		mixed_add(history, rnd);
	for (unsigned i = 0; i < MODEL_CROWD; i++)
		crowd_add(history, rnd, i);
	for (unsigned i = 0; i < MODEL_FLOCK; i++)
		flock_add(history, rnd, i);
	for (unsigned i = 0; i < MODEL_ASKING; i++)
		asking_add(history, rnd, i);
	for (unsigned i = 0; i < MODEL_TOPICS; i++) {
		topic_make(&model_topics[i], rnd, i);
		(void)history_topic_add(history, model_topics[i].text, model_topics[i].len);
	}
	return history;
}

void model_world_free(struct history *history)
{
	history_destroy(history);
	model_asks_free();
}
