#include "perf/bench/pace.h"

#include "dataplane/base/atomic.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/rcu.h"
#include "perf/probe/units.h"

#include <errno.h>
#include <rte_launch.h>
#include <string.h>
#include <unistd.h>

#define START_STEPS 5000 /* of a millisecond */
#define LOOK_EVERY_US 250

static void orders_take(struct pace *pace, uint64_t now)
{
	uint64_t serial = rh_load_acquire(&pace->serial);

	if (rh_likely(serial == pace->seen))
		return;
	pace->seen = serial;
	pace->step = rh_load_relaxed(&pace->cycles_q16);
	pace->start_tsc = now;
	pace->gone = 0;
}

/* Datagrams that wait in the ring at @now. */
static uint64_t waiting(struct pace *pace, uint64_t now)
{
	uint64_t come, over;

	if (!pace->step)
		return UINT64_MAX;
	come = ((now - pace->start_tsc) << 16) / pace->step;
	over = come - pace->gone;
	if (over > PACE_RING) {
		over -= PACE_RING;
		rh_add_relaxed(&pace->lost, over);
		rh_add_relaxed(&pace->offered, over);
		pace->gone += over;
		return PACE_RING;
	}
	return over;
}

static void units_look(struct pace *pace, uint64_t now)
{
	if (rh_likely(now < pace->look_tsc))
		return;
	pace->look_tsc = now + rh_tsc_hz() / 1000000 * LOOK_EVERY_US;
	rh_add_relaxed(&pace->looks, 1);
	rh_add_relaxed(&pace->shared, units_width() < UNITS_ALONE);
}

static void round_run(struct pace *pace, struct dp_ctx *ctx)
{
	uint64_t now = rh_tsc(), room, taken;

	orders_take(pace, now);
	units_look(pace, now);
	room = waiting(pace, now);
	ctx->rx_left = room;
	(void)dp_worker_poll_once(pace->eng, ctx);
	taken = room - ctx->rx_left;
	pace->gone += taken;
	rh_add_relaxed(&pace->offered, taken);
}

static int worker_main(void *arg)
{
	struct pace *pace = arg;
	struct dp_ctx *ctx = pace->eng->ctx[0];

	rh_rcu_register();
	rh_store_release(&ctx->running, 1);
	while (!rh_load_acquire(&pace->stop))
		round_run(pace, ctx);
	rh_rcu_unregister();
	rh_store_release(&ctx->running, 0);
	return 0;
}

int pace_start(struct pace *pace, struct dp_engine *eng, struct rh_error *err)
{
	unsigned core = eng->conf.workers[0].core;

	memset(pace, 0, sizeof(*pace));
	pace->eng = eng;
	if (rte_eal_remote_launch(worker_main, pace, core) < 0)
		return rh_error_set(err, EBUSY, "core %u runs something already", core);
	pace->launched = true;
	for (int i = 0; i < START_STEPS && !rh_load_acquire(&eng->ctx[0]->running); i++)
		(void)usleep(1000);
	if (!rh_load_acquire(&eng->ctx[0]->running))
		return rh_error_set(err, ETIMEDOUT, "the worker did not start on core %u", core);
	return 0;
}

void pace_set(struct pace *pace, double rate)
{
	uint64_t step = rate > 0 ? (uint64_t)((double)rh_tsc_hz() * 65536 / rate) : 0;

	rh_store_relaxed(&pace->cycles_q16, step);
	rh_store_release(&pace->serial, pace->serial + 1);
}

void pace_stop(struct pace *pace)
{
	if (!pace->launched)
		return;
	rh_store_release(&pace->stop, 1);
	(void)rte_eal_wait_lcore(pace->eng->conf.workers[0].core);
	pace->launched = false;
}
