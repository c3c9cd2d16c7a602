#include "controlplane/ctl/call.h"
#include "dataplane/api/content.h"

/* Cycles a byte with two digits, or null. */
static json_t *cycles(uint32_t centicycles)
{
	return centicycles == CP_SUBS_NOT_MEASURED ? json_null() : json_real((double)centicycles / 100);
}

struct answer {
	json_t *list;
	const struct ctl_context *ctx;
};

/* What the tenant's content has taken of its share, and of the content lane. Without a bound nothing is measured: null. */
static void budget_add(json_t *out, const struct ctl_context *ctx, uint16_t tenant)
{
	struct dp_content_use use;
	bool bounded = dp_content_use(ctx->eng, tenant, &use) == 0;

	(void)json_object_set_new(out, "share_percent", bounded ? json_integer(ctx->conf->engine.content_share) : json_null());
	(void)json_object_set_new(out, "worker_cycles", bounded ? ctl_json_u64(use.worker_cycles) : json_null());
	(void)json_object_set_new(out, "lane_cycles", bounded ? ctl_json_u64(use.lane_cycles) : json_null());
	(void)json_object_set_new(out, "to_lane", bounded ? ctl_json_u64(use.to_lane) : json_null());
	(void)json_object_set_new(out, "refused", bounded ? ctl_json_u64(use.refused) : json_null());
	(void)json_object_set_new(out, "waiting", bounded ? json_integer(use.waiting) : json_null());
}

static void add(void *arg, const struct cp_tenant_patterns *row)
{
	struct answer *answer = arg;
	json_t *out =
		json_pack("{s:i, s:i, s:i, s:o, s:o, s:o, s:b}", "tenant", (int)row->tenant, "patterns", (int)row->patterns, "databases",
			(int)row->databases, "worst_cycles_per_byte", cycles(row->worst_centicycles), "typical_cycles_per_byte",
			cycles(row->typical_centicycles), "limit_cycles_per_byte", cycles(row->most_centicycles), "dear", (int)row->dear);

	budget_add(out, answer->ctx, row->tenant);
	(void)json_array_append_new(answer->list, out);
}

void ctl_show_patterns(struct ctl_call *call)
{
	struct answer answer = {.ctx = call->ctx};

	if (!ctl_args_none(call))
		return;
	answer.list = json_array();
	cp_subs_patterns_each(call->ctx->subs, add, &answer);
	ctl_reply(call, json_pack("{s:o}", "patterns", answer.list));
}
