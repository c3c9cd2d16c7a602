#include "dataplane/port/eal_priv.h"
#include "dataplane/port/port_priv.h"
#include "tests/unit/dataplane/port/tree.h"

#include <errno.h>
#include <net/if.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct rh_error err;

static void setup(void)
{
	static char prefix[32];
	struct dp_eal_conf conf = {
		.file_prefix = prefix,
		.hugepages = DP_HUGEPAGES_OFF,
		.memory_mb = 128,
		.cores = {1},
		.core_count = 1,
	};

	tree_make();
	(void)snprintf(prefix, sizeof(prefix), "unit-%d", (int)getpid());
	/* Interfaces of these tests live in a namespace of their own, which ends with the process. */
	cr_assert_eq(unshare(CLONE_NEWNET), 0, "these tests need root: a network namespace");
	cr_assert_eq(dp_eal_start_at("", tree_root, &conf, &err), 0, "%s", err.text);
}

static void teardown(void)
{
	dp_eal_stop();
	tree_remove();
}

TestSuite(port, .init = setup, .fini = teardown);

static int open_as(struct dp_port_conf conf, const char *device, uint32_t *index)
{
	if (!conf.name[0])
		(void)strcpy(conf.name, "p0");
	(void)snprintf(conf.device, sizeof(conf.device), "%s", device);
	return dp_port_open(&conf, index, &err);
}

static void run(const char *command)
{
	cr_assert_eq(system(command), 0, "%s", command);
}

Test(port, a_null_device_opens_and_closes)
{
	struct dp_port_info info;
	uint32_t index = 99;

	cr_assert_eq(open_as((struct dp_port_conf){0}, "net_null0", &index), 0, "%s", err.text);
	cr_assert_eq(dp_port_count(), 1);
	cr_assert_geq(dp_port_ethdev_id(index), 0);
	cr_assert_eq(dp_port_info(index, &info), 0);
	cr_assert_str_eq(info.name, "p0");
	cr_assert_str_eq(info.driver, "net_null");
	cr_assert_str_eq(info.iface, "");
	cr_assert_eq(info.mtu, 1500);
	cr_assert_eq(info.queues, 1);
	cr_assert_eq(info.pool_size, rte_mempool_avail_count(dp_port_pool(index)));
	dp_port_close(index);
	cr_assert_eq(dp_port_count(), 0);
	cr_assert_eq(dp_port_info(index, &info), -ENOENT);
	cr_assert_eq(dp_port_ethdev_id(index), -ENOENT);
	cr_assert_null(dp_port_pool(index));
	dp_port_close(index);
	cr_assert_eq(open_as((struct dp_port_conf){0}, "net_null0", &index), 0, "again: %s", err.text);
}

Test(port, each_worker_gets_a_queue_pair_of_its_own)
{
	uint32_t index, queue;

	cr_assert_eq(open_as((struct dp_port_conf){.queues = 2}, "net_null0", &index), 0, "%s", err.text);
	cr_assert_eq(dp_port_queue_claim(index, &queue), 0);
	cr_assert_eq(queue, 0);
	cr_assert_eq(dp_port_queue_claim(index, &queue), 0);
	cr_assert_eq(queue, 1);
	cr_assert_eq(dp_port_queue_claim(index, &queue), -EBUSY);
	dp_port_queues_return(index);
	cr_assert_eq(dp_port_queue_claim(index, &queue), 0);
	cr_assert_eq(queue, 0);
	cr_assert_eq(dp_port_queue_claim(index + 1, &queue), -ENOENT);
}

Test(port, queues_and_descriptors_are_clipped_to_the_device)
{
	struct dp_port_info info;
	uint32_t index;

	cr_assert_eq(open_as((struct dp_port_conf){.queues = 500}, "net_ring0", &index), 0, "%s", err.text);
	cr_assert_eq(dp_port_info(index, &info), 0);
	cr_assert_lt(info.queues, 500);
	cr_assert_geq(info.queues, 1);
}

