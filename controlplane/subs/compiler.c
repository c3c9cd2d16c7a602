/*
 * The compiler thread: hands one job after the other to the compile helper and waits for it, so
 * that the builder need not.
 */
#include "controlplane/subs/subs_priv.h"

#include "dataplane/base/clock.h"

#include <stdlib.h>

static void job_run(struct cp_subs *subs, struct cp_compile_job *job)
{
	uint64_t start = rh_clock_ns();
	const void *body = job->type == HSC_CHECK ? (const void *)job->pattern->text : job->body;

	job->result =
		cp_helper_ask(&subs->helper, job->type, body, job->len, &job->reply, &job->err);
	job->took_ns = rh_clock_ns() - start;
}

void cp_compile_free(struct cp_compile_job *job)
{
	free(job->body);
	free(job->reply.body);
	free(job);
}

void *cp_compiler_main(void *arg)
{
	struct cp_subs *subs = arg;
	struct cp_jobs jobs;

	while (cp_lane_take(&subs->compiler, 1, &jobs)) {
		job_run(subs, (struct cp_compile_job *)jobs.head);
		cp_lane_give(&subs->compiler, &jobs);
	}
	return NULL;
}
