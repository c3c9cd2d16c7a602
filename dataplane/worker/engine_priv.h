#pragma once

/*
 * The engine behind its handle: what control owns, and the contexts it lends to the workers.
 */

#include "dataplane/api/engine.h"
#include "dataplane/node/context.h"

#include <stdbool.h>
#include <stdint.h>

enum dp_command_op { DP_COMMAND_OPEN, DP_COMMAND_CLOSE };

/* What travels in a command ring, by value. */
struct dp_command {
	uint32_t op;
	uint32_t slot;
};

/* Phases of a run: control stores (release), workers read (acquire) once a loop. */
enum dp_phase { DP_PHASE_RUN, DP_PHASE_QUIET /* receive nothing more */, DP_PHASE_EXIT };

/* A worker's side of the punt bell. */
struct dp_bell {
	uint32_t armed; /* control sets it when it found the ring empty, the worker clears it with its kick */
	uint64_t last_kick_tsc; /* worker */
} rh_cache_aligned;

/* One of the engine's lists of slots, linked by dp_session_cold.next. Control only. */
struct dp_slot_list {
	uint32_t head, tail, count;
};

/* What a worker is launched with. */
struct dp_worker_arg {
	struct dp_engine *eng;
	struct dp_ctx *ctx;
};

struct dp_engine {
	struct dp_engine_conf conf;
	struct dp_tables tables;
	struct dp_ctx *ctx[DP_LIMIT_WORKERS];
	struct dp_worker_arg arg[DP_LIMIT_WORKERS];
	struct dp_bell bell[DP_LIMIT_WORKERS];
	int port_worker[DP_LIMIT_PORTS]; /* first worker with a queue there; -1 none */
	uint32_t phase;			 /* enum dp_phase */
	bool running;			 /* control only: lcores were launched and have not been joined */
	bool finished;			 /* control only: what was left has been counted as stopped */
	int punt_fd;
	struct dp_lane *lane; /* NULL: content has no bound */

	/* sessions: control only */
	uint32_t slot_fresh;
	struct dp_slot_list closing, free;

	/* adjacencies: control only */
	uint32_t hop_cursor;

	uint64_t trace_base[DP_LIMIT_WORKERS]; /* entries written before the trace was switched on */
};

/* worker_ctl.c: a context and everything in it. Ctx: control. */
int dp_worker_create(struct dp_engine *eng, uint32_t worker, struct rh_error *err);
/* Accepts NULL. Not while it runs. */
void dp_worker_destroy(struct dp_ctx *ctx);
/* Count what waits as stopped. After the worker ended. */
void dp_worker_finish(struct dp_ctx *ctx);

/* lane_ctl.c: the content lane. Ctx: control. */
bool dp_lane_wanted(const struct dp_engine_conf *conf);
/* A worker's side of it, and that undone. -ENOMEM. */
int dp_lane_attach(struct dp_engine *eng, struct dp_ctx *ctx);
void dp_lane_detach(struct dp_ctx *ctx);
/* After the workers' contexts. -ENOMEM. */
int dp_lane_create(struct dp_engine *eng);
/* Accepts NULL and a half-made one. Not while its thread runs. */
void dp_lane_destroy(struct dp_lane *lane);
/* Launch its thread, if there is a lane. dp_engine_start does it; tests and perf, which run the workers themselves, call it. */
int dp_lane_start(struct dp_engine *eng, struct rh_error *err);
/* Ask the thread to end; it gives back what it is at, so workers must go on until it has ended. */
void dp_lane_stop(struct dp_engine *eng);
bool dp_lane_ended(struct dp_engine *eng);
/* Take back what is done, and count what waits as `draining`. After workers and lane have ended. */
void dp_lane_finish(struct dp_engine *eng);

/* pools_ctl.c: which ports' received buffers may be sent on. After all contexts were created. Ctx: control. */
void dp_pools_judge(struct dp_engine *eng);

/*
 * One iteration of a worker: everything it does, once. Returns whether there was work. Tests call it from a thread of
 * their own that is RCU-registered, for engines that were not started.
 */
bool dp_worker_poll_once(struct dp_engine *eng, struct dp_ctx *ctx);
/* The lcore's main function. @arg: struct dp_worker_arg. */
int dp_worker_main(void *arg);

/* yield.c: sleep a little, RCU-offline. Ctx: worker in yield mode. */
void dp_worker_yield(struct dp_ctx *ctx);

/* housekeeping.c. Ctx: worker. */
void dp_worker_housekeeping(struct dp_engine *eng, struct dp_ctx *ctx);

/* command.c. Ctx: worker (control while it does not run). Returns commands taken. */
uint32_t dp_commands_drain(struct dp_ctx *ctx);
/* Ctx: control. False when the ring is full. */
bool dp_command_send(struct dp_engine *eng, uint32_t worker, enum dp_command_op op, uint32_t slot);

/* inject.c. Ctx: worker. Returns messages taken. */
uint32_t dp_injects_drain(struct dp_ctx *ctx);

/* bell.c. Wake who sleeps on the eventfd @fd: the one system call of a worker that polls. Ctx: any. */
void dp_bell_ring(int fd);
/* Ctx: worker. Ring the bell if control waits and something is there. */
void dp_punt_kick(struct dp_engine *eng, struct dp_ctx *ctx);
/* The same for the content lane, if it sleeps and this worker's events are there. */
void dp_lane_kick(const struct dp_engine *eng, const struct dp_ctx *ctx);

/* tables_ctl.c: the tables all workers share. Ctx: control. */
int dp_tables_create(struct dp_tables *t, const struct dp_engine_conf *conf);
void dp_tables_destroy(struct dp_tables *t);
/* Of a slot that no worker reads any more. Ctx: control or the reclaim thread. */
void dp_aliases_free(struct dp_session *slot);
