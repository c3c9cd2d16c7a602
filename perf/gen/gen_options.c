#include "perf/gen/gen_options.h"

#include "perf/gen/options.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/ethernet.h>
#include <netinet/ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_PORT 20000

static int address_set(void *at, const char *text)
{
	struct in_addr a;

	if (inet_pton(AF_INET, text, &a) != 1)
		return -EINVAL;
	*(uint32_t *)at = ntohl(a.s_addr);
	return 0;
}

static int mac_set(void *at, const char *text)
{
	struct ether_addr mac;

	if (!ether_aton_r(text, &mac))
		return -EINVAL;
	memcpy(at, mac.ether_addr_octet, 6);
	return 0;
}

/* 0,3,7 */
static int classes_set(void *at, const char *text)
{
	struct gen_options *opt = at;

	opt->class_count = 0;
	for (const char *p = text;; p++) {
		if (*p < '0' || *p > '7' || opt->class_count == GEN_CLASSES)
			return -EINVAL;
		opt->classes[opt->class_count++] = (uint8_t)(*p++ - '0');
		if (!*p)
			return 0;
		if (*p != ',')
			return -EINVAL;
	}
}

static int tenants_set(void *at, const char *text)
{
	struct gen_options *opt = at;

	for (opt->tenant_count = 0; opt->tenant_count < GEN_TENANTS;) {
		size_t len = strcspn(text, ",");

		if (!len || len > GEN_TENANT_CHARS)
			return -EINVAL;
		memcpy(opt->tenants[opt->tenant_count], text, len);
		opt->tenants[opt->tenant_count++][len] = '\0';
		if (!text[len])
			return 0;
		text += len + 1;
	}
	return -EINVAL;
}

/* KIND:N */
static int fault_set(void *at, const char *text)
{
	static const char *const names[] = {"", "lose", "double", "reorder", "alter"};
	struct gen_options *opt = at;
	const char *colon = strchr(text, ':');
	char *end;

	for (int k = 1; colon && k < (int)RH_ARRAY_LEN(names); k++)
		if (strlen(names[k]) == (size_t)(colon - text) &&
			strncmp(names[k], text, strlen(names[k])) == 0) {
			opt->fault = (enum gen_fault)k;
			opt->fault_every = (uint32_t)strtoul(colon + 1, &end, 10);
			return *end || !opt->fault_every ? -EINVAL : 0;
		}
	return -EINVAL;
}

static int complete(struct gen_options *opt, uint32_t core, uint32_t rx_core, uint32_t port, struct rh_error *err)
{
	uint64_t clients = (uint64_t)opt->workload.publishers + opt->workload.subscribers;

	opt->core = core;
	opt->rx_core = rx_core == UINT32_MAX ? core : rx_core;
	opt->first_port = (uint16_t)port;
	if (!opt->device || !opt->router_ip || !opt->ip)
		return rh_error_set(err, EINVAL, "--device, --ip and --router are needed");
	if (opt->scan && opt->workload.subscriptions % opt->workload.subscribers)
		return rh_error_set(err, EINVAL, "--scan: %u subscriptions of %u subscribers: all need as many", opt->workload.subscriptions,
			opt->workload.subscribers);
	if (clients > GEN_CLIENTS_PER_ADDRESS)
		clients = GEN_CLIENTS_PER_ADDRESS;
	if (!port || port + clients > 65535)
		return rh_error_set(err, EINVAL, "--first-port %u: %lu clients of one address need that many ports up to 65535",
			port, (unsigned long)clients);
	return 0;
}

int gen_options_parse(int argc, char **argv, struct gen_options *opt, struct rh_error *err)
{
	uint32_t core = 0, rx_core = UINT32_MAX, port = FIRST_PORT;
	const struct option_row rows[] = {
		{"device", OPTION_TEXT, &opt->device, "PCI address or DPDK virtual device", NULL},
		{"prefix", OPTION_TEXT, &opt->prefix, "name of DPDK's run-time files", NULL},
		{"core", OPTION_U32, &core, "core that sends, and receives", NULL},
		{"rx-core", OPTION_U32, &rx_core, "another core that receives", NULL},
		{"no-huge", OPTION_OFF, &opt->hugepages, "ordinary pages", NULL},
		{"ip", OPTION_CALL, &opt->ip, "IPv4 address of the clients, as 198.18.0.2; beyond 40,000 also those that follow", address_set},
		{"router", OPTION_CALL, &opt->router_ip, "IPv4 address of the router on this link", address_set},
		{"router-mac", OPTION_CALL, opt->router_mac, "its link address; asked for by ARP when left out", mac_set},
		{"first-port", OPTION_U32, &port, "UDP port of the first client, others follow", NULL},
		{"record", OPTION_U32, &opt->record_bytes, "bytes of each PUBLISH record, a multiple of 8", NULL},
		{"classes", OPTION_CALL, opt, "classes of events in equal shares, as 0,3,7", classes_set},
		{"tenants", OPTION_CALL, opt, "tenants that clients take by turns, as red,blue", tenants_set},
		{"reflect", OPTION_ON, &opt->reflect, "a plain forwarder is there: no sessions", NULL},
		{"yield", OPTION_ON, &opt->yields, "sleep when idle, for a shared core: latencies then mean nothing", NULL},
		{"paced", OPTION_ON, &opt->paced, "subscribers grant credit as trials say", NULL},
		{"scan", OPTION_TEXT, &opt->scan, "regular expression that the router has to look for in every payload", NULL},
		{"fault", OPTION_CALL, opt, "lose, double, reorder or alter every N-th event received, as lose:1000: a test of the sink", fault_set},
		OPTIONS_WORKLOAD(&opt->workload),
	};
	int ret;

	*opt = (struct gen_options){.prefix = "rhumb-gen", .hugepages = true, .workload = WORKLOAD_HOT,
		.record_bytes = TRACE_RECORD_HOT, .classes = {3}, .class_count = 1};
	opt->workload.seed = OPTIONS_SEED;
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		options_print("rhumb-gen", rows, RH_ARRAY_LEN(rows));
		return 1;
	}
	ret = options_parse(argc, argv, rows, RH_ARRAY_LEN(rows), err);
	return ret ? ret : complete(opt, core, rx_core, port, err);
}
