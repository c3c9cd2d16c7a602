/*
 * A tenant's set of patterns on its way through the compiler and the builder. One set at a time;
 * what came meanwhile goes into the next.
 */
#include "controlplane/subs/subs_priv.h"

#include "dataplane/base/clock.h"
#include "dataplane/base/log.h"

#include <errno.h>
#include <stdlib.h>

/* A set waits for patterns still being checked, so that they share it, but not for more than these.
 */
#define READY_MOST    64
#define READY_MOST_NS (20 * RH_NS_PER_MS)
/* Long looks of one session that wait; each may take content/compile-time-max. */
#define LONG_WAIT_MOST 16

static bool due(const struct cp_tenant *t)
{
	if (t->compiling || (!t->ready && !t->purge))
		return false;
	return !t->checking || t->purge || t->ready >= READY_MOST ||
	       rh_clock_ns() - t->ready_ns > READY_MOST_NS;
}

static void ready(struct cp_pattern *p)
{
	p->state = CP_PATTERN_READY;
	if (!p->tenant->ready++)
		p->tenant->ready_ns = rh_clock_ns();
}

static void ready_or_release(struct cp_pattern *p)
{
	if (p->refs)
		ready(p);
	else
		cp_pattern_release(p);
}

/* Choose what the next set holds; @chosen in ascending order. */
static uint32_t choose(struct cp_tenant *t, struct hsc_pattern *chosen, uint32_t *fresh)
{
	struct cp_pattern *p;
	uint32_t count = 0;

	*fresh = 0;
	for (dp_pattern_id_t id = 1; id <= t->id_most; id++) {
		p = t->by_id[id];
		if (!p)
			continue;
		if (p->state == CP_PATTERN_READY && *fresh < t->take_most) {
			p->state = CP_PATTERN_COMPILING;
			t->ready--;
			(*fresh)++;
		} else if (p->state != CP_PATTERN_INSTALLED) {
			continue;
		} else if (!p->refs && (t->ready || *fresh || count)) {
			p->state = CP_PATTERN_LEAVING;
			continue;
		}
		chosen[count++] = (struct hsc_pattern){id, p->len, p->text};
	}
	return count;
}

static bool job_push(
	struct cp_tenant *t, const struct hsc_pattern *chosen, uint32_t count, uint32_t fresh)
{
	struct cp_compile_job *job = calloc(1, sizeof(*job));
	size_t len = hsc_set_size(chosen, count);
	uint8_t *body = malloc(len);

	if (!job || !body) {
		free(job);
		free(body);
		return false;
	}
	hsc_set_encode(body, chosen, count);
	job->type = HSC_COMPILE;
	job->tenant = t;
	job->body = body;
	job->len = len;
	job->max_pattern = chosen[count - 1].id;
	job->fresh = fresh;
	cp_compile_push(t->subs, CP_COMPILER_SETS, job, t->id);
	return true;
}

/* The set in work is over and changed nothing; its fresh patterns get @outcome, or another try when
 * it is NULL. */
static void set_failed(struct cp_tenant *t, const struct cp_sub_outcome *outcome)
{
	struct cp_pattern *p;

	t->compiling = false;
	for (dp_pattern_id_t id = 1; id <= t->id_most; id++) {
		p = t->by_id[id];
		if (p && p->state == CP_PATTERN_LEAVING)
			p->state = CP_PATTERN_INSTALLED;
		else if (p && p->state == CP_PATTERN_COMPILING && !outcome)
			ready_or_release(p);
	}
	/* By index: whoever is told may ask for patterns and let others go. */
	for (dp_pattern_id_t id = 1; id <= t->id_most; id++) {
		p = t->by_id[id];
		if (p && p->state == CP_PATTERN_COMPILING)
			cp_pattern_resolve(p, outcome);
		else if (p && p->state == CP_PATTERN_INSTALLED && p->waiters)
			cp_pattern_resolve(p, NULL);
	}
	cp_tenant_compile(t);
}

