#include "perf/bench/churned.h"

#include "dataplane/base/rcu.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The lane of a workload whose topics and filters are none of the first one's. */
#define LANE 1
#define QUIESCENT_EVERY 256

static int filter_make(const struct churned *c, uint32_t place, struct rh_filter *out, struct rh_error *err)
{
	char text[WORKLOAD_TEXT_MAX];
	uint32_t len = workload_filter(&c->workload, 2 * place + c->other[place], text);

	return rh_filter_parse(RH_DIALECT_MQTT, text, len, out, err);
}

static int add(struct churned *c, uint32_t place, const struct rh_filter *filter, struct rh_error *err)
{
	const struct path_lane *lane = &c->path->lane[0];
	uint32_t subscriber = place % lane->workload.spec.subscribers;

	return dp_table_sub_add(c->path->table, 0, filter, lane->subscriber_slot[subscriber], 0, &c->sub[place], err);
}

static int fill(struct churned *c, struct rh_error *err)
{
	int ret = 0;

	for (uint32_t p = 0; p < c->count && !ret; p++) {
		ret = filter_make(c, p, &c->filter[0], err);
		if (!ret)
			ret = add(c, p, &c->filter[0], err);
		if (p % QUIESCENT_EVERY == 0)
			rh_rcu_quiescent();
	}
	(void)dp_table_publish(c->path->table);
	return ret;
}

int churned_init(struct churned *c, struct path *path, uint32_t count, struct rh_error *err)
{
	struct workload_spec spec = path->opt.workload;
	int ret;

	memset(c, 0, sizeof(*c));
	c->path = path;
	c->count = count;
	spec.lane = LANE;
	spec.subscriptions = spec.topics = 2 * count;
	spec.zipf = 0;
	perf_random_init(&c->random, spec.seed);
	ret = workload_init(&c->workload, &spec, err);
	if (ret)
		return ret;
	c->sub = calloc(count, sizeof(*c->sub));
	c->other = calloc(count, sizeof(*c->other));
	c->filter = calloc(CHURNED_BATCH, sizeof(*c->filter));
	if (!c->sub || !c->other || !c->filter)
		return rh_error_set(err, ENOMEM, "no memory for %u subscriptions that change", count);
	return fill(c, err);
}

void churned_fini(struct churned *c)
{
	if (c->path)
		workload_fini(&c->workload);
	free(c->sub);
	free(c->other);
	free(c->filter);
}

int churned_prepare(struct churned *c, uint32_t places, struct rh_error *err)
{
	int ret = 0;

	c->chosen = places;
	for (uint32_t i = 0; i < places && !ret; i++) {
		uint32_t place = (uint32_t)perf_random_below(&c->random, c->count);

		c->place[i] = place;
		c->other[place] ^= 1;
		ret = filter_make(c, place, &c->filter[i], err);
	}
	return ret;
}

static int remove_one(struct churned *c, uint32_t place, struct rh_error *err)
{
	int ret = dp_table_sub_del(c->path->table, c->sub[place]);

	return ret ? rh_error_set(err, -ret, "the table does not know subscription %u: %s", c->sub[place], strerror(-ret)) : 0;
}

uint64_t churned_run(struct churned *c, struct rh_error *err)
{
	int ret = 0;

	for (uint32_t i = 0; i < c->chosen && !ret; i++) {
		ret = remove_one(c, c->place[i], err);
		if (!ret)
			ret = add(c, c->place[i], &c->filter[i], err);
	}
	return ret ? 0 : dp_table_publish(c->path->table);
}

uint64_t churned_half(struct churned *c, bool subscribe, struct rh_error *err)
{
	int ret = subscribe ? add(c, c->place[0], &c->filter[0], err) : remove_one(c, c->place[0], err);

	return ret ? 0 : dp_table_publish(c->path->table);
}
