#include "controlplane/ctl/call.h"

/* As the model's leaf drain. */
#define DRAIN_MAX_MS 600000

void ctl_shutdown(struct ctl_call *call)
{
	static const char *const names[] = {"drain_ms", NULL};
	const struct ctl_context *ctx = call->ctx;
	uint64_t drain_ms = ctx->conf->drain_ms;

	if (!ctl_args_known(call, names) ||
		!ctl_arg_number(call, "drain_ms", DRAIN_MAX_MS, &drain_ms))
		return;
	ctl_reply(call, json_pack("{s:o}", "draining_ms", ctl_json_u64(drain_ms)));
	ctx->shutdown(ctx->shutdown_arg, (uint32_t)drain_ms);
}
