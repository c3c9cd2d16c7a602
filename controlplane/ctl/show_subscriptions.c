#include "controlplane/ctl/call.h"
#include "controlplane/ctl/ids.h"

#include <stdlib.h>

struct wanted {
	struct ctl_ids *ids;
	uint64_t session;
};

#define ALL_SESSIONS UINT64_MAX

static bool add_sub(void *arg, const struct cp_sub_row *row)
{
	struct wanted *wanted = arg;

	if (wanted->session != ALL_SESSIONS && wanted->session != row->slot)
		return true;
	return ctl_ids_add(wanted->ids, row->sub);
}

static json_t *row_of(struct ctl_call *call, void *rows, uint32_t index)
{
	const struct ctl_ids *ids = rows;
	struct cp_sub_row sub;

	if (cp_subs_find(call->ctx->subs, ids->id[index], &sub) < 0)
		return NULL;
	return json_pack("{s:I, s:I, s:o, s:s, s:s?, s:i, s:o}", "subscription",
		(json_int_t)sub.sub, "session", (json_int_t)sub.slot, "client_id",
		ctl_json_client(call, sub.slot), "filter", sub.filter, "content", sub.content,
		"tenant", (int)sub.tenant, "since", ctl_json_time(sub.since_wall_ns));
}

void ctl_show_subscriptions(struct ctl_call *call)
{
	static const char *const names[] = {"session", NULL};
	struct wanted wanted = {.session = ALL_SESSIONS};

	if (!ctl_args_known(call, names) ||
		!ctl_arg_number(call, "session", UINT32_MAX, &wanted.session))
		return;
	wanted.ids = calloc(1, sizeof(*wanted.ids));
	if (wanted.ids == NULL) {
		ctl_refuse(call, CTL_STATUS_BUSY, "out of memory");
		return;
	}
	cp_subs_each(call->ctx->subs, add_sub, &wanted);
	ctl_reply_list(call, &(struct ctl_list){.key = "subscriptions",
				     .count = wanted.ids->count,
				     .rows = wanted.ids,
				     .row = row_of,
				     .free_rows = ctl_ids_free});
}
