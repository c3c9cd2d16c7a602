#include "controlplane/main/check.h"

#include "controlplane/main/machine.h"
#include "controlplane/subs/helper.h"

#include <arpa/inet.h>
#include <stdio.h>

static void print_addresses(const struct cp_conf_port *port)
{
	for (uint32_t i = 0; i < port->address_count; i++) {
		const struct cp_conf_address *a = &port->addresses[i];
		char text[INET6_ADDRSTRLEN] = "?";

		(void)inet_ntop(a->address.family == 6 ? AF_INET6 : AF_INET, a->address.bytes, text,
			sizeof(text));
		(void)printf("%s %s/%u", i > 0 ? "," : ", address", text, a->prefix_len);
		if (a->vlan != DP_VLAN_NONE)
			(void)printf(" (VLAN %u)", a->vlan);
	}
}

static void print_port(const struct cp_conf_port *port)
{
	(void)printf("port %s: %s, mtu %u, %u queues", port->dp.name, port->dp.device, port->dp.mtu,
		port->dp.queues);
	print_addresses(port);
	if (port->slow_path == CP_SLOW_PATH_TAP)
		(void)printf(", tap twin %s\n", port->tap_name);
	else
		(void)printf(", no slow path, %u static neighbors\n", port->neighbor_count);
}

static void print_worker(
	const struct cp_conf *conf, const struct dp_worker_conf *worker, uint32_t number)
{
	(void)printf("worker %u: core %u, %s, ports", number, worker->core,
		worker->idle == DP_IDLE_YIELD ? "yield" : "poll");
	for (uint32_t i = 0; i < worker->port_count; i++)
		(void)printf(" %s", conf->ports[worker->ports[i]].dp.name);
	(void)printf("\n");
}

static void print_plan(const struct cp_conf *conf)
{
	static const char *const hugepages[] = {[DP_HUGEPAGES_AUTO] = "where they can be had",
		[DP_HUGEPAGES_ON] = "required",
		[DP_HUGEPAGES_OFF] = "off"};

	struct rh_error missing = {""};
	char helper[256];

	(void)printf("node %s: events on UDP %u, %u MiB, hugepages %s, file prefix %s, control "
		     "core %u\n",
		conf->node_name, conf->engine.udp_port, conf->eal.memory_mb,
		hugepages[conf->eal.hugepages], conf->file_prefix, conf->eal.control_core);
	for (uint32_t w = 0; w < conf->engine.worker_count; w++)
		print_worker(conf, &conf->engine.workers[w], w);
	for (uint32_t p = 0; p < conf->port_count; p++)
		print_port(&conf->ports[p]);
	(void)printf("control socket %s, group %s\n", conf->control_socket,
		conf->control_group[0] != '\0' ? conf->control_group : "root");
	if (conf->metrics_port != 0)
		(void)printf("metrics on %s port %u\n", conf->metrics_address, conf->metrics_port);
	else
		(void)printf("metrics off\n");
	(void)cp_helper_check(conf, helper, sizeof(helper), &missing);
	(void)printf("pattern compiler %s\n", helper);
	if (missing.text[0] != '\0')
		(void)printf("warning: %s\n", missing.text);
}

int rhumbd_check(const char *path)
{
	struct rh_error err = {""};
	struct cp_conf *conf = NULL;
	int rc = cp_conf_load(path, &conf, &err);

	if (rc == 0)
		rc = rhumbd_machine_check(conf, path, &err);
	if (rc < 0) {
		(void)fprintf(stderr, "rhumbd: %s\n", err.text);
		cp_conf_free(conf);
		return 1;
	}
	(void)printf("%s: ok, digest %016llx\n", path, (unsigned long long)conf->digest);
	print_plan(conf);
	cp_conf_free(conf);
	return 0;
}
