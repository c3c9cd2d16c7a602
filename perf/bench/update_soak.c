/*
 * So many events while subscriptions change, as fast as both go: below a root of their own, so that the table grows and shrinks (churned.h), and on the filters that events match: sessions ask
 * once more for what they have already, and take that back. The latter changes the sets that each event meets and outdates what is cached, and yet nobody's copies: every counter stays what
 * the construction says. At the end nothing may have grown since a quarter of the way.
 */

#include "perf/bench/update.h"

#include "dataplane/base/rcu.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define AGAIN	     4096 /* places of subscriptions that a session has already */
#define AGAIN_BATCH  32
#define BATCHES_LEAST 400
/* What may be there more than at a quarter of the way: pages half filled, blocks that wait for their grace period. */
#define GROWTH_PERCENT 5
#ifdef __SANITIZE_ADDRESS__ /* keeps what was freed for a while, 256 MiB of it */
#define GROWTH_BYTES (256u << 20)
#else
#define GROWTH_BYTES (8u << 20)
#endif

struct soak {
	struct update *u;
	struct perf_random random;
	dp_sub_id_t again[AGAIN];
	uint64_t first; /* events before it began */
	uint64_t batches, updates;
};

struct held {
	uint64_t resident, table; /* bytes */
};

static uint64_t resident_bytes(void)
{
	unsigned long size = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f && fscanf(f, "%lu %lu", &size, &resident) != 2)
		resident = 0;
	if (f)
		(void)fclose(f);
	return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* With everything freed that was replaced. */
static struct held held_now(struct soak *soak)
{
	struct dp_table_stats stats;

	rh_rcu_offline();
	rh_rcu_barrier();
	rh_rcu_online();
	dp_table_stats(soak->u->path.table, &stats);
	return (struct held){resident_bytes(), stats.bytes};
}

/* The subscription of place @at is there twice, or no longer. */
static int again_turn(struct soak *soak, uint32_t at, struct rh_error *err)
{
	const struct path *path = &soak->u->path;
	const struct workload *load = &path->lane[0].workload;
	uint32_t s = (uint32_t)perf_random_below(&soak->random, load->spec.subscriptions), len;
	char text[WORKLOAD_TEXT_MAX];
	struct rh_filter filter;
	int ret;

	soak->updates++;
	if (soak->again[at] != DP_SUB_NONE) {
		ret = dp_table_sub_del(path->table, soak->again[at]);
		soak->again[at] = DP_SUB_NONE;
		return ret ? rh_error_set(err, -ret, "a subscription is not known any more") : 0;
	}
	len = workload_filter(load, s, text);
	ret = rh_filter_parse(RH_DIALECT_MQTT, text, len, &filter, err);
	return ret ? ret : dp_table_sub_add(path->table, (uint16_t)workload_tenant(load, s), &filter,
				   path->lane[0].subscriber_slot[workload_subscriber(load, s)], 0, &soak->again[at], err);
}

static int batch(struct soak *soak, struct rh_error *err)
{
	int ret = churned_prepare(&soak->u->churned, CHURNED_BATCH, err);

	for (uint32_t i = 0; i < AGAIN_BATCH && !ret; i++)
		ret = again_turn(soak, (uint32_t)perf_random_below(&soak->random, AGAIN), err);
	if (!ret && !churned_run(&soak->u->churned, err))
		ret = -EINVAL;
	rh_rcu_quiescent();
	soak->batches++;
	soak->updates += 2ULL * CHURNED_BATCH;
	return ret;
}

static uint64_t events_so_far(const struct soak *soak)
{
	struct dp_counters c;

	(void)dp_counters_read(soak->u->path.eng, 0, &c);
	return c.events_parsed - soak->first;
}

static int until(struct soak *soak, uint64_t events, uint64_t batches, struct rh_error *err)
{
	int ret = 0;

	while (!ret && (events_so_far(soak) < events || soak->batches < batches))
		ret = batch(soak, err);
	return ret;
}

static int grown(const char *what, uint64_t before, uint64_t after, struct rh_error *err)
{
	if (after <= before + before * GROWTH_PERCENT / 100 + GROWTH_BYTES)
		return 0;
	return rh_error_set(err, EINVAL, "%s grew from %" PRIu64 " to %" PRIu64 " bytes while as many subscriptions went as came", what, before,
		after);
}

static int compare(const struct soak *soak, const struct held *a, const struct held *b, struct rh_error *err)
{
	int ret = grown("resident memory", a->resident, b->resident, err);

	(void)printf("    {\"kind\": \"soak\", \"events\": %" PRIu64 ", \"updates\": %" PRIu64 ", \"resident_before\": %" PRIu64 ", \"resident_after\": %" PRIu64
		     ", \"table_before\": %" PRIu64 ", \"table_after\": %" PRIu64 "},\n",
		events_so_far(soak), soak->updates, a->resident, b->resident, a->table, b->table);
	return ret ? ret : grown("the table", a->table, b->table, err);
}

int update_soak(struct update *u, struct rh_error *err)
{
	static struct soak soak;
	struct held before, after;
	int ret;

	soak.u = u;
	soak.first = events_so_far(&soak);
	perf_random_init(&soak.random, u->path.opt.workload.seed);
	for (uint32_t i = 0; i < AGAIN; i++)
		soak.again[i] = DP_SUB_NONE;
	ret = until(&soak, u->path.opt.soak / 4, BATCHES_LEAST / 4, err);
	before = held_now(&soak);
	if (!ret)
		ret = until(&soak, u->path.opt.soak, BATCHES_LEAST, err);
	after = held_now(&soak);
	return ret ? ret : compare(&soak, &before, &after, err);
}
