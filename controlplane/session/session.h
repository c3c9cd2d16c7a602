#pragma once

/*
 * Client sessions: the three-way hello with its stateless cookie, keepalive and silent death,
 * take-over by client id, subscribe and alias requests with their remembered replies, goodbye. Ctx
 * of everything: control loop.
 */

#include "controlplane/conf/conf.h"
#include "controlplane/kernel/kernel.h"
#include "controlplane/subs/subs.h"
#include "dataplane/api/punt.h"

#include <uv.h>

struct cp_sessions;

int cp_sessions_create(uv_loop_t *loop, struct dp_engine *eng, struct cp_subs *subs,
	struct cp_kernel *kernel, const struct cp_conf *conf, struct cp_sessions **out,
	struct rh_error *err);
/* From now on refuse whoever greets anew, with BYE(shutdown). Ctx: control. */
void cp_sessions_drain(struct cp_sessions *s);
/*
 * Send BYE(shutdown) to everyone, once. Workers look a session's next hop up when they send, so destroy not before
 * they had a turn. Ctx: control.
 */
void cp_sessions_goodbye(struct cp_sessions *s);
/* Does anything said to clients still wait for room in a worker's ring? Ctx: control. */
bool cp_sessions_unsent(const struct cp_sessions *s);
/*
 * Says goodbye first where that was not done; memory goes with the next turn of the loop (its timers
 * close there). Before cp_subs_destroy and cp_kernel_destroy. Accepts NULL.
 */
void cp_sessions_destroy(struct cp_sessions *s);

/* A DP_PUNT_CONTROL or DP_PUNT_UNKNOWN_SESSION message. */
void cp_sessions_punt(struct cp_sessions *s, const struct dp_punt *punt);

struct cp_session_row {
	dp_session_id_t slot;
	uint32_t wire_id;
	char client_id[RH_CLIENT_ID_MAX + 1];
	struct dp_address local, remote;
	uint32_t port, owner;
	uint16_t tenant, vlan;
	uint64_t incarnation;
	uint64_t since_wall_ns;
	uint32_t subscriptions;
	uint32_t keepalive_ms, timeout_ms;
};
void cp_sessions_each(const struct cp_sessions *s,
	bool (*cb)(void *arg, const struct cp_session_row *row), void *arg);
int cp_sessions_find(const struct cp_sessions *s, dp_session_id_t slot, struct cp_session_row *out);

struct cp_sessions_stats {
	uint64_t hellos, challenges, bad_cookies, opened, closed, timed_out, taken_over,
		protocol_errors;
	uint64_t unknown_replies, unknown_suppressed, stale_requests, repeated_replies;
	/* Greetings refused: by session/sessions-max, without a slot, with the owner's command ring full. */
	uint64_t over_limit, no_slot, commands_full;
	uint32_t live;
};
void cp_sessions_stats(const struct cp_sessions *s, struct cp_sessions_stats *out);
