/* Workers on cores of their own. */

#include "dataplane/api/engine.h"

#include "dataplane/api/counters.h"
#include "dataplane/api/port.h"
#include "dataplane/api/session.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/rcu.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct dp_table *table;
static struct dp_engine_conf conf;
static struct rh_error err;
static uint32_t port;

static void start(void)
{
	static char prefix[32];
	struct dp_eal_conf eal = {.file_prefix = prefix,
		.hugepages = DP_HUGEPAGES_OFF,
		.memory_mb = 64,
		.cores = {1},
		.core_count = 1};
	struct dp_table_conf tc = {.cache_entries = 64, .max_workers = 1};
	struct dp_port_conf pc = {.name = "p0", .device = "net_null0,no-rx=1", .queues = 1};

	(void)snprintf(prefix, sizeof(prefix), "run-%d", (int)getpid());
	cr_assert_eq(dp_eal_start(&eal, &err), 0, "%s", err.text);
	rh_rcu_register();
	cr_assert_eq(dp_port_open(&pc, &port, &err), 0, "%s", err.text);
	cr_assert_eq(dp_table_create(&tc, &table, &err), 0, "%s", err.text);
	conf = (struct dp_engine_conf){.worker_count = 1, .node_incarnation = 1, .table = table, .max_sessions = 16};
	conf.workers[0] = (struct dp_worker_conf){
		.core = 1, .idle = DP_IDLE_YIELD, .ports = {port}, .port_count = 1};
}

TestSuite(run, .init = start, .timeout = 30);

/* Wait for something the worker does, RCU-offline as the control loop is. */
#define EVENTUALLY(condition)                                                                      \
	do {                                                                                       \
		uint64_t deadline = rh_clock_ns() + 5 * RH_NS_PER_S;                               \
		rh_rcu_offline();                                                                  \
		while (!(condition) && rh_clock_ns() < deadline)                                   \
			usleep(1000);                                                              \
		rh_rcu_online();                                                                   \
		cr_assert(condition);                                                              \
	} while (0)

Test(run, a_worker_starts_loops_sees_generations_and_stops)
{
	struct dp_worker_status status;
	struct dp_engine *eng;
	uint64_t generation, tsc;

	cr_assert_eq(dp_engine_create(&conf, &eng, &err), 0, "%s", err.text);
	cr_assert_eq(dp_engine_worker_status(eng, 0, &status), 0);
	cr_assert_not(status.running);
	cr_assert_eq(dp_engine_start(eng, &err), 0, "%s", err.text);
	cr_assert_lt(dp_engine_start(eng, &err), 0, "twice");
	cr_assert_eq(dp_engine_worker_status(eng, 0, &status), 0);
	cr_assert(status.running);
	cr_assert_eq(status.core, 1);
	tsc = status.last_loop_tsc;
	EVENTUALLY(dp_engine_worker_status(eng, 0, &status) == 0 && status.last_loop_tsc > tsc);
	generation = dp_table_publish(table);
	EVENTUALLY(dp_engine_seen(eng) >= generation);
	dp_engine_stop(eng, 100);
	cr_assert_eq(dp_engine_seen(eng), UINT64_MAX);
	cr_assert_eq(dp_engine_worker_status(eng, 0, &status), 0);
	cr_assert_not(status.running);
	cr_assert_lt(dp_engine_worker_status(eng, 1, &status), 0);
	dp_engine_destroy(eng);
}

Test(run, a_session_opened_and_closed_while_running_is_let_go)
{
	struct dp_adjacency adj = {.port = port, .vlan = DP_VLAN_NONE, .resolved = true};
	struct dp_session_conf sc = {.local = {.family = 4}, .remote = {.family = 4}, .max_datagram = 1400};
	struct dp_worker_status status;
	struct dp_session_stats stats;
	struct dp_engine *eng;
	dp_session_id_t slot;
	uint32_t wire, check;

	cr_assert_eq(dp_engine_create(&conf, &eng, &err), 0, "%s", err.text);
	cr_assert_eq(dp_engine_start(eng, &err), 0, "%s", err.text);
	cr_assert_eq(dp_adj_create(eng, &adj, &sc.adjacency), 0);
	cr_assert_eq(dp_session_open(eng, &sc, &slot, &wire, &check, &err), 0, "%s", err.text);
	EVENTUALLY(dp_engine_worker_status(eng, 0, &status) == 0 && status.sessions == 1);
	cr_assert_eq(dp_session_stats(eng, slot, &stats), 0);
	cr_assert_eq(dp_session_close(eng, slot), 0);
	EVENTUALLY(dp_engine_worker_status(eng, 0, &status) == 0 && status.sessions == 0);
	/* Opening the next ones takes the steps that give the slot back. */
	for (int i = 0; i < 3; i++) {
		dp_session_id_t other;

		cr_assert_eq(dp_session_open(eng, &sc, &other, &wire, &check, &err), 0, "%s", err.text);
		rh_rcu_barrier();
		if (other == slot)
			break;
		cr_assert_lt(i, 2, "the slot did not come back");
	}
	dp_engine_stop(eng, 0);
	dp_engine_destroy(eng);
}

Test(run, a_core_that_is_not_a_worker_s_is_refused)
{
	struct dp_engine *eng;

	conf.workers[0].core = 0;
	cr_assert_eq(dp_engine_create(&conf, &eng, &err), 0);
	cr_assert_lt(dp_engine_start(eng, &err), 0);
	cr_assert_not_null(strstr(err.text, "core 0"), "%s", err.text);
	dp_engine_destroy(eng);
}
