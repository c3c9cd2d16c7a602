#pragma once

/*
 * The subscription registry and the builder thread behind it. The registry (names, texts, who
 * asked) is the control loop's; the builder owns dp_table and talks to the compile helper. Requests
 * go over in order, results come back to the loop by uv_async when every worker has loaded the
 * change.
 */

#include "controlplane/conf/conf.h"
#include "dataplane/api/table.h"
#include "dataplane/frame/control.h"

#include <uv.h>

struct cp_subs;

int cp_subs_create(uv_loop_t *loop, struct dp_table *table, struct dp_engine *eng,
	const struct cp_conf *conf, struct cp_subs **out, struct rh_error *err);
/*
 * Stops the builder and the helper. Requests still open are answered INTERNAL, explanations are not
 * answered any more; memory goes with the next turn of the loop (its handles close there). Accepts
 * NULL.
 */
void cp_subs_destroy(struct cp_subs *subs);

/* One entry's outcome. @text is the reason of a refusal, or empty. */
struct cp_sub_outcome {
	uint8_t code; /* enum rh_sub_code */
	char text[RH_TEXT_MAX + 1]; /* with OK: which part of the expression is dear, or empty */
	struct dp_sub_price price; /* of what was subscribed, the registry's bytes included; else zeros */
};

/* Writes code and sentence; what may not be shown becomes '?', the end is cut at a character. Ctx:
 * any. */
void cp_outcome_set(struct cp_sub_outcome *out, uint8_t code, const char *fmt, ...) rh_printf(3, 4);

/* Ctx: control loop. @outcomes in the order of the entries; effective on every worker at
 * @generation. */
typedef void (*cp_subs_done_cb)(
	void *arg, const struct cp_sub_outcome *outcomes, uint16_t count, uint64_t generation);

/*
 * Subscribe or unsubscribe @count entries (copied) for a session, then call @cb exactly once, also
 * when the session is dropped meanwhile (code INTERNAL). Filters are parsed here, in the entry's
 * dialect; groups, dialects that are not known and exceptions with content are UNSUPPORTED; content
 * of every kind becomes one expression; payload patterns are compiled by the helper process in
 * coalesced batches, refused with the reason when invalid, empty-matching, or too dear. Idempotent:
 * the same canonical filter, exception or not, and the same canonical expression again is OK and
 * changes nothing. Ctx: control loop. 0 or -ENOMEM (then @cb is
 * not called), also when too many requests are open: try again later.
 */
int cp_subs_add(struct cp_subs *subs, dp_session_id_t slot, uint16_t tenant,
	const struct rh_sub_entry *entries, uint16_t count, cp_subs_done_cb cb, void *arg);
int cp_subs_del(struct cp_subs *subs, dp_session_id_t slot, uint16_t tenant,
	const struct rh_sub_entry *entries, uint16_t count, cp_subs_done_cb cb, void *arg);
/* Remove all of a session; @cb when no worker finds them any more. */
int cp_subs_drop_session(struct cp_subs *subs, dp_session_id_t slot, cp_subs_done_cb cb, void *arg);

struct cp_sub_row {
	dp_sub_id_t sub;
	dp_session_id_t slot;
	uint16_t tenant;
	const char *filter; /* canonical, the table's: until the loop's next quiescent state */
	uint16_t filter_len;
	bool except;
	const char *content; /* canonical CESQL, or NULL */
	uint64_t since_wall_ns;
};
/* Ctx: control loop. Stops when @cb returns false. */
void cp_subs_each(
	const struct cp_subs *subs, bool (*cb)(void *arg, const struct cp_sub_row *row), void *arg);
/* Those of one session, in the order of their numbers. 0, or -ENOMEM before the first. */
int cp_subs_each_of(const struct cp_subs *subs, dp_session_id_t slot,
	bool (*cb)(void *arg, const struct cp_sub_row *row), void *arg);
/* -ENOENT. */
int cp_subs_find(const struct cp_subs *subs, dp_sub_id_t sub, struct cp_sub_row *out);

/* Subscriptions of a session, those under way included. Ctx: control loop. */
uint32_t cp_subs_session_count(const struct cp_subs *subs, dp_session_id_t slot);

/* Of what was not measured. */
#define CP_SUBS_NOT_MEASURED UINT32_MAX

/* What a tenant's payload patterns cost, in 1/100 cycle a payload byte. */
struct cp_tenant_patterns {
	uint16_t tenant;
	uint32_t patterns;	      /* in use, those under way included */
	uint32_t databases;	      /* that are scanned one after the other */
	uint32_t worst_centicycles;   /* of all of them, the worst that is known of each */
	uint32_t typical_centicycles; /* of all of them on the tenant's recent payloads, or CP_SUBS_NOT_MEASURED */
	uint32_t most_centicycles;    /* what its patterns may cost */
	bool dear;		      /* typical is beyond that */
};
/* Each tenant with patterns. Ctx: control loop. */
void cp_subs_patterns_each(
	const struct cp_subs *subs, void (*cb)(void *arg, const struct cp_tenant_patterns *row), void *arg);

struct cp_subs_stats {
	uint64_t subscriptions, patterns, contents, requests, refused;
	/* What expressions count for by content/expression-memory-max: of all tenants, and of the one that has most. */
	uint64_t content_bytes, content_bytes_most;
	/* Of the refused: the session's and the router's subscriptions, the tenant's patterns and their numbers, the tenant's
	 * and the router's expressions, the bytes of the tenant's. */
	uint64_t over_limit, table_full, patterns_over_limit, pattern_numbers_full, contents_over_limit, contents_full,
		content_bytes_over_limit;
	/* The tenant's wildcard shapes, and its filters of one key. */
	uint64_t shapes_full, same_key_full;
	uint64_t tenants_dear; /* whose patterns cost more than they may on what they publish */
	uint64_t compiles, compile_failures, helper_restarts, last_compile_ns;
	struct dp_table_stats table;
};
void cp_subs_stats(const struct cp_subs *subs, struct cp_subs_stats *out);

/*
 * dp_table_explain of a copy of @event on the builder thread; @cb on the control loop with rows copied (valid during
 * the call). 0 or -ENOMEM;
 * @status is dp_table_explain's result with @why.
 */
typedef void (*cp_subs_explain_cb)(
	void *arg, int status, const char *why, const struct dp_explain_row *rows, uint32_t count,
	const struct dp_explain_cost *cost);
int cp_subs_explain(struct cp_subs *subs, const struct dp_explain_event *event, cp_subs_explain_cb cb,
	void *arg);
