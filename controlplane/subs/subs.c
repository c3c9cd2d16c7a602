#include "controlplane/subs/subs_priv.h"

#include "dataplane/base/atomic.h"
#include "dataplane/base/hash.h"
#include "dataplane/base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void builder_done(struct cp_subs *subs, struct cp_builder_job *job)
{
	struct cp_explain_job *explain;

	switch (job->kind) {
	case CP_BUILDER_CHANGES:
		cp_request_published(subs, (struct cp_request *)job);
		break;
	case CP_BUILDER_CONTENTS:
		cp_contents_deleted(subs, (struct cp_contents_job *)job);
		break;
	case CP_BUILDER_PATTERNS:
		cp_patterns_installed(subs, (struct cp_patterns_job *)job);
		break;
	case CP_BUILDER_EXPLAIN:
		explain = (struct cp_explain_job *)job;
		explain->cb(explain->arg, job->status, job->err.text, explain->rows, explain->count,
			&explain->cost);
		cp_explain_free(explain);
		break;
	case CP_BUILDER_MEASURE:
		cp_samples_measured((struct cp_measure_job *)job);
		break;
	}
}

static void on_wake(uv_async_t *wake)
{
	struct cp_subs *subs = wake->data;
	struct cp_jobs built = cp_lane_collect(&subs->builder);
	struct cp_job *job;

	while ((job = cp_jobs_pop(&built)))
		builder_done(subs, (struct cp_builder_job *)job);
	cp_compilers_collect(subs);
	subs->drop_left = CP_DROPS_A_TURN;
	cp_drops_run(subs);
	cp_acks_run(subs);
	cp_contents_flush(subs);
}

static void subs_free(struct cp_subs *subs)
{
	for (unsigned i = 0; i < DP_LIMIT_SESSIONS; i++)
		free(subs->sessions[i]);
	for (unsigned i = 0; i < DP_LIMIT_TENANTS; i++)
		cp_tenant_destroy(subs->tenants[i]);
	cp_registry_fini(subs);
	free(subs->samples);
	free(subs);
}

static void on_closed(uv_handle_t *handle)
{
	struct cp_subs *subs = handle->data;

	if (--subs->handles == 0)
		subs_free(subs);
}

static void handles_close(struct cp_subs *subs)
{
	if (subs->handles > 0)
		uv_close((uv_handle_t *)&subs->wake, on_closed);
	if (subs->handles > 1)
		uv_close((uv_handle_t *)&subs->acks, on_closed);
	if (subs->handles > 2)
		uv_close((uv_handle_t *)&subs->tidy, on_closed);
	if (subs->handles > 3)
		uv_close((uv_handle_t *)&subs->sampling, on_closed);
}

static int handles_open(struct cp_subs *subs, uv_loop_t *loop, struct rh_error *err)
{
	int ret = uv_async_init(loop, &subs->wake, on_wake);

	if (ret < 0)
		return rh_error_set(
			err, -ret, "subscriptions: no wake-up handle: %s", uv_strerror(ret));
	subs->handles = 1;
	subs->wake.data = subs;
	ret = uv_timer_init(loop, &subs->acks);
	if (ret < 0)
		return rh_error_set(err, -ret, "subscriptions: no timer: %s", uv_strerror(ret));
	subs->handles = 2;
	subs->acks.data = subs;
	ret = uv_timer_init(loop, &subs->tidy);
	if (ret < 0)
		return rh_error_set(err, -ret, "subscriptions: no timer: %s", uv_strerror(ret));
	subs->handles = 3;
	subs->tidy.data = subs;
	ret = uv_timer_init(loop, &subs->sampling);
	if (ret < 0)
		return rh_error_set(err, -ret, "subscriptions: no timer: %s", uv_strerror(ret));
	subs->handles = 4;
	subs->sampling.data = subs;
	return 0;
}

static int threads_start(
	struct cp_subs *subs, const struct cp_conf *conf, struct rh_error *err)
{
	int ret = cp_lane_start(&subs->builder, &subs->wake, cp_builder_main, subs);

