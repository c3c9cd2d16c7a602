/* Making, running and stopping engines; sessions' numbers; what can be read from outside. */

#include "tests/unit/dataplane/node/fixture.h"

#include "dataplane/api/port.h"
#include "dataplane/api/topics.h"
#include "dataplane/api/trace.h"
#include "dataplane/base/rcu.h"
#include "dataplane/node/node.h"
#include "dataplane/node/transmit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct fx_client pub, sub;

TestSuite(engine, .fini = fx_stop);

static uint32_t port_of_mtu(uint16_t mtu)
{
	struct dp_port_conf conf = {.name = "narrow", .device = "net_ring1", .queues = 1, .mtu = mtu};
	struct rh_error err = {""};
	uint32_t port;

	cr_assert_eq(dp_port_open(&conf, &port, &err), 0, "%s", err.text);
	return port;
}

Test(engine, configurations_that_cannot_work_are_refused_with_a_sentence)
{
	struct dp_engine_conf good, conf;
	struct dp_engine *eng = NULL;
	struct rh_error err;
	uint32_t narrow;

	fx_start(NULL);
	good = fx.eng->conf;
	narrow = port_of_mtu(DP_MTU_MIN - 1);
#define REFUSED(change, words)                                                                     \
	do {                                                                                       \
		conf = good;                                                                       \
		change;                                                                            \
		err.text[0] = 0;                                                                   \
		cr_assert_lt(dp_engine_create(&conf, &eng, &err), 0);                              \
		cr_assert_not_null(strstr(err.text, words), "%s", err.text);                        \
		cr_assert_null(eng);                                                               \
	} while (0)
	REFUSED(conf.worker_count = 0, "0 workers");
	REFUSED(conf.worker_count = DP_LIMIT_WORKERS + 1, "17 workers");
	REFUSED(conf.table = NULL, "table");
	REFUSED(conf.node_incarnation = 0, "incarnation");
	REFUSED(conf.max_sessions = DP_LIMIT_SESSIONS + 1, "sessions");
	REFUSED(conf.workers[0].port_count = 0, "0 ports");
	REFUSED(conf.workers[0].ports[0] = 9, "not open");
	REFUSED((conf.workers[0].port_count = 2, conf.workers[0].ports[1] = fx.port), "");
	REFUSED(conf.workers[0].ports[0] = narrow, "has MTU 559: at least 560");
#undef REFUSED
	dp_port_close(narrow);
}

static struct dp_session_conf conf_of(uint32_t n)
{
	fx_client_init(&pub, n, 4, DP_VLAN_NONE);
	return fx_conf(&pub);
}

Test(engine, sessions_that_cannot_work_are_refused_with_a_sentence)
{
	struct dp_session_conf good, conf;
	struct rh_error err;
	uint32_t wire, check;
	dp_session_id_t slot;

	fx_start(NULL);
	good = conf_of(1);
#define REFUSED(change)                                                                            \
	do {                                                                                       \
		conf = good;                                                                       \
		change;                                                                            \
		cr_assert_eq(dp_session_open(fx.eng, &conf, &slot, &wire, &check, &err), -EINVAL);  \
	} while (0)
	REFUSED(conf.owner = 1);
	REFUSED(conf.remote.family = 6);
	REFUSED(conf.remote.family = conf.local.family = 5);
	REFUSED(conf.max_datagram = 511);
	REFUSED(conf.adjacency = 4711);
	REFUSED(conf.adjacency = UINT32_MAX);
#undef REFUSED
}

Test(engine, slots_run_out_and_come_back_with_another_number)
{
	struct fx_client c[5];
	struct dp_session_conf conf;
	struct rh_error err = {""};
	uint32_t wire, check;
	dp_session_id_t slot;

	fx_start(&(struct fx_options){.max_sessions = 4});
	for (uint32_t i = 0; i < 4; i++)
		fx_connect(&c[i], i + 1);
	conf = conf_of(9);
	cr_assert_eq(dp_session_open(fx.eng, &conf, &slot, &wire, &check, &err), -ENOSPC);
	cr_assert_eq(dp_session_close(fx.eng, c[2].slot), 0);
	/* Let go by its owner, then a grace period. */
	for (int i = 0; i < 100; i++) {
		fx_poll();
		if (dp_session_open(fx.eng, &conf, &slot, &wire, &check, &err) == 0)
			break;
		rh_rcu_barrier();
	}
	cr_assert_eq(slot, c[2].slot);
	cr_assert_neq(wire, c[2].wire_id);
	fx_publish(&c[2], "t", "old");
	cr_assert_eq(fx_dropped(datagrams, UNKNOWN_SESSION), 1);
}

