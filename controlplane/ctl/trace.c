#include "controlplane/ctl/array.h"
#include "dataplane/api/trace.h"
#include "dataplane/base/utf8.h"
#include "dataplane/filter/filter.h"

#include <stdlib.h>
#include <string.h>

/* The filter in force, for answers; the dataplane has its own copy. Control loop only. */
static char current[RH_FILTER_MAX + 1];
static bool tracing, filtered;

void ctl_trace_start(struct ctl_call *call)
{
	static const char *const names[] = {"filter", "dialect", NULL};
	struct rh_filter filter;
	const char *text;
	int rc;

	if (!ctl_args_known(call, names) || !ctl_arg_filter(call, &filter, &text))
		return;
	rc = dp_trace_start(call->ctx->eng, text != NULL ? &filter : NULL);
	if (rc < 0) {
		ctl_refuse(call, CTL_STATUS_REFUSED, "trace cannot start: %s", strerror(-rc));
		return;
	}
	tracing = true;
	filtered = text != NULL;
	(void)snprintf(current, sizeof(current), "%s", filtered ? text : "");
	ctl_reply(
		call, json_pack("{s:b, s:s?}", "tracing", 1, "filter", filtered ? current : NULL));
}

void ctl_trace_stop(struct ctl_call *call)
{
	if (!ctl_args_none(call))
		return;
	dp_trace_stop(call->ctx->eng);
	tracing = false;
	ctl_reply(call, json_pack("{s:b}", "tracing", 0));
}

/* The kept part of a topic, cut back to whole characters. */
static json_t *topic_of(const struct dp_trace_entry *e)
{
	size_t n = e->topic_len < DP_TRACE_TOPIC_BYTES ? e->topic_len : DP_TRACE_TOPIC_BYTES, bad;

	if (!rh_utf8_valid((const uint8_t *)e->topic, n, &bad))
		n = bad;
	return json_stringn(e->topic, n);
}

static json_t *row_of(const struct dp_trace_entry *e)
{
	size_t kept =
		e->payload_kept < DP_TRACE_PAYLOAD_BYTES ? e->payload_kept : DP_TRACE_PAYLOAD_BYTES;
	char publisher[17];

	(void)snprintf(publisher, sizeof(publisher), "%016llx", (unsigned long long)e->incarnation);
	return json_pack("{s:o, s:I, s:s, s:o, s:I, s:o, s:I, s:I, s:o, s:o, s:s?, s:b}", "at",
		ctl_json_time(e->wall_ns), "worker", (json_int_t)e->worker, "publisher", publisher,
		"sequence", ctl_json_u64(e->sequence), "session", (json_int_t)e->publisher, "topic",
		topic_of(e), "receivers", (json_int_t)e->receivers, "payload_len",
		(json_int_t)e->payload_len, "payload",
		ctl_json_text((const char *)e->payload, kept), "payload_base64",
		ctl_json_base64(e->payload, kept), "drop",
		e->drop == DP_DROP_NONE ? NULL : dp_drop_name(e->drop), "cache_hit",
		(int)e->cache_hit);
}

void ctl_trace_show(struct ctl_call *call)
{
	static const char *const names[] = {"max", NULL};
	uint64_t max = DP_LIMIT_TRACE_RING;
	struct dp_trace_entry *entries;
	json_t *rows;
	uint32_t n;

	if (!ctl_args_known(call, names) || !ctl_arg_number(call, "max", DP_LIMIT_TRACE_RING, &max))
		return;
	entries = calloc(max > 0 ? max : 1, sizeof(*entries));
	if (entries == NULL) {
		ctl_refuse(call, CTL_STATUS_BUSY, "out of memory");
		return;
	}
	n = dp_trace_read(call->ctx->eng, entries, (uint32_t)max);
	rows = json_array();
	for (uint32_t i = 0; i < n; i++)
		(void)json_array_append_new(rows, row_of(&entries[i]));
	free(entries);
	ctl_reply_array(call, "events", rows, json_pack("{s:b}", "tracing", (int)tracing));
}
