#include "controlplane/ctl/array.h"
#include "controlplane/ctl/explain_event.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More candidates are counted, not listed. */
#define CANDIDATES_MAX 4096

#define WHY_LEN	      256
#define EVERY_SESSION UINT32_MAX

/* The layer is the one that decided. */
static const struct {
	const char *name, *layer, *why;
} verdicts[] = {
	[DP_EXPLAIN_DELIVER] = {"deliver", "index", NULL},
	[DP_EXPLAIN_SAME_SESSION] = {"same_session", "session",
		"another subscription of this client brings the copy"},
	[DP_EXPLAIN_CONTENT_MISSED] = {"content_missed", "content", "the expression is not true of this event"},
	[DP_EXPLAIN_CONTENT_UNKNOWN] = {"content_unknown", "content",
		"payload or attributes decide, and were not given"},
	[DP_EXPLAIN_EXCEPTS] = {"excepts", "exception", "this exception of the client matches the topic"},
	[DP_EXPLAIN_EXCEPTED] = {"excepted", "exception",
		"an exception of this client takes the copy away"},
};

struct explanation {
	struct ctl_call *call;
	json_t *list;
	dp_session_id_t only; /* EVERY_SESSION: of all clients */
	struct rh_topic topic;
	json_int_t copies, undecided;
};

struct candidate {
	const char *verdict, *layer, *why;
	uint32_t cost_cycles;
};

static void candidate_add(
	struct explanation *x, const struct cp_sub_row *sub, const struct candidate *c)
{
	if (json_array_size(x->list) < CANDIDATES_MAX)
		(void)json_array_append_new(x->list,
			json_pack("{s:I, s:I, s:o, s:o, s:s?, s:s, s:s, s:I, s:s?}", "subscription",
				(json_int_t)sub->sub, "session", (json_int_t)sub->slot, "client_id",
				ctl_json_client(x->call, sub->slot), "filter",
				ctl_json_filter(sub, NULL), "content", sub->content, "verdict", c->verdict, "layer",
				c->layer, "cost_cycles", (json_int_t)c->cost_cycles, "why", c->why));
}

/* What would keep a copy in the session's queue just now; false: nothing. */
static bool why_queued(const struct explanation *x, dp_session_id_t slot, char *out)
{
	struct dp_session_stats st;
	bool spent;

	if (dp_session_stats(x->call->ctx->eng, slot, &st) < 0)
		return false;
	spent = st.tx_events >= st.tx_granted_events || st.tx_bytes >= st.tx_granted_bytes;
	if (!spent && !st.queued_events)
		return false;
	(void)snprintf(out, WHY_LEN, "it would queue: %s, %llu events wait",
		spent ? "the client's credit is spent" : "older copies go first",
		(unsigned long long)st.queued_events);
	return true;
}

static void row_add(struct explanation *x, const struct dp_explain_row *row)
{
	struct candidate c = {.verdict = verdicts[row->verdict].name,
		.layer = verdicts[row->verdict].layer,
		.why = verdicts[row->verdict].why,
		.cost_cycles = row->cost_cycles};
	char text[WHY_LEN];
	struct cp_sub_row sub;

	if (x->only != EVERY_SESSION && x->only != row->session)
		return;
	x->copies += row->verdict == DP_EXPLAIN_DELIVER;
	x->undecided += row->verdict == DP_EXPLAIN_CONTENT_UNKNOWN;
	/* Unsubscribed between the walk and here. */
	if (cp_subs_find(x->call->ctx->subs, row->sub, &sub) < 0)
		return;
	/* One with an expression passed the index before. */
	if (row->verdict == DP_EXPLAIN_DELIVER && row->content)
		c.layer = "content";
	if (row->verdict == DP_EXPLAIN_DELIVER && why_queued(x, row->session, text)) {
		c.layer = "credit";
		c.why = text;
	}
	candidate_add(x, &sub, &c);
}

