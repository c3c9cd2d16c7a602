/*
 * The builder thread: executes changes in order, a batch at a time, and publishes once for all of
 * them.
 */
#include "controlplane/subs/subs_priv.h"

#include "dataplane/base/rcu.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Requests in one publish: bounds the time until the first of them is answered. */
#define BATCH_MOST 256
/* Changes between two quiescent states: a session may drop a million at once, and replaced sets
 * live until then. */
#define QUIESCENT_EVERY 256

/* While workers may still look at what was removed: a grace period is about as long. */
#define COLLECT_MS 10

/* @change is an entry's: its outcome learns what @sub costs. */
static void price_run(struct cp_subs *subs, struct cp_request *r, const struct cp_change *change,
	dp_sub_id_t sub)
{
	struct cp_sub_outcome *out = &r->outcomes[change - r->changes];

	struct dp_sub_price price;

	if (subs->ops->sub_price(subs->table, sub, &price) < 0)
		return;
	/* What the registry knows of its expression stands there already: by its form it may cost more than by the table's count. */
	price.bytes += CP_RECORD_BYTES + out->price.bytes;
	if (price.match_cycles < out->price.match_cycles)
		price.match_cycles = out->price.match_cycles;
	out->price = price;
}

/* The table learns of an expression with the first subscription that needs it. */
static int content_run(struct cp_subs *subs, struct cp_request *r, const struct cp_change *change)
{
	const struct cp_expression *x = r->entries[change - r->changes].expression;
	struct cp_content *c = x ? cp_content_at(&subs->contents, change->id) : NULL;
	int ret;

	if (!c || c->added)
		return 0;
	cp_expression_tree(x, &subs->tree);
	ret = subs->ops->content_add(
		subs->table, c->tenant, c->id, x->alone ? NULL : &subs->tree, c->pattern, &r->builder.err);
	c->added = ret == 0;
	if (ret == 0 || ret == -ENOMEM)
		return ret;
	cp_outcome_set(&r->outcomes[change - r->changes], RH_SUB_INVALID_CONTENT, "%s", r->builder.err.text);
	return -EBADMSG;
}

static void add_run(struct cp_subs *subs, struct cp_request *r, struct cp_change *change)
{
	struct cp_adding *a = change->adding;
	struct rh_filter filter;
	int ret = rh_filter_from_canon(a->filter, a->len, &filter);

	filter.except = a->except;
	if (ret == 0)
		ret = content_run(subs, r, change);
	if (ret == 0)
		ret = subs->ops->sub_add(subs->table, a->tenant, &filter, r->slot, change->id,
			&a->table_id, &r->builder.err);
	change->result = a->refused = (int16_t)ret;
	change->id = a->table_id;
	if (ret == 0)
		price_run(subs, r, change, a->table_id);
}

/* It is as good as what it relies on. */
static void keep_run(struct cp_subs *subs, struct cp_request *r, struct cp_change *change)
{
	const struct cp_adding *a = change->adding;

	change->result = a->refused;
	if (change->result == 0)
		price_run(subs, r, change, a->table_id);
}

static void del_run(struct cp_subs *subs, struct cp_change *change)
{
	struct cp_adding *a = change->adding;
	dp_sub_id_t sub = a ? a->table_id : change->id;

	if (sub != DP_SUB_NONE)
		change->result = (int16_t)subs->ops->sub_del(subs->table, sub);
	if (a)
		a->table_id = DP_SUB_NONE;
}

static void change_run(struct cp_subs *subs, struct cp_request *r, struct cp_change *change)
{
	switch (change->kind) {
	case CP_CHANGE_ADD:
		add_run(subs, r, change);
		break;
	case CP_CHANGE_DEL:
		del_run(subs, change);
		break;
	case CP_CHANGE_KEEP:
		keep_run(subs, r, change);
		break;
	case CP_CHANGE_PRICE:
		price_run(subs, r, change, change->id);
		break;
	case CP_CHANGE_NONE:
		break;
	}
}

static bool changes_run(struct cp_subs *subs, struct cp_request *r)
{
	bool changed = false;

	for (uint32_t i = 0; i < r->change_count; i++) {
		change_run(subs, r, &r->changes[i]);
		changed |=
			r->changes[i].kind == CP_CHANGE_ADD || r->changes[i].kind == CP_CHANGE_DEL;
		if (i % QUIESCENT_EVERY == QUIESCENT_EVERY - 1)
			rh_rcu_quiescent();
	}
	return changed;
}

/* One that was never added is not there. */
static void contents_run(struct cp_subs *subs, struct cp_contents_job *job)
{
	uint32_t done = 0;
	int ret;

	for (struct cp_content *c = job->first; c;
		c = c->next ? cp_content_at(&subs->contents, c->next) : NULL) {
		ret = c->added ? subs->ops->content_del(subs->table, c->id) : 0;
		c->added = ret < 0;
		if (ret < 0)
			(void)rh_error_set(&job->builder.err, -ret, "%s", strerror(-ret));
		if (++done % QUIESCENT_EVERY == 0)
			rh_rcu_quiescent();
	}
}

