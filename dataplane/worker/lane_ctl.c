/* The content lane's memory and its thread. Ctx of everything but the thread's own function: control. */

#include "dataplane/worker/lane_priv.h"

#include "dataplane/base/pages.h"
#include "dataplane/base/rcu.h"
#include "dataplane/match/budget.h"
#include "dataplane/node/node.h"

#include <errno.h>
#include <poll.h>
#include <rte_ring.h>
#include <rte_ring_elem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

/* One answer may have every session as a receiver, and takes at most half of the ring. */
#define BACK_BYTES   (4u << 20)
#define ANSWER_BYTES (sizeof(struct dp_lane_answer) + DP_LIMIT_SESSIONS * sizeof(struct dp_lane_receiver))
_Static_assert(ANSWER_BYTES < BACK_BYTES / 2 - 8, "any answer fits into the ring");

/*
 * Steps without work before it naps, and naps before it sleeps until a worker rings the bell, which is a system call of the worker's. Most tenants
 * never need the lane, and the core that it sleeps on has other work.
 */
#define IDLE_STEPS 64
#define NAPS	   256
#define NAP_NS	   (RH_NS_PER_MS / 20)
/* In case nobody rings. */
#define SLEEP_MS 1000

bool dp_lane_wanted(const struct dp_engine_conf *conf)
{
	return conf->content_share > 0 && conf->content_share < 100;
}

int dp_lane_attach(struct dp_engine *eng, struct dp_ctx *ctx)
{
	char name[RTE_RING_NAMESIZE];

	if (!dp_lane_wanted(&eng->conf))
		return 0;
	(void)snprintf(name, sizeof(name), "dp_lane_%u", ctx->worker);
	ctx->lane_to = rte_ring_create_elem(name, sizeof(struct dp_lane_event), DP_LIMIT_LANE_EVENTS, SOCKET_ID_ANY,
		RING_F_SP_ENQ | RING_F_SC_DEQ | RING_F_EXACT_SZ);
	ctx->budget = dp_budget_create(eng->conf.content_share, ctx->tsc_hz);
	if (!ctx->lane_to || !ctx->budget || dp_bytering_init(&ctx->lane_back, BACK_BYTES) < 0)
		return -ENOMEM;
	dp_match_set_budget(ctx->match, ctx->budget);
	return 0;
}

void dp_lane_detach(struct dp_ctx *ctx)
{
	rte_ring_free(ctx->lane_to);
	dp_bytering_fini(&ctx->lane_back);
	dp_budget_destroy(ctx->budget);
}

int dp_lane_create(struct dp_engine *eng)
{
	struct dp_lane *lane;

	if (!dp_lane_wanted(&eng->conf))
		return 0;
	lane = calloc(1, sizeof(*lane));
	if (!lane)
		return -ENOMEM;
	eng->lane = lane;
	lane->eng = eng;
	lane->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (lane->bell < 0)
		return -errno;
	lane->first = lane->last = lane->node_free = DP_LANE_NONE;
	lane->node_count = eng->conf.worker_count * DP_LIMIT_LANE_EVENTS;
	lane->node = calloc(lane->node_count, sizeof(*lane->node));
	lane->queue = calloc(DP_LIMIT_TENANTS, sizeof(*lane->queue));
	lane->answer = rh_pages_reserve_sparse(ANSWER_BYTES);
	if (!lane->node || !lane->queue || !lane->answer)
		return -ENOMEM;
	return dp_match_create_lane(eng->conf.table, &lane->match);
}

void dp_lane_destroy(struct dp_lane *lane)
{
	if (!lane)
		return;
	if (lane->bell >= 0)
		(void)close(lane->bell);
	dp_match_destroy(lane->match);
	rh_pages_release(lane->answer, ANSWER_BYTES);
	free(lane->node);
	free(lane->queue);
	free(lane);
}

/* Sleeping is quiescent, and must not hold a grace period up. */
static void nap(void)
{
	const struct timespec ts = {.tv_nsec = NAP_NS};

	rh_rcu_offline();
	(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
	rh_rcu_online();
}

static void sleep_until_rung(struct dp_lane *lane)
{
	struct pollfd bell = {.fd = lane->bell, .events = POLLIN};
	uint64_t rings;

	rh_rcu_offline();
	(void)poll(&bell, 1, SLEEP_MS);
	/* Nothing to read: nobody rang. */
	if (read(lane->bell, &rings, sizeof(rings)) < 0)
		rh_store_relaxed(&lane->armed, 0);
	rh_rcu_online();
}

/* Rings for what is handed over from here on; returns whether something was before. */
static bool arm(struct dp_lane *lane)
{
	__atomic_store_n(&lane->armed, 1, __ATOMIC_SEQ_CST);
	return dp_lane_poll_once(lane) || rh_load_acquire(&lane->stopping);
}

/* The steps without work that count from here on. */
static uint32_t lane_sleep(struct dp_lane *lane)
{
	if (arm(lane))
		return 0;
	sleep_until_rung(lane);
	/* One look, and back to sleep, unless there is work. */
	return IDLE_STEPS + NAPS - 1;
}

static void *lane_main(void *arg)
{
	struct dp_lane *lane = arg;
	uint32_t idle = 0;

	rh_rcu_register();
	/* Pairs with the store in dp_lane_stop. An answer that has no room yet belongs to a worker that still runs. */
	while (!rh_load_acquire(&lane->stopping) || lane->answer_waits) {
		if (dp_lane_poll_once(lane))
			idle = 0;
		else if (++idle >= IDLE_STEPS + NAPS)
			idle = lane_sleep(lane);
		else if (idle >= IDLE_STEPS)
			nap();
	}
	rh_rcu_unregister();
	/* Pairs with the load in dp_lane_ended: all of it is control's again. */
	rh_store_release(&lane->ended, 1);
	return NULL;
}

int dp_lane_start(struct dp_engine *eng, struct rh_error *err)
{
	struct dp_lane *lane = eng->lane;
	int ret;

	if (!lane)
		return 0;
	ret = pthread_create(&lane->thread, NULL, lane_main, lane);
	if (ret)
		return rh_error_set(err, ret, "content lane: no thread: %s", strerror(ret));
	lane->started = true;
	(void)pthread_setname_np(lane->thread, "rhumb-lane");
	/* Where it may not run there it stays where it is. */
	if (CPU_COUNT(&eng->conf.lane_cores))
		(void)pthread_setaffinity_np(lane->thread, sizeof(eng->conf.lane_cores), &eng->conf.lane_cores);
	return 0;
}

void dp_lane_stop(struct dp_engine *eng)
{
	if (!eng->lane)
		return;
	rh_store_release(&eng->lane->stopping, 1);
	dp_bell_ring(eng->lane->bell);
}

bool dp_lane_ended(struct dp_engine *eng)
{
	struct dp_lane *lane = eng->lane;

	if (!lane || !lane->started)
		return true;
	if (!rh_load_acquire(&lane->ended))
		return false;
	(void)pthread_join(lane->thread, NULL);
	lane->started = false;
	return true;
}

void dp_lane_finish(struct dp_engine *eng)
{
	struct dp_lane_event event;
	uint32_t worker;

	if (!eng->lane)
		return;
	for (uint32_t w = 0; w < eng->conf.worker_count; w++) {
		struct dp_ctx *ctx = eng->ctx[w];

		ctx->now_tsc = rh_tsc();
		ctx->loaded_generation = dp_match_begin(ctx->match);
		while (dp_node_lane(ctx))
			;
	}
	while (dp_lane_take(eng->lane, &event, &worker))
		dp_lane_give_up(eng->ctx[worker], &event);
}