	if (ret < 0)
		return rh_error_set(err, -ret, "subscriptions: no thread: %s", strerror(-ret));
	return cp_compilers_start(subs, conf, err);
}

static void store_open(struct cp_subs *subs, const struct cp_conf *conf)
{
	char kind[128] = "";

	if (subs->ops->database_kind)
		subs->ops->database_kind(kind, sizeof(kind));
	cp_store_init(&subs->store, conf, kind);
}

int cp_subs_create_with(uv_loop_t *loop, const struct cp_subs_ops *ops, struct dp_table *table,
	struct dp_engine *eng, const struct cp_conf *conf, struct cp_subs **out,
	struct rh_error *err)
{
	struct cp_subs *subs = calloc(1, sizeof(*subs));
	struct rh_error missing;
	char path[256];
	int ret;

	if (!subs)
		return rh_error_set(err, ENOMEM, "subscriptions: no memory");
	ret = cp_registry_init(subs);
	if (ret < 0) {
		subs_free(subs);
		return rh_error_set(err, -ret,
			"subscriptions: no address space for the registry: allow more (ulimit -v)");
	}
	subs->samples = malloc(sizeof(*subs->samples));
	if (!subs->samples) {
		subs_free(subs);
		return rh_error_set(err, ENOMEM, "subscriptions: no memory");
	}
	subs->drop_left = CP_DROPS_A_TURN;
	subs->ops = ops;
	subs->table = table;
	subs->eng = eng;
	subs->seed = rh_random_seed();
	subs->subs_per_session = conf->subs_per_session;
	subs->patterns_max = conf->patterns_max;
	subs->contents_max = conf->expressions_max;
	subs->content_bytes_max = conf->expression_bytes_max;
	if (cp_helper_check(conf, path, sizeof(path), &missing) < 0)
		rh_log_warn(SUBS, "%s", missing.text);
	store_open(subs, conf);
	ret = handles_open(subs, loop, err);
	if (ret == 0)
		ret = threads_start(subs, conf, err);
	if (ret < 0) {
		cp_subs_destroy(subs);
		return ret;
	}
	cp_stored_adopt(subs);
	*out = subs;
	return 0;
}

static void request_end(struct cp_request *r)
{
	for (uint16_t i = 0; i < r->count; i++)
		cp_outcome_set(&r->outcomes[i], RH_SUB_INTERNAL, "the router is stopping");
	r->cb(r->arg, r->outcomes, r->count, 0);
	cp_request_free(r);
}

/* Jobs that nobody will work on. */
static void job_discard(struct cp_builder_job *job)
{
	if (job->kind == CP_BUILDER_CHANGES) {
		struct cp_request *r = (struct cp_request *)job;

		for (uint32_t i = 0; i < r->change_count; i++)
			cp_registry_change_drop(r->subs, &r->changes[i]);
		cp_drop_stop(r->subs, r);
		request_end(r);
	} else if (job->kind == CP_BUILDER_EXPLAIN) {
		struct cp_explain_job *explain = (struct cp_explain_job *)job;

		/* Whoever asked holds something for the answer. */
		explain->cb(explain->arg, -ECANCELED, "the router is stopping", NULL, 0,
			&explain->cost);
		cp_explain_free(explain);
	} else if (job->kind == CP_BUILDER_PATTERNS) {
		cp_patterns_job_free((struct cp_patterns_job *)job);
	} else {
		free(job);
	}
}

static void jobs_discard(struct cp_jobs jobs)
{
	struct cp_job *job;

	while ((job = cp_jobs_pop(&jobs)))
		job_discard((struct cp_builder_job *)job);
}

static void requests_discard(struct cp_request *r)
{
	struct cp_request *next;

	for (; r; r = next) {
		next = r->next;
		request_end(r);
	}
}

static void queues_discard(struct cp_subs *subs)
{
	jobs_discard(cp_lane_collect(&subs->builder));
	jobs_discard(cp_lane_rest(&subs->builder));
	requests_discard(subs->ack_head);
	for (unsigned i = 0; i < DP_LIMIT_SESSIONS; i++) {
		if (subs->sessions[i])
			requests_discard(subs->sessions[i]->head);
	}
}