void cp_tenant_compile(struct cp_tenant *t)
{
	struct cp_sub_outcome outcome;
	struct hsc_pattern *chosen;
	uint32_t count = 0, fresh = 0;

	if (!due(t))
		return;
	t->purge = false;
	t->compiling = true;
	chosen = malloc(((size_t)t->id_most + 1) * sizeof(*chosen));
	if (chosen)
		count = choose(t, chosen, &fresh);
	if (!count || !job_push(t, chosen, count, fresh)) {
		cp_outcome_set(&outcome, RH_SUB_INTERNAL, CP_TEXT_NO_MEMORY);
		t->compiling = count != 0;
		if (count)
			set_failed(t, &outcome);
	}
	free(chosen);
}

static uint8_t code_of(enum hsc_status status)
{
	if (status == HSC_INVALID)
		return RH_SUB_INVALID_CONTENT;
	return status == HSC_TOO_DEAR || status == HSC_TOO_SLOW ? RH_SUB_TOO_DEAR : RH_SUB_INTERNAL;
}

/* The helper's own sentences begin with a verb in lower case, Hyperscan's stand alone. */
static void outcome_of(const struct cp_compile_job *job, const char *of, struct cp_sub_outcome *out)
{
	const char *text = (const char *)job->reply.body;

	if (job->result < 0)
		cp_outcome_set(out, RH_SUB_INTERNAL, "%s", job->err.text);
	else
		cp_outcome_set(out, code_of(job->reply.status), "pattern%s%s%s",
			*text >= 'a' && *text <= 'z' ? "" : ":", of, text);
}

static bool reply_ok(struct cp_compile_job *job, struct hsc_cost *cost)
{
	return job->result == 0 && job->reply.status == HSC_OK &&
	       hsc_cost_parse(job->reply.body, job->reply.len, cost) == 0;
}

static bool is_first(const struct cp_compile_job *job)
{
	return job->compiler == &job->tenant->subs->compilers[CP_COMPILER_FIRST];
}

void cp_check_drop(struct cp_compile_job *job)
{
	struct cp_tenant *t = job->tenant;

	t->checking -= is_first(job);
	cp_pattern_release(job->pattern);
	cp_compile_free(job);
	cp_tenant_compile(t);
}

/* Its first look was not enough, and the configured bound is wider: look longer. */
static bool wants_long(const struct cp_compile_job *job)
{
	const struct cp_compiler *all = job->tenant->subs->compilers;

	return is_first(job) && job->result == 0 && job->reply.status == HSC_TOO_SLOW &&
	       all[CP_COMPILER_LONG].helper.check_ms > all[CP_COMPILER_FIRST].helper.check_ms;
}

/* Takes @job. */
static void look_longer(struct cp_compile_job *job)
{
	struct cp_subs *subs = job->tenant->subs;
	struct cp_pattern *p = job->pattern;
	uint32_t slot = job->turn.payer;
	struct cp_sub_outcome outcome;

	if (cp_turns_waiting(&subs->compilers[CP_COMPILER_LONG].turns, slot) < LONG_WAIT_MOST) {
		free(job->reply.body);
		job->reply = (struct cp_helper_reply){0};
		cp_compile_push(subs, CP_COMPILER_LONG, job, slot);
		return;
	}
	cp_outcome_set(&outcome, RH_SUB_LIMIT,
		"the router could not do it now: %u patterns of this session that take long to "
		"compile wait already: try again when they are answered",
		LONG_WAIT_MOST);
	cp_compile_free(job);
	cp_pattern_resolve(p, &outcome);
}

/* Each new set is compiled whole and others wait for it: count what is not small. Those that nobody
 * uses leave with that set and do not count. */
static bool counted(struct cp_pattern *p, uint32_t us, struct cp_sub_outcome *outcome)
{
	struct cp_tenant *t = p->tenant;

	if (us <= p->tenant->subs->small_us || !p->refs)
		return true;
	if (t->compile_us && t->compile_us + us > t->subs->long_us_most) {
		cp_outcome_set(outcome, RH_SUB_LIMIT,
			"pattern takes %u ms to compile, and brings this tenant's to more than the "
			"%u ms allowed together: write it narrower or unsubscribe some",
			us / 1000, t->subs->long_us_most / 1000);
		return false;
	}
	p->compile_us = us;
	t->compile_us += us;
	return true;
}

