#include "controlplane/conf/conf.h"

#include "dataplane/api/adjacency.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define R(members)    "{\"rhumb:rhumb\": {" members "}}"
#define P(members)    R("\"port\": [{\"name\": \"p0\", \"device\": \"net_null0\"" members "}]")
#define WITH(members) R(members ", \"port\": [{\"name\": \"p0\", \"device\": \"net_null0\"}]")

static struct cp_conf *good(const char *text)
{
	struct cp_conf *conf = NULL;
	struct rh_error err = {""};

	cr_assert_eq(cp_conf_parse(text, strlen(text), "t.json", &conf, &err), 0, "%s", err.text);
	return conf;
}

Test(conf, one_port_is_enough)
{
	struct cp_conf *c = good(P(""));

	cr_expect_eq(c->port_count, 1u);
	cr_expect_eq(c->engine.worker_count, 1u);
	cr_expect_eq(c->engine.workers[0].port_count, 1u);
	cr_expect_eq(c->eal.core_count, 1u);
	cr_expect_eq(c->ports[0].dp.queues, 1u);
	cr_expect_eq(c->ports[0].dp.mtu, 1500);
	cr_expect_eq(c->ports[0].slow_path, CP_SLOW_PATH_TAP);
	cr_expect_str_eq(c->ports[0].tap_name, "p0");
	cr_expect(c->ports[0].dp.rx_checksum_in_software);
	cr_expect_eq(c->engine.udp_port, 6750);
	cr_expect_eq(c->cache_entries, 65536u);
	cr_expect_str_eq(c->control_socket, "/run/rhumb/rhumb.sock");
	cr_expect_str_eq(c->metrics_address, "127.0.0.1");
	cr_expect_eq(c->metrics_port, 9464);
	cr_expect_eq(c->keepalive_ms, 5000u);
	cr_expect_eq(c->session_timeout_ms, 15000u);
	cr_expect_eq(c->rx_window_events, 256u);
	cr_expect_eq(c->queue_bytes, 16777216u);
	cr_expect_eq(c->expressions_max, 1000000u);
	cr_expect_eq(c->expression_bytes_max, 1ull << 30);
	cr_expect_gt(strlen(c->node_name), 0u);
	cr_expect_str_empty(c->compile_helper);
	cr_expect_str_eq(c->pattern_store, "/var/lib/rhumb/patterns");
	cr_expect_neq(c->digest, 0u);
	cr_expect_not(c->eal.use_pci);
	cp_conf_free(c);
}

Test(conf, everything_can_be_said)
{
	struct cp_conf *c =
		good(R("\"node\": {\"name\": \"r1\", \"region\": \"eu\", \"zone\": \"a\"},"
		       "\"dataplane\": {\"hugepages\": \"off\", \"memory\": 128, \"file-prefix\": "
		       "\"x\", \"control-core\": 3,"
		       " \"worker\": [{\"core\": 1, \"ports\": [\"b\", \"a\"], \"idle\": "
		       "\"yield\"}, {\"core\": 2, \"ports\": [\"b\"]}],"
		       " \"udp-port\": 7000, \"stage-timing\": false, \"result-cache-entries\": "
		       "5000, \"punt-rate\": 1, \"control-rate\": 2},"
		       "\"port\": [{\"name\": \"a\", \"device\": \"0000:81:00.0\", \"mtu\": 9000, "
		       "\"allow-default-route\": true,"
		       "  \"promiscuous\": true, \"address\": [{\"ip\": \"192.0.2.1/24\"}, "
		       "{\"ip\": \"2001:db8::1/64\", \"vlan\": 7}]},"
		       " {\"name\": \"b\", \"device\": \"net_null0\", \"slow-path\": \"none\", "
		       "\"software-checksum\": false,"
		       "  \"queues\": 4, \"rx-descriptors\": 64, \"tx-descriptors\": 128, "
		       "\"buffers\": 2048,"
		       "  \"neighbor\": [{\"ip\": \"192.0.2.9\", \"mac\": \"02:00:00:00:00:0a\", "
		       "\"vlan\": 9}]}],"
		       "\"session\": {\"keepalive\": 100, \"timeout\": 200},"
		       "\"content\": {\"compile-helper\": \"/x/hsc\", \"pattern-store\": \"/x/store\", \"patterns-max\": 5,"
		       " \"expressions-max\": 6, \"expression-memory-max\": 1048576, \"worker-share\": 7},"
		       "\"control\": {\"socket\": \"/tmp/s\", \"group\": \"adm\"},"
		       "\"metrics\": {\"address\": \"::1\", \"port\": \"off\"}, \"drain\": 7"));

	cr_expect_str_eq(c->node_name, "r1");
	cr_expect_eq(c->eal.hugepages, DP_HUGEPAGES_OFF);
	cr_expect_eq(c->eal.control_core, 3u);
	cr_expect_eq(c->engine.worker_count, 2u);
	cr_expect_eq(c->engine.workers[0].idle, DP_IDLE_YIELD);
	cr_expect_eq(c->engine.workers[0].port_count, 2u);
	cr_expect_eq(c->engine.workers[0].ports[0], 1u);
	cr_expect_eq(c->engine.workers[1].idle, DP_IDLE_POLL);
	cr_expect_not(c->spread_workers);
	cr_expect_eq(c->cache_entries, 8192u);
	cr_expect(c->eal.use_pci);
	cr_expect_str_eq(c->eal.pci_allow[0], "0000:81:00.0");
	cr_expect_null(c->eal.pci_allow[1]);
	cr_expect_eq(c->ports[0].dp.queues, 1u);
	cr_expect_eq(c->ports[0].address_count, 2u);
	cr_expect_eq(c->ports[0].addresses[0].vlan, DP_VLAN_NONE);
	cr_expect_eq(c->ports[0].addresses[1].vlan, 7);
	cr_expect_eq(c->ports[0].addresses[1].prefix_len, 64);
	cr_expect_eq(c->ports[0].addresses[1].address.family, 6);
	cr_expect_eq(c->ports[1].slow_path, CP_SLOW_PATH_NONE);
	cr_expect_eq(c->ports[1].neighbor_count, 1u);
	cr_expect_eq(c->ports[1].neighbors[0].mac[5], 10);
	cr_expect_eq(c->metrics_port, 0);
	cr_expect_eq(c->drain_ms, 7u);
	cr_expect_str_eq(c->compile_helper, "/x/hsc");
	cr_expect_str_eq(c->pattern_store, "/x/store");
	cr_expect_eq(c->expressions_max, 6u);
	cr_expect_eq(c->expression_bytes_max, 1ull << 40);
	cr_expect_eq(c->engine.content_share, 7);
	cp_conf_free(c);
}

