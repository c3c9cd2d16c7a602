#include "perf/bench/path.h"

#include "dataplane/api/adjacency.h"
#include "dataplane/api/port.h"
#include "dataplane/base/rcu.h"
#include "dataplane/frame/wire.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Incarnations only have to differ and not be 0. */
#define INCARNATION_BASE 0x5248554d42000000ULL
/* Buffers beside those that a trace fills, for what is under way in the worker. */
#define SPARE_MBUFS	 32768
#define LEAST_MBUFS	 65536
#define MBUF_KIB	 2.6
#define OUT_MIB		 256
/* Comparisons the reference matcher may make: some seconds. */
#define SUBSCRIBE_BATCH	 256
#define CHECK_MOST	 100000000ULL

static uint32_t in_mbufs(const struct path_options *opt)
{
	uint32_t n = LEAST_MBUFS;

	while (n < opt->workload.datagrams + (opt->hooks ? opt->hooks->datagrams : 0) + SPARE_MBUFS)
		n *= 2;
	return n - 1;
}

uint32_t path_memory_mib(const struct path_options *opt)
{
	return (uint32_t)(opt->lanes * (OUT_MIB + in_mbufs(opt) * MBUF_KIB / 1024));
}

static int eal_init(const struct path_options *opt, struct rh_error *err)
{
	struct dp_eal_conf conf = {
		.file_prefix = opt->file_prefix,
		.hugepages = opt->hugepages ? DP_HUGEPAGES_ON : DP_HUGEPAGES_OFF,
		.memory_mb = path_memory_mib(opt),
		.control_core = opt->control_core,
		.core_count = opt->lanes,
	};

	memcpy(conf.cores, opt->cores, opt->lanes * sizeof(conf.cores[0]));
	return dp_eal_start(&conf, err);
}

static uint32_t clients(const struct path *path)
{
	return path->opt.workload.publishers + path->opt.workload.subscribers;
}

/* @inputs false: the outputs alone. */
static int engine_init(struct path *path, bool inputs, struct rh_error *err)
{
	struct dp_engine_conf conf = {
		.worker_count = path->opt.lanes,
		.max_sessions = (path->opt.lanes * clients(path) + 1023) / 1024 * 1024 + 1024,
		.stage_timing = path->opt.stage_timing,
		.max_rx_datagrams = path->opt.check ? path->opt.workload.datagrams : 0,
		.node_incarnation = 1,
		.session_seed = path->opt.workload.seed,
		.content_share = path->opt.content_share,
		.lane_cores = path->opt.lane_cores,
		.table = path->table,
	};

	for (uint32_t l = 0; l < path->opt.lanes; l++)
		conf.workers[l] = (struct dp_worker_conf){.core = path->opt.cores[l],
			.idle = DP_IDLE_POLL,
			.ports = {path->lane[l].port_out, path->lane[l].port_in},
			.port_count = inputs ? 2 : 1};
	return dp_engine_create(&conf, &path->eng, err);
}

static void address_set(struct dp_address *a, uint32_t ip, uint16_t port)
{
	a->family = 4;
	a->port = port;
	for (int i = 0; i < 4; i++)
		a->bytes[i] = (uint8_t)(ip >> (24 - 8 * i));
}

void path_session_conf(const struct path *path, uint32_t lane, uint32_t ip, struct dp_session_conf *out)
{
	*out = (struct dp_session_conf){
		.adjacency = path->lane[lane].adjacency,
		.owner = lane,
		.max_datagram = 1472,
		.tx_credit_events = RH_CREDIT_UNLIMITED,
		.tx_credit_bytes = RH_CREDIT_UNLIMITED,
		.queue_bytes = 1 << 20,
		.queue_ms = 1000,
		.first_packet_number = 1,
	};
	address_set(&out->local, TRACE_ROUTER_IP, RH_WIRE_UDP_PORT);
	address_set(&out->remote, ip, TRACE_CLIENT_PORT);
}

static int session_open(struct path *path, uint32_t lane, uint32_t client, uint32_t tenant, dp_session_id_t *slot,
	uint32_t *wire, uint32_t *check, struct rh_error *err)
{
	struct dp_session_conf conf;

	path_session_conf(path, lane, TRACE_CLIENT_IP + client, &conf);
	conf.tenant = (uint16_t)tenant;
	conf.incarnation = INCARNATION_BASE + client + 1;
	return dp_session_open(path->eng, &conf, slot, wire, check, err);
}

