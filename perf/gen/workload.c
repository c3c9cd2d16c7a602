#include "perf/gen/workload.h"

#include "tests/lib/reference.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXACT	  (WORKLOAD_SUBSCRIPTIONS / 2)
#define WILDCARDS (WORKLOAD_SUBSCRIPTIONS - EXACT)
#define FAMILY	  ((WORKLOAD_TOPICS - EXACT) / WILDCARDS)

_Static_assert(EXACT + WILDCARDS * FAMILY == WORKLOAD_TOPICS, "families must use up the topics");

static void family_filter(uint32_t s, char *out)
{
	static const char *const shapes[] = {"plant/w%u/#", "plant/w%u/+/+/temp", "+/v%u/#"};

	(void)snprintf(out, WORKLOAD_TEXT_MAX, shapes[s % 3], s);
}

static void family_topic(uint32_t s, uint32_t member, char *out)
{
	(void)snprintf(out, WORKLOAD_TEXT_MAX, "plant/%c%u/line/%u/temp", s % 3 == 2 ? 'v' : 'w', s,
		member);
}

static void texts_make(struct workload *w)
{
	uint32_t t = 0;

	for (uint32_t s = 0; s < EXACT; s++, t++) {
		(void)snprintf(w->topics[t], WORKLOAD_TEXT_MAX, "plant/e%u/line/a/temp", s);
		(void)snprintf(w->filters[s], WORKLOAD_TEXT_MAX, "%s", w->topics[t]);
	}
	for (uint32_t s = 0; s < WILDCARDS; s++) {
		family_filter(s, w->filters[EXACT + s]);
		for (uint32_t m = 0; m < FAMILY; m++, t++)
			family_topic(s, m, w->topics[t]);
	}
}

/* Popularity has nothing to do with the name: shuffle (Fisher-Yates). */
static void topics_shuffle(struct workload *w, struct perf_random *rnd)
{
	char swap[WORKLOAD_TEXT_MAX];

	for (uint32_t i = WORKLOAD_TOPICS - 1; i > 0; i--) {
		uint32_t j = (uint32_t)perf_random_below(rnd, i + 1);

		memcpy(swap, w->topics[i], sizeof(swap));
		memcpy(w->topics[i], w->topics[j], sizeof(swap));
		memcpy(w->topics[j], swap, sizeof(swap));
	}
}

int workload_init(struct workload *w, uint64_t seed)
{
	struct perf_random rnd;
	struct perf_zipf zipf;

	memset(w, 0, sizeof(*w));
	w->seed = seed;
	w->topics = calloc(WORKLOAD_TOPICS, sizeof(*w->topics));
	w->filters = calloc(WORKLOAD_SUBSCRIPTIONS, sizeof(*w->filters));
	w->event_topic = calloc(WORKLOAD_EVENTS, sizeof(*w->event_topic));
	if (!w->topics || !w->filters || !w->event_topic ||
		perf_zipf_init(&zipf, WORKLOAD_TOPICS, 1.0) < 0) {
		workload_fini(w);
		return -ENOMEM;
	}
	perf_random_init(&rnd, seed);
	texts_make(w);
	topics_shuffle(w, &rnd);
	for (uint32_t e = 0; e < WORKLOAD_EVENTS; e++)
		w->event_topic[e] = (uint32_t)perf_zipf_rank(&zipf, &rnd);
	perf_zipf_fini(&zipf);
	return 0;
}

void workload_fini(struct workload *w)
{
	free(w->topics);
	free(w->filters);
	free(w->event_topic);
	memset(w, 0, sizeof(*w));
}

const char *workload_topic(const struct workload *w, uint32_t event)
{
	return workload_is_restart(event) ? "plant/restart" : w->topics[w->event_topic[event]];
}

static int topic_receiver(
	const struct workload *w, const char *topic, uint32_t wanted, uint32_t *receiver)
{
	uint32_t matches = 0;

	for (uint32_t s = 0; s < WORKLOAD_SUBSCRIPTIONS; s++)
		if (ref_matches(w->filters[s], strlen(w->filters[s]), topic, strlen(topic))) {
			*receiver = s % WORKLOAD_SUBSCRIBERS;
			matches++;
		}
	if (matches == wanted)
		return 0;
	(void)fprintf(stderr, "workload: topic %s has %u receivers, wanted %u\n", topic, matches,
		wanted);
	return -EINVAL;
}

int workload_reference(const struct workload *w, uint32_t *receiver)
{
	uint32_t *by_topic = malloc(WORKLOAD_TOPICS * sizeof(*by_topic));
	uint32_t nobody = WORKLOAD_NOBODY;
	int ret = by_topic ? topic_receiver(w, workload_topic(w, 0), 0, &nobody) : -ENOMEM;

	if (by_topic)
		memset(by_topic, 0xff, WORKLOAD_TOPICS * sizeof(*by_topic));
	for (uint32_t e = 0; e < WORKLOAD_EVENTS && !ret; e++) {
		uint32_t *known = &by_topic[w->event_topic[e]];

		if (workload_is_restart(e)) {
			receiver[e] = nobody;
			continue;
		}
		if (*known == WORKLOAD_NOBODY)
			ret = topic_receiver(w, workload_topic(w, e), 1, known);
		receiver[e] = *known;
	}
	free(by_topic);
	return ret;
}
