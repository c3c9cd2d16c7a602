#include "controlplane/ctl/call.h"
#include "dataplane/api/counters.h"

static void add(json_t *list, enum dp_drop reason, const char *level, uint64_t count)
{
	(void)json_array_append_new(
		list, json_pack("{s:s, s:s, s:o, s:s}", "reason", dp_drop_name(reason), "level",
			      level, "count", ctl_json_u64(count), "help", dp_drop_help(reason)));
}

void ctl_show_drops(struct ctl_call *call)
{
	struct dp_counters sum;
	json_t *list;

	if (!ctl_args_none(call))
		return;
	dp_counters_sum(call->ctx->eng, &sum);
	list = json_array();
	for (unsigned r = 1; r < DP_DROP_COUNT; r++) {
		enum dp_drop_level level = dp_drop_level((enum dp_drop)r);

		if (level == DP_DROP_DATAGRAM || level == DP_DROP_LEVEL_COUNT)
			add(list, (enum dp_drop)r, "datagram", sum.drop_datagrams[r]);
		if (level == DP_DROP_EVENT || level == DP_DROP_LEVEL_COUNT)
			add(list, (enum dp_drop)r, "event", sum.drop_events[r]);
		if (level == DP_DROP_COPY)
			add(list, (enum dp_drop)r, "copy", sum.drop_copies[r]);
	}
	ctl_reply(call, json_pack("{s:o}", "drops", list));
}
