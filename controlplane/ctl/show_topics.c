#include "controlplane/ctl/array.h"
#include "controlplane/ctl/connection.h"
#include "controlplane/policy/policy.h"
#include "dataplane/base/clock.h"
#include "dataplane/filter/filter.h"
#include "dataplane/filter/topic.h"

#include <stdlib.h>
#include <string.h>

#define EVERY_TENANT UINT32_MAX

static int by_rate(const struct ctl_topic *a, const struct ctl_topic *b)
{
	return (a->events_per_s < b->events_per_s) - (a->events_per_s > b->events_per_s);
}

static int by_bytes(const struct ctl_topic *a, const struct ctl_topic *b)
{
	return (a->bytes_per_s < b->bytes_per_s) - (a->bytes_per_s > b->bytes_per_s);
}

static int by_last(const struct ctl_topic *a, const struct ctl_topic *b)
{
	return (a->last_tsc < b->last_tsc) - (a->last_tsc > b->last_tsc);
}

static int by_receivers(const struct ctl_topic *a, const struct ctl_topic *b)
{
	return (a->receivers < b->receivers) - (a->receivers > b->receivers);
}

static int by_events(const struct ctl_topic *a, const struct ctl_topic *b)
{
	if (a->events != b->events)
		return a->events < b->events ? 1 : -1;
	return strcmp(a->topic, b->topic);
}

typedef int (*compare)(const struct ctl_topic *a, const struct ctl_topic *b);

static const struct {
	const char *name;
	compare compare;
} sorts[] = {
	{"rate", by_rate}, {"bytes", by_bytes}, {"last", by_last}, {"receivers", by_receivers}};

/* One question, until its answer. */
struct question {
	struct ctl_call *call;
	struct rh_filter filter;
	bool filtered;
	const char *one_topic; /* that the filter matches, if it has no wildcard; in filter */
	uint32_t tenant;
	unsigned sort;
	uint64_t max;
	/* the answer */
	const struct ctl_topic **rows;
	uint32_t matched, room;
	uint64_t now_tsc, now_ns, hz;
	bool torn; /* of several workers a row or more could not be read: it may be of any topic */
	struct dp_topics_rest rest;
};

/* The sort of the question in force: qsort passes nothing on, and there is one control loop. */
static compare sort_now;

static int in_order(const void *a, const void *b)
{
	const struct ctl_topic *x = *(const struct ctl_topic *const *)a,
			       *y = *(const struct ctl_topic *const *)b;
	int order = sort_now(x, y);

	return order ? order : by_events(x, y);
}

static bool wanted(const struct question *q, const struct ctl_topic *topic)
{
	struct rh_topic cut;

	if (q->tenant != EVERY_TENANT && q->tenant != topic->tenant)
		return false;
	return !q->filtered || (rh_topic_parse(topic->topic, topic->topic_len, &cut, NULL) == 0 &&
				       rh_filter_matches(&q->filter, &cut));
}

static void take(void *arg, struct rh_hnode *node)
{
	const struct ctl_topic *topic = rh_container(node, struct ctl_topic, node);
	struct question *q = arg;

	if (q->matched < q->room && wanted(q, topic))
		q->rows[q->matched++] = topic;
}

static json_t *time_of(const struct question *q, uint64_t tsc)
{
	uint64_t ago = q->now_tsc > tsc ? q->now_tsc - tsc : 0;

	return ctl_json_time(q->now_ns - (uint64_t)((double)ago * 1e9 / (double)q->hz));
}

static double seconds_since(const struct question *q, uint64_t tsc)
{
	return q->now_tsc > tsc ? (double)(q->now_tsc - tsc) / (double)q->hz : 0;
}