Test(engine, numbers_follow_from_a_seed)
{
	fx_start(NULL);
	fx_connect(&pub, 1);
	fx_connect(&sub, 2);
	cr_assert_neq(pub.check, sub.check);
	cr_assert_neq(pub.wire_id, 0);
	cr_assert_eq(pub.slot, 0);
	cr_assert_eq(sub.wire_id & 0xffff, 1);
}

Test(engine, receives_exactly_as_many_datagrams_as_it_may)
{
	fx_start(&(struct fx_options){.max_rx_datagrams = 40});
	fx_connect(&pub, 1);
	for (int i = 0; i < 40; i++)
		fx_publish(&pub, "t", "x");
	cr_assert_eq(fx_count(rx_datagrams), 40);
	cr_assert_eq(dp_node_rx(fx.eng->ctx[0], &fx.eng->ctx[0]->rxq[0]), 0);
	cr_assert_eq(fx.eng->ctx[0]->rx_left, 0);
}

/* Events of two datagrams that fill a burst together, in one round. */
static void full_burst(void)
{
	uint8_t records[2048];
	size_t len = 0;

	fx.hold = true;
	for (uint32_t i = 1; i <= DP_BURST; i++) {
		struct rh_event_spec spec = fx_spec(&pub, "t", "x");

		len += RH_ALIGN_UP(
			(size_t)rh_event_encode(records + len, sizeof(records) - len, &spec, false), RH_WIRE_ALIGN);
		if (i % (DP_BURST / 2))
			continue;
		fx_records_in(&pub, 0, records, len);
		len = 0;
	}
	fx_poll();
	fx.hold = false;
}

/* Where it has nothing to do no clock is read for it. */
static bool is_rare(int stage)
{
	return stage == DP_STAGE_SESSION || stage == DP_STAGE_EGRESS;
}

Test(engine, stage_cycles_are_counted_when_asked_for)
{
	struct dp_session_conf conf;
	struct dp_counters c;

	fx_start(&(struct fx_options){.stage_timing = true});
	fx_connect(&pub, 1);
	fx_client_init(&sub, 2, 4, DP_VLAN_NONE);
	conf = fx_conf(&sub);
	conf.tx_credit_events = 100;
	fx_open(&sub, &conf);
	(void)fx_subscribe(&sub, "#");
	for (int i = 0; i < 100; i++)
		fx_publish(&pub, "t", "x");
	c = fx_counters();
	for (int i = 0; i < DP_STAGE_HOUSEKEEPING; i++)
		cr_assert_eq(c.stage_cycles[i] > 0, !is_rare(i), "stage %d", i);
	/* Several in a datagram, of which one waits. */
	full_burst();
	fx_grant(&sub, 1000, RH_CREDIT_UNLIMITED);
	c = fx_counters();
	for (int i = 0; i < DP_STAGE_HOUSEKEEPING; i++)
		cr_assert_gt(c.stage_cycles[i], 0, "stage %d", i);
	cr_assert_gt(c.busy_cycles + c.idle_cycles, 0);
	cr_assert_gt(c.longest_loop_cycles, 0);
	cr_assert_geq(c.burst_fill[1], 100);
}

/* 32 events are parsed, their session stage has nothing left to do: the least of many rounds tells which of the two was charged. */
Test(engine, the_last_datagram_of_a_full_burst_is_charged_to_parsing)
{
	uint64_t least[2] = {UINT64_MAX, UINT64_MAX};
	const uint64_t *cycles;

	fx_start(&(struct fx_options){.stage_timing = true});
	fx_connect(&pub, 1);
	fx_publish(&pub, "t", "first");
	cycles = fx.eng->ctx[0]->counters.stage_cycles;
	for (int i = 0; i < 100; i++) {
		uint64_t parse = cycles[DP_STAGE_PARSE], session = cycles[DP_STAGE_SESSION];

		full_burst();
		parse = cycles[DP_STAGE_PARSE] - parse;
		session = cycles[DP_STAGE_SESSION] - session;
		least[0] = parse < least[0] ? parse : least[0];
		least[1] = session < least[1] ? session : least[1];
	}
	cr_assert_eq(fx_count(events_parsed), 1 + 100 * DP_BURST);
	cr_assert_gt(least[0], least[1]);
}

static void topic_cb(void *arg, const struct dp_topic_row *row)
{
	if (strcmp(row->topic, "seen/often") == 0)
		*(uint64_t *)arg += row->events;
}

Test(engine, topics_seen_can_be_read)
{
	uint64_t events = 0;

	fx_start(NULL);
	fx_connect(&pub, 1);
	for (int i = 0; i < 3; i++)
		fx_publish(&pub, "seen/often", "x");
	dp_topics_each(fx.eng, topic_cb, &events);
	cr_assert_eq(events, 3);
	cr_assert_eq(fx_count(cache_hits), 2);
	cr_assert_eq(fx_count(cache_misses), 1);
}

