#pragma once

/*
 * A thread with a queue of jobs: the control loop pushes, the thread takes some at once, works, and
 * gives them back in the same order; the loop is woken by uv_async. Locks are fine here: neither
 * end is a worker.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

/* First member of every job. */
struct cp_job {
	struct cp_job *next;
};

struct cp_jobs {
	struct cp_job *head, *tail;
};

struct cp_lane {
	pthread_t thread;
	pthread_mutex_t lock; /* of waiting, done, stop */
	pthread_cond_t more;
	struct cp_jobs waiting, done;
	uv_async_t *wake; /* the loop's; woken after each give-back */
	bool stop, running;
};

void cp_jobs_push(struct cp_jobs *jobs, struct cp_job *job);
struct cp_job *cp_jobs_pop(struct cp_jobs *jobs);

/* 0 or -errno of pthread_create. Ctx: control loop. */
int cp_lane_start(struct cp_lane *lane, uv_async_t *wake, void *(*main)(void *), void *arg);
/* Tells the thread to end after the jobs it holds and joins it; what waits stays queued. Accepts a
 * lane that never started. */
void cp_lane_stop(struct cp_lane *lane);
void cp_lane_push(struct cp_lane *lane, struct cp_job *job);
/* All that was given back. Ctx: control loop. */
struct cp_jobs cp_lane_collect(struct cp_lane *lane);
/* What still waits. Ctx: control loop, after cp_lane_stop. */
struct cp_jobs cp_lane_rest(struct cp_lane *lane);

/* Wait for work, at most @wait_ms (below 0: as long as it takes), and take up to @most; none when the time was up. False: stop. Ctx: the lane's
 * thread. */
bool cp_lane_take(struct cp_lane *lane, unsigned most, int wait_ms, struct cp_jobs *out);
void cp_lane_give(struct cp_lane *lane, struct cp_jobs *jobs);