Test(conf, members_may_carry_their_module)
{
	struct cp_conf *c =
		good("{\"rhumb:rhumb\": {\"rhumb:port\": [{\"name\": \"a\", \"device\": \"x\"}]}}");

	cr_expect_str_eq(c->ports[0].dp.name, "a");
	cp_conf_free(c);
}

Test(conf, a_worker_may_share_the_control_core_when_it_yields)
{
	struct cp_conf *c =
		good(WITH("\"dataplane\": {\"worker\": [{\"core\": 0, \"idle\": \"yield\"}]}"));

	cr_expect_eq(c->engine.workers[0].core, 0u);
	cp_conf_free(c);
}

/* clang-format off: a table is read by row */
/* Each: configuration, what the sentence must hold (file or place, value, what would be right). */
static const struct {
	const char *text, *place, *value, *right;
} bad[] = {
	{"", "t.json:1:", "not JSON", "RFC 8259"},
	{"{\"rhumb:rhumb\": {\n\"port\": [}", "t.json:2:", "'}'", "RFC 8259"},
	{"{\"rhumb:rhumb\": {\"drain\": 1, \"drain\": 2}}", "t.json:1", "duplicate", "drain"},
	{"[]", "t.json:1", "array", "{\"rhumb:rhumb\": {...}}"},
	{"{}", "t.json", "port", "Too few"},
	{"{\"rhumb\": {}}", "t.json:1", "\"rhumb\"", "{\"rhumb:rhumb\": {...}}"},
	{"{\"other:x\": {}}", "t.json:1", "\"other\"", "{\"rhumb:rhumb\": {...}}"},
	{R(""), "/rhumb:rhumb/port:", "missing", "a list"},
	{R("\"port\": []"), "/rhumb:rhumb/port:", "empty", "at least one entry"},
	{R("\"port\": [3]"), "/rhumb:rhumb/port:", "no object", "a list"},
	{P(", \"mtu\": 1e99"), "port[name='p0']/mtu", "is no whole number", "576..9600"},
	{P(", \"mtu\": [1500]"), "port[name='p0']/mtu", "[1500]", "576..9600"},
	{R("\"port\": [{\"name\": \"a\", \"device\": \"x\"}, {\"name\": \"b\"}]"), "port[name='b']/device", "missing", "PCI address"},
	{R("\"prot\": []"), "/rhumb:rhumb", "\"prot\"", "dataplane, port"},
	{P(", \"mtu\": 20"), "port[name='p0']/mtu", "\"20\"", "576..9600 (bytes)"},
	{P(", \"mtu\": \"big\""), "port[name='p0']/mtu", "\"big\"", "576..9600"},
	{P(", \"mtu\": -1"), "port[name='p0']/mtu", "\"-1\"", "576..9600"},
	{P(", \"mtu\": 1.5"), "port[name='p0']/mtu", "\"1.5\"", "whole number"},
	{P(", \"mtoo\": 1"), "port[name='p0']", "\"mtoo\"", "mtu, address"},
	{P(", \"slow-path\": \"maybe\""), "/slow-path", "\"maybe\"", "one of tap, none"},
	{P(", \"promiscuous\": 1"), "/promiscuous", "\"1\"", "true or false"},
	{R("\"port\": [{\"name\": \"p0\"}]"), "/rhumb:rhumb/port[name='p0']/device", "missing",
		"PCI address"},
	{R("\"port\": [{\"device\": \"x\"}]"), "/rhumb:rhumb/port[1]/name", "missing", "letters"},
	{R("\"port\": [{\"name\": \"p 0\", \"device\": \"x\"}]"), "/port/name", "\"p 0\"",
		"letters, digits"},
	{R("\"port\": [{\"name\": \"p0\", \"device\": \"a b\"}]"), "/device", "\"a b\"",
		"without spaces"},
	{R("\"port\": [{\"name\": \"a\", \"device\": \"x\"}, {\"name\": \"a\", \"device\": "
	   "\"y\"}]"),
		"/rhumb:rhumb/port[name='a']", "given twice (entries 1 and 2)", "each once"},
	{R("\"port\": [{\"name\": \"a\", \"device\": \"x\"}, {\"name\": \"b\", \"device\": "
	   "\"x\"}]"),
		"port[name='b']/device", "\"x\"", "each device once"},
	{R("\"port\": {\"name\": \"a\"}"), "/rhumb:rhumb/port", "no list", "\"port\": [...]"},
	{P(", \"address\": [{\"ip\": \"192.0.2.1\"}]"), "/address/ip", "\"192.0.2.1\"",
		"192.0.2.1/24"},
	{P(", \"address\": [{\"ip\": \"192.0.2.300/24\"}]"), "/address/ip", "\"192.0.2.300/24\"",
		"192.0.2.1/24"},
	{P(", \"address\": [{\"ip\": \"192.0.2.1/33\"}]"), "/address/ip", "\"192.0.2.1/33\"",
		"0..32 behind"},
	{P(", \"address\": [{\"ip\": \"2001:db8::1/129\"}]"), "/address/ip", "/129",
		"prefix length"},
	{P(", \"address\": [{\"ip\": \"224.0.0.1/4\"}]"), "/address/ip", "224.0.0.1/4", "unicast"},
	{P(", \"address\": [{\"ip\": \"127.0.0.1/8\"}]"), "/address/ip", "127.0.0.1/8",
		"not loopback"},
	{P(", \"address\": [{\"ip\": \"192.0.2.1/24\"}, {\"ip\": \"192.0.2.1/25\"}]"),
		"/address/ip", "192.0.2.1/25", "once"},
	{P(", \"address\": [{\"ip\": \"192.0.2.1/24\", \"vlan\": 4095}]"), "/vlan", "\"4095\"",
		"1..4094"},
	{P(", \"neighbor\": [{\"ip\": \"192.0.2.2\", \"mac\": \"02:00:00:00:00:01\"}]"),
		"/neighbor", "learned from the kernel", "slow-path to none"},
	{P(", \"slow-path\": \"none\", \"tap-name\": \"t\""), "/tap-name", "no tap twin",
		"leave tap-name out"},
	{P(", \"slow-path\": \"none\", \"neighbor\": [{\"ip\": \"192.0.2.2\", \"mac\": "
	   "\"02:00\"}]"),
		"/mac", "\"02:00\"", "02:00:00:00:00:01"},
	{P(", \"slow-path\": \"none\", \"neighbor\": [{\"ip\": \"192.0.2.2\", \"mac\": "
	   "\"03:00:00:00:00:01\"}]"),
		"/mac", "03:00", "even first byte"},
	{P(", \"slow-path\": \"none\", \"neighbor\": [{\"ip\": \"1.2.3\", \"mac\": "
	   "\"02:00:00:00:00:01\"}]"),
		"/neighbor/ip", "\"1.2.3\"", "192.0.2.1"},
	{R("\"port\": [{\"name\": \"v\", \"device\": \"net_af_packet0,iface=v,qpairs=1\"}]"),
		"/tap-name", "\"v\"", "another name"},
	{R("\"port\": [{\"name\": \"a\", \"device\": \"x\"}, {\"name\": \"b\", \"device\": \"y\", "
	   "\"tap-name\": \"a\"}]"),
		"port[name='b']/tap-name", "\"a\"", "another name"},
	{WITH("\"dataplane\": {\"hugepages\": \"some\"}"), "/hugepages", "\"some\"",
		"one of auto, on, off"},
	{WITH("\"dataplane\": {\"worker\": [{\"core\": 0}]}"), "worker[core='0']", "polls",
		"core of its own"},
	{WITH("\"dataplane\": {\"worker\": [{\"core\": 1}, {\"core\": 1}]}"), "/dataplane/worker[core='1']",
		"given twice", "each once"},
	{WITH("\"dataplane\": {\"worker\": {\"core\": 1}}"), "/dataplane/worker", "no list", "[...]"},
	{WITH("\"dataplane\": {\"worker\": [{\"core\": 1, \"ports\": \"p0\"}]}"), "worker[core='1']/ports", "no list", "[...]"},
	{WITH("\"dataplane\": {\"worker\": [{\"core\": 1, \"ports\": [\"p9\"]}]}"), "/ports",
		"\"p9\"", "entry of the list port"},
	{WITH("\"dataplane\": {\"result-cache-entries\": 5}"), "/result-cache-entries", "\"5\"",
		"0 or 1024..16777216"},
	{WITH("\"session\": {\"keepalive\": 10000}"), "/session", "twice keepalive", "timeout"},
	{WITH("\"metrics\": {\"port\": \"on\"}"), "/metrics/port", "\"on\"", "1..65535, or off"},
	{WITH("\"metrics\": {\"address\": \"1.2.3.4.5\"}"), "/metrics/address", "1.2.3.4.5",
		"127.0.0.1"},
	{WITH("\"control\": {\"socket\": \"rel\"}"), "/control/socket", "\"rel\"",
		"begins with '/'"},
	{WITH("\"node\": {\"name\": \"a b\"}"), "/node/name", "\"a b\"", "letters, digits"},
	{WITH("\"node\": 3"), "/rhumb:rhumb/node", "\"3\"", "no object"},
	{R("\"dataplane\": {\"worker\": [{\"core\": 1, \"ports\": [\"a\"]}]},"
	   "\"port\": [{\"name\": \"a\", \"device\": \"x\"}, {\"name\": \"b\", \"device\": "
	   "\"y\"}]"),
		"port[name='b']", "no worker", "ports of a worker"},
	{R("\"dataplane\": {\"worker\": [{\"core\": 1, \"ports\": [\"a\"]}, {\"core\": 2, "
	   "\"ports\": [\"a\"]}]},"
	   "\"port\": [{\"name\": \"a\", \"device\": \"x\", \"queues\": 1}]"),
		"port[name='a']/queues", "1 for 2", "one queue a worker"},
};

