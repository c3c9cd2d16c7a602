#pragma once

/* The sessions of rhumb-gen, for the files that carry them on. Ctx: the sending thread. */

#include "perf/gen/gen_session.h"

#include <stdint.h>

/* Sessions that greet, subscribe or change at one time: the router bounds the rate of control records. */
#define GEN_OUTSTANDING 64
#define GEN_RETRY_NS	(400 * RH_NS_PER_MS)
#define GEN_SILENCE_NS	(30 * RH_NS_PER_S)
#define GEN_COOKIE_MAX	64

/* LEAVING and RETURNING: gen_churn.c's, out of OPEN and back. */
enum gen_session_state { GREETING, SUBSCRIBING, OPEN, LEAVING, RETURNING, ENDED };

struct gen_session {
	enum gen_session_state state;
	uint32_t wire, check, keepalive_ms;
	uint64_t packet_number, incarnation;
	uint64_t retry_ns, sent_ns;
	uint64_t granted_events; /* cumulative, where credit is paced */
	uint32_t next;	   /* subscription of its own to ask for next */
	uint32_t asked;	   /* entries of the request under way */
	uint32_t request;
	uint8_t cookie[GEN_COOKIE_MAX];
	uint8_t cookie_len;
};

struct gen_sessions {
	struct gen_session *list;
	uint32_t count, first_waiting; /* all before it are open */
	uint32_t open, subscribed, tick;
	uint64_t progress_ns, changed; /* changed: pairs of UNSUBSCRIBE and SUBSCRIBE done */
	struct rh_error ended; /* the first session that the router ended */
};

/* Subscription @n of @client's own, as a number of the workload; at least workload.subscriptions: it has no more. */
uint32_t gen_subscription(const struct gen *gen, uint32_t client, uint32_t n);
/* SUBSCRIBE or UNSUBSCRIBE (@type) some of its subscriptions from `next` on, `asked` says how many. */
void gen_subscribe_send(struct gen *gen, uint32_t client, uint8_t type);
/* Wait a moment where the core is shared. */
void gen_rest(const struct gen *gen);

/* gen_churn.c: the answer of a LEAVING or RETURNING session's request has come. */
void gen_churn_answered(struct gen *gen, uint32_t client);
