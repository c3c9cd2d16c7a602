#include "controlplane/conf/flatten_priv.h"

#include "dataplane/base/compiler.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COPY(to, parent, leaf) (void)snprintf(to, sizeof(to), "%s", conf_text(parent, leaf))

static void flatten_node(struct cp_conf *conf, const struct lyd_node *root)
{
	const struct lyd_node *node = conf_child(root, "node"),
			      *control = conf_child(root, "control");
	const struct lyd_node *metrics = conf_child(root, "metrics");

	COPY(conf->node_name, node, "name");
	COPY(conf->region, node, "region");
	COPY(conf->zone, node, "zone");
	COPY(conf->control_socket, control, "socket");
	COPY(conf->control_group, control, "group");
	COPY(conf->metrics_address, metrics, "address");
	/* "off" is no number: 0. */
	conf->metrics_port = (uint16_t)conf_number(metrics, "port");
	conf->drain_ms = (uint32_t)conf_number(root, "drain");
}

static void flatten_session(struct cp_conf *conf, const struct lyd_node *root)
{
	const struct lyd_node *s = conf_child(root, "session"), *c = conf_child(root, "content");

	conf->keepalive_ms = (uint32_t)conf_number(s, "keepalive");
	conf->session_timeout_ms = (uint32_t)conf_number(s, "timeout");
	conf->rx_window_events = (uint32_t)conf_number(s, "publisher-window-events");
	conf->rx_window_bytes = (uint32_t)conf_number(s, "publisher-window-bytes");
	conf->queue_bytes = conf_number(s, "queue-bytes");
	conf->queue_ms = (uint32_t)conf_number(s, "queue-time");
	conf->subs_per_session = (uint32_t)conf_number(s, "subscriptions-max");
	conf->sessions_max = (uint32_t)conf_number(s, "sessions-max");
	conf->engine.max_sessions = conf->sessions_max;
	COPY(conf->compile_helper, c, "compile-helper");
	conf->expressions_max = (uint32_t)conf_number(c, "expressions-max");
	conf->expression_bytes_max = conf_number(c, "expression-memory-max") << 20;
	COPY(conf->pattern_store, c, "pattern-store");
	conf->patterns_max = (uint32_t)conf_number(c, "patterns-max");
	conf->compile_ms_max = (uint32_t)conf_number(c, "compile-time-max");
	conf->compile_mb_max = (uint32_t)conf_number(c, "compile-memory-max");
	conf->scan_cycles_per_byte_max = (uint32_t)conf_number(c, "scan-cost-max");
	conf->engine.content_share = (uint32_t)conf_number(c, "worker-share");
}

static enum dp_hugepages hugepages_of(const char *text)
{
	if (strcmp(text, "on") == 0)
		return DP_HUGEPAGES_ON;
	return strcmp(text, "off") == 0 ? DP_HUGEPAGES_OFF : DP_HUGEPAGES_AUTO;
}

static uint32_t port_index(const struct cp_conf *conf, const char *port)
{
	uint32_t i = 0;

	while (i < conf->port_count && strcmp(conf->ports[i].dp.name, port) != 0)
		i++;
	return i;
}

static void add_worker(struct cp_conf *conf, const struct lyd_node *entry)
{
	struct dp_worker_conf *worker = &conf->engine.workers[conf->engine.worker_count++];
	const struct lyd_node *node;

	worker->core = (unsigned)conf_number(entry, "core");
	worker->idle =
		strcmp(conf_text(entry, "idle"), "yield") == 0 ? DP_IDLE_YIELD : DP_IDLE_POLL;
	LY_LIST_FOR(lyd_child(entry), node)
	if (strcmp(LYD_NAME(node), "ports") == 0)
		worker->ports[worker->port_count++] = port_index(conf, lyd_get_value(node));
}

static void flatten_dataplane(struct cp_conf *conf, const struct lyd_node *root)
{
	const struct lyd_node *dp = conf_child(root, "dataplane"), *node;
	uint64_t entries = conf_number(dp, "result-cache-entries");

	COPY(conf->file_prefix, dp, "file-prefix");
	conf->eal.file_prefix = conf->file_prefix;
	conf->eal.hugepages = hugepages_of(conf_text(dp, "hugepages"));
	conf->eal.memory_mb = (uint32_t)conf_number(dp, "memory");
	conf->eal.control_core = (unsigned)conf_number(dp, "control-core");
	conf->engine.udp_port = (uint16_t)conf_number(dp, "udp-port");
	conf->engine.stage_timing = conf_true(dp, "stage-timing");
	conf->engine.punt_rate = (uint32_t)conf_number(dp, "punt-rate");
	conf->engine.control_rate = (uint32_t)conf_number(dp, "control-rate");
	conf->cache_entries = entries == 0 ? 0 : (uint32_t)rh_pow2_ceil(entries);
	LY_LIST_FOR(lyd_child(dp), node)
	if (strcmp(LYD_NAME(node), "worker") == 0)
		add_worker(conf, node);
}

