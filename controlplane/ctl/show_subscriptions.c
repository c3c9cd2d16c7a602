#include "controlplane/ctl/call.h"
#include "controlplane/ctl/ids.h"

#include <stdlib.h>

#define ALL_SESSIONS UINT64_MAX

static bool add_sub(void *arg, const struct cp_sub_row *row)
{
	return ctl_ids_add(arg, row->sub);
}

static bool ids_fill(const struct cp_subs *subs, uint64_t session, struct ctl_ids *ids)
{
	if (session != ALL_SESSIONS)
		return cp_subs_each_of(subs, (dp_session_id_t)session, add_sub, ids) == 0;
	cp_subs_each(subs, add_sub, ids);
	return true;
}

static json_t *row_of(struct ctl_call *call, void *rows, uint32_t index)
{
	const struct ctl_ids *ids = rows;
	enum rh_dialect dialect = RH_DIALECT_MQTT;
	struct cp_sub_row sub;
	json_t *filter;

	if (cp_subs_find(call->ctx->subs, ids->id[index], &sub) < 0)
		return NULL;
	filter = ctl_json_filter(&sub, &dialect);
	return json_pack("{s:I, s:I, s:o, s:o, s:s, s:b, s:s?, s:i, s:o}", "subscription",
		(json_int_t)sub.sub, "session", (json_int_t)sub.slot, "client_id",
		ctl_json_client(call, sub.slot), "filter", filter, "dialect",
		rh_dialect_name(dialect), "exception", (int)sub.except, "content", sub.content,
		"tenant", (int)sub.tenant, "since", ctl_json_time(sub.since_wall_ns));
}

void ctl_show_subscriptions(struct ctl_call *call)
{
	static const char *const names[] = {"session", NULL};
	uint64_t session = ALL_SESSIONS;
	struct ctl_ids *ids;

	if (!ctl_args_known(call, names) || !ctl_arg_number(call, "session", UINT32_MAX, &session))
		return;
	ids = calloc(1, sizeof(*ids));
	if (ids == NULL || !ids_fill(call->ctx->subs, session, ids)) {
		free(ids);
		ctl_refuse(call, CTL_STATUS_BUSY, "out of memory");
		return;
	}
	ctl_reply_list(call, &(struct ctl_list){.key = "subscriptions",
				     .count = ids->count,
				     .rows = ids,
				     .row = row_of,
				     .free_rows = ctl_ids_free});
}
