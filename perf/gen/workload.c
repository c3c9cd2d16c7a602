#include "perf/gen/workload.h"

#include "tests/lib/reference.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LANES	      2
#define LEAST_CHECKED 16

/* First levels and letters of a lane; texts of both lanes have the same length. */
static const struct {
	const char *root;
	char any_root; /* letter of families whose filter begins with a wildcard */
} lanes[LANES] = {{"plant", 'v'}, {"works", 'y'}};

static uint32_t exact_topic(const struct workload *w, uint32_t f, char *out)
{
	return (uint32_t)snprintf(out, WORKLOAD_TEXT_MAX, "%s/e%u/line/a/temp",
		lanes[w->spec.lane].root, f);
}

/* Wildcard filters count from 0 behind the exact ones. */
static uint32_t family_filter(const struct workload *w, uint32_t f, char *out)
{
	const char *root = lanes[w->spec.lane].root;

	switch (f % 3) {
	case 0: return (uint32_t)snprintf(out, WORKLOAD_TEXT_MAX, "%s/w%u/#", root, f);
	case 1: return (uint32_t)snprintf(out, WORKLOAD_TEXT_MAX, "%s/w%u/+/+/temp", root, f);
	default:
		return (uint32_t)snprintf(out, WORKLOAD_TEXT_MAX, "+/%c%u/#",
			lanes[w->spec.lane].any_root, f);
	}
}

static uint32_t family_topic(const struct workload *w, uint32_t f, uint32_t member, char *out)
{
	return (uint32_t)snprintf(out, WORKLOAD_TEXT_MAX, "%s/%c%u/line/%u/temp",
		lanes[w->spec.lane].root, f % 3 == 2 ? lanes[w->spec.lane].any_root : 'w', f,
		member);
}

/* Topics: one for each exact filter, then the families, each in one piece. */
static uint32_t topic_filter(const struct workload *w, uint32_t topic)
{
	return topic < w->exact ? topic : w->exact + (topic - w->exact) / w->family;
}

static uint32_t topic_text(const struct workload *w, uint32_t topic, char *out)
{
	if (topic < w->exact)
		return exact_topic(w, topic, out);
	topic -= w->exact;
	return family_topic(w, topic / w->family, topic % w->family, out);
}

static int spec_check(const struct workload_spec *s, struct rh_error *err)
{
	if (!s->topics || !s->subscriptions || !s->copies || !s->publishers || !s->subscribers ||
		!s->datagrams || !s->events)
		return rh_error_set(err, EINVAL,
			"workload: topics, subscriptions, copies, publishers, subscribers, datagrams and "
			"events are at least 1");
	if (s->wildcards > 100)
		return rh_error_set(err, EINVAL, "workload: %u %% wildcards: 0 to 100", s->wildcards);
	if (s->copies > s->subscribers)
		return rh_error_set(err, EINVAL,
			"workload: %u copies of an event for %u subscribers: at most one each",
			s->copies, s->subscribers);
	if (s->subscriptions % s->copies)
		return rh_error_set(err, EINVAL,
			"workload: %u subscriptions are not a multiple of %u copies",
			s->subscriptions, s->copies);
	if (s->datagrams % s->publishers)
		return rh_error_set(err, EINVAL,
			"workload: a trace of %u datagrams is not a multiple of %u publishers",
			s->datagrams, s->publishers);
	if (s->lane >= LANES)
		return rh_error_set(err, EINVAL, "workload: lane %u: 0 or 1", s->lane);
	return 0;
}

static int shape(struct workload *w, struct rh_error *err)
{
	const struct workload_spec *s = &w->spec;
	uint32_t wildcards;

	w->filters = s->subscriptions / s->copies;
	wildcards = (uint32_t)((uint64_t)w->filters * s->wildcards / 100);
	w->exact = w->filters - wildcards;
	w->family = wildcards ? (s->topics - w->exact) / wildcards : 0;
	if (s->topics >= w->filters && w->exact + wildcards * w->family == s->topics)
		return 0;
	return rh_error_set(err, EINVAL,
		"workload: %u topics for %u exact and %u wildcard filters: %u plus a multiple of %u, at least %u",
		s->topics, w->exact, wildcards, w->exact, wildcards, w->filters);
}

/* Popularity has nothing to do with the name: shuffle (Fisher-Yates). */
static void topics_shuffle(struct workload *w, struct perf_random *rnd)
{
	for (uint32_t t = 0; t < w->spec.topics; t++)
		w->by_rank[t] = t;
	for (uint32_t i = w->spec.topics - 1; i > 0; i--) {
		uint32_t j = (uint32_t)perf_random_below(rnd, i + 1), swap = w->by_rank[i];

		w->by_rank[i] = w->by_rank[j];
		w->by_rank[j] = swap;
	}
}

static int topics_draw(struct workload *w, struct perf_random *rnd)
{
	bool uniform = w->spec.zipf <= 0;
	struct perf_zipf zipf = {0};

	if (!uniform && perf_zipf_init(&zipf, w->spec.topics, w->spec.zipf) < 0)
		return -ENOMEM;
	for (uint32_t e = 0; e < workload_events(w); e++) {
		size_t rank = uniform ? perf_random_below(rnd, w->spec.topics)
				      : perf_zipf_rank(&zipf, rnd);

		w->event_topic[e] = w->by_rank[rank];
	}
	perf_zipf_fini(&zipf);
	return 0;
}

