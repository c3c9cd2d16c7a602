/*
 * The compilers: each a thread that hands one job after the other to a compile helper of its own
 * and waits for it, so that the builder need not. Whose job is next is decided by turns on the
 * control loop; a thread never holds more than one.
 */
#include "controlplane/subs/cores.h"
#include "controlplane/subs/subs_priv.h"

#include "dataplane/base/atomic.h"
#include "dataplane/base/clock.h"

#include <stdlib.h>
#include <string.h>

/* An ordinary pattern takes 1 to 4 ms, measuring included. */
#define FIRST_MS 20
/* Long looks may take what the others leave, and merges the less the larger they are. */
#define LONG_NICE 10
static const uint32_t merge_nice[CP_LEVELS] = {5, 10, 19};
/* Without a change for so long, a tenant's runs become one. */
#define QUIET_NS (2 * RH_NS_PER_S)
/*
 * Up to here a pattern alone is small: an ordinary one takes 0.1 ms, one of a hundred 1 to 2 ms (perf/lib/regexes.py, Xeon model 207), and half as
 * much again beside a busy neighbour. Ten thousand of them must not be refused for the hour they came in.
 */
#define SMALL_US 5000
/* A tenant's patterns together, so that a small set is quick enough for those that wait for it. */
#define LONG_SHARE 5

static void job_run(struct cp_helper *helper, struct cp_compile_job *job)
{
	const struct cp_helper_request request = {.type = job->type,
		.payloads = job->payloads,
		.payloads_len = job->payloads_len,
		.body = job->body,
		.len = job->len};
	uint64_t start = rh_clock_ns();

	job->result = cp_helper_ask(helper, &request, &job->reply, &job->err);
	job->took_ns = rh_clock_ns() - start;
}

/* Here, because writing may take long. */
static void job_store(const struct cp_store *store, const struct cp_compile_job *job)
{
	if (job->set.store && job->result == 0 && job->reply.status == HSC_OK &&
		job->took_ns >= store->least_ns)
		cp_store_save(store, job->tenant->id, job->body, job->len, job->reply.body,
			job->reply.len);
}

static void *compiler_main(void *arg)
{
	struct cp_compiler *c = arg;
	struct cp_jobs jobs;

	while (cp_lane_take(&c->lane, 1, -1, &jobs)) {
		job_run(&c->helper, (struct cp_compile_job *)jobs.head);
		job_store(&c->subs->store, (struct cp_compile_job *)jobs.head);
		cp_lane_give(&c->lane, &jobs);
	}
	return NULL;
}

static struct cp_compile_job *next_of(struct cp_compiler *c)
{
	struct cp_turn *turn = cp_turns_take(&c->turns, rh_clock_ns());

	return turn ? rh_container(turn, struct cp_compile_job, turn) : NULL;
}

static void advance(struct cp_compiler *c)
{
	struct cp_compile_job *job;

	while (!c->busy && (job = next_of(c))) {
		if (job->pattern)
			job->pattern->check = NULL;
		if (job->pattern && !job->pattern->refs) {
			cp_check_drop(job);
			continue;
		}
		c->busy = true;
		cp_samples_pack(job);
		cp_lane_push(&c->lane, &job->job);
	}
}

void cp_compile_push(struct cp_subs *subs, enum cp_compiler_kind kind, struct cp_compile_job *job,
	uint32_t payer)
{
	job->compiler = &subs->compilers[kind];
	if (job->pattern)
		job->pattern->check = job;
	cp_turns_push(&job->compiler->turns, &job->turn, payer);
	/* The caller may not have taken its reference yet: then the wake-up comes first. */
	(void)uv_async_send(&subs->wake);
}

void cp_compile_join(struct cp_compile_job *job, dp_session_id_t slot)
{
	cp_turns_join(&job->compiler->turns, &job->turn, slot, rh_clock_ns());
}

static void compiler_collect(struct cp_compiler *c)
{
	struct cp_jobs done = cp_lane_collect(&c->lane);
	struct cp_compile_job *job;

	while ((job = (struct cp_compile_job *)cp_jobs_pop(&done))) {
		c->busy = false;
		cp_samples_drop(job);
		cp_turns_charge(&c->turns, job->turn.payer, job->took_ns, rh_clock_ns());
		cp_compile_done(job);
	}
}

void cp_compilers_collect(struct cp_subs *subs)
{
	for (unsigned i = 0; i < CP_COMPILER_COUNT; i++)
		compiler_collect(&subs->compilers[i]);
	for (unsigned i = 0; i < CP_COMPILER_COUNT; i++)
		advance(&subs->compilers[i]);
}

static int compiler_start(
	struct cp_subs *subs, enum cp_compiler_kind kind, const struct cp_conf *conf)
{
	struct cp_compiler *c = &subs->compilers[kind];
	int ret;

	c->subs = subs;
	cp_helper_init(&c->helper, conf);
	if (kind == CP_COMPILER_FIRST && c->helper.check_ms > FIRST_MS)
		c->helper.check_ms = FIRST_MS;
	if (kind == CP_COMPILER_LONG)
		c->helper.nice = LONG_NICE;
	if (kind >= CP_COMPILER_MERGES)
		c->helper.nice = merge_nice[kind - CP_COMPILER_MERGES];
	ret = cp_turns_init(
		&c->turns, kind >= CP_COMPILER_MERGES ? DP_LIMIT_TENANTS : DP_LIMIT_SESSIONS);
	if (ret == 0)
		ret = cp_lane_start(&c->lane, &subs->wake, compiler_main, c);
	if (ret == 0)
		cp_cores_use(c->lane.thread, conf);
	return ret;
}

int cp_compilers_start(struct cp_subs *subs, const struct cp_conf *conf, struct rh_error *err)
{
	int ret = 0;

	subs->small_us = SMALL_US;
	subs->quiet_ns = QUIET_NS;
	subs->centicycles_most =
		conf->scan_cycles_per_byte_max * CP_HELPER_SET_SCAN_FACTOR * 100 + 99;
	subs->long_us_most = conf->compile_ms_max * (1000 / LONG_SHARE);
	for (int i = 0; i < CP_COMPILER_COUNT && ret == 0; i++)
		ret = compiler_start(subs, (enum cp_compiler_kind)i, conf);
	return ret < 0 ? rh_error_set(err, -ret, "subscriptions: no compiler: %s", strerror(-ret))
		       : 0;
}

static void compile_discard(struct cp_jobs jobs)
{
	struct cp_job *job;

	while ((job = cp_jobs_pop(&jobs)))
		cp_compile_free((struct cp_compile_job *)job);
}

static void compiler_stop(struct cp_compiler *c)
{
	struct cp_compile_job *job;

	if (!c->subs)
		return;
	cp_lane_stop(&c->lane);
	cp_helper_fini(&c->helper);
	compile_discard(cp_lane_collect(&c->lane));
	compile_discard(cp_lane_rest(&c->lane));
	while (c->turns.accounts && (job = next_of(c)))
		cp_compile_free(job);
	cp_turns_fini(&c->turns);
}

void cp_compilers_stop(struct cp_subs *subs)
{
	for (unsigned i = 0; i < CP_COMPILER_COUNT; i++)
		rh_store_relaxed(&subs->compilers[i].helper.stop, true);
	for (unsigned i = 0; i < CP_COMPILER_COUNT; i++)
		compiler_stop(&subs->compilers[i]);
}
