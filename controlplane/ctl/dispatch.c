#include "controlplane/ctl/connection.h"

#include "dataplane/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longest part of a request that a log line repeats. */
#define LOGGED_BODY 200

struct ctl_call *ctl_call_get(struct ctl_call *call)
{
	call->references++;
	return call;
}

void ctl_call_put(struct ctl_call *call)
{
	if (--call->references > 0)
		return;
	json_decref(call->body);
	free(call);
}

/* Who changed what, with the result. The body is JSON of ours, so nothing in it can forge a line.
 */
static void audit(const struct ctl_call *call, const char *result)
{
	const struct ctl_connection *c = call->connection;
	char *body;

	if (ctl_type_permission(call->header.type) < (int)CTL_PERM_CHANGE)
		return;
	body = json_dumps(call->body, JSON_COMPACT | JSON_ENSURE_ASCII);
	rh_log_info(CTL, "uid %u pid %d: %s %.*s: %s", c->peer.uid, (int)c->peer.pid,
		ctl_type_name(call->header.type), LOGGED_BODY, body != NULL ? body : "", result);
	free(body);
}

void ctl_reply(struct ctl_call *call, json_t *body)
{
	struct ctl_header h = {
		.version = CTL_VERSION, .type = call->header.type, .request = call->header.request};

	if (call->connection == NULL) {
		json_decref(body);
		return;
	}
	audit(call, "ok");
	ctl_connection_send(call->connection, &h, body);
}

void ctl_refuse(struct ctl_call *call, enum ctl_status status, const char *fmt, ...)
{
	struct ctl_header h = {.version = CTL_VERSION,
		.status = (uint16_t)status,
		.type = call->header.type,
		.request = call->header.request};
	char sentence[RH_ERROR_MAX];
	json_t *text;
	va_list ap;

	if (call->connection == NULL)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(sentence, sizeof(sentence), fmt, ap);
	va_end(ap);
	audit(call, sentence);
	/* A sentence may repeat client bytes, cut anywhere. */
	text = json_string(sentence);
	ctl_connection_send(call->connection, &h,
		json_pack("{s:o}", "error",
			text != NULL ? text : json_string(ctl_status_name((uint16_t)status))));
}

static void refuse_permission(struct ctl_call *call)
{
	const char *name = ctl_type_name(call->header.type);
	const char *group = call->ctx->conf->control_group;

	call->server->stats.denied++;
	if (ctl_type_permission(call->header.type) == CTL_PERM_ADMIN)
		ctl_refuse(call, CTL_STATUS_PERMISSION,
			"%s: only root and the daemon's own user may", name);
	else
		ctl_refuse(call, CTL_STATUS_PERMISSION, "%s: only root and group %s may", name,
			group[0] != '\0' ? group : "root");
}

static void close_with(struct ctl_call *call, enum ctl_status status, const char *sentence)
{
	call->server->stats.malformed++;
	call->connection->close_when_written = true;
	ctl_refuse(call, status, "%s", sentence);
}

static void route(struct ctl_call *call)
{
	struct ctl_connection *c = call->connection;
	ctl_handler handler = ctl_route_find(call->header.type);

	if (!json_is_object(call->body)) {
		close_with(call, CTL_STATUS_INVALID,
			"the body is not one JSON object (RFC 8259, UTF-8)");
	} else if (!c->greeted && call->header.type != CTL_HELLO) {
		close_with(call, CTL_STATUS_INVALID, "the first request must be hello");
	} else if (handler == NULL) {
		ctl_refuse(call, CTL_STATUS_UNKNOWN, "this rhumbd does not know message %u",
			call->header.type);
	} else if ((int)c->permission < ctl_type_permission(call->header.type)) {
		refuse_permission(call);
	} else {
		c->greeted = true;
		handler(call);
	}
}

void ctl_dispatch(struct ctl_connection *c)
{
	struct ctl_call *call = calloc(1, sizeof(*call));

	c->server->stats.requests++;
	if (call == NULL) {
		ctl_connection_close(c);
		return;
	}
	*call = (struct ctl_call){.ctx = &c->server->ctx,
		.server = c->server,
		.connection = c,
		.header = c->header,
		.references = 1};
	call->body = json_loadb(c->body, c->header.length, JSON_REJECT_DUPLICATES, NULL);
	c->call = call;
	/* The handler may end the connection, which drops its own reference. */
	(void)ctl_call_get(call);
	route(call);
	ctl_call_put(call);
}
