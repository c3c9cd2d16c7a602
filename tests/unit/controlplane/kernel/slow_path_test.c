/*
 * The whole way: a host in a namespace of its own, a veth pair, an af_packet port with one worker, the punt ring, the
 * twin, and back. The host is a real kernel, so what it sees is what an operator sees.
 */
#include "controlplane/kernel/kernel_priv.h"
#include "dataplane/api/engine.h"
#include "dataplane/api/table.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/rcu.h"
#include "tests/unit/controlplane/kernel/netns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_NS (15 * RH_NS_PER_S)

static uv_loop_t loop;
static uv_poll_t bell;
static struct cp_conf conf;
static struct dp_engine *eng;
static struct dp_table *table;
static struct cp_kernel *k;
static struct rh_error err;
static uint32_t port;
static pid_t host;

/* A process that only holds a network namespace. */
static pid_t host_make(void)
{
	int up[2];
	char byte;
	pid_t pid;

	cr_assert_eq(pipe(up), 0);
	pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) == 0 && write(up[1], "x", 1) == 1)
			(void)pause();
		_exit(1);
	}
	(void)close(up[1]);
	cr_assert_eq(read(up[0], &byte, 1), 1);
	(void)close(up[0]);
	return pid;
}

static void network_make(void)
{
	char command[1024];

	netns_enter();
	host = host_make();
	(void)snprintf(command, sizeof(command),
		"ip link add va address 02:00:00:00:00:01 type veth peer name vb address 02:00:00:00:00:02 && "
		"ip link set vb netns %d && ip link set va up && "
		"nsenter -n -t %d sh -c 'ip link set lo up && ip link set vb up && ip addr add 10.0.0.2/24 dev vb && "
		"ip addr add fd00::2/64 dev vb nodad && ethtool -K vb tx off tso off >/dev/null'",
		(int)host, (int)host);
	run(command);
}

static void address_add(const char *text, uint8_t prefix)
{
	struct cp_conf_address *a = &conf.ports[0].addresses[conf.ports[0].address_count++];

	a->address.family = strchr(text, ':') ? 6 : 4;
	a->prefix_len = prefix;
	a->vlan = DP_VLAN_NONE;
	cr_assert_eq(inet_pton(a->address.family == 6 ? AF_INET6 : AF_INET, text, a->address.bytes), 1);
}

static void configure(void)
{
	struct cp_conf_port *p = &conf.ports[0];

	(void)snprintf(conf.file_prefix, sizeof(conf.file_prefix), "unit-slow-%d", (int)getpid());
	conf.eal = (struct dp_eal_conf){.file_prefix = conf.file_prefix,
		.hugepages = DP_HUGEPAGES_OFF,
		.memory_mb = 512,
		.cores = {1},
		.core_count = 1};
	conf.port_count = 1;
	(void)strcpy(p->dp.name, "twin");
	(void)strcpy(p->dp.device, "net_af_packet0,iface=va");
	p->dp.rx_checksum_in_software = true;
	address_add("10.0.0.1", 24);
	address_add("fd00::1", 64);
	conf.engine = (struct dp_engine_conf){
		.workers = {{.core = 1, .idle = DP_IDLE_YIELD, .ports = {0}, .port_count = 1}},
		.worker_count = 1,
		.max_sessions = 64,
		.node_incarnation = 1,
	};
}

static void on_punt(uv_poll_t *handle, int status, int events)
{
	static struct dp_punt punt;

	(void)handle;
	(void)status;
	(void)events;
	for (int i = 0; i < 256 && dp_punt_recv(eng, 0, &punt) == 0; i++)
		if (punt.kind == DP_PUNT_KERNEL)
			cp_kernel_frame(k, &punt);
}

static void setup(void)
{
	const struct dp_table_conf table_conf = {.max_workers = 1};

	network_make();
	configure();
	rh_rcu_register();
	cr_assert_eq(uv_loop_init(&loop), 0);
	cr_assert_eq(dp_eal_start(&conf.eal, &err), 0, "%s", err.text);
	cr_assert_eq(dp_port_open(&conf.ports[0].dp, &port, &err), 0, "%s", err.text);
	cr_assert_eq(dp_table_create(&table_conf, &table, &err), 0, "%s", err.text);
	conf.engine.table = table;
	cr_assert_eq(dp_engine_create(&conf.engine, &eng, &err), 0, "%s", err.text);
	cr_assert_eq(dp_engine_start(eng, &err), 0, "%s", err.text);
	cr_assert_eq(cp_kernel_create(&loop, eng, &conf, &port, &k, &err), 0, "%s", err.text);
	cr_assert_eq(uv_poll_init(&loop, &bell, dp_punt_fd(eng)), 0);
	cr_assert_eq(uv_poll_start(&bell, UV_READABLE, on_punt), 0);
	on_punt(&bell, 0, 0); /* an empty ring arms the bell */
}

