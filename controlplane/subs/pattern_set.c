/*
 * A set of patterns on its way through a compiler and the builder until it is a run of its tenant
 * (pattern_runs.c decides what goes into it). A pattern on its own comes with a database and passes the compiler.
 */
#include "controlplane/subs/subs_priv.h"

#include "dataplane/base/clock.h"
#include "dataplane/base/log.h"

#include <stdio.h>
#include <stdlib.h>

/* Patterns that are runs of their own: each is a scan for an event until it is merged. */
#define ALONE_MOST 40
/* How often one looks whether all is quiet. */
#define TIDY_MS 250
/* A merge that failed and that nobody waits for is tried again after so many times as long as it took, and a while. */
#define RETRY_FACTOR 10
#define RETRY_NS     (10 * RH_NS_PER_S)

void cp_patterns_job_free(struct cp_patterns_job *job)
{
	cp_set_free(&job->set);
	free(job->body);
	free(job);
}

void cp_compile_free(struct cp_compile_job *job)
{
	cp_set_free(&job->set);
	free(job->body);
	free(job->payloads);
	free(job->reply.body);
	free(job);
}

static void runs_release(struct cp_tenant *t, const struct cp_set *set)
{
	t->runs[set->run].busy = false;
	t->runs[set->run].coming_centicycles = 0;
	for (uint64_t left = set->sources; left; left &= left - 1)
		t->runs[__builtin_ctzll(left)].busy = false;
	if (set->level < CP_LEVELS)
		t->merging[set->level] = false;
}

static void member_stay(struct cp_pattern *p, const struct cp_set *set, enum cp_part part)
{
	p->leaving &= ~set->sources;
	if (part == CP_PART_LEAVES && p->state == CP_PATTERN_LEAVING)
		p->state = CP_PATTERN_INSTALLED;
}

static void fresh_failed(struct cp_pattern *p, const struct cp_sub_outcome *outcome)
{
	if (outcome)
		cp_pattern_resolve(p, outcome);
	else if (p->refs)
		cp_ready_push(p);
	else
		cp_pattern_settle(p);
}

/* The set changed nothing; its fresh patterns get @outcome, or another try when it is NULL. */
static void set_failed(
	struct cp_tenant *t, struct cp_set *set, const struct cp_sub_outcome *outcome)
{
	const struct cp_member *m = set->members;

	runs_release(t, set);
	for (uint32_t i = 0; i < set->member_count; i++)
		member_stay(t->by_id[m[i].id], set, m[i].part);
	/* Whoever is told may ask for patterns and let others go: all that is ours is settled before. */
	for (uint32_t i = 0; i < set->member_count; i++)
		if (m[i].part == CP_PART_FRESH)
			fresh_failed(t->by_id[m[i].id], outcome);
	cp_tenant_compile(t);
}

bool cp_set_install(struct cp_tenant *t, struct cp_set *set, uint8_t *body, size_t len)
{
	struct cp_patterns_job *job = calloc(1, sizeof(*job));

	if (!job)
		return false;
	job->builder.kind = CP_BUILDER_PATTERNS;
	job->tenant = t;
	job->set = *set;
	job->body = body;
	job->len = len;
	set->members = NULL;
	/* It counts from now on: others may come before the builder has answered. */
	t->runs[set->run].coming_centicycles = set->centicycles;
	cp_lane_push(&t->subs->builder, &job->builder.job);
	return true;
}

static bool to_compiler(struct cp_tenant *t, struct cp_set *set)
{
	struct cp_compile_job *job = calloc(1, sizeof(*job));

	if (job)
		job->body = cp_set_body(t, set, &job->len);
	if (!job || !job->body) {
		free(job);
		return false;
	}
	set->store = set->level == CP_LEVELS - 1 && set->count > t->used / 2;
	job->type = HSC_COMPILE;
	job->tenant = t;
	job->set = *set;
	set->members = NULL;
	cp_compile_push(t->subs, CP_COMPILER_MERGES + set->level, job, t->id);
	return true;
}

static void no_memory(struct cp_tenant *t, struct cp_set *set)
{
	struct cp_sub_outcome outcome;

	if (set->level < CP_LEVELS)
		t->not_before_ns[set->level] = rh_clock_ns() + RETRY_NS;
	cp_outcome_set(&outcome, RH_SUB_INTERNAL, CP_TEXT_NO_MEMORY);
	set_failed(t, set, &outcome);
	cp_set_free(set);
}

