#include "controlplane/ctl/array.h"
#include "dataplane/api/topics.h"
#include "dataplane/filter/filter.h"
#include "dataplane/filter/topic.h"

#include <string.h>

struct wanted {
	json_t *rows;
	const struct rh_filter *filter; /* NULL: all */
	uint64_t max, cached;
};

static bool passes(const struct rh_filter *filter, const char *topic)
{
	struct rh_topic cut;

	return filter == NULL || (rh_topic_parse(topic, strlen(topic), &cut, NULL) == 0 &&
					 rh_filter_matches(filter, &cut));
}

static void add_topic(void *arg, const struct dp_topic_row *row)
{
	struct wanted *wanted = arg;
	json_t *out;

	wanted->cached++;
	if (json_array_size(wanted->rows) >= wanted->max || !passes(wanted->filter, row->topic))
		return;
	out = json_pack("{s:s, s:i, s:I, s:I, s:o}", "topic", row->topic, "tenant",
		(int)row->tenant, "worker", (json_int_t)row->worker, "receivers",
		(json_int_t)row->receivers, "events", ctl_json_u64(row->events));
	if (out != NULL)
		(void)json_array_append_new(wanted->rows, out);
}

void ctl_show_topics(struct ctl_call *call)
{
	static const char *const names[] = {"filter", "max", NULL};
	struct wanted wanted = {.max = DP_LIMIT_TOPICS_SHOWN};
	const char *text = NULL;
	struct rh_filter filter;
	struct rh_error err;
	json_t *head;

	if (!ctl_args_known(call, names) || !ctl_arg_text(call, "filter", false, &text) ||
		!ctl_arg_number(call, "max", DP_LIMIT_TOPICS_SHOWN, &wanted.max))
		return;
	if (text != NULL &&
		(rh_filter_parse(RH_DIALECT_MQTT, text, strlen(text), &filter, &err) < 0 ||
			rh_filter_is_plain(&filter, &err) < 0)) {
		ctl_refuse(call, CTL_STATUS_INVALID, "%s", err.text);
		return;
	}
	wanted.filter = text != NULL ? &filter : NULL;
	wanted.rows = json_array();
	dp_topics_each(call->ctx->eng, add_topic, &wanted);
	head = json_pack("{s:I, s:o}", "shown", (json_int_t)json_array_size(wanted.rows), "cached",
		ctl_json_u64(wanted.cached));
	ctl_reply_array(call, "topics", wanted.rows, head);
}
