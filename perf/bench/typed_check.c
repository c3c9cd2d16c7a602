#include "perf/bench/typed.h"

#include "dataplane/base/clock.h"

#include <errno.h>
#include <stdlib.h>

/* Events for the reference that looks at every filter: a million filters take a second each. */
#define NAIVE_EVENTS 4

/* Marks of sessions, one a round of comparison. */
struct marks {
	uint32_t *mark;
	uint32_t round;
};

static int differs(uint32_t event, const char *who, uint32_t session, const char *what, struct rh_error *err)
{
	return rh_error_set(err, EINVAL, "event %u: %s %s session %u, the router's matcher does the opposite", event, who, what, session);
}

/* Are the @n sessions of the list those of @r, each of which is there once? */
static int same(uint32_t event, const char *who, const struct dp_match_result *r, const uint32_t *list, uint32_t n, struct marks *m, struct rh_error *err)
{
	m->round++;
	for (uint32_t i = 0; i < r->count; i++) {
		if (m->mark[r->receivers[i].session] == m->round)
			return rh_error_set(err, EINVAL, "event %u: the router's matcher gives session %u twice", event, r->receivers[i].session);
		m->mark[r->receivers[i].session] = m->round;
	}
	for (uint32_t i = 0; i < n; i++) {
		if (m->mark[list[i]] != m->round)
			return differs(event, who, list[i], "finds", err);
		m->mark[list[i]] = 0;
	}
	for (uint32_t i = 0; i < r->count; i++)
		if (m->mark[r->receivers[i].session] == m->round)
			return differs(event, who, r->receivers[i].session, "does not find", err);
	return 0;
}

static uint32_t naive_find(struct typed *t, const struct typed_event *e, struct marks *m)
{
	uint32_t n = 0;

	m->round++;
	for (uint32_t f = 0; f < t->opt.filters; f++) {
		struct ssbg_constraint list[SSBG_CONSTRAINTS_MAX];
		uint32_t count = ssbg_filter(&t->ssbg, f, list), session = f % t->opt.sessions;

		if (m->mark[session] == m->round || !ssbg_matches(list, count, e->attribute, e->count))
			continue;
		m->mark[session] = m->round;
		t->out[n++] = session;
	}
	return n;
}

static int event_check(struct typed *t, uint32_t event, const struct dp_match_result *r, struct marks *m, struct rh_error *err)
{
	static const char *const names[] = {"the counting matcher", "the pruned counting matcher"};
	const struct typed_event *e = &t->events[event];
	int ret = 0;

	for (int v = 0; v < COUNTING_VARIANTS && !ret; v++) {
		uint32_t n = counting_match(t->counting, (enum counting_variant)v, e->attribute, e->count, t->out);

		ret = same(event, names[v], r, t->out, n, m, err);
	}
	t->matched += counting_matched(t->counting);
	t->receivers += r->count;
	if (ret || t->naive >= NAIVE_EVENTS)
		return ret;
	t->naive++;
	return same(event, "the reference", r, t->out, naive_find(t, e, m), m, err);
}

int typed_check(struct typed *t, struct rh_error *err)
{
	struct marks m = {.mark = calloc(t->opt.sessions, sizeof(*m.mark))};
	uint64_t until = UINT64_MAX;
	int ret = m.mark ? 0 : rh_error_set(err, ENOMEM, "no memory for marks");

	while (!ret && t->checked < t->opt.events && rh_clock_ns() < until) {
		struct dp_match_result results[TYPED_BURST];

		typed_match(t, t->checked, results);
		for (uint32_t i = 0; i < TYPED_BURST && !ret; i++)
			ret = event_check(t, t->checked + i, &results[i], &m, err);
		t->checked += TYPED_BURST;
		/* The first ones meet the slow reference too, which is not what the time is for. */
		if (until == UINT64_MAX)
			until = rh_clock_ns() + (uint64_t)(t->opt.seconds * RH_NS_PER_S);
	}
	free(m.mark);
	return ret;
}