/* The sources of @set and the ready ones it wants become one run. */
static void merge_start(struct cp_tenant *t, struct cp_set *set)
{
	if (!cp_run_take(t, set))
		return;
	t->merging[set->level] = true;
	if (!cp_set_alloc(t, set)) {
		t->not_before_ns[set->level] = rh_clock_ns() + RETRY_NS;
		runs_release(t, set);
		return;
	}
	cp_set_take_ready(t, set);
	cp_set_choose(t, set);
	if (set->count ? !to_compiler(t, set) : !cp_set_install(t, set, NULL, 0))
		no_memory(t, set);
}

/* Does it have, with all that is there, a price that the tenant may ask of a payload byte? */
static bool is_cheap(const struct cp_tenant *t, uint64_t without, uint32_t centicycles)
{
	return cp_runs_cost(t, without) + centicycles <= t->subs->centicycles_most;
}

/* @p, which is ready, becomes a run. Runs that nobody uses go with it. */
static bool alone_start(struct cp_pattern *p)
{
	struct cp_tenant *t = p->tenant;
	struct cp_set set = {.level = CP_LEVEL_NONE, .sources = cp_runs_unused(t), .fresh = 1};

	if (!is_cheap(t, set.sources, p->centicycles) || !cp_set_alloc(t, &set))
		return false;
	if (!cp_run_take(t, &set)) {
		cp_set_free(&set);
		return false;
	}
	set.centicycles = p->centicycles;
	cp_ready_remove(p);
	p->state = CP_PATTERN_COMPILING;
	p->taken = true;
	cp_set_choose(t, &set);
	if (cp_set_install(t, &set, p->own, p->own_len))
		p->own = NULL;
	else
		no_memory(t, &set);
	return true;
}

static void ready_install(struct cp_tenant *t)
{
	struct cp_pattern *p = t->ready_head;

	if (t->whole)
		return;
	while (p && cp_runs_alone(t) < ALONE_MOST && (cp_runs_free(t) || cp_runs_unused(t)))
		p = alone_start(p) ? t->ready_head : p->ready_next;
}

void cp_tenant_compile(struct cp_tenant *t)
{
	struct cp_set set;

	if (!t->ready)
		t->wide = t->whole = false;
	ready_install(t);
	for (uint8_t level = 0; level < CP_LEVELS; level++)
		if (cp_merge_due(t, level, &set))
			merge_start(t, &set);
	if (cp_merge_later(t) && !uv_is_active((uv_handle_t *)&t->subs->tidy))
		(void)uv_timer_start(&t->subs->tidy, cp_tidy_run, TIDY_MS, 0);
}

void cp_tidy_run(uv_timer_t *timer)
{
	struct cp_subs *subs = timer->data;

	for (unsigned i = 0; i < DP_LIMIT_TENANTS; i++)
		if (subs->tenants[i])
			cp_tenant_compile(subs->tenants[i]);
	/* What was begun waits for a turn. */
	cp_compilers_collect(subs);
}

static void set_refused(struct cp_compile_job *job)
{
	struct cp_tenant *t = job->tenant;
	struct cp_set *set = &job->set;
	struct cp_sub_outcome outcome;

	t->subs->stats.compile_failures++;
	cp_compile_outcome(job, ", together with this tenant's others, ", &outcome);
	rh_log_warn(SUBS, "tenant %u: set of %u patterns with %u new ones refused: %s", t->id,
		set->count, set->fresh, outcome.text);
	t->not_before_ns[set->level] = rh_clock_ns() + RETRY_FACTOR * job->took_ns + RETRY_NS;
	if (outcome.code == RH_SUB_INTERNAL || set->fresh <= 1) {
		t->take_most = UINT32_MAX;
		set_failed(t, set, &outcome);
		return;
	}
	/* One of them may be to blame: halve until it stands alone. */
	t->take_most = set->fresh / 2;
	set_failed(t, set, NULL);
}