static void check_done(struct cp_compile_job *job)
{
	struct cp_pattern *p = job->pattern;
	struct cp_tenant *t = job->tenant;
	struct cp_sub_outcome outcome;
	struct hsc_cost cost;

	t->checking -= is_first(job);
	if (wants_long(job)) {
		look_longer(job);
		cp_tenant_compile(t);
		return;
	}
	if (!reply_ok(job, &cost)) {
		outcome_of(job, " ", &outcome);
		cp_pattern_resolve(p, &outcome);
	} else if (!counted(p, cost.compile_us, &outcome)) {
		cp_pattern_resolve(p, &outcome);
	} else {
		ready_or_release(p);
	}
	cp_compile_free(job);
	cp_tenant_compile(t);
}

static void set_refused(struct cp_compile_job *job)
{
	struct cp_tenant *t = job->tenant;
	struct cp_sub_outcome outcome;

	t->subs->stats.compile_failures++;
	outcome_of(job, ", together with this tenant's others, ", &outcome);
	rh_log_warn(SUBS, "tenant %u: set of patterns with %u new ones refused: %s", t->id,
		job->fresh, outcome.text);
	if (outcome.code == RH_SUB_INTERNAL || job->fresh <= 1) {
		t->take_most = UINT32_MAX;
		set_failed(t, &outcome);
		return;
	}
	/* One of them may be to blame: halve until it stands alone. */
	t->take_most = job->fresh / 2;
	set_failed(t, NULL);
}

static void set_compiled(struct cp_compile_job *job, const struct hsc_cost *cost)
{
	struct cp_subs *subs = job->tenant->subs;
	struct cp_patterns_job *next = calloc(1, sizeof(*next));
	struct cp_sub_outcome outcome;

	subs->stats.compiles++;
	subs->stats.last_compile_ns = job->took_ns;
	rh_log_info(SUBS,
		"tenant %u: pattern set of %u bytes, %u us, scan at most %u.%02u cycles a byte",
		job->tenant->id, cost->database_bytes, cost->compile_us,
		cost->centicycles_per_byte / 100, cost->centicycles_per_byte % 100);
	if (!next) {
		cp_outcome_set(&outcome, RH_SUB_INTERNAL, CP_TEXT_NO_MEMORY);
		set_failed(job->tenant, &outcome);
		return;
	}
	next->builder.kind = CP_BUILDER_PATTERNS;
	next->tenant = job->tenant;
	next->body = job->reply.body;
	next->len = job->reply.len;
	next->max_pattern = job->max_pattern;
	job->reply.body = NULL;
	cp_lane_push(&subs->builder, &next->builder.job);
}

void cp_compile_done(struct cp_compile_job *job)
{
	struct hsc_cost cost;

	if (job->type == HSC_CHECK) {
		check_done(job);
		return;
	}
	if (reply_ok(job, &cost))
		set_compiled(job, &cost);
	else
		set_refused(job);
	cp_compile_free(job);
}

static void set_installed(struct cp_tenant *t, uint64_t generation)
{
	struct cp_pattern *p;

	t->compiling = false;
	t->take_most = UINT32_MAX;
	for (dp_pattern_id_t id = 1; id <= t->id_most; id++) {
		p = t->by_id[id];
		if (p && p->state == CP_PATTERN_COMPILING) {
			p->state = CP_PATTERN_INSTALLED;
		} else if (p && p->state == CP_PATTERN_LEAVING) {
			p->gone_generation = generation;
			ready_or_release(p);
		}
	}
	for (dp_pattern_id_t id = 1; id <= t->id_most; id++) {
		p = t->by_id[id];
		if (p && p->state == CP_PATTERN_INSTALLED && p->waiters)
			cp_pattern_resolve(p, NULL);
	}
	cp_tenant_compile(t);
}

void cp_patterns_installed(struct cp_subs *subs, struct cp_patterns_job *job)
{
	struct cp_sub_outcome outcome;

	if (job->builder.status == 0) {
		set_installed(job->tenant, job->builder.generation);
	} else {
		subs->stats.compile_failures++;
		rh_log_error(SUBS, "tenant %u: pattern set not taken: %s", job->tenant->id,
			job->builder.err.text);
		cp_outcome_set(&outcome, RH_SUB_INTERNAL, "the patterns could not be installed: %s",
			job->builder.err.text);
		set_failed(job->tenant, &outcome);
	}
	free(job->body);
	free(job);
}