static struct dp_trace_entry entries[DP_LIMIT_TRACE_RING + 8];

Test(engine, trace_keeps_what_passes_its_filter)
{
	struct rh_filter filter;
	struct rh_error err;

	fx_start(NULL);
	fx_connect(&pub, 1);
	fx_connect(&sub, 2);
	(void)fx_subscribe(&sub, "a/#");
	fx_publish(&pub, "a/0", "before");
	cr_assert_eq(dp_trace_read(fx.eng, entries, 10), 0);
	cr_assert_eq(rh_filter_parse(RH_DIALECT_MQTT, "a/+", 3, &filter, &err), 0);
	cr_assert_eq(dp_trace_start(fx.eng, &filter), 0);
	fx_publish(&pub, "a/1", "one");
	fx_publish(&pub, "b/1", "not asked for");
	fx_publish_sequence(&pub, 2, "a/2", "twice");
	cr_assert_eq(dp_trace_read(fx.eng, entries, 10), 2);
	cr_assert_str_eq(entries[0].topic, "a/1");
	cr_assert_eq(entries[0].receivers, 1);
	cr_assert_eq(entries[0].sequence, 2);
	cr_assert_eq(entries[0].publisher, pub.slot);
	cr_assert_eq(entries[0].payload_kept, 3);
	cr_assert_arr_eq(entries[0].payload, "one", 3);
	cr_assert_eq(entries[0].drop, DP_DROP_NONE);
	cr_assert_gt(entries[0].wall_ns, 1600000000ULL * 1000000000ULL);
	cr_assert_eq(entries[1].drop, DP_DROP_DUPLICATE);
	cr_assert_eq(dp_trace_read(fx.eng, entries, 1), 1);
	cr_assert_eq(entries[0].drop, DP_DROP_DUPLICATE, "the last one");
	dp_trace_stop(fx.eng);
	fx_publish(&pub, "a/3", "after");
	cr_assert_eq(dp_trace_read(fx.eng, entries, 10), 2);
	cr_assert_eq(dp_trace_start(fx.eng, NULL), 0);
	cr_assert_eq(dp_trace_read(fx.eng, entries, 10), 0, "a new start forgets");
}

Test(engine, trace_overwrites_the_oldest)
{
	fx_start(NULL);
	fx_connect(&pub, 1);
	cr_assert_eq(dp_trace_start(fx.eng, NULL), 0);
	for (int i = 0; i < DP_LIMIT_TRACE_RING + 100; i++)
		fx_publish(&pub, "t", "x");
	cr_assert_eq(dp_trace_read(fx.eng, entries, RH_ARRAY_LEN(entries)), DP_LIMIT_TRACE_RING);
	cr_assert_eq(entries[0].sequence, 101);
	cr_assert_eq(entries[DP_LIMIT_TRACE_RING - 1].sequence, DP_LIMIT_TRACE_RING + 100);
}

Test(engine, aliases_and_adjacencies_that_do_not_exist_are_refused)
{
	struct dp_adjacency adj = {.port = 99};
	uint64_t generation;
	dp_adj_id_t id;

	fx_start(NULL);
	fx_connect(&pub, 1);
	cr_assert_eq(dp_session_alias(fx.eng, pub.slot, 0, "a", 1, &generation), -EINVAL);
	cr_assert_eq(dp_session_alias(fx.eng, pub.slot, RH_ALIAS_MAX + 1, "a", 1, &generation), -EINVAL);
	cr_assert_eq(dp_session_alias(fx.eng, pub.slot, 1, NULL, 0, &generation), -ENOENT);
	cr_assert_eq(dp_session_alias(fx.eng, 63, 1, "a", 1, &generation), -ESRCH);
	cr_assert_eq(dp_session_alias(fx.eng, pub.slot, 1, "a", 1, &generation), 0);
	cr_assert_eq(dp_session_alias(fx.eng, pub.slot, 1, "a", 1, &generation), 0, "the same again");
	cr_assert_eq(dp_session_alias(fx.eng, pub.slot, 1, "b", 1, &generation), -EEXIST);
	cr_assert_eq(dp_session_alias(fx.eng, pub.slot, 1, NULL, 0, &generation), 0);
	cr_assert_eq(dp_session_alias(fx.eng, pub.slot, 1, "b", 1, &generation), 0);
	cr_assert_eq(dp_adj_create(fx.eng, &adj, &id), -EINVAL);
	cr_assert_eq(dp_adj_get(fx.eng, 4711, &adj), -ENOENT);
	cr_assert_eq(dp_adj_destroy(fx.eng, 4711), -ENOENT);
	cr_assert_eq(dp_session_set_adjacency(fx.eng, pub.slot, 4711), -ENOENT);
	cr_assert_eq(dp_session_set_adjacency(fx.eng, pub.slot, pub.adjacency), 0);
}

