#pragma once

/*
 * One request on its way through a handler. A handler ends with exactly one of ctl_reply,
 * ctl_reply_list or ctl_refuse, now or later (ctl_call_get / ctl_call_put around the wait; the
 * connection may be gone by then, which replies take in silence). Ctx of everything: control loop.
 */

#include "controlplane/ctl/ctl_server.h"
#include "dataplane/filter/filter.h"

#include <jansson.h>
#include <stdbool.h>

struct ctl_connection;

struct ctl_call {
	const struct ctl_context *ctx;
	struct ctl_server *server;
	struct ctl_connection *connection; /* NULL once it was closed */
	struct ctl_header header;
	json_t *body; /* object */
	uint32_t references;
};

typedef void (*ctl_handler)(struct ctl_call *call);

struct ctl_route {
	uint16_t type;
	ctl_handler handler;
};

/* The handler of @type, NULL without. */
ctl_handler ctl_route_find(uint16_t type);
/* Every message of CTL_MESSAGES has exactly one row among @count @routes. 0, -EINVAL with the name
 * that has not. */
int ctl_routes_check(const struct ctl_route *routes, size_t count, struct rh_error *err);
int ctl_routes_check_all(struct rh_error *err);

struct ctl_call *ctl_call_get(struct ctl_call *call);
void ctl_call_put(struct ctl_call *call);

/* The last reply. Takes @body. */
void ctl_reply(struct ctl_call *call, json_t *body);
void ctl_refuse(struct ctl_call *call, enum ctl_status status, const char *fmt, ...)
	rh_printf(3, 4);

/*
 * A list that may be long goes out in replies of at most CTL_LIST_ROWS rows, the next one made when the one
 * before was written: memory and time of one reply are bounded whatever its length. @row makes one
 * (NULL: gone meanwhile); @free_rows ends it.
 */
#define CTL_LIST_ROWS 64
struct ctl_list {
	const char *key;
	json_t *head; /* members beside the list, for the first reply; owned */
	uint32_t count;
	void *rows; /* whatever @row reads */
	json_t *(*row)(struct ctl_call *call, void *rows, uint32_t index);
	void (*free_rows)(void *rows);
};
void ctl_reply_list(struct ctl_call *call, const struct ctl_list *list);

/* Arguments: each refuses the call itself and returns false. @names ends with NULL: other members
 * are refused. */
bool ctl_args_known(struct ctl_call *call, const char *const *names);
/* Of a message without arguments. */
bool ctl_args_none(struct ctl_call *call);
/* *@out stays untouched when the member is absent and not @required. */
bool ctl_arg_text(struct ctl_call *call, const char *name, bool required, const char **out);
bool ctl_arg_number(struct ctl_call *call, const char *name, uint64_t max, uint64_t *out);
/* "filter", written in "dialect" (absent: mqtt): a plain one, for who asks about topics. *@text is as it was written, NULL when
 * it is absent; *@out is then untouched. */
bool ctl_arg_filter(struct ctl_call *call, struct rh_filter *out, const char **text);

/* Values of answers. */
json_t *ctl_json_time(uint64_t wall_ns);	      /* RFC 3339 */
json_t *ctl_json_text(const char *bytes, size_t len); /* JSON null when not UTF-8 */
/* Its filter's text, "!" in front of an exception; *@dialect (may be NULL) is what that text is written in. */
json_t *ctl_json_filter(const struct cp_sub_row *row, enum rh_dialect *dialect);
json_t *ctl_json_u64(uint64_t value);		      /* clipped to INT64_MAX */
json_t *ctl_json_ip(uint8_t family, const uint8_t *bytes);
json_t *ctl_json_base64(const uint8_t *bytes, size_t len);
/* Decode; NULL when it is not base64. malloc'd, *@len bytes. */
uint8_t *ctl_base64_decode(const char *text, size_t *len);
/* client id of a session, "" when it is gone. */
json_t *ctl_json_client(const struct ctl_call *call, dp_session_id_t slot);
/* reason -> count, those not 0. */
json_t *ctl_json_drops(const uint64_t *drops);

/* Handlers, a noun a file. */
void ctl_hello(struct ctl_call *call);
void ctl_show_status(struct ctl_call *call);
void ctl_show_ports(struct ctl_call *call);
void ctl_show_workers(struct ctl_call *call);
void ctl_show_sessions(struct ctl_call *call);
void ctl_show_subscriptions(struct ctl_call *call);
void ctl_show_topics(struct ctl_call *call);
void ctl_show_drops(struct ctl_call *call);
void ctl_show_counters(struct ctl_call *call);
void ctl_show_limits(struct ctl_call *call);
void ctl_show_patterns(struct ctl_call *call);
void ctl_explain(struct ctl_call *call);
void ctl_trace_start(struct ctl_call *call);
void ctl_trace_stop(struct ctl_call *call);
void ctl_trace_show(struct ctl_call *call);
void ctl_log_level(struct ctl_call *call);
void ctl_log_show(struct ctl_call *call);
void ctl_shutdown(struct ctl_call *call);
