#include "controlplane/subs/lane.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

void cp_jobs_push(struct cp_jobs *jobs, struct cp_job *job)
{
	job->next = NULL;
	if (jobs->head)
		jobs->tail->next = job;
	else
		jobs->head = job;
	jobs->tail = job;
}

struct cp_job *cp_jobs_pop(struct cp_jobs *jobs)
{
	struct cp_job *job = jobs->head;

	if (job)
		jobs->head = job->next;
	return job;
}

static void jobs_append(struct cp_jobs *to, const struct cp_jobs *from)
{
	if (!from->head)
		return;
	if (to->head)
		to->tail->next = from->head;
	else
		to->head = from->head;
	to->tail = from->tail;
}

int cp_lane_start(struct cp_lane *lane, uv_async_t *wake, void *(*main)(void *), void *arg)
{
	pthread_condattr_t monotonic;
	sigset_t all, old;
	int ret;

	*lane = (struct cp_lane){.wake = wake};
	(void)pthread_mutex_init(&lane->lock, NULL);
	(void)pthread_condattr_init(&monotonic);
	(void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&lane->more, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	/* Signals are the control loop's. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	ret = pthread_create(&lane->thread, NULL, main, arg);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	lane->running = ret == 0;
	return -ret;
}

void cp_lane_stop(struct cp_lane *lane)
{
	if (!lane->running)
		return;
	(void)pthread_mutex_lock(&lane->lock);
	lane->stop = true;
	(void)pthread_cond_signal(&lane->more);
	(void)pthread_mutex_unlock(&lane->lock);
	(void)pthread_join(lane->thread, NULL);
	lane->running = false;
}

void cp_lane_push(struct cp_lane *lane, struct cp_job *job)
{
	(void)pthread_mutex_lock(&lane->lock);
	cp_jobs_push(&lane->waiting, job);
	(void)pthread_cond_signal(&lane->more);
	(void)pthread_mutex_unlock(&lane->lock);
}

struct cp_jobs cp_lane_collect(struct cp_lane *lane)
{
	struct cp_jobs jobs;

	(void)pthread_mutex_lock(&lane->lock);
	jobs = lane->done;
	lane->done = (struct cp_jobs){0};
	(void)pthread_mutex_unlock(&lane->lock);
	return jobs;
}

struct cp_jobs cp_lane_rest(struct cp_lane *lane)
{
	struct cp_jobs jobs = lane->waiting;

	lane->waiting = (struct cp_jobs){0};
	return jobs;
}

static struct timespec after(int ms)
{
	struct timespec at;

	(void)clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_sec += ms / 1000;
	at.tv_nsec += ms % 1000 * 1000000L;
	if (at.tv_nsec >= 1000000000L) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000L;
	}
	return at;
}

bool cp_lane_take(struct cp_lane *lane, unsigned most, int wait_ms, struct cp_jobs *out)
{
	struct timespec until = after(wait_ms > 0 ? wait_ms : 0);
	struct cp_job *job;
	bool stop;
	int ret = 0;

	*out = (struct cp_jobs){0};
	(void)pthread_mutex_lock(&lane->lock);
	while (!lane->waiting.head && !lane->stop && ret != ETIMEDOUT)
		ret = wait_ms < 0 ? pthread_cond_wait(&lane->more, &lane->lock)
				  : pthread_cond_timedwait(&lane->more, &lane->lock, &until);
	stop = lane->stop;
	for (unsigned i = 0; i < most && !stop && (job = cp_jobs_pop(&lane->waiting)); i++)
		cp_jobs_push(out, job);
	(void)pthread_mutex_unlock(&lane->lock);
	return !stop;
}

void cp_lane_give(struct cp_lane *lane, struct cp_jobs *jobs)
{
	(void)pthread_mutex_lock(&lane->lock);
	jobs_append(&lane->done, jobs);
	(void)pthread_mutex_unlock(&lane->lock);
	(void)uv_async_send(lane->wake);
}