static int lane_sessions_open(struct path *path, uint32_t l, struct rh_error *err)
{
	struct path_lane *lane = &path->lane[l];
	const struct dp_adjacency adj = {.port = lane->port_out, .vlan = DP_VLAN_NONE,
		.resolved = true,
		.src_mac = {0x02, 0, 0, 0, 0, 0x01}, .dst_mac = {0x02, 0, 0, 0, 0, 0x02}};
	uint32_t client = l * clients(path), tenants = lane->workload.tenants;
	int ret = dp_adj_create(path->eng, &adj, &lane->adjacency);

	if (ret < 0)
		return rh_error_set(err, -ret, "no adjacency");
	for (uint32_t p = 0; p < path->opt.workload.publishers && !ret; p++, client++) {
		struct trace_publisher *pub = &lane->publishers[p];

		pub->incarnation = INCARNATION_BASE + client + 1;
		ret = session_open(path, l, client, p % tenants, &lane->publisher_slot, &pub->wire_session,
			&pub->check, err);
	}
	for (uint32_t s = 0; s < path->opt.workload.subscribers && !ret; s++, client++)
		ret = session_open(path, l, client, s % tenants, &lane->subscriber_slot[s],
			&lane->subscriber_wire[s], &lane->subscriber_check[s], err);
	return ret;
}

static int sessions_open(struct path *path, struct rh_error *err)
{
	int ret = 0;

	for (uint32_t l = 0; l < path->opt.lanes && !ret; l++)
		ret = lane_sessions_open(path, l, err);
	if (!ret && path->opt.hooks)
		ret = path->opt.hooks->sessions(path, path->opt.hooks->arg, err);
	return ret;
}

static int lane_traces_write(struct path *path, uint32_t l, struct rh_error *err)
{
	const struct trace *trace = &path->lane[l].trace;
	uint32_t datagrams = path->opt.workload.datagrams;
	char file[512];
	int ret;

	(void)snprintf(file, sizeof(file), "%s/trace%u.pcap", path->opt.dir, l);
	if (path->opt.hooks)
		return path->opt.hooks->trace(path, l, file, path->opt.hooks->arg, err);
	ret = trace_write(trace, datagrams, file, err);
	if (ret || l > 0)
		return ret;
	(void)snprintf(file, sizeof(file), "%s/reference.pcap", path->opt.dir);
	return trace_write(trace, datagrams < PATH_REFERENCE_FRAMES ? datagrams : PATH_REFERENCE_FRAMES,
		file, err);
}

/*
 * The trace names sessions, and the port reads the trace when it is opened, before an engine can have it: a first engine on
 * the outputs alone tells the numbers, which follow from the seed.
 */
static int traces_make(struct path *path, struct rh_error *err)
{
	int ret = engine_init(path, false, err);

	if (!ret)
		ret = sessions_open(path, err);
	dp_engine_destroy(path->eng);
	path->eng = NULL;
	for (uint32_t l = 0; l < path->opt.lanes && !ret; l++)
		ret = lane_traces_write(path, l, err);
	return ret;
}

static int input_open(struct path *path, uint32_t l, struct rh_error *err)
{
	struct dp_port_conf in = {.mbufs = in_mbufs(&path->opt)};

	(void)snprintf(in.name, sizeof(in.name), "in%u", l);
	(void)snprintf(in.device, sizeof(in.device), "net_pcap%u,rx_pcap=%s/trace%u.pcap%s", 2 * l,
		path->opt.dir, l, path->opt.check ? "" : ",infinite_rx=1");
	return dp_port_open(&in, &path->lane[l].port_in, err);
}

static int output_open(struct path *path, uint32_t l, struct rh_error *err)
{
	struct dp_port_conf out = {0};

	(void)snprintf(out.name, sizeof(out.name), "out%u", l);
	if (path->opt.check)
		(void)snprintf(out.device, sizeof(out.device), "net_pcap%u,tx_pcap=%s/out%u.pcap",
			2 * l + 1, path->opt.dir, l);
	else
		(void)snprintf(out.device, sizeof(out.device), "net_null%u,no-rx=1", l);
	return dp_port_open(&out, &path->lane[l].port_out, err);
}

static int ports_open(struct path *path, int (*open)(struct path *, uint32_t, struct rh_error *),
	struct rh_error *err)
{
	int ret = 0;

	for (uint32_t l = 0; l < path->opt.lanes && !ret; l++)
		ret = open(path, l, err);
	return ret;
}

static int lane_subscribe(struct path *path, const struct path_lane *lane, struct rh_error *err)
{
	for (uint32_t s = 0; s < lane->workload.spec.subscriptions; s++) {
		uint32_t subscriber = workload_subscriber(&lane->workload, s);
		char text[WORKLOAD_TEXT_MAX];
		uint32_t len = workload_filter(&lane->workload, s, text);
		struct rh_filter filter;
		dp_sub_id_t sub;
		int ret = rh_filter_parse(RH_DIALECT_MQTT, text, len, &filter, err);

		if (!ret)
			ret = dp_table_sub_add(path->table, (uint16_t)workload_tenant(&lane->workload, s),
				&filter, lane->subscriber_slot[subscriber], 0, &sub, err);
		if (ret)
			return ret;
		/* This thread is a reader too: what updates replace is freed only behind its quiescent states. */
		if (s % SUBSCRIBE_BATCH == 0)
			rh_rcu_quiescent();
	}
	return 0;
}

