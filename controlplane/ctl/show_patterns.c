#include "controlplane/ctl/call.h"

/* Cycles a byte with two digits, or null. */
static json_t *cycles(uint32_t centicycles)
{
	return centicycles == CP_SUBS_NOT_MEASURED ? json_null() : json_real((double)centicycles / 100);
}

static void add(void *arg, const struct cp_tenant_patterns *row)
{
	(void)json_array_append_new(arg,
		json_pack("{s:i, s:i, s:i, s:o, s:o, s:o, s:b}", "tenant", (int)row->tenant, "patterns", (int)row->patterns, "databases",
			(int)row->databases, "worst_cycles_per_byte", cycles(row->worst_centicycles), "typical_cycles_per_byte",
			cycles(row->typical_centicycles), "limit_cycles_per_byte", cycles(row->most_centicycles), "dear", (int)row->dear));
}

void ctl_show_patterns(struct ctl_call *call)
{
	json_t *list;

	if (!ctl_args_none(call))
		return;
	list = json_array();
	cp_subs_patterns_each(call->ctx->subs, add, list);
	ctl_reply(call, json_pack("{s:o}", "patterns", list));
}