static int tier_set(
	struct cp_subs *subs, struct cp_patterns_job *p, uint32_t tier, const void *db, size_t len)
{
	return subs->ops->patterns_set(subs->table, p->tenant->id, tier, db, len,
		len ? p->set.max_pattern : 0, &p->builder.err);
}

/* The sources end with the publish that brings what replaces them. */
static bool patterns_run(struct cp_subs *subs, struct cp_patterns_job *p)
{
	uint32_t tier;

	if (p->body)
		p->builder.status = tier_set(
			subs, p, p->set.run, p->body + HSC_COST, p->len - HSC_COST);
	if (p->builder.status)
		return false;
	for (uint64_t left = p->set.sources; left; left &= left - 1) {
		tier = (uint32_t)__builtin_ctzll(left);
		if ((!p->body || tier != p->set.run) && tier_set(subs, p, tier, NULL, 0))
			p->set.stayed |= 1ull << tier;
	}
	return true;
}

static void row_keep(void *arg, const struct dp_explain_row *row)
{
	struct cp_explain_job *job = arg;
	struct dp_explain_row *more;
	uint32_t room = job->room ? job->room * 2 : 64;

	if (job->count == job->room) {
		more = realloc(job->rows, room * sizeof(*more));
		if (!more) {
			job->builder.status =
				rh_error_set(&job->builder.err, ENOMEM, "no memory for all rows");
			return;
		}
		job->rows = more;
		job->room = room;
	}
	job->rows[job->count++] = *row;
}

static void explain_run(struct cp_subs *subs, struct cp_explain_job *job)
{
	int ret = subs->ops->explain(
		subs->table, &job->event, row_keep, job, &job->cost, &job->builder.err);

	if (ret < 0)
		job->builder.status = ret;
}

static void measure_run(struct cp_subs *subs, struct cp_measure_job *job)
{
	job->builder.status = subs->ops->patterns_cost(subs->table, job->tenant->id, &job->samples, &job->centicycles);
}

void cp_explain_free(struct cp_explain_job *job)
{
	free((void *)(uintptr_t)job->event.topic);
	free((void *)(uintptr_t)job->event.payload);
	free((void *)(uintptr_t)job->event.attributes);
	free(job->rows);
	free(job);
}

/* True when there is something to publish. */
static bool job_run(struct cp_subs *subs, struct cp_builder_job *job)
{
	switch (job->kind) {
	case CP_BUILDER_CHANGES:
		return changes_run(subs, (struct cp_request *)job);
	case CP_BUILDER_CONTENTS:
		contents_run(subs, (struct cp_contents_job *)job);
		break;
	case CP_BUILDER_PATTERNS:
		return patterns_run(subs, (struct cp_patterns_job *)job);
	case CP_BUILDER_EXPLAIN:
		explain_run(subs, (struct cp_explain_job *)job);
		break;
	case CP_BUILDER_MEASURE:
		measure_run(subs, (struct cp_measure_job *)job);
		break;
	}
	return false;
}

static void batch_run(struct cp_subs *subs, struct cp_jobs *jobs)
{
	bool changed = false;
	uint64_t generation;

	for (struct cp_job *j = jobs->head; j; j = j->next) {
		changed |= job_run(subs, (struct cp_builder_job *)j);
		rh_rcu_quiescent();
	}
	generation = changed ? subs->ops->publish(subs->table) : subs->ops->generation(subs->table);
	rh_rcu_quiescent();
	for (struct cp_job *j = jobs->head; j; j = j->next)
		((struct cp_builder_job *)j)->generation = generation;
}

/* Without a job: the table takes back what was removed. How long to wait for the next job, in ms. */
static int idle_run(struct cp_subs *subs)
{
	switch (subs->ops->collect(subs->table)) {
	case DP_COLLECT_MORE:
		return 0;
	case DP_COLLECT_WAIT:
		return COLLECT_MS;
	case DP_COLLECT_DONE:
		break;
	}
	return -1;
}

void *cp_builder_main(void *arg)
{
	struct cp_subs *subs = arg;
	struct cp_jobs jobs;
	int wait_ms = -1;

	rh_rcu_register();
	rh_rcu_offline();
	while (cp_lane_take(&subs->builder, BATCH_MOST, wait_ms, &jobs)) {
		rh_rcu_online();
		if (jobs.head)
			batch_run(subs, &jobs);
		wait_ms = jobs.head ? 0 : idle_run(subs);
		rh_rcu_offline();
		if (jobs.head)
			cp_lane_give(&subs->builder, &jobs);
	}
	rh_rcu_online();
	rh_rcu_unregister();
	return NULL;
}
