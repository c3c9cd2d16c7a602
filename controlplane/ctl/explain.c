#include "controlplane/ctl/array.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* More candidates are counted, not listed. */
#define CANDIDATES_MAX 4096

static const char *const verdicts[] = {
	[DP_EXPLAIN_DELIVER] = "deliver",
	[DP_EXPLAIN_SAME_SESSION] = "same_session",
	[DP_EXPLAIN_PATTERN_MISSED] = "pattern_missed",
	[DP_EXPLAIN_PATTERN_UNKNOWN] = "pattern_unknown",
};

static json_t *candidate(struct ctl_call *call, const struct dp_explain_row *row)
{
	struct cp_sub_row sub;

	/* Unsubscribed between the walk and here. */
	if (cp_subs_find(call->ctx->subs, row->sub, &sub) < 0)
		return NULL;
	return json_pack("{s:I, s:I, s:o, s:s, s:s?, s:s}", "subscription", (json_int_t)row->sub,
		"session", (json_int_t)row->session, "client_id",
		ctl_json_client(call, row->session), "filter", sub.filter, "content", sub.content,
		"verdict", verdicts[row->verdict]);
}

static void answer(struct ctl_call *call, const struct dp_explain_row *rows, uint32_t count)
{
	json_t *list = json_array(), *one;
	json_int_t copies = 0, undecided = 0;

	for (uint32_t i = 0; i < count; i++) {
		copies += rows[i].verdict == DP_EXPLAIN_DELIVER;
		undecided += rows[i].verdict == DP_EXPLAIN_PATTERN_UNKNOWN;
		one = i < CANDIDATES_MAX ? candidate(call, &rows[i]) : NULL;
		if (one != NULL)
			(void)json_array_append_new(list, one);
	}
	ctl_reply_array(call, "candidates", list,
		json_pack("{s:O, s:b, s:I, s:I}", "topic", json_object_get(call->body, "topic"),
			"payload", json_object_get(call->body, "payload_base64") != NULL, "copies",
			copies, "undecided", undecided));
}

static void on_explained(
	void *arg, int status, const char *why, const struct dp_explain_row *rows, uint32_t count)
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
		answer(call, rows, count);
	ctl_call_put(call);
}

void ctl_explain(struct ctl_call *call)
{
	static const char *const names[] = {"topic", "payload_base64", NULL};
	const char *topic = NULL, *text = NULL;
	uint8_t *payload = NULL;
	size_t payload_len = 0;
	int rc;

	if (!ctl_args_known(call, names) || !ctl_arg_text(call, "topic", true, &topic) ||
		!ctl_arg_text(call, "payload_base64", false, &text))
		return;
	if (text != NULL)
		payload = ctl_base64_decode(text, &payload_len);
	if (text != NULL && payload == NULL) {
		ctl_refuse(call, CTL_STATUS_INVALID,
			"explain wants \"payload_base64\" in base64 (RFC 4648 section 4)");
		return;
	}
	rc = cp_subs_explain(call->ctx->subs, 0, topic, strlen(topic), payload, payload_len,
		on_explained, ctl_call_get(call));
	free(payload);
	if (rc < 0) {
		ctl_refuse(call, CTL_STATUS_BUSY, "explain: %s", strerror(-rc));
		ctl_call_put(call);
	}
}
