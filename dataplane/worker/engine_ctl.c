#include "dataplane/worker/engine_priv.h"

#include "dataplane/node/node.h"
#include "dataplane/port/port_priv.h"

#include <errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define START_MS 5000
#define QUIET_MS 100 /* for the rings between workers, once nothing is received any more */

static int conf_check(const struct dp_engine_conf *conf, struct rh_error *err)
{
	if (!conf->worker_count || conf->worker_count > DP_LIMIT_WORKERS)
		return rh_error_set(err, EINVAL, "engine: %u workers: give it 1 to %d",
			conf->worker_count, DP_LIMIT_WORKERS);
	if (!conf->table)
		return rh_error_set(err, EINVAL, "engine: no subscription table");
	if (!conf->node_incarnation)
		return rh_error_set(err, EINVAL, "engine: node incarnation is 0: draw it at random");
	if (conf->max_sessions > DP_LIMIT_SESSIONS)
		return rh_error_set(err, EINVAL, "engine: %u sessions: at most %d", conf->max_sessions,
			DP_LIMIT_SESSIONS);
	for (uint32_t w = 0; w < conf->worker_count; w++)
		if (!conf->workers[w].port_count || conf->workers[w].port_count > DP_LIMIT_PORTS)
			return rh_error_set(err, EINVAL, "worker %u: %u ports: give it 1 to %d", w,
				conf->workers[w].port_count, DP_LIMIT_PORTS);
	return 0;
}

static void peers_link(struct dp_engine *eng)
{
	for (uint32_t p = 0; p < DP_LIMIT_PORTS; p++)
		eng->port_worker[p] = -1;
	for (uint32_t w = eng->conf.worker_count; w-- > 0;) {
		for (uint32_t v = 0; v < eng->conf.worker_count; v++)
			eng->ctx[w]->peer[v] = eng->ctx[v];
		for (uint32_t i = 0; i < eng->conf.workers[w].port_count; i++)
			eng->port_worker[eng->conf.workers[w].ports[i]] = (int)w;
	}
}

static int engine_init(struct dp_engine *eng, struct rh_error *err)
{
	int ret;

	eng->closing.head = eng->free.head = DP_SLOT_NONE;
	if (dp_tables_create(&eng->tables, &eng->conf) < 0)
		return rh_error_set(err, ENOMEM, "engine: no memory for %u sessions",
			eng->tables.slot_count);
	eng->punt_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (eng->punt_fd < 0)
		return rh_error_set(err, errno, "engine: no event descriptor: %s", strerror(errno));
	for (uint32_t w = 0; w < eng->conf.worker_count; w++) {
		ret = dp_worker_create(eng, w, err);

		if (ret < 0)
			return ret;
	}
	peers_link(eng);
	dp_pools_judge(eng);
	ret = dp_lane_create(eng);
	return ret < 0 ? rh_error_set(err, -ret, "engine: no content lane: %s", strerror(-ret)) : 0;
}

int dp_engine_create(const struct dp_engine_conf *conf, struct dp_engine **out, struct rh_error *err)
{
	struct dp_engine *eng;
	int ret = conf_check(conf, err);

	if (ret < 0)
		return ret;
	eng = aligned_alloc(RH_CACHE_LINE, sizeof(*eng));
	if (!eng)
		return rh_error_set(err, ENOMEM, "engine: no memory");
	memset(eng, 0, sizeof(*eng));
	eng->conf = *conf;
	eng->punt_fd = -1;
	ret = engine_init(eng, err);
	if (ret < 0) {
		dp_engine_destroy(eng);
		return ret;
	}
	*out = eng;
	return 0;
}

