#pragma once

/* The compile helpers, a thread each, and what they are asked. */

#include "controlplane/subs/helper.h"
#include "controlplane/subs/lane.h"
#include "controlplane/subs/set.h"
#include "controlplane/subs/turns.h"

struct cp_pattern;
struct cp_subs;
struct cp_tenant;

struct cp_compile_job {
	struct cp_job job;
	struct cp_turn turn;
	struct cp_compiler *compiler;
	enum hsc_type type;
	struct cp_tenant *tenant;
	struct cp_pattern *pattern; /* of a CHECK */
	struct cp_set set;	    /* of a COMPILE */
	uint8_t *body;
	size_t len;
	uint8_t *payloads; /* of the tenant, while the helper has it; NULL: none */
	size_t payloads_len;
	int result; /* of cp_helper_ask */
	struct cp_helper_reply reply;
	struct rh_error err;
	uint64_t took_ns;
};

/*
 * Five of them, so that a pattern that compiles at once waits neither for those that take long nor
 * for a set, and a small set not for a large one. A pattern has its first look under a small bound on time; what passes it is looked at
 * again under the configured one.
 */
enum cp_compiler_kind {
	CP_COMPILER_FIRST,  /* sessions pay */
	CP_COMPILER_LONG,   /* sessions pay */
	CP_COMPILER_MERGES, /* tenants pay: one for each level, from here on */
	CP_COMPILER_COUNT = CP_COMPILER_MERGES + CP_LEVELS
};

struct cp_compiler {
	struct cp_subs *subs;
	struct cp_helper helper; /* its thread's */
	struct cp_lane lane;	 /* holds at most one job */
	struct cp_turns turns;
	bool busy;
};

/* compiler.c: Ctx control loop */
/* A session's or tenant's first look, long look, or set waits for its turn. Takes @job. */
void cp_compile_push(
	struct cp_subs *subs, enum cp_compiler_kind kind, struct cp_compile_job *job, uint32_t payer);
/* Another session waits for what @job checks. */
void cp_compile_join(struct cp_compile_job *job, dp_session_id_t slot);
/* Take in what the threads have done. */
void cp_compilers_collect(struct cp_subs *subs);
int cp_compilers_start(struct cp_subs *subs, const struct cp_conf *conf, struct rh_error *err);
/* Threads and helpers end, jobs are freed. Accepts half-started ones. */
void cp_compilers_stop(struct cp_subs *subs);
void cp_compile_free(struct cp_compile_job *job);