/* Events of the topic in the rest, at most. *@elsewhere: of other workers than @worker. */
static uint64_t missed_of(const struct question *q, uint16_t tenant, const char *topic, size_t len,
	uint32_t worker, bool *elsewhere)
{
	const struct dp_engine *eng = q->call->ctx->eng;
	uint64_t sum = 0;

	*elsewhere = false;
	for (uint32_t w = 0; w < dp_engine_workers(eng); w++) {
		uint64_t missed = dp_topics_missed(eng, w, tenant, topic, len);

		sum += missed;
		*elsewhere |= missed != 0 && w != worker;
	}
	return sum;
}

/*
 * Exact means: every event since `since` is in `events`, and no other. Without a trace of the topic
 * in the rest that is since counting began; else only if one worker alone has seen it, which has
 * kept it since then.
 */
static json_t *row_of(const struct question *q, const struct ctl_topic *topic)
{
	bool elsewhere, exact;
	uint64_t missed = missed_of(
		q, topic->tenant, topic->topic, topic->topic_len, topic->worker, &elsewhere);

	exact = q->rest.sample == 1 && !q->torn &&
		(missed == 0 || (topic->sources == 1 && !elsewhere && !q->rest.profiles));
	return json_pack("{s:s, s:i, s:I, s:I, s:f, s:f, s:o, s:o, s:o, s:f, s:b, s:o, s:o}",
		"topic", topic->topic, "tenant", (int)topic->tenant, "worker",
		(json_int_t)topic->worker, "receivers", (json_int_t)topic->receivers,
		"events_per_s", topic->events_per_s, "bytes_per_s", topic->bytes_per_s, "events",
		ctl_json_u64(topic->events), "bytes", ctl_json_u64(topic->bytes), "last_seen",
		time_of(q, topic->last_tsc), "idle_s", seconds_since(q, topic->last_tsc), "exact",
		(int)exact, "since", time_of(q, missed == 0 ? q->rest.since_tsc : topic->since_tsc),
		"missed_at_most", q->rest.sample == 1 ? ctl_json_u64(missed) : json_null());
}

static json_t *head_of(const struct question *q, const struct ctl_merge *merge, size_t shown)
{
	const struct dp_topics_rest *rest = &q->rest;
	bool elsewhere;
	json_t *head = json_pack(
		"{s:I, s:I, s:o, s:o, s:I, s:s, s:o, s:f, s:o, s:{s:o, s:o, s:o, s:o}}", "shown",
		(json_int_t)shown, "matched", (json_int_t)q->matched, "cached",
		ctl_json_u64(merge->table.count), "left_out", ctl_json_u64(merge->left_out),
		"sample", (json_int_t)rest->sample, "sort", sorts[q->sort].name, "since",
		time_of(q, rest->since_tsc), "interval_s",
		(double)(merge->began_tsc - merge->before_tsc) / (double)q->hz, "missed_error",
		ctl_json_u64(rest->missed_error), "rest", "events", ctl_json_u64(rest->events),
		"bytes", ctl_json_u64(rest->bytes), "topics", ctl_json_u64(rest->topics),
		"topics_error", ctl_json_u64(rest->topics_error));

	if (head != NULL && q->one_topic != NULL && rest->sample == 1)
		(void)json_object_set_new(head, "topic_missed_at_most",
			ctl_json_u64(missed_of(q,
				q->tenant == EVERY_TENANT ? CP_TENANT_DEFAULT : (uint16_t)q->tenant,
				q->one_topic, strlen(q->one_topic), 0, &elsewhere)));
	return head;
}

static void reply(struct question *q, const struct ctl_merge *merge)
{
	json_t *rows = json_array();
	uint32_t count;

	q->now_tsc = rh_tsc();
	q->now_ns = rh_clock_wall_ns();
	q->hz = rh_tsc_hz();
	q->torn = merge->torn && dp_engine_workers(q->call->ctx->eng) > 1;
	rh_htable_each((struct rh_htable *)&merge->table, take, q);
	/* After the rows: what was in none of them is in here. */
	dp_topics_rest(q->call->ctx->eng, &q->rest);
	sort_now = sorts[q->sort].compare;
	qsort(q->rows, q->matched, sizeof(struct ctl_topic *), in_order);
	count = q->matched < q->max ? q->matched : (uint32_t)q->max;
	for (uint32_t i = 0; i < count; i++) {
		json_t *row = row_of(q, q->rows[i]);

		if (row != NULL)
			(void)json_array_append_new(rows, row);
	}
	ctl_reply_array(q->call, "topics", rows, head_of(q, merge, json_array_size(rows)));
}