Test(port, a_burst_goes_round_a_ring_and_is_counted)
{
	struct dp_port_stats stats;
	struct rte_mbuf *mbuf;
	uint32_t index;

	cr_assert_eq(open_as((struct dp_port_conf){0}, "net_ring0", &index), 0, "%s", err.text);
	mbuf = rte_pktmbuf_alloc(dp_port_pool(index));
	cr_assert(mbuf);
	cr_assert(rte_pktmbuf_append(mbuf, 100));
	cr_assert_eq(rte_eth_tx_burst(dp_port_ethdev_id(index), 0, &mbuf, 1), 1);
	cr_assert_eq(rte_eth_rx_burst(dp_port_ethdev_id(index), 0, &mbuf, 1), 1);
	rte_pktmbuf_free(mbuf);
	cr_assert_eq(dp_port_stats(index, &stats), 0);
	cr_assert_eq(stats.tx_packets, 1);
	cr_assert_eq(stats.rx_packets, 1);
	cr_assert_eq(dp_port_stats(index + 1, &stats), -ENOENT);
}

Test(port, software_checks_are_asked_for_where_the_device_has_none)
{
	uint32_t index;

	cr_assert_eq(open_as((struct dp_port_conf){.rx_checksum_in_software = true}, "net_null0", &index), 0);
	cr_assert(dp_port_rx_checksum_in_software(index));
	dp_port_close(index);
	cr_assert_eq(open_as((struct dp_port_conf){0}, "net_null0", &index), 0);
	cr_assert_not(dp_port_rx_checksum_in_software(index));
}

Test(port, a_name_or_a_device_is_taken_once)
{
	uint32_t index;

	cr_assert_eq(open_as((struct dp_port_conf){0}, "net_null0", &index), 0);
	cr_assert_eq(open_as((struct dp_port_conf){0}, "net_null1", &index), -EEXIST);
	cr_assert_eq(open_as((struct dp_port_conf){.name = "p1"}, "net_null0", &index), -EEXIST);
	cr_assert(strstr(err.text, "port p1"), "%s", err.text);
	cr_assert_eq(open_as((struct dp_port_conf){.name = "p1"}, "net_null1", &index), 0);
}

Test(port, bad_devices_are_refused_in_a_sentence_and_leave_nothing)
{
	static const char *const bad[] = {"net_foo0", "net_af_packet0,iface=nope", "net_pcap0,rx_pcap=/nope",
		"net_null0,nonsense=1", "0000:99:00.0", "net_af_packet0", "net_af_xdp0,iface=nope",
		"net_pcap0", "net_memif0,role=none"};
	uint32_t index = 77;

	for (size_t i = 0; i < RH_ARRAY_LEN(bad); i++) {
		err.text[0] = '\0';
		cr_assert_lt(open_as((struct dp_port_conf){0}, bad[i], &index), 0, "%s", bad[i]);
		cr_assert_gt(strlen(err.text), 10, "%s", bad[i]);
		cr_assert_not(strchr(err.text, '\n'), "%s", err.text);
		cr_log_info("%s -> %s", bad[i], err.text);
		cr_assert_eq(dp_port_count(), 0);
		cr_assert_eq(rte_eth_dev_count_avail(), 0, "%s", bad[i]);
	}
	cr_assert_eq(index, 77);
}

Test(port, mbufs_that_cannot_fill_the_descriptors_are_refused)
{
	uint32_t index;

	cr_assert_eq(open_as((struct dp_port_conf){.mbufs = 100}, "net_null0", &index), -EINVAL);
	cr_assert(strstr(err.text, "at least 1088"), "%s", err.text);
	cr_assert_eq(rte_eth_dev_count_avail(), 0);
}