static int subscribe(struct path *path, struct rh_error *err)
{
	int ret = 0;

	for (uint32_t l = 0; l < path->opt.lanes && !ret; l++)
		ret = lane_subscribe(path, &path->lane[l], err);
	(void)dp_table_publish(path->table);
	return ret;
}

static int lane_make(struct path *path, uint32_t l, struct rh_error *err)
{
	struct path_lane *lane = &path->lane[l];
	struct workload_spec spec = path->opt.workload;

	spec.lane = l;
	spec.seed += path->opt.same_draw ? 0 : l;
	lane->publishers = calloc(spec.publishers, sizeof(*lane->publishers));
	lane->subscriber_slot = calloc(spec.subscribers, sizeof(*lane->subscriber_slot));
	lane->subscriber_wire = calloc(spec.subscribers, sizeof(*lane->subscriber_wire));
	lane->subscriber_check = calloc(spec.subscribers, sizeof(*lane->subscriber_check));
	if (!lane->publishers || !lane->subscriber_slot || !lane->subscriber_wire ||
		!lane->subscriber_check)
		return rh_error_set(err, ENOMEM, "no memory for %u sessions", clients(path));
	lane->trace = (struct trace){.workload = &lane->workload, .publishers = lane->publishers,
		.record_bytes = path->opt.record_bytes, .first_client = l * clients(path),
		.payload = path->opt.payload};
	return workload_init(&lane->workload, &spec, err);
}

static int lane_check(struct path *path, const struct path_lane *lane, struct rh_error *err)
{
	uint32_t topics = 0;
	bool all = false;
	int ret = workload_check(&lane->workload, CHECK_MOST, &topics, &all, err);

	(void)snprintf(path->checked, sizeof(path->checked),
		"every frame and counter; the reference matcher was asked for %s%u topics with %u filters",
		all ? "all " : "", topics, lane->workload.filters);
	return ret;
}

/* A trace that repeats must leave the window of duplicate suppression, or every later pass is a duplicate. */
static int repeats_check(const struct path_options *opt, struct rh_error *err)
{
	uint64_t pass = (uint64_t)opt->workload.datagrams / opt->workload.publishers * opt->workload.events;

	if (opt->check || pass > DP_LIMIT_SEQUENCE_WINDOW)
		return 0;
	return rh_error_set(err, EINVAL,
		"a trace of %u datagrams gives each of %u publishers %" PRIu64
		" events: more than %d are needed, so that its repeat is not taken for duplicates",
		opt->workload.datagrams, opt->workload.publishers, pass, DP_LIMIT_SEQUENCE_WINDOW);
}

static int workloads_make(struct path *path, struct rh_error *err)
{
	int ret = repeats_check(&path->opt, err);

	(void)snprintf(path->checked, sizeof(path->checked), "every counter");
	for (uint32_t l = 0; l < path->opt.lanes && !ret; l++)
		ret = lane_make(path, l, err);
	if (!ret)
		ret = trace_check(&path->lane[0].trace, err);
	for (uint32_t l = 0; path->opt.check && l < path->opt.lanes && !ret; l++)
		ret = lane_check(path, &path->lane[l], err);
	return ret;
}

int path_init(struct path *path, const struct path_options *opt, struct rh_error *err)
{
	struct dp_table_conf table = {.seed = opt->workload.seed, .cache_entries = opt->cache_entries,
		.max_workers = opt->lanes + opt->matchers};
	int ret;

	memset(path, 0, sizeof(*path));
	path->opt = *opt;
	ret = workloads_make(path, err);
	if (!ret)
		ret = eal_init(opt, err);
	if (!ret)
		ret = dp_table_create(&table, &path->table, err);
	if (!ret)
		ret = ports_open(path, output_open, err);
	if (!ret)
		ret = traces_make(path, err);
	if (!ret)
		ret = ports_open(path, input_open, err);
	if (!ret)
		ret = engine_init(path, true, err);
	if (!ret)
		ret = sessions_open(path, err);
	return ret ? ret : subscribe(path, err);
}

void path_fini(struct path *path)
{
	dp_engine_destroy(path->eng);
	dp_table_destroy(path->table);
	for (uint32_t l = 0; l < path->opt.lanes; l++) {
		struct path_lane *lane = &path->lane[l];

		workload_fini(&lane->workload);
		free(lane->publishers);
		free(lane->subscriber_slot);
		free(lane->subscriber_wire);
		free(lane->subscriber_check);
	}
	dp_eal_stop();
}