static void sleep_ms(void)
{
	const struct timespec ts = {.tv_nsec = RH_NS_PER_MS};

	(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
}

/* Whatever a control thread waits for here, it must not hold a grace period up meanwhile. */
static void wait_ms(struct dp_engine *eng)
{
	if (eng->running)
		sleep_ms();
	else
		for (uint32_t w = 0; w < eng->conf.worker_count; w++)
			(void)dp_worker_poll_once(eng, eng->ctx[w]);
}

static int worker_launch(struct dp_engine *eng, uint32_t w, struct dp_worker_arg *arg,
	struct rh_error *err)
{
	unsigned core = eng->conf.workers[w].core;
	uint64_t deadline;

	*arg = (struct dp_worker_arg){eng, eng->ctx[w]};
	if (!rte_lcore_is_enabled(core) || core == rte_get_main_lcore())
		return rh_error_set(err, EINVAL,
			"worker %u: core %u is not among the worker cores given to EAL", w, core);
	if (rte_eal_remote_launch(dp_worker_main, arg, core) < 0)
		return rh_error_set(err, EBUSY, "worker %u: core %u already runs a worker", w, core);
	deadline = rh_clock_ns() + START_MS * RH_NS_PER_MS;
	while (!rh_load_acquire(&eng->ctx[w]->running)) {
		if (rh_clock_ns() > deadline)
			return rh_error_set(err, ETIMEDOUT, "worker %u: did not start on core %u", w, core);
		sleep_ms();
	}
	return 0;
}

/* What it is at it gives back to workers that still run. */
static void lane_join(struct dp_engine *eng)
{
	dp_lane_stop(eng);
	while (!dp_lane_ended(eng))
		wait_ms(eng);
}

static void workers_join(struct dp_engine *eng)
{
	rh_store_release(&eng->phase, DP_PHASE_EXIT);
	for (uint32_t w = 0; w < eng->conf.worker_count; w++) {
		while (rh_load_acquire(&eng->ctx[w]->running))
			sleep_ms();
		if (rte_lcore_is_enabled(eng->conf.workers[w].core))
			(void)rte_eal_wait_lcore(eng->conf.workers[w].core);
	}
	eng->running = false;
}

int dp_engine_start(struct dp_engine *eng, struct rh_error *err)
{
	if (eng->running || eng->finished)
		return rh_error_set(err, EALREADY, "engine: was started before");
	eng->running = true;
	for (uint32_t w = 0; w < eng->conf.worker_count; w++) {
		int ret = worker_launch(eng, w, &eng->arg[w], err);

		if (ret < 0) {
			workers_join(eng);
			return ret;
		}
	}
	return dp_lane_start(eng, err);
}

/* Events and copies. */
static uint64_t waiting(const struct dp_engine *eng)
{
	struct dp_counters sum;

	dp_counters_sum(eng, &sum);
	return sum.events_waiting + sum.copies_queued;
}

/* Until nothing waits, or @ms passed. The gauge is stored once a loop, so nothing must wait twice in a row. */
static void drain(struct dp_engine *eng, uint32_t ms)
{
	uint64_t deadline = rh_clock_ns() + ms * RH_NS_PER_MS;
	int quiet = 0;

	while (quiet < 2 && rh_clock_ns() < deadline) {
		wait_ms(eng);
		quiet = waiting(eng) ? 0 : quiet + 1;
	}
}

/* Datagrams that were handed over but not yet looked at; the workers are gone, so their ends are ours. */
static void handoffs_finish(struct dp_engine *eng)
{
	for (int round = 0; round < QUIET_MS; round++) {
		uint32_t n = 0;

		for (uint32_t w = 0; w < eng->conf.worker_count; w++) {
			eng->ctx[w]->now_tsc = rh_tsc();
			n += dp_node_inbox(eng->ctx[w]);
		}
		if (!n)
			return;
	}
}

void dp_engine_drain(struct dp_engine *eng)
{
	rh_store_relaxed(&eng->tables.draining, 1);
}

void dp_engine_stop(struct dp_engine *eng, uint32_t drain_ms)
{
	if (eng->finished)
		return;
	dp_engine_drain(eng);
	drain(eng, drain_ms);
	rh_store_release(&eng->phase, DP_PHASE_QUIET);
	for (int i = 0; i < 2; i++)
		wait_ms(eng);
	lane_join(eng);
	if (eng->running)
		workers_join(eng);
	dp_lane_finish(eng);
	if (eng->conf.worker_count > 1)
		handoffs_finish(eng);
	for (uint32_t w = 0; w < eng->conf.worker_count; w++)
		while (dp_commands_drain(eng->ctx[w]))
			;
	for (uint32_t w = 0; w < eng->conf.worker_count; w++)
		dp_worker_finish(eng->ctx[w]);
	eng->finished = true;
}

static void ports_return(struct dp_engine *eng)
{
	for (uint32_t w = 0; w < eng->conf.worker_count && eng->ctx[w]; w++)
		for (uint32_t q = 0; q < eng->ctx[w]->rxq_count; q++)
			dp_port_queues_return(eng->ctx[w]->rxq[q].port);
}

void dp_engine_destroy(struct dp_engine *eng)
{
	if (!eng)
		return;
	if (eng->running)
		dp_engine_stop(eng, 0);
	/* Slots and next hops on their way through a grace period point into the tables. */
	rh_rcu_barrier();
	ports_return(eng);
	for (uint32_t w = 0; w < eng->conf.worker_count; w++)
		dp_worker_destroy(eng->ctx[w]);
	dp_lane_destroy(eng->lane);
	dp_tables_destroy(&eng->tables);
	if (eng->punt_fd >= 0)
		(void)close(eng->punt_fd);
	free(eng);
}

uint32_t dp_engine_workers(const struct dp_engine *eng)
{
	return eng->conf.worker_count;
}

uint64_t dp_engine_seen(const struct dp_engine *eng)
{
	uint64_t least = UINT64_MAX;

	for (uint32_t w = 0; w < eng->conf.worker_count; w++) {
		const struct dp_ctx *ctx = eng->ctx[w];
		uint64_t seen;

		if (!rh_load_acquire(&ctx->running))
			continue;
		seen = rh_load_acquire(&ctx->seen_generation);
		least = seen < least ? seen : least;
	}
	return least;
}

int dp_engine_worker_status(const struct dp_engine *eng, uint32_t worker, struct dp_worker_status *out)
{
	const struct dp_ctx *ctx;

	if (worker >= eng->conf.worker_count)
		return -ENOENT;
	ctx = eng->ctx[worker];
	*out = (struct dp_worker_status){
		.core = eng->conf.workers[worker].core,
		.idle = eng->conf.workers[worker].idle,
		.running = rh_load_acquire(&ctx->running),
		.last_loop_tsc = rh_load_relaxed(&ctx->last_loop_tsc),
		.generation = rh_load_acquire(&ctx->seen_generation),
		.sessions = rh_load_relaxed(&ctx->owned_count),
		.queued_copies = (uint32_t)rh_load_relaxed(&ctx->queued_copies),
		.queued_bytes = (uint32_t)rh_load_relaxed(&ctx->queued_bytes),
		.event_buffers_free = dp_store_large_free(&ctx->store),
		.reassemblies = rh_load_relaxed(&ctx->reassembly_count),
		.lane_events = (uint32_t)rh_load_relaxed(&ctx->counters.events_waiting),
		.lane_bytes = rh_load_relaxed(&ctx->lane_bytes),
	};
	return 0;
}