Test(port, a_pool_that_does_not_fit_is_refused)
{
	uint32_t index;

	cr_assert_eq(open_as((struct dp_port_conf){.mbufs = 4000000}, "net_null0", &index), -ENOMEM);
	cr_assert(strstr(err.text, "raise dataplane memory"), "%s", err.text);
	cr_assert_eq(rte_eth_dev_count_avail(), 0);
}

/* Ports 0 and 1 on the two ends of a veth pair. */
static void open_pair(void)
{
	uint32_t index;

	run("ip link add va address 02:00:00:00:00:01 type veth peer name vb address 02:00:00:00:00:02 && "
	    "ip link set va up && ip link set vb up");
	cr_assert_eq(open_as((struct dp_port_conf){.name = "a"}, "net_af_packet0,iface=va", &index), 0, "%s",
		err.text);
	cr_assert_eq(open_as((struct dp_port_conf){.name = "b"}, "net_af_packet1,iface=vb", &index), 0, "%s",
		err.text);
}

/* Send @frame from port 1; what arrives at port 0 with the same last byte, or NULL after a second. */
static struct rte_mbuf *carry(const uint8_t *frame, uint16_t len)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(dp_port_pool(1));

	cr_assert(mbuf);
	memcpy(rte_pktmbuf_append(mbuf, len), frame, len);
	cr_assert_eq(rte_eth_tx_burst(dp_port_ethdev_id(1), 0, &mbuf, 1), 1);
	for (int i = 0; i < 1000; i++) {
		if (rte_eth_rx_burst(dp_port_ethdev_id(0), 0, &mbuf, 1) == 0) {
			(void)usleep(1000);
			continue;
		}
		if (*rte_pktmbuf_mtod_offset(mbuf, uint8_t *, mbuf->pkt_len - 1) == frame[len - 1])
			return mbuf;
		rte_pktmbuf_free(mbuf);
	}
	return NULL;
}

Test(port, af_packet_carries_a_full_frame)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};
	struct dp_port_info info;
	struct rte_mbuf *mbuf;
	uint8_t frame[1514];

	open_pair();
	cr_assert_eq(dp_port_info(0, &info), 0);
	cr_assert_str_eq(info.iface, "va");
	cr_assert_arr_eq(info.mac, mac, 6);
	cr_assert(info.link_up);
	memset(frame, 0x5a, sizeof(frame));
	mbuf = carry(frame, sizeof(frame));
	cr_assert(mbuf);
	cr_assert_eq(mbuf->pkt_len, sizeof(frame));
	cr_assert_arr_eq(rte_pktmbuf_mtod(mbuf, uint8_t *), frame, sizeof(frame));
}

Test(port, af_packet_keeps_the_vlan_tag_in_the_frame)
{
	uint8_t frame[1518] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x81, 0, 0, 100, 0x88, 0xb5};
	struct rte_mbuf *mbuf;

	open_pair();
	memset(frame + 18, 0xa5, sizeof(frame) - 18);
	mbuf = carry(frame, sizeof(frame));
	cr_assert(mbuf);
	cr_assert_eq(mbuf->pkt_len, sizeof(frame));
	cr_assert_arr_eq(rte_pktmbuf_mtod(mbuf, uint8_t *), frame, sizeof(frame));
}

Test(port, frames_that_found_a_packet_ring_full_are_missed)
{
	struct dp_port_stats stats;
	struct rte_mbuf *mbuf;
	uint32_t index;

	run("ip link add va type veth peer name vb && sysctl -qw net.ipv6.conf.va.disable_ipv6=1 "
	    "net.ipv6.conf.vb.disable_ipv6=1 && ip link set va up && ip link set vb up");
	cr_assert_eq(open_as((struct dp_port_conf){.name = "a"},
			     "net_af_packet0,iface=va,blocksz=4096,framecnt=4", &index), 0, "%s", err.text);
	cr_assert_eq(open_as((struct dp_port_conf){.name = "b"}, "net_af_packet1,iface=vb", &index), 0);
	for (int i = 0; i < 20; i++) {
		mbuf = rte_pktmbuf_alloc(dp_port_pool(1));
		memset(rte_pktmbuf_append(mbuf, 60), 0xff, 60);
		cr_assert_eq(rte_eth_tx_burst(dp_port_ethdev_id(1), 0, &mbuf, 1), 1);
	}
	cr_assert_eq(dp_port_stats(0, &stats), 0);
	cr_assert_eq(stats.rx_missed, 16);
	cr_assert_eq(dp_port_stats(0, &stats), 0);
	cr_assert_eq(stats.rx_missed, 16, "a second look takes nothing away");
}