static void on_ready(void *arg, const struct ctl_merge *merge)
{
	struct question *q = arg;

	if (merge != NULL) {
		q->room = (uint32_t)merge->table.count;
		q->rows = calloc(q->room + 1, sizeof(struct ctl_topic *));
	}
	if (q->rows != NULL)
		reply(q, merge);
	else
		ctl_refuse(q->call, CTL_STATUS_BUSY,
			"show topics: out of memory, or the router stops");
	free(q->rows);
	ctl_call_put(q->call);
	free(q);
}

static bool filter_arg(struct ctl_call *call, struct question *q)
{
	const char *text;

	if (!ctl_arg_filter(call, &q->filter, &text))
		return false;
	if (text == NULL)
		return true;
	q->filtered = true;
	/* Without wildcards the canonical form is the topic. */
	q->one_topic = q->filter.tokens ? q->filter.canon : NULL;
	for (uint16_t i = 0; i < q->filter.tokens; i++)
		if (q->filter.token[i].kind != RH_TOKEN_LIT)
			q->one_topic = NULL;
	return true;
}

static bool tenant_arg(struct ctl_call *call, struct question *q)
{
	const char *name = NULL;
	uint16_t tenant;

	q->tenant = EVERY_TENANT;
	if (!ctl_arg_text(call, "tenant", false, &name))
		return false;
	if (name == NULL)
		return true;
	if (*name == '\0' || cp_policy_tenant(name, strlen(name), &tenant) < 0) {
		ctl_refuse(call, CTL_STATUS_NOT_FOUND,
			"there is no tenant \"%.64s\": \"%s\" is the first there is", name,
			cp_policy_tenant_name(CP_TENANT_DEFAULT));
		return false;
	}
	q->tenant = tenant;
	return true;
}

static bool sort_arg(struct ctl_call *call, struct question *q)
{
	const char *name = sorts[0].name;

	if (!ctl_arg_text(call, "sort", false, &name))
		return false;
	for (q->sort = 0; q->sort < RH_ARRAY_LEN(sorts); q->sort++)
		if (strcmp(sorts[q->sort].name, name) == 0)
			return true;
	ctl_refuse(call, CTL_STATUS_INVALID,
		"topics cannot be sorted by \"%.64s\": rate, bytes, last and receivers are known",
		name);
	return false;
}

static struct ctl_topics *topics_of(struct ctl_server *server)
{
	if (server->topics == NULL)
		server->topics = ctl_topics_create(server->loop, server->ctx.eng);
	return server->topics;
}

void ctl_show_topics(struct ctl_call *call)
{
	static const char *const names[] = {"filter", "dialect", "tenant", "max", "sort", NULL};
	struct question *q = calloc(1, sizeof(*q));

	if (q == NULL || topics_of(call->server) == NULL) {
		free(q);
		ctl_refuse(call, CTL_STATUS_BUSY, "out of memory");
		return;
	}
	q->max = DP_LIMIT_TOPICS_SHOWN;
	if (!ctl_args_known(call, names) || !filter_arg(call, q) || !tenant_arg(call, q) ||
		!sort_arg(call, q) ||
		!ctl_arg_number(call, "max", DP_LIMIT_TOPICS_SHOWN, &q->max)) {
		free(q);
		return;
	}
	q->call = ctl_call_get(call);
	ctl_topics_ask(call->server->topics, on_ready, q);
}