static void cost_show(const struct hsc_cost *cost, char *out, size_t size)
{
	int len = snprintf(out, size, "%u.%02u cycles a byte", cost->worst_centicycles / 100, cost->worst_centicycles % 100);

	if (cost->typical_centicycles != HSC_UNKNOWN)
		(void)snprintf(out + len, size - (size_t)len, ", %u.%02u on its recent payloads", cost->typical_centicycles / 100,
			cost->typical_centicycles % 100);
}

static void set_compiled(struct cp_compile_job *job, const struct hsc_cost *cost)
{
	struct cp_tenant *t = job->tenant;
	struct cp_set *set = &job->set;
	char costs[96];

	t->subs->stats.compiles++;
	t->subs->stats.last_compile_ns = job->took_ns;
	cost_show(cost, costs, sizeof(costs));
	rh_log_info(SUBS, "tenant %u: set of %u patterns, %u of them new: %u bytes, %u us, scan at most %s",
		t->id, set->count, set->fresh, cost->database_bytes, cost->compile_us, costs);
	if (set->level == CP_LEVELS - 1)
		t->large_ns = job->took_ns;
	set->centicycles = hsc_cost_centicycles(cost);
	if (set->fresh && cp_runs_cost(t, set->sources) &&
		!is_cheap(t, set->sources, set->centicycles)) {
		/* A merge of the medium runs takes a part of a second, one of all many. */
		t->whole = t->wide || !(cp_runs_wide(t) & ~set->sources);
		t->wide = !t->whole;
		set_failed(t, set, NULL);
	} else if (cp_set_install(t, set, job->reply.body, job->reply.len)) {
		job->reply.body = NULL;
	} else {
		no_memory(t, set);
	}
}

void cp_compile_done(struct cp_compile_job *job)
{
	struct hsc_cost cost;

	if (job->type == HSC_CHECK) {
		cp_check_done(job);
		return;
	}
	if (cp_compile_cost(job, &cost))
		set_compiled(job, &cost);
	else
		set_refused(job);
	cp_compile_free(job);
}

static void member_install(struct cp_tenant *t, const struct cp_set *set,
	const struct cp_member *m, uint64_t generation)
{
	struct cp_pattern *p = t->by_id[m->id];

	p->held &= ~(set->sources & ~set->stayed);
	p->leaving &= ~set->sources;
	if (m->part != CP_PART_LEAVES) {
		p->held |= 1ull << set->run;
		t->runs[set->run].used += p->refs != 0;
	}
	if (!p->held)
		p->gone_generation = generation;
	if (m->part == CP_PART_LEAVES && p->state == CP_PATTERN_LEAVING)
		cp_pattern_settle(p);
	if (m->part != CP_PART_FRESH)
		return;
	p->state = CP_PATTERN_INSTALLED;
	free(p->own);
	p->own = NULL;
}

static void set_installed(struct cp_tenant *t, struct cp_set *set, uint64_t generation)
{
	const struct cp_member *m = set->members;

	runs_release(t, set);
	for (uint64_t left = set->sources & ~set->stayed; left; left &= left - 1)
		t->runs[__builtin_ctzll(left)] = (struct cp_run){0};
	if (set->count)
		t->runs[set->run] = (struct cp_run){
			.count = set->count, .centicycles = set->centicycles};
	for (uint32_t i = 0; i < set->member_count; i++)
		member_install(t, set, &m[i], generation);
	t->take_most = UINT32_MAX;
	t->wide = false;
	t->changed_ns = rh_clock_ns();
	cp_samples_again(t);
	/* Whoever is told may ask for patterns and let others go: all that is ours is settled before. */
	for (uint32_t i = 0; i < set->member_count; i++)
		if (m[i].part == CP_PART_FRESH)
			cp_pattern_resolve(t->by_id[m[i].id], NULL);
	cp_tenant_compile(t);
}

void cp_patterns_installed(struct cp_subs *subs, struct cp_patterns_job *job)
{
	struct cp_sub_outcome outcome;

	if (job->builder.status == 0) {
		set_installed(job->tenant, &job->set, job->builder.generation);
	} else {
		subs->stats.compile_failures++;
		rh_log_error(SUBS, "tenant %u: pattern set not taken: %s", job->tenant->id,
			job->builder.err.text);
		cp_outcome_set(&outcome, RH_SUB_INTERNAL, "the patterns could not be installed: %s",
			job->builder.err.text);
		set_failed(job->tenant, &job->set, &outcome);
	}
	cp_patterns_job_free(job);
}