Test(port, neighbour_discovery_passes_the_interface_beneath)
{
	uint32_t index;

	run("ip link add va type veth peer name vb && ip link set va up && ip link set vb up");
	cr_assert_eq(open_as((struct dp_port_conf){0}, "net_af_packet0,iface=va", &index), 0, "%s", err.text);
	run("ip -d link show va | grep -q 'allmulti 1'");
	dp_port_close(index);
	run("ip -d link show va | grep -q 'allmulti 0'");
}

Test(port, an_af_packet_port_has_a_queue_for_each_worker)
{
	struct dp_port_info info;
	uint32_t index;

	run("ip link add va type veth peer name vb && ip link set va up && ip link set vb up");
	cr_assert_eq(open_as((struct dp_port_conf){.queues = 2}, "net_af_packet0,iface=va", &index), 0, "%s",
		err.text);
	cr_assert_eq(dp_port_info(index, &info), 0);
	cr_assert_eq(info.queues, 2);
}

Test(port, a_stale_memif_socket_is_no_obstacle)
{
	static const char device[] = "net_memif0,role=server,socket=%s/m.sock,socket-abstract=no";
	char text[DP_PORT_DEVICE_MAX], path[100];
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	uint32_t index;

	(void)snprintf(path, sizeof(path), "%s/m.sock", tree_root);
	(void)snprintf(text, sizeof(text), device, tree_root);
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	cr_assert_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	cr_assert_eq(listen(fd, 1), 0);
	cr_assert_eq(open_as((struct dp_port_conf){0}, text, &index), -EADDRINUSE);
	cr_assert(strstr(err.text, "another process listens there"), "%s", err.text);
	(void)close(fd);
	cr_assert_eq(open_as((struct dp_port_conf){0}, text, &index), 0, "%s", err.text);
	dp_port_close(index);
	tree_file("/m.sock", "no socket");
	cr_assert_eq(open_as((struct dp_port_conf){0}, text, &index), -EEXIST);
}

Test(port, the_default_route_keeps_its_interface)
{
	uint32_t index;

	run("ip link add va type veth peer name vb && ip addr add 10.1.1.1/24 dev va && ip link set va up && "
	    "ip link set vb up && ip route add default via 10.1.1.2");
	cr_assert_eq(open_as((struct dp_port_conf){0}, "net_af_packet0,iface=va", &index), -EBUSY);
	cr_assert(strstr(err.text, "va carries the default route"), "%s", err.text);
	cr_assert_eq(open_as((struct dp_port_conf){.allow_default_route = true}, "net_af_packet0,iface=va",
			     &index),
		0, "%s", err.text);
}

Test(port, jumbo_frames_pass_where_the_interface_lets_them)
{
	struct dp_port_info info;
	uint32_t index;

	run("ip link add va mtu 9000 type veth peer name vb mtu 9000 && ip link set va up && ip link set vb up");
	cr_assert_eq(open_as((struct dp_port_conf){.mtu = 9000}, "net_af_packet0,iface=va", &index), 0, "%s",
		err.text);
	cr_assert_eq(dp_port_info(index, &info), 0);
	cr_assert_eq(info.mtu, 9000);
	cr_assert_eq(dp_port_mtu(index), 9000);
}