/* Workers without a list poll every port. */
static void spread_ports(struct cp_conf *conf)
{
	conf->spread_workers = true;
	for (uint32_t w = 0; w < conf->engine.worker_count; w++) {
		struct dp_worker_conf *worker = &conf->engine.workers[w];

		if (worker->port_count > 0) {
			conf->spread_workers = false;
			continue;
		}
		for (uint32_t p = 0; p < conf->port_count; p++)
			worker->ports[worker->port_count++] = p;
	}
}

static uint32_t pollers_of(const struct cp_conf *conf, uint32_t port)
{
	uint32_t count = 0;

	for (uint32_t w = 0; w < conf->engine.worker_count; w++)
		for (uint32_t i = 0; i < conf->engine.workers[w].port_count; i++)
			count += conf->engine.workers[w].ports[i] == port;
	return count;
}

static int check_queues(struct cp_conf *conf, const char *name, struct rh_error *err)
{
	for (uint32_t p = 0; p < conf->port_count; p++) {
		struct dp_port_conf *port = &conf->ports[p].dp;
		uint32_t pollers = pollers_of(conf, p);

		if (pollers == 0)
			return rh_error_set(err, EINVAL,
				"%s: " CONF_ROOT "/port[name='%s']: no worker polls it; expected "
						 "it among the ports of a worker",
				name, port->name);
		if (port->queues != 0 && port->queues < pollers && !conf->spread_workers)
			return rh_error_set(err, EINVAL,
				"%s: " CONF_ROOT "/port[name='%s']/queues: %u for %u workers; "
						 "expected at least one queue a worker",
				name, port->name, port->queues, pollers);
		if (port->queues == 0)
			port->queues = pollers;
	}
	return 0;
}

static int collect_pci(struct cp_conf *conf, const char *name, struct rh_error *err)
{
	size_t n = 0;

	conf->pci_allow = calloc(DP_LIMIT_PORTS + 1, sizeof(*conf->pci_allow));
	if (conf->pci_allow == NULL)
		return rh_error_set(err, ENOMEM, "%s: out of memory", name);
	for (uint32_t p = 0; p < conf->port_count; p++)
		if (conf_is_pci(conf->ports[p].dp.device))
			conf->pci_allow[n++] = conf->ports[p].dp.device;
	conf->eal.use_pci = n > 0;
	conf->eal.pci_allow = n > 0 ? conf->pci_allow : NULL;
	return 0;
}

static int check_metrics(const struct cp_conf *conf, const char *name, struct rh_error *err)
{
	uint8_t bytes[16];
	int family = strchr(conf->metrics_address, ':') != NULL ? AF_INET6 : AF_INET;

	if (inet_pton(family, conf->metrics_address, bytes) == 1)
		return 0;
	return rh_error_set(err, EINVAL,
		"%s: " CONF_ROOT
		"/metrics/address: \"%s\" is no address; expected one as 127.0.0.1 or ::1",
		name, conf->metrics_address);
}

static void list_cores(struct cp_conf *conf)
{
	for (uint32_t w = 0; w < conf->engine.worker_count; w++)
		conf->eal.cores[conf->eal.core_count++] = conf->engine.workers[w].core;
}

static const struct lyd_node *root_of(const struct lyd_node *tree)
{
	const struct lyd_node *node;

	LY_LIST_FOR(tree, node)
	if (node->schema != NULL && strcmp(LYD_NAME(node), "rhumb") == 0)
		return node;
	return NULL;
}

int conf_flatten(struct cp_conf *conf, const char *name, struct rh_error *err)
{
	const struct lyd_node *root = root_of(conf->tree), *node;
	int rc = 0;

	LY_LIST_FOR(lyd_child(root), node)
	{
		if (strcmp(LYD_NAME(node), "port") == 0)
			rc = conf_flatten_port(conf, node, name, err);
		if (rc < 0)
			return rc;
	}
	flatten_node(conf, root);
	flatten_session(conf, root);
	flatten_dataplane(conf, root);
	conf_defaults(conf);
	spread_ports(conf);
	list_cores(conf);
	rc = check_metrics(conf, name, err);
	if (rc == 0)
		rc = check_queues(conf, name, err);
	return rc < 0 ? rc : collect_pci(conf, name, err);
}
