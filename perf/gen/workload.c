#include "perf/gen/workload.h"

#include "perf/gen/workload_deep.h"
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

/* Third level of a topic. */
static const char *third(const struct workload *w, uint32_t topic)
{
	return w->spec.burst && topic % 2 ? "text" : "line";
}

static uint32_t exact_topic(const struct workload *w, uint32_t f, char *out)
{
	return (uint32_t)snprintf(out, WORKLOAD_TEXT_MAX, "%s/e%u/%s/a/temp",
		lanes[w->spec.lane].root, f, third(w, f));
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

static uint32_t family_topic(const struct workload *w, uint32_t f, uint32_t member, const char *level, char *out)
{
	return (uint32_t)snprintf(out, WORKLOAD_TEXT_MAX, "%s/%c%u/%s/%u/temp",
		lanes[w->spec.lane].root, f % 3 == 2 ? lanes[w->spec.lane].any_root : 'w', f, level,
		member);
}

/* Topics: one for each exact filter, then the families, each in one piece. */
static uint32_t topic_filter(const struct workload *w, uint32_t topic)
{
	if (w->spec.family != WORKLOAD_PLANT)
		return w->catch_all + topic;
	return topic < w->exact ? topic : w->exact + (topic - w->exact) / w->family;
}

static uint32_t topic_text(const struct workload *w, uint32_t topic, char *out)
{
	const char *level = third(w, topic);

	if (w->spec.family != WORKLOAD_PLANT)
		return workload_deep_topic(w->spec.family, topic, out);
	if (topic < w->exact)
		return exact_topic(w, topic / w->tenants, out);
	topic -= w->exact;
	return family_topic(w, topic / w->family / w->tenants, topic % w->family, level, out);
}

/* The topic like @topic that belongs to @tenant: that of the same place among its tenant's. */
static uint32_t topic_of_tenant(const struct workload *w, uint32_t topic, uint32_t tenant)
{
	uint32_t f = topic_filter(w, topic), member = topic < w->exact ? 0 : (topic - w->exact) % w->family;

	f = f - f % w->tenants + tenant;
	return f < w->exact ? f : w->exact + (f - w->exact) * w->family + member;
}

static int deep_check(const struct workload_spec *s, struct rh_error *err)
{
	if (s->family >= WORKLOAD_FAMILY_COUNT)
		return rh_error_set(err, EINVAL, "workload: family %d: there are %d", (int)s->family, WORKLOAD_FAMILY_COUNT);
	if (s->wildcards || s->lane)
		return rh_error_set(err, EINVAL, "workload: wildcards and lane are 0 but for the plant family");
	if (workload_deep_catch_all(s->family) && (s->subscribers < 2 || s->copies != 1))
		return rh_error_set(err, EINVAL,
			"workload: filters that match everything want one copy and two subscribers, one of them for those filters");
	return 0;
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
	if (s->burst && (s->family != WORKLOAD_PLANT || s->tenants > 1 || s->topics % 2))
		return rh_error_set(err, EINVAL, "workload: topics with content want the plant family, one tenant and an even number of topics");
	if (s->lane >= LANES)
		return rh_error_set(err, EINVAL, "workload: lane %u: 0 or 1", s->lane);
	return s->family == WORKLOAD_PLANT ? 0 : deep_check(s, err);
}

/* Whole numbers of everything for each tenant, so that f % tenants is the tenant of filter, topic and subscriber. */
static int tenants_check(const struct workload *w, struct rh_error *err)
{
	const struct workload_spec *s = &w->spec;

	if (w->tenants == 1)
		return 0;
	if (s->family != WORKLOAD_PLANT || s->copies != 1)
		return rh_error_set(err, EINVAL, "workload: tenants go with one copy and the plant family alone");
	if (w->exact % w->tenants || w->filters % w->tenants || s->publishers % w->tenants ||
		s->subscribers % w->tenants)
		return rh_error_set(err, EINVAL,
			"workload: %u exact and %u wildcard filters, %u publishers, %u subscribers: each a multiple of %u tenants",
			w->exact, w->filters - w->exact, s->publishers, s->subscribers, w->tenants);
	return 0;
}

/* One topic for each filter that does not match them all. */
static int deep_shape(struct workload *w, struct rh_error *err)
{
	const struct workload_spec *s = &w->spec;

	w->catch_all = workload_deep_catch_all(s->family);
	if (w->filters > w->catch_all && s->topics == w->filters - w->catch_all)
		return 0;
	return rh_error_set(err, EINVAL,
		"workload: %u topics for %u filters, of which %u match everything: one for each of the others",
		s->topics, w->filters, w->catch_all);
}

static int shape(struct workload *w, struct rh_error *err)
{
	const struct workload_spec *s = &w->spec;
	uint32_t wildcards;

	w->filters = s->subscriptions / s->copies;
	w->tenants = s->tenants ? s->tenants : 1;
	if (s->family != WORKLOAD_PLANT)
		return deep_shape(w, err);
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

/* The topic like @topic that @event is to have: its neighbour where only that has, or has not, content. */
static uint32_t topic_of_kind(const struct workload *w, uint32_t topic, uint32_t event)
{
	enum workload_burst kind = workload_burst_kind(w, event);
	bool content = kind == WORKLOAD_BURST_BOTH ? event % 2 : kind == WORKLOAD_BURST_CONTENT;

	return topic % 2 == content ? topic : topic ^ 1;
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

		w->event_topic[e] = w->tenants == 1 ? w->by_rank[rank]
			: topic_of_tenant(w, w->by_rank[rank], workload_publisher(w, e) % w->tenants);
		if (w->spec.burst)
			w->event_topic[e] = topic_of_kind(w, w->event_topic[e], e);
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
	if (!ret)
		ret = tenants_check(w, err);
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
	/* Wildcards at the start do not match what begins with $ [MQTT-4.7.2-1]. */
	if (workload_is_restart(w, event) && w->spec.family != WORKLOAD_PLANT)
		return (uint32_t)snprintf(out, WORKLOAD_TEXT_MAX, "$restart");
	if (workload_is_restart(w, event))
		return (uint32_t)snprintf(
			out, WORKLOAD_TEXT_MAX, "%s/restart", lanes[w->spec.lane].root);
	return topic_text(w, w->event_topic[event], out);
}

uint32_t workload_content_filter(const struct workload *w, char *out)
{
	return (uint32_t)snprintf(out, WORKLOAD_TEXT_MAX, "%s/+/text/#", lanes[w->spec.lane].root);
}

static uint32_t filter_text(const struct workload *w, uint32_t f, char *out)
{
	if (w->spec.family != WORKLOAD_PLANT)
		return workload_deep_filter(w->spec.family, f, out);
	return f < w->exact ? exact_topic(w, f / w->tenants, out)
			    : family_filter(w, (f - w->exact) / w->tenants, out);
}

uint32_t workload_filter(const struct workload *w, uint32_t s, char *out)
{
	return filter_text(w, s / w->spec.copies, out);
}

uint32_t workload_subscriber(const struct workload *w, uint32_t s)
{
	uint32_t last = w->spec.subscribers - 1;

	if (w->catch_all)
		return s < w->catch_all ? last : s % last;
	return s % w->spec.subscribers;
}

uint32_t workload_tenant(const struct workload *w, uint32_t s)
{
	return s / w->spec.copies % w->tenants;
}

uint32_t workload_copies(const struct workload *w, uint32_t event)
{
	return workload_is_restart(w, event) ? 0 : w->spec.copies + (w->catch_all != 0);
}

uint32_t workload_receiver(const struct workload *w, uint32_t event, uint32_t k)
{
	uint32_t f = topic_filter(w, w->event_topic[event]);

	return workload_subscriber(w, k < w->spec.copies ? f * w->spec.copies + k : 0);
}

/* A topic that the reference matcher is asked for. */
struct asked {
	char text[WORKLOAD_TEXT_MAX];
	uint32_t len;
	uint32_t wanted; /* the filter that matches beside those that match everything, WORKLOAD_NOBODY for none at all */
	bool found;
};

/* Those asked for, tenant after tenant: of tenant t from first[t] to first[t + 1] - 1. */
struct question {
	struct asked *list;
	uint32_t *first;
	uint32_t count;
};

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

static uint32_t event_tenant(const struct workload *w, uint32_t event)
{
	return workload_publisher(w, event) % w->tenants;
}

static void question_put(struct question *q, uint32_t *next, const struct workload *w, uint32_t event)
{
	struct asked *a = &q->list[next[event_tenant(w, event)]++];

	a->len = workload_topic(w, event, a->text);
	a->wanted = workload_is_restart(w, event) ? WORKLOAD_NOBODY : topic_filter(w, w->event_topic[event]);
}

/* @count of the @of events, spread over them, and the restart of the first publisher. */
static int question_make(struct question *q, const struct workload *w, const uint32_t *events, uint32_t of, uint32_t count)
{
	uint32_t *next = calloc(w->tenants + 1, sizeof(*next));

	*q = (struct question){.list = calloc((size_t)count + 1, sizeof(*q->list)),
		.first = calloc(w->tenants + 1, sizeof(*q->first)), .count = count + 1};
	if (!next || !q->list || !q->first) {
		free(next);
		return -ENOMEM;
	}
	q->first[1]++;
	for (uint32_t i = 0; i < count; i++)
		q->first[event_tenant(w, events[(uint64_t)i * of / count]) + 1]++;
	for (uint32_t t = 0; t < w->tenants; t++)
		q->first[t + 1] += q->first[t];
	memcpy(next, q->first, (w->tenants + 1) * sizeof(*next));
	question_put(q, next, w, 0);
	for (uint32_t i = 0; i < count; i++)
		question_put(q, next, w, events[(uint64_t)i * of / count]);
	free(next);
	return 0;
}

/* One filter against the topics of its tenant. */
static int filter_check(const struct workload *w, uint32_t f, struct question *q, struct rh_error *err)
{
	uint32_t tenant = f % w->tenants;
	char filter[WORKLOAD_TEXT_MAX];
	uint32_t n = filter_text(w, f, filter);

	for (uint32_t i = q->first[tenant]; i < q->first[tenant + 1]; i++) {
		struct asked *a = &q->list[i];
		bool matches = ref_matches(filter, n, a->text, a->len);

		a->found |= f == a->wanted && matches;
		if (matches != (f == a->wanted || (a->wanted != WORKLOAD_NOBODY && f < w->catch_all)))
			return rh_error_set(err, EINVAL,
				"workload: filter %s %s topic %s, against its construction", filter,
				matches ? "matches" : "does not match", a->text);
	}
	return 0;
}

static int question_ask(const struct workload *w, struct question *q, struct rh_error *err)
{
	int ret = 0;

	for (uint32_t f = 0; f < w->filters && !ret; f++)
		ret = filter_check(w, f, q, err);
	for (uint32_t i = 0; i < q->count && !ret; i++)
		if (!q->list[i].found && q->list[i].wanted != WORKLOAD_NOBODY)
			ret = rh_error_set(err, EINVAL, "workload: no filter matches topic %s, against its construction",
				q->list[i].text);
	return ret;
}

int workload_check(const struct workload *w, uint64_t most, uint32_t *topics, bool *all,
	struct rh_error *err)
{
	uint32_t *events = calloc(workload_events(w), sizeof(*events));
	uint32_t n = events ? distinct(w, events) : 0;
	uint64_t afford = most / (w->filters / w->tenants);
	struct question question = {0};
	int ret;

	afford = afford < LEAST_CHECKED ? LEAST_CHECKED : afford;
	*topics = afford < n ? (uint32_t)afford : n;
	*all = *topics == n;
	ret = n && question_make(&question, w, events, n, *topics) == 0
		      ? question_ask(w, &question, err)
		      : rh_error_set(err, ENOMEM, "no memory to check the workload");
	free(question.list);
	free(question.first);
	free(events);
	return ret;
}