Test(engine, aliases_of_all_sessions_share_one_budget_which_closing_gives_back)
{
	char topic[RH_TOPIC_MAX];
	uint64_t generation, full = DP_LIMIT_ALIAS_BYTES;

	fx_start(NULL);
	fx_connect(&pub, 1);
	memset(topic, 'a', sizeof(topic));
	cr_assert_eq(dp_session_alias(fx.eng, pub.slot, 1, topic, sizeof(topic), &generation), 0);
	/* As if others had taken the rest. */
	fx.eng->tables.alias_bytes += full - fx.eng->tables.alias_bytes - sizeof(topic);
	cr_assert_eq(dp_session_alias(fx.eng, pub.slot, 2, topic, sizeof(topic), &generation), -ENOSPC);
	cr_assert_eq(dp_session_alias(fx.eng, pub.slot, 1, NULL, 0, &generation), 0);
	cr_assert_eq(dp_session_alias(fx.eng, pub.slot, 2, topic, sizeof(topic), &generation), 0);
	fx.eng->tables.alias_bytes -= full - sizeof(topic) - sizeof(struct dp_aliases) -
		sizeof(struct dp_alias_entry) - sizeof(topic);
	cr_assert_eq(dp_session_close(fx.eng, pub.slot), 0);
	fx_settle();
	rh_rcu_barrier();
	cr_assert_eq(fx.eng->tables.alias_bytes, 0, "%lu bytes left", fx.eng->tables.alias_bytes);
}

Test(engine, long_queues_of_many_closed_sessions_go_over_several_rounds)
{
	struct fx_client slow[2];

	fx_start(NULL);
	fx_connect(&pub, 1);
	for (uint32_t i = 0; i < 2; i++) {
		struct dp_session_conf conf;

		fx_client_init(&slow[i], 2 + i, 4, DP_VLAN_NONE);
		conf = fx_conf(&slow[i]);
		conf.tx_credit_events = 0;
		fx_open(&slow[i], &conf);
		(void)fx_subscribe(&slow[i], "#");
	}
	for (int i = 0; i < 5000; i++)
		fx_publish(&pub, "t", "x");
	/* As if a worker ran: else closing lets go at once. */
	fx.eng->running = true;
	for (uint32_t i = 0; i < 2; i++)
		cr_assert_eq(dp_session_close(fx.eng, slow[i].slot), 0);
	fx.eng->running = false;
	fx_poll();
	cr_assert_eq(fx_dropped(copies, SUBSCRIBER_GONE), 5000);
	fx_poll();
	cr_assert_eq(fx_dropped(copies, SUBSCRIBER_GONE), 10000);
}

/* Open sessions until worker 0's command ring takes no more; nobody drains it. */
static void commands_fill(void)
{
	struct dp_session_conf conf = conf_of(3);
	struct rh_error err = {""};
	uint32_t wire, check, n = 0;
	dp_session_id_t slot;

	while (dp_session_open(fx.eng, &conf, &slot, &wire, &check, &err) == 0)
		cr_assert_leq(++n, DP_LIMIT_COMMAND_RING);
	cr_assert_eq(n, DP_LIMIT_COMMAND_RING);
	cr_assert_not_null(strstr(err.text, "commands waiting"), "%s", err.text);
}

static void commands_drain(void)
{
	while (dp_commands_drain(fx.eng->ctx[0]))
		;
}

Test(engine, a_closing_that_found_the_command_ring_full_goes_on_without_another_client)
{
	struct dp_session *slot;
	struct dp_session_stats stats;

	fx_start(&(struct fx_options){.max_sessions = DP_LIMIT_COMMAND_RING + 64});
	fx_connect(&sub, 2);
	slot = &fx.eng->tables.slots[sub.slot];
	/* As if a worker ran, and did not keep up. */
	fx.eng->running = true;
	commands_fill();
	cr_assert_eq(dp_session_close(fx.eng, sub.slot), 0);
	commands_drain();
	cr_assert_eq(slot->state, DP_SLOT_CLOSING, "its owner was not told");
	dp_sessions_reap(fx.eng);
	commands_drain();
	cr_assert_eq(slot->state, DP_SLOT_RELEASED);
	dp_sessions_reap(fx.eng);
	rh_rcu_barrier();
	cr_assert_eq(dp_session_stats(fx.eng, sub.slot, &stats), -ENOENT);
	dp_sessions_reap(fx.eng);
	cr_assert_eq(fx.eng->closing.count, 0);
	cr_assert_eq(fx.eng->free.tail, sub.slot, "another client may have it");
	fx.eng->running = false;
}
