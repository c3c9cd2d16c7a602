/*
 * A pattern's way through the compilers before it is a run's: looked at alone, longer when that was
 * not enough.
 */
#include "controlplane/subs/subs_priv.h"

#include <stdlib.h>

/* Long looks of one session that wait; each may take content/compile-time-max. */
#define LONG_WAIT_MOST 16

bool cp_check_push(struct cp_pattern *p, dp_session_id_t slot)
{
	const struct hsc_pattern pattern = {p->id, p->len, p->text};
	struct cp_compile_job *job = calloc(1, sizeof(*job));
	uint8_t *body = malloc(HSC_CHECK_HDR + p->len);

	if (!job || !body) {
		free(job);
		free(body);
		return false;
	}
	hsc_check_encode(body, &pattern);
	job->type = HSC_CHECK;
	job->tenant = p->tenant;
	job->pattern = p;
	job->body = body;
	job->len = HSC_CHECK_HDR + p->len;
	p->tenant->checking++;
	cp_samples_want(p->tenant);
	cp_compile_push(p->tenant->subs, CP_COMPILER_FIRST, job, slot);
	return true;
}

static uint8_t code_of(enum hsc_status status)
{
	if (status == HSC_INVALID)
		return RH_SUB_INVALID_CONTENT;
	return status == HSC_TOO_DEAR || status == HSC_TOO_SLOW ? RH_SUB_TOO_DEAR : RH_SUB_INTERNAL;
}

/* The helper's own sentences begin with a verb in lower case, Hyperscan's stand alone. */
void cp_compile_outcome(
	const struct cp_compile_job *job, const char *of, struct cp_sub_outcome *out)
{
	const char *text = (const char *)job->reply.body;

	if (job->result < 0)
		cp_outcome_set(out, RH_SUB_INTERNAL, "%s", job->err.text);
	else if (job->reply.status == HSC_OK)
		cp_outcome_set(out, RH_SUB_INTERNAL, "the pattern compiler gave no database");
	else
		cp_outcome_set(out, code_of(job->reply.status), "pattern%s%s%s",
			*text >= 'a' && *text <= 'z' ? "" : ":", of, text);
}

bool cp_compile_cost(const struct cp_compile_job *job, struct hsc_cost *cost)
{
	return job->result == 0 && job->reply.status == HSC_OK && job->reply.len > HSC_COST &&
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
	cp_pattern_settle(job->pattern);
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

/* Sets are compiled whole and others wait for small ones: count what is not small. Those that nobody
 * uses leave with the next set and do not count. */
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

/* Takes the reply: its database serves @p until a larger one holds it. */
static void ready(struct cp_compile_job *job, const struct hsc_cost *cost)
{
	struct cp_pattern *p = job->pattern;

	p->centicycles = hsc_cost_centicycles(cost);
	p->typical_centicycles = cost->typical_centicycles;
	p->measured = true;
	p->own = job->reply.body;
	p->own_len = job->reply.len;
	job->reply.body = NULL;
	if (p->refs)
		cp_ready_push(p);
	else
		cp_pattern_settle(p);
}

void cp_check_done(struct cp_compile_job *job)
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
	if (!cp_compile_cost(job, &cost)) {
		cp_compile_outcome(job, " ", &outcome);
		cp_pattern_resolve(p, &outcome);
	} else if (!counted(p, cost.compile_us, &outcome)) {
		cp_pattern_resolve(p, &outcome);
	} else {
		ready(job, &cost);
	}
	cp_compile_free(job);
	cp_tenant_compile(t);
}
