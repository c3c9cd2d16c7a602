#include "controlplane/ctl/call.h"
#include "dataplane/api/counters.h"

static json_t *counters_of(const struct dp_counters *c)
{
	json_t *out = json_object();

#define X(id, name, help) (void)json_object_set_new(out, name, ctl_json_u64(c->id));
	DP_COUNTERS(X)
#undef X
	(void)json_object_set_new(out, "drop_datagrams", ctl_json_drops(c->drop_datagrams));
	(void)json_object_set_new(out, "drop_events", ctl_json_drops(c->drop_events));
	(void)json_object_set_new(out, "drop_copies", ctl_json_drops(c->drop_copies));
	(void)json_object_set_new(out, "events_waiting", ctl_json_u64(c->events_waiting));
	(void)json_object_set_new(out, "copies_queued", ctl_json_u64(c->copies_queued));
	(void)json_object_set_new(out, "longest_loop_cycles", ctl_json_u64(c->longest_loop_cycles));
	return out;
}

void ctl_show_counters(struct ctl_call *call)
{
	const struct dp_engine *eng = call->ctx->eng;
	struct dp_counters sum = {0}, one;
	struct dp_laws laws;
	json_t *list;

	if (!ctl_args_none(call))
		return;
	list = json_array();
	/* The total is the sum of what the list shows, not a later reading. */
	for (uint32_t w = 0; w < dp_engine_workers(eng); w++) {
		json_t *row;

		if (dp_counters_read(eng, w, &one) < 0)
			continue;
		dp_counters_add(&sum, &one);
		row = counters_of(&one);
		(void)json_object_set_new(row, "worker", json_integer(w));
		(void)json_array_append_new(list, row);
	}
	dp_counters_laws(&sum, &laws);
	ctl_reply(
		call, json_pack("{s:o, s:o, s:{s:I, s:I, s:I}, s:b}", "total", counters_of(&sum),
			      "workers", list, "laws", "datagrams", (json_int_t)laws.datagrams,
			      "events", (json_int_t)laws.events, "copies", (json_int_t)laws.copies,
			      "hold", laws.datagrams == 0 && laws.events == 0 && laws.copies == 0));
}
