#pragma once

/*
 * The sessions of rhumb-gen, one for each publisher and subscriber, with the real protocol (docs/protocol.md section 3): hello with cookie, subscriptions, keepalive,
 * credit, bye. Clients are numbered publishers first. Ctx: the sending thread.
 */

#include "perf/gen/gen.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Greet the router with every session and subscribe. Says how far it is on stderr. 0, -ETIMEDOUT (no answer in 30 s without progress),
 * -ECONNREFUSED (what the router said), -EPROTO (publishers without unlimited credit: an open loop cannot wait for it).
 */
int gen_sessions_open(struct gen *gen, struct rh_error *err);
/* BYE to all. */
void gen_sessions_close(struct gen *gen);
/* Forget them without a word: the router keeps them until they time out. */
void gen_sessions_leave(struct gen *gen);

/* One datagram from the router for @client which is not (only) events; the record walk is gen_receive.c's. */
void gen_session_control(struct gen *gen, uint32_t client, const uint8_t *record, uint32_t len, uint8_t type);
/* Keepalives that are due, a few sessions a call. */
void gen_sessions_tick(struct gen *gen, uint64_t now_ns);
/* Cumulative credit of each subscriber: @events more than at the start of the trial, for @now_ns. */
void gen_sessions_grant(struct gen *gen, uint64_t events, uint64_t now_ns);

/* 0, or -ECONNRESET with what the router said when it ended a session. */
int gen_sessions_check(const struct gen *gen, struct rh_error *err);
/* True when the datagram's session and check are those of @client. */
bool gen_session_is(const struct gen *gen, uint32_t client, uint32_t session, uint32_t check);

struct gen_session_stats {
	uint32_t sessions, subscriptions;
};
void gen_sessions_stats(const struct gen *gen, struct gen_session_stats *out);