static void teardown(void)
{
	cp_kernel_destroy(k);
	uv_close((uv_handle_t *)&bell, NULL);
	rh_rcu_offline();
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	cr_assert_eq(uv_loop_close(&loop), 0);
	rh_rcu_online();
	dp_engine_stop(eng, 100);
	dp_engine_destroy(eng);
	dp_table_destroy(table);
	dp_port_close(port);
	rh_rcu_barrier();
	rh_rcu_unregister();
	dp_eal_stop();
	(void)kill(host, SIGKILL);
	(void)waitpid(host, NULL, 0);
}

TestSuite(slow_path, .init = setup, .fini = teardown, .timeout = 60);

/* Run @command on the host while the loop turns; its exit status. */
static int on_host(const char *command)
{
	uint64_t end = rh_clock_ns() + WAIT_NS;
	int status = -1;
	char ns[16];
	pid_t pid;

	(void)snprintf(ns, sizeof(ns), "%d", (int)host);
	pid = fork();
	if (pid == 0) {
		(void)execlp("nsenter", "nsenter", "-n", "-t", ns, "bash", "-c", command, (char *)NULL);
		_exit(127);
	}
	while (waitpid(pid, &status, WNOHANG) == 0 && rh_clock_ns() < end) {
		rh_rcu_quiescent();
		(void)uv_run(&loop, UV_RUN_NOWAIT);
		(void)usleep(500);
	}
	if (status == -1)
		(void)kill(pid, SIGKILL);
	return status;
}

static struct dp_adjacency adjacency(dp_adj_id_t id)
{
	struct dp_adjacency adj;

	cr_assert_eq(dp_adj_get(eng, id, &adj), 0);
	return adj;
}

Test(slow_path, a_host_can_ping_the_router)
{
	struct cp_kernel_stats stats;

	cr_assert_eq(on_host("ping -q -c 3 -i 0.2 -W 2 10.0.0.1 >/dev/null"), 0);
	cr_assert_eq(on_host("ping -q -6 -c 3 -i 0.2 -W 2 fd00::1 >/dev/null"), 0);
	cp_kernel_stats(k, port, &stats);
	cr_assert_eq(stats.to_kernel_failed, 0);
	cr_assert_eq(stats.from_kernel_failed, 0);
}

/* A packet socket on the host's end of the pair, for ARP frames. */
static int host_socket(void)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP)};
	int home = open("/proc/self/ns/net", O_RDONLY), there, fd;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)host);
	there = open(path, O_RDONLY);
	cr_assert_eq(setns(there, CLONE_NEWNET), 0);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, htons(ETH_P_ARP));
	at.sll_ifindex = (int)if_nametoindex("vb");
	cr_assert_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	cr_assert_eq(setns(home, CLONE_NEWNET), 0);
	(void)close(there);
	(void)close(home);
	return fd;
}

Test(slow_path, arp_is_answered_once)
{
	int fd = host_socket(), replies = 0;
	uint8_t frame[128];

	cr_assert_eq(on_host("ping -q -c 1 -W 2 10.0.0.1 >/dev/null; sleep 0.3"), 0);
	while (recv(fd, frame, sizeof(frame), 0) >= 42)
		replies += frame[21] == 2 && frame[6] == 2 && frame[11] == 1;
	cr_assert_eq(replies, 1, "%d: two mean that the interface beneath speaks too", replies);
	(void)close(fd);
}

Test(slow_path, a_publisher_gets_no_port_unreachable)
{
	/* The second write of a connected socket fails when ICMP port-unreachable came back for the first. */
	cr_assert_eq(on_host("exec 3<>/dev/udp/10.0.0.1/6750; echo junk >&3; sleep 0.5; echo junk >&3"), 0);
	cr_assert_neq(on_host("exec 3<>/dev/udp/10.0.0.1/9; echo junk >&3; sleep 0.5; echo junk >&3"), 0,
		"on another port the kernel does say so: the check above can fail");
}

Test(slow_path, a_host_whose_link_address_changes_is_followed)
{
	static const uint8_t first[6] = {2, 0, 0, 0, 0, 2}, second[6] = {2, 0, 0, 0, 0, 7};
	struct dp_address remote = {.family = 4, .bytes = {10, 0, 0, 2}};
	dp_adj_id_t id;

	cr_assert_eq(cp_kernel_adj_get(k, port, DP_VLAN_NONE, &remote, &id), 0);
	cr_assert_eq(on_host("ping -q -c 2 -i 0.2 -W 2 10.0.0.1 >/dev/null"), 0);
	cr_assert(adjacency(id).resolved);
	cr_assert_arr_eq(adjacency(id).dst_mac, first, 6);
	/* The kernel believes no second answer within a second of the first (locktime). */
	cr_assert_eq(on_host("sleep 1.1; ip link set vb down; ip link set vb address 02:00:00:00:00:07; "
			     "ip link set vb up; ping -q -c 3 -i 0.5 -W 2 10.0.0.1 >/dev/null"),
		0);
	cr_assert_arr_eq(adjacency(id).dst_mac, second, 6);
	cp_kernel_adj_put(k, id);
}
