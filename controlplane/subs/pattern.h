#pragma once

/* A pattern of a tenant: what it is used for, and its way to the table. */

#include "controlplane/subs/subs.h"
#include "dataplane/base/htable.h"

struct cp_compile_job;
struct cp_request;
struct cp_tenant;
struct hsc_cost;

/* An entry of a request that waits for a pattern. */
struct cp_waiter {
	struct cp_waiter *next, **prev;
	struct cp_request *request;
	uint16_t entry;
};

/* A pattern of an entry's expression. */
struct cp_need {
	struct cp_waiter waiter;
	struct cp_pattern *pattern; /* holds a reference */
};

enum cp_pattern_state {
	CP_PATTERN_CHECKING,
	CP_PATTERN_READY,
	CP_PATTERN_COMPILING,
	CP_PATTERN_INSTALLED,
	CP_PATTERN_LEAVING,
	CP_PATTERN_REFUSED, /* remembered for a while, so that a client that insists costs nothing
			     */
};

struct cp_pattern {
	struct rh_hnode node; /* in the tenant's table, by text */
	struct cp_tenant *tenant;
	dp_pattern_id_t id; /* 0 when refused */
	enum cp_pattern_state state;
	uint32_t refs;	  /* subscriptions and waiting entries */
	uint64_t held;	  /* a bit for each run that holds it */
	uint64_t leaving; /* of those, the ones that are being replaced by one without it */
	struct cp_waiter *waiters;
	struct cp_sub_outcome outcome; /* of a refusal */
	uint64_t refused_ns;
	struct cp_compile_job *check; /* while it waits for its turn */
	uint32_t compile_us;	      /* counted in the tenant's while it has refs */
	uint32_t centicycles;	      /* a payload byte, alone; the dearer of worst and typical */
	uint32_t typical_centicycles; /* on the tenant's payloads when it was looked at, or HSC_UNKNOWN */
	uint8_t *own;		      /* of a READY one: the helper's reply, cost and database */
	size_t own_len;
	bool taken;		      /* into the set that is being put together */
	bool measured;		      /* alone: its costs are known */
	uint64_t gone_generation;     /* of the set that held it last; 0: none did */
	struct cp_pattern *refused_next;
	struct cp_pattern *ready_next, **ready_prev;
	uint32_t len;
	char text[]; /* terminated */
};

/* pattern.c: Ctx control loop */
/* One with number @id that is on its way to the table. NULL: no memory. */
struct cp_pattern *cp_pattern_stored(
	struct cp_tenant *t, dp_pattern_id_t id, const char *text, size_t len);
struct cp_pattern *cp_pattern_find(struct cp_tenant *t, const char *text, size_t len);
/*
 * A reference to the pattern, made and sent to be checked when it is new. NULL with @outcome set:
 * refused, limit, no memory. When it is not decided yet, @waiter is told later by
 * cp_need_decided and *wait is true.
 */
struct cp_pattern *cp_pattern_get(struct cp_tenant *t, const char *text, size_t len,
	struct cp_waiter *waiter, bool *wait, struct cp_sub_outcome *outcome);
void cp_pattern_put(struct cp_pattern *p);
void cp_waiter_remove(struct cp_waiter *waiter);
/* Free @p; its number rests until every worker has loaded gone_generation. */
void cp_pattern_release(struct cp_pattern *p);
/* Nobody uses @p, and it is not under way: keep it as long as a run holds it. */
void cp_pattern_settle(struct cp_pattern *p);
/* Decide @p: tells all waiters. A refusal (@outcome) frees or remembers it. */
void cp_pattern_resolve(struct cp_pattern *p, const struct cp_sub_outcome *outcome);
void cp_ready_push(struct cp_pattern *p);
void cp_ready_remove(struct cp_pattern *p);

/* pattern_check.c: Ctx control loop */
/* Have it looked at, alone; @slot pays. False: no memory. */
bool cp_check_push(struct cp_pattern *p, dp_session_id_t slot);
void cp_check_done(struct cp_compile_job *job);
/* A check that nobody waits for any more. Takes @job. */
void cp_check_drop(struct cp_compile_job *job);
/* The result of @job as an answer. */
void cp_compile_outcome(
	const struct cp_compile_job *job, const char *of, struct cp_sub_outcome *out);
/* False: no OK reply, or one without a database. */
bool cp_compile_cost(const struct cp_compile_job *job, struct hsc_cost *cost);
