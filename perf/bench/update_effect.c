/*
 * From an update to its effect: the time from before the call that adds or removes one subscription to the first look that finds every worker to have loaded the generation of its
 * publish. Before it is timed, that this is an effect is looked at: a session that asks for everything gets copies from then on, and none any more
 * after it left.
 */

#include "perf/bench/update.h"

#include "dataplane/base/clock.h"
#include "dataplane/base/histogram.h"
#include "dataplane/base/rcu.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EFFECTS	       50
#define SEEN_NS	       (2 * RH_NS_PER_S) /* a worker that has not looked by then has stopped */
#define COPY_NS	       (RH_NS_PER_S / 2)
#define QUIET_US       2000
#define PAUSE_MOST_NS  400000 /* so that updates meet every part of a round */

static int seen_wait(const struct update *u, uint64_t generation, struct rh_error *err)
{
	uint64_t deadline = rh_clock_ns() + SEEN_NS;

	while (dp_engine_seen(u->path.eng) < generation)
		if (rh_clock_ns() > deadline)
			return rh_error_set(err, ETIMEDOUT, "the worker did not load generation %" PRIu64 " in two seconds", generation);
	return 0;
}

static uint64_t copies_of(const struct update *u)
{
	struct dp_session_stats st = {0};

	(void)dp_session_stats(u->path.eng, u->path.lane[0].publisher_slot, &st);
	return st.copies_made;
}

static int copy_wait(const struct update *u, uint64_t had, struct rh_error *err)
{
	uint64_t deadline = rh_clock_ns() + COPY_NS;

	while (copies_of(u) == had)
		if (rh_clock_ns() > deadline)
			return rh_error_set(err, EINVAL, "a subscription to everything was acknowledged and got nothing");
	return 0;
}

static int effect_check(struct update *u, const struct rh_filter *all, struct rh_error *err)
{
	const struct path_lane *lane = &u->path.lane[0];
	dp_sub_id_t sub;
	int ret = dp_table_sub_add(u->path.table, 0, all, lane->publisher_slot, 0, &sub, err);
	uint64_t had;

	if (!ret)
		ret = seen_wait(u, dp_table_publish(u->path.table), err);
	if (!ret)
		ret = copy_wait(u, copies_of(u), err);
	if (ret)
		return ret;
	(void)dp_table_sub_del(u->path.table, sub);
	ret = seen_wait(u, dp_table_publish(u->path.table), err);
	if (ret)
		return ret;
	had = copies_of(u);
	rh_rcu_offline();
	(void)usleep(QUIET_US);
	rh_rcu_online();
	if (copies_of(u) != had)
		return rh_error_set(err, EINVAL, "%" PRIu64 " copies were made for a session after its unsubscribe was acknowledged",
			copies_of(u) - had);
	return 0;
}

static int effects_check(struct update *u, struct rh_error *err)
{
	static const char text[] = "plant/#";
	struct rh_filter all;
	int ret = rh_filter_parse(RH_DIALECT_MQTT, text, sizeof(text) - 1, &all, err);

	for (int i = 0; i < EFFECTS && !ret; i++)
		ret = effect_check(u, &all, err);
	return ret;
}

static void pause_random(struct update *u)
{
	uint64_t until = rh_clock_ns() + perf_random_below(&u->churned.random, PAUSE_MOST_NS);

	while (rh_clock_ns() < until)
		rh_rcu_quiescent();
}

/* One unsubscribe, then one subscribe. */
static int halves_time(struct update *u, struct rh_histogram *h, struct rh_error *err)
{
	int ret = churned_prepare(&u->churned, 1, err);

	for (int add = 0; add < 2 && !ret; add++) {
		uint64_t start, generation;

		pause_random(u);
		start = rh_clock_ns();
		generation = churned_half(&u->churned, add, err);
		ret = generation ? seen_wait(u, generation, err) : -EINVAL;
		if (!ret)
			rh_histogram_record(h, rh_clock_ns() - start);
		rh_rcu_quiescent();
	}
	return ret;
}

static void histogram_print(const struct rh_histogram *h)
{
	(void)printf(", \"updates\": %" PRIu64 ", \"p50_us\": %.3f, \"p90_us\": %.3f, \"p99_us\": %.3f, \"p999_us\": %.3f, \"max_us\": %.3f",
		h->count, (double)rh_histogram_percentile_ns(h, 5000) / 1e3, (double)rh_histogram_percentile_ns(h, 9000) / 1e3,
		(double)rh_histogram_percentile_ns(h, 9900) / 1e3, (double)rh_histogram_percentile_ns(h, 9990) / 1e3,
		(double)h->max_ns / 1e3);
}

static int window(struct update *u, struct rh_error *err)
{
	static struct rh_histogram h;
	struct update_sample a, b;
	uint64_t until = rh_clock_ns() + (uint64_t)(u->path.opt.seconds * RH_NS_PER_S);
	int ret = 0;

	rh_histogram_reset(&h);
	update_sample_take(u, &a);
	while (!ret && rh_clock_ns() < until)
		ret = halves_time(u, &h, err);
	update_sample_take(u, &b);
	(void)printf("    {");
	update_window_print("visible", &a, &b);
	histogram_print(&h);
	(void)printf("},\n");
	return ret;
}

int update_effect(struct update *u, struct rh_error *err)
{
	double most = update_saturate(u);
	int ret;

	pace_set(&u->pace, most * u->path.opt.load / 100);
	ret = effects_check(u, err);
	for (uint32_t i = 0; i < u->path.opt.windows && !ret; i++)
		ret = window(u, err);
	return ret;
}
