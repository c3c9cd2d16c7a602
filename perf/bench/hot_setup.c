#include "perf/bench/hot.h"

#include "dataplane/api/adjacency.h"
#include "dataplane/api/port.h"
#include "dataplane/frame/wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Event e comes from publisher e % 64, so incarnations only have to differ and not be 0. */
#define INCARNATION_BASE 0x5248554d42000000ULL

static int eal_init(const struct hot *hot, struct rh_error *err)
{
	const struct dp_eal_conf conf = {
		.file_prefix = "rhumb-perf-hot",
		.hugepages = hot->opt.hugepages ? DP_HUGEPAGES_ON : DP_HUGEPAGES_OFF,
		.control_core = hot->opt.control_core,
		.cores = {hot->opt.core},
		.core_count = 1,
	};

	return dp_eal_start(&conf, err);
}

/* @ports 1: the output alone. */
static int engine_init(struct hot *hot, uint32_t ports, struct rh_error *err)
{
	const struct dp_engine_conf conf = {
		.workers = {{.core = hot->opt.core, .idle = DP_IDLE_POLL,
			.ports = {hot->port_out, hot->port_in}, .port_count = ports}},
		.worker_count = 1,
		.max_sessions = 2048,
		.stage_timing = hot->opt.stage_timing,
		.max_rx_datagrams = hot->opt.check ? WORKLOAD_EVENTS : 0,
		.node_incarnation = 1,
		.session_seed = hot->opt.seed,
		.table = hot->table,
	};

	return dp_engine_create(&conf, &hot->eng, err);
}

static void address_set(struct dp_address *a, uint32_t ip, uint16_t port)
{
	a->family = 4;
	a->port = port;
	for (int i = 0; i < 4; i++)
		a->bytes[i] = (uint8_t)(ip >> (24 - 8 * i));
}

static int session_open(struct hot *hot, uint32_t client, uint64_t incarnation,
	dp_session_id_t *slot, uint32_t *wire, uint32_t *check, struct rh_error *err)
{
	struct dp_session_conf conf = {
		.adjacency = hot->adjacency,
		.incarnation = incarnation,
		.max_datagram = 1472,
		.tx_credit_events = RH_CREDIT_UNLIMITED,
		.tx_credit_bytes = RH_CREDIT_UNLIMITED,
		.queue_bytes = 1 << 20,
		.queue_ms = 1000,
		.first_packet_number = 1,
	};

	address_set(&conf.local, TRACE_ROUTER_IP, RH_WIRE_UDP_PORT);
	address_set(&conf.remote, TRACE_CLIENT_IP + client, TRACE_CLIENT_PORT);
	return dp_session_open(hot->eng, &conf, slot, wire, check, err);
}

static int sessions_open(struct hot *hot, struct rh_error *err)
{
	const struct dp_adjacency adj = {.port = hot->port_out, .vlan = DP_VLAN_NONE,
		.resolved = true,
		.src_mac = {0x02, 0, 0, 0, 0, 0x01}, .dst_mac = {0x02, 0, 0, 0, 0, 0x02}};
	int ret = dp_adj_create(hot->eng, &adj, &hot->adjacency);

	if (ret < 0)
		return rh_error_set(err, -ret, "no adjacency");
	for (uint32_t p = 0; p < WORKLOAD_PUBLISHERS && !ret; p++) {
		struct trace_publisher *pub = &hot->publishers[p];

		pub->incarnation = INCARNATION_BASE + p + 1;
		ret = session_open(hot, p, pub->incarnation, &hot->publisher_slot[p],
			&pub->wire_session, &pub->check, err);
	}
	for (uint32_t s = 0; s < WORKLOAD_SUBSCRIBERS && !ret; s++) {
		uint32_t client = WORKLOAD_PUBLISHERS + s;

		ret = session_open(hot, client, INCARNATION_BASE + client + 1,
			&hot->subscriber_slot[s], &hot->subscriber_wire[s],
			&hot->subscriber_check[s], err);
	}
	return ret;
}

/*
 * The trace names sessions, and the port reads the trace when it is opened, before an engine can have it: a first engine on
 * the output alone tells the numbers, which follow from the seed.
 */
static int trace_make(struct hot *hot, struct rh_error *err)
{
	char path[512];
	int ret = engine_init(hot, 1, err);

	if (!ret)
		ret = sessions_open(hot, err);
	dp_engine_destroy(hot->eng);
	hot->eng = NULL;
	(void)snprintf(path, sizeof(path), "%s/trace.pcap", hot->opt.dir);
	return ret ? ret : trace_write(&hot->workload, hot->publishers, path, err);
}

static int input_open(struct hot *hot, struct rh_error *err)
{
	struct dp_port_conf in = {.name = "in", .mbufs = 65535};

	(void)snprintf(in.device, sizeof(in.device), "net_pcap0,rx_pcap=%s/trace.pcap%s",
		hot->opt.dir, hot->opt.check ? "" : ",infinite_rx=1");
	return dp_port_open(&in, &hot->port_in, err);
}

static int output_open(struct hot *hot, struct rh_error *err)
{
	struct dp_port_conf out = {.name = "out"};

	if (hot->opt.check)
		(void)snprintf(out.device, sizeof(out.device), "net_pcap1,tx_pcap=%s/out.pcap",
			hot->opt.dir);
	else
		(void)snprintf(out.device, sizeof(out.device), "net_null0,no-rx=1");
	return dp_port_open(&out, &hot->port_out, err);
}

static int subscriptions_add(struct hot *hot, struct rh_error *err)
{
	for (uint32_t s = 0; s < WORKLOAD_SUBSCRIPTIONS; s++) {
		const char *text = hot->workload.filters[s];
		struct rh_filter filter;
		dp_sub_id_t sub;
		int ret = rh_filter_parse(RH_DIALECT_MQTT, text, strlen(text), &filter, err);

		if (!ret)
			ret = dp_table_sub_add(hot->table, 0, &filter,
				hot->subscriber_slot[s % WORKLOAD_SUBSCRIBERS], 0, &sub, err);
		if (ret)
			return ret;
	}
	(void)dp_table_publish(hot->table);
	return 0;
}

static int workload_make(struct hot *hot, struct rh_error *err)
{
	int ret = workload_init(&hot->workload, hot->opt.seed);

	hot->receiver = malloc(WORKLOAD_EVENTS * sizeof(*hot->receiver));
	if (!ret)
		ret = hot->receiver ? workload_reference(&hot->workload, hot->receiver) : -ENOMEM;
	return ret ? rh_error_set(err, -ret, "the workload could not be made") : 0;
}

int hot_init(struct hot *hot, const struct hot_options *opt, struct rh_error *err)
{
	struct dp_table_conf table = {
		.seed = opt->seed, .cache_entries = opt->cache_entries, .max_workers = 1};
	int ret;

	memset(hot, 0, sizeof(*hot));
	hot->opt = *opt;
	ret = workload_make(hot, err);
	if (!ret)
		ret = eal_init(hot, err);
	if (!ret)
		ret = dp_table_create(&table, &hot->table, err);
	if (!ret)
		ret = output_open(hot, err);
	if (!ret)
		ret = trace_make(hot, err);
	if (!ret)
		ret = input_open(hot, err);
	if (!ret)
		ret = engine_init(hot, 2, err);
	if (!ret)
		ret = sessions_open(hot, err);
	return ret ? ret : subscriptions_add(hot, err);
}

void hot_fini(struct hot *hot)
{
	dp_engine_destroy(hot->eng);
	dp_table_destroy(hot->table);
	workload_fini(&hot->workload);
	free(hot->receiver);
	dp_eal_stop();
}
