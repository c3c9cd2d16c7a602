#include "controlplane/ctl/connection.h"

void ctl_hello(struct ctl_call *call)
{
	static const char *const names[] = {"client", NULL};
	const struct ctl_connection *c = call->connection;
	const char *client = "";

	if (!ctl_args_known(call, names) || !ctl_arg_text(call, "client", false, &client))
		return;
	ctl_reply(call, json_pack("{s:s, s:s, s:i, s:s, s:I, s:s}", "daemon", "rhumbd", "version",
				RHUMB_VERSION, "protocol", CTL_VERSION, "node",
				call->ctx->conf->node_name, "uid", (json_int_t)c->peer.uid,
				"permission", ctl_permission_name(c->permission)));
}