static bool missed_add(void *arg, const struct cp_sub_row *sub)
{
	struct explanation *x = arg;
	struct rh_filter filter;
	char why[WHY_LEN];

	if (rh_filter_from_canon(sub->filter, sub->filter_len, &filter) == 0 &&
		rh_filter_why_not(&filter, &x->topic, why, sizeof(why)))
		candidate_add(x, sub, &(struct candidate){"filter_missed", "index", why, 0});
	return true;
}

static bool slot_take(void *arg, const struct cp_session_row *session)
{
	struct explanation *x = arg;
	const char *client = json_string_value(json_object_get(x->call->body, "client_id"));

	if (strcmp(session->client_id, client) != 0)
		return true;
	x->only = session->slot;
	return false;
}

/* false: the call was refused. */
static bool client_find(struct explanation *x)
{
	const char *client = json_string_value(json_object_get(x->call->body, "client_id"));

	x->only = EVERY_SESSION;
	if (client == NULL)
		return true;
	cp_sessions_each(x->call->ctx->sessions, slot_take, x);
	if (x->only == EVERY_SESSION)
		ctl_refuse(x->call, CTL_STATUS_INVALID,
			"explain: no session of client \"%.128s\": show sessions lists those there "
			"are",
			client);
	return x->only != EVERY_SESSION;
}

static json_t *cost_of(const struct dp_explain_cost *cost)
{
	return json_pack("{s:i, s:I, s:I, s:I, s:I, s:I, s:I}", "topics", 1, "shapes",
		(json_int_t)cost->shapes, "compared", (json_int_t)cost->compared, "matched",
		(json_int_t)cost->matched, "scans", (json_int_t)cost->scans, "copies",
		(json_int_t)cost->copies, "cycles", (json_int_t)cost->cycles);
}

static void answer(struct ctl_call *call, const struct dp_explain_row *rows, uint32_t count,
	const struct dp_explain_cost *cost)
{
	struct explanation x = {.call = call};
	const char *topic = json_string_value(json_object_get(call->body, "topic"));

	if (!client_find(&x))
		return;
	x.list = json_array();
	for (uint32_t i = 0; i < count; i++)
		row_add(&x, &rows[i]);
	if (x.only != EVERY_SESSION && rh_topic_parse(topic, strlen(topic), &x.topic, NULL) == 0)
		/* Without memory those are left out that have nothing to do with the topic. */
		(void)cp_subs_each_of(call->ctx->subs, x.only, missed_add, &x);
	ctl_reply_array(call, "candidates", x.list,
		json_pack("{s:O, s:b, s:b, s:I, s:I, s:o}", "topic", json_object_get(call->body, "topic"),
			"payload", json_object_get(call->body, "payload_base64") != NULL, "attributes",
			json_object_get(call->body, "attributes") != NULL, "copies",
			x.copies, "undecided", x.undecided, "cost", cost_of(cost)));
}

static void on_explained(
	void *arg, int status, const char *why, const struct dp_explain_row *rows, uint32_t count,
	const struct dp_explain_cost *cost)
{
	struct ctl_call *call = arg;

	/* The client may have gone, and the server's context with it. */
	if (call->connection == NULL) {
		ctl_call_put(call);
		return;
	}
	if (status < 0)
		ctl_refuse(call, CTL_STATUS_INVALID, "%s", why != NULL ? why : strerror(-status));
	else
		answer(call, rows, count, cost);
	ctl_call_put(call);
}

void ctl_explain(struct ctl_call *call)
{
	static const char *const names[] = {"topic", "payload_base64", "attributes", "client_id", NULL};
	struct dp_explain_event event;
	const char *client = NULL;
	int rc;

	if (!ctl_args_known(call, names) || !ctl_arg_text(call, "client_id", false, &client) ||
		!ctl_explain_event_take(call, &event))
		return;
	rc = cp_subs_explain(call->ctx->subs, &event, on_explained, ctl_call_get(call));
	ctl_explain_event_free(&event);
	if (rc < 0) {
		ctl_refuse(call, CTL_STATUS_BUSY, "explain: %s", strerror(-rc));
		ctl_call_put(call);
	}
}