int workload_init(struct workload *w, const struct workload_spec *spec, struct rh_error *err)
{
	struct perf_random rnd;
	int ret;

	memset(w, 0, sizeof(*w));
	w->spec = *spec;
	ret = spec_check(spec, err);
	if (!ret)
		ret = shape(w, err);
	if (ret)
		return ret;
	w->by_rank = calloc(spec->topics, sizeof(*w->by_rank));
	w->event_topic = calloc(workload_events(w), sizeof(*w->event_topic));
	perf_random_init(&rnd, spec->seed);
	if (w->by_rank && w->event_topic) {
		topics_shuffle(w, &rnd);
		ret = topics_draw(w, &rnd);
	}
	if (!w->by_rank || !w->event_topic || ret) {
		workload_fini(w);
		return rh_error_set(err, ENOMEM, "no memory for %u topics and %u events",
			spec->topics, spec->datagrams * spec->events);
	}
	return 0;
}

void workload_fini(struct workload *w)
{
	free(w->by_rank);
	free(w->event_topic);
	memset(w, 0, sizeof(*w));
}

uint32_t workload_topic(const struct workload *w, uint32_t event, char *out)
{
	if (workload_is_restart(w, event))
		return (uint32_t)snprintf(
			out, WORKLOAD_TEXT_MAX, "%s/restart", lanes[w->spec.lane].root);
	return topic_text(w, w->event_topic[event], out);
}

static uint32_t filter_text(const struct workload *w, uint32_t f, char *out)
{
	return f < w->exact ? exact_topic(w, f, out) : family_filter(w, f - w->exact, out);
}

uint32_t workload_filter(const struct workload *w, uint32_t s, char *out)
{
	return filter_text(w, s / w->spec.copies, out);
}

uint32_t workload_subscriber(const struct workload *w, uint32_t s)
{
	return s % w->spec.subscribers;
}

uint32_t workload_copies(const struct workload *w, uint32_t event)
{
	return workload_is_restart(w, event) ? 0 : w->spec.copies;
}

uint32_t workload_receiver(const struct workload *w, uint32_t event, uint32_t k)
{
	uint32_t f = topic_filter(w, w->event_topic[event]);

	return workload_subscriber(w, f * w->spec.copies + k);
}

/* @wanted: the one filter that matches, WORKLOAD_NOBODY for none. */
static int topic_check(const struct workload *w, const char *topic, uint32_t len, uint32_t wanted,
	struct rh_error *err)
{
	bool found = wanted == WORKLOAD_NOBODY;

	for (uint32_t f = 0; f < w->filters; f++) {
		char filter[WORKLOAD_TEXT_MAX];
		uint32_t n = filter_text(w, f, filter);
		bool matches = ref_matches(filter, n, topic, len);

		found |= matches;
		if (matches != (f == wanted))
			return rh_error_set(err, EINVAL,
				"workload: filter %s %s topic %s, against its construction", filter,
				matches ? "matches" : "does not match", topic);
	}
	return found ? 0 : rh_error_set(err, EINVAL, "workload: no filter matches topic %s, against its construction",
				topic);
}

/* The first event of the trace with each topic stands for it. */
static uint32_t distinct(const struct workload *w, uint32_t *events)
{
	uint8_t *seen = calloc(w->spec.topics, 1);
	uint32_t n = 0;

	for (uint32_t e = 0; seen && e < workload_events(w); e++)
		if (!workload_is_restart(w, e) && !seen[w->event_topic[e]]) {
			seen[w->event_topic[e]] = 1;
			events[n++] = e;
		}
	free(seen);
	return n;
}

static int restart_check(const struct workload *w, struct rh_error *err)
{
	char topic[WORKLOAD_TEXT_MAX];
	uint32_t len = workload_topic(w, 0, topic);

	return topic_check(w, topic, len, WORKLOAD_NOBODY, err);
}

int workload_check(const struct workload *w, uint64_t most, uint32_t *topics, bool *all,
	struct rh_error *err)
{
	uint32_t *events = calloc(workload_events(w), sizeof(*events));
	uint32_t n = events ? distinct(w, events) : 0;
	uint64_t afford = most / w->filters;
	int ret = n ? restart_check(w, err) : rh_error_set(err, ENOMEM, "no memory to check the workload");

	afford = afford < LEAST_CHECKED ? LEAST_CHECKED : afford;
	*topics = afford < n ? (uint32_t)afford : n;
	*all = *topics == n;
	for (uint32_t i = 0; i < *topics && !ret; i++) {
		uint32_t e = events[(uint64_t)i * n / *topics];
		char topic[WORKLOAD_TEXT_MAX];
		uint32_t len = workload_topic(w, e, topic);

		ret = topic_check(w, topic, len, topic_filter(w, w->event_topic[e]), err);
	}
	free(events);
	return ret;
}