void cp_subs_destroy(struct cp_subs *subs)
{
	if (!subs)
		return;
	cp_compilers_stop(subs);
	cp_lane_stop(&subs->builder);
	queues_discard(subs);
	if (subs->handles)
		handles_close(subs);
	else
		subs_free(subs);
}

static int ask(struct cp_subs *subs, enum cp_request_kind kind, dp_session_id_t slot,
	uint16_t tenant, const struct rh_sub_entry *entries, uint16_t count, cp_subs_done_cb cb,
	void *arg)
{
	struct cp_request *r;

	if (!cp_session_get(subs, slot))
		return -ENOMEM;
	r = cp_request_create(subs, kind, slot, tenant, entries, count);
	if (!r) {
		cp_session_trim(subs, subs->sessions[slot]);
		return -ENOMEM;
	}
	r->cb = cb;
	r->arg = arg;
	cp_request_push(subs, r);
	cp_contents_flush(subs);
	return 0;
}

int cp_subs_add(struct cp_subs *subs, dp_session_id_t slot, uint16_t tenant,
	const struct rh_sub_entry *entries, uint16_t count, cp_subs_done_cb cb, void *arg)
{
	return ask(subs, CP_REQUEST_ADD, slot, tenant, entries, count, cb, arg);
}

int cp_subs_del(struct cp_subs *subs, dp_session_id_t slot, uint16_t tenant,
	const struct rh_sub_entry *entries, uint16_t count, cp_subs_done_cb cb, void *arg)
{
	return ask(subs, CP_REQUEST_DEL, slot, tenant, entries, count, cb, arg);
}

int cp_subs_drop_session(struct cp_subs *subs, dp_session_id_t slot, cp_subs_done_cb cb, void *arg)
{
	return ask(subs, CP_REQUEST_DROP, slot, 0, NULL, 0, cb, arg);
}

void cp_subs_stats(const struct cp_subs *subs, struct cp_subs_stats *out)
{
	*out = subs->stats;
	out->contents = subs->contents.wanted;
	for (unsigned i = 0; i < DP_LIMIT_TENANTS; i++) {
		uint64_t bytes = subs->contents.of_tenant[i].bytes;

		out->patterns += subs->tenants[i] ? subs->tenants[i]->used : 0;
		out->tenants_dear += subs->tenants[i] && subs->tenants[i]->dear;
		out->content_bytes += bytes;
		if (bytes > out->content_bytes_most)
			out->content_bytes_most = bytes;
	}
	for (unsigned i = 0; i < CP_COMPILER_COUNT; i++)
		out->helper_restarts += rh_load_relaxed(&subs->compilers[i].helper.restarts);
	subs->ops->stats(subs->table, &out->table);
}

static void *copy_of(const void *bytes, size_t len)
{
	void *copy = bytes ? malloc(len ? len : 1) : NULL;

	if (copy)
		memcpy(copy, bytes, len);
	return copy;
}

/* False: no memory. */
static bool event_copy(struct dp_explain_event *to, const struct dp_explain_event *from)
{
	*to = *from;
	to->topic = copy_of(from->topic, from->topic_len);
	to->payload = copy_of(from->payload, from->payload_len);
	to->attributes = copy_of(from->attributes, from->attributes_len);
	return to->topic && !to->payload == !from->payload && !to->attributes == !from->attributes;
}

int cp_subs_explain(struct cp_subs *subs, const struct dp_explain_event *event, cp_subs_explain_cb cb,
	void *arg)
{
	struct cp_explain_job *job = calloc(1, sizeof(*job));

	if (!job)
		return -ENOMEM;
	job->builder.kind = CP_BUILDER_EXPLAIN;
	job->cb = cb;
	job->arg = arg;
	if (!event_copy(&job->event, event)) {
		cp_explain_free(job);
		return -ENOMEM;
	}
	cp_lane_push(&subs->builder, &job->builder.job);
	return 0;
}