/* clang-format on */

Test(conf, errors_name_place_value_and_what_would_be_right)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct cp_conf *conf = NULL;
		struct rh_error err = {""};
		int rc = cp_conf_parse(bad[i].text, strlen(bad[i].text), "t.json", &conf, &err);

		cr_expect_eq(rc, -EINVAL, "%s", bad[i].text);
		cr_expect_null(conf);
		cr_expect(strstr(err.text, "t.json") == err.text, "file: %s", err.text);
		cr_expect(strchr(err.text, '\n') == NULL, "one line: %s", err.text);
		cr_expect(strstr(err.text, bad[i].place) != NULL, "place %s: %s", bad[i].place,
			err.text);
		cr_expect(strstr(err.text, bad[i].value) != NULL, "value %s: %s", bad[i].value,
			err.text);
		cr_expect(strstr(err.text, bad[i].right) != NULL, "right %s: %s", bad[i].right,
			err.text);
	}
}

Test(conf, files_are_named_when_they_cannot_be_read)
{
	struct cp_conf *conf = NULL;
	struct rh_error err = {""};

	cr_expect_eq(cp_conf_load("/nonexistent/r.json", &conf, &err), -ENOENT);
	cr_expect(strstr(err.text, "/nonexistent/r.json") != NULL &&
			  strstr(err.text, "--config") != NULL,
		"%s", err.text);
	cr_expect_eq(cp_conf_load("/", &conf, &err), -EINVAL);
	cr_expect(strstr(err.text, "directory") != NULL, "%s", err.text);
	cr_expect_eq(cp_conf_load("/dev/zero", &conf, &err), -EINVAL);
	cr_expect(strstr(err.text, "larger than 4 MiB") != NULL, "%s", err.text);
}

Test(conf, a_file_is_read)
{
	char path[] = "/tmp/rhumb-conf-XXXXXX";
	struct cp_conf *conf = NULL;
	struct rh_error err = {""};
	int fd = mkstemp(path);

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, P(""), strlen(P(""))), (ssize_t)strlen(P("")));
	(void)close(fd);
	cr_expect_eq(cp_conf_load(path, &conf, &err), 0, "%s", err.text);
	(void)unlink(path);
	cp_conf_free(conf);
}
