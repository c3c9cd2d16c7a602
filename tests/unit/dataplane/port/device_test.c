#include "dataplane/port/device.h"
#include "tests/unit/dataplane/port/tree.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct rh_error err;
static struct dp_device dev;

static int parse_as(struct dp_port_conf conf, const char *device)
{
	(void)strcpy(conf.name, "p0");
	(void)snprintf(conf.device, sizeof(conf.device), "%s", device);
	return dp_device_parse(&conf, &dev, &err);
}

static int parse(const char *device)
{
	return parse_as((struct dp_port_conf){0}, device);
}

Test(device, pci_addresses_get_their_domain)
{
	cr_assert_eq(parse("81:00.1"), 0);
	cr_assert_eq(dev.kind, DP_DEVICE_PCI);
	cr_assert_str_eq(dev.name, "0000:81:00.1");
	cr_assert_eq(parse("0002:81:1f.7"), 0);
	cr_assert_str_eq(dev.name, "0002:81:1f.7");
}

Test(device, what_is_no_device_is_refused_with_the_choices)
{
	static const char *const bad[] = {"", "eth0", "81:00", "81:00.9", "81:20.0", "81:00.0x", "net_foo0",
		"net_pcapx", ",iface=veth0", "net_af_packe"};

	for (size_t i = 0; i < RH_ARRAY_LEN(bad); i++) {
		cr_assert_eq(parse(bad[i]), -EINVAL, "'%s'", bad[i]);
		cr_assert(strstr(err.text, "port p0: device"), "%s", err.text);
		cr_assert(strstr(err.text, "net_af_packet"), "%s", err.text);
	}
}

Test(device, a_name_that_is_too_long_is_refused)
{
	char device[DP_PORT_DEVICE_MAX] = "net_null";

	memset(device + 8, '1', 100);
	cr_assert_eq(parse(device), -EINVAL);
	cr_assert(strstr(err.text, "longer than 63"), "%s", err.text);
}

Test(device, af_packet_gets_the_ring_geometry_it_lacks)
{
	cr_assert_eq(parse_as((struct dp_port_conf){.queues = 2}, "net_af_packet0,iface=veth0"), 0);
	cr_assert_str_eq(dev.iface, "veth0");
	cr_assert_str_eq(
		dev.args, "iface=veth0,framesz=2048,blocksz=65536,framecnt=4096,qpairs=2");
	cr_assert_eq(dev.frame_bytes, 2048);
}

Test(device, what_the_operator_wrote_stays)
{
	cr_assert_eq(parse("net_af_packet0,iface=veth0,qpairs=1,blocksz=4096,framecnt=512"), 0);
	cr_assert_str_eq(dev.args, "iface=veth0,qpairs=1,blocksz=4096,framecnt=512,framesz=2048");
}

Test(device, jumbo_frames_get_slots_that_hold_them)
{
	cr_assert_eq(parse_as((struct dp_port_conf){.mtu = 9000}, "net_af_packet0,iface=veth0"), 0);
	cr_assert_str_eq(
		dev.args, "iface=veth0,framesz=10240,blocksz=20480,framecnt=1024,qpairs=1");
}

Test(device, ring_geometry_that_cannot_work_is_refused)
{
	static const char *const bad[] = {"framesz=1024", "framesz=2050", "blocksz=2048", "blocksz=6144",
		"framecnt=100", "framecnt=0", "blocksz=0", "framesz=x"};
	char device[128];

	for (size_t i = 0; i < RH_ARRAY_LEN(bad); i++) {
		(void)snprintf(device, sizeof(device), "net_af_packet0,iface=v,%s", bad[i]);
		cr_assert_eq(parse(device), -EINVAL, "%s", bad[i]);
		cr_assert(strstr(err.text, "port p0: "), "%s", err.text);
	}
}

Test(device, kernel_ports_name_an_interface)
{
	cr_assert_eq(parse("net_af_packet0"), -EINVAL);
	cr_assert_str_eq(err.text,
		"port p0: device 'net_af_packet0' names no interface: write net_af_packet0,iface=NAME");
	cr_assert_eq(parse("net_af_xdp0,start_queue=0"), -EINVAL);
}

Test(device, an_interface_that_no_check_would_see_is_refused)
{
	static const char *const bad[] = {"net_pcap0,rx_iface=eth0,tx_iface=eth0", "net_pcap0,rx_iface_in=eth0",
		"net_pcap0,rx_pcap=/tmp/a.pcap,tx_iface=eth0", "net_tap0,remote=eth0",
		"net_af_packet0,iface=eth1,iface=eth0", "net_bonding0,slave=0000:81:00.0"};

	for (size_t i = 0; i < RH_ARRAY_LEN(bad); i++)
		cr_assert_eq(parse(bad[i]), -EINVAL, "'%s'", bad[i]);
	cr_assert_eq(parse(bad[0]), -EINVAL);
	cr_assert(strstr(err.text, "rx_iface=eth0 is not taken"), "%s", err.text);
	cr_assert_eq(parse(bad[4]), -EINVAL);
	cr_assert(strstr(err.text, "two interfaces, eth1 and eth0"), "%s", err.text);
	cr_assert_eq(parse("net_pcap0,rx_pcap=/tmp/a.pcap,tx_pcap=/tmp/b.pcap"), 0, "%s", err.text);
}

Test(device, an_interface_is_named_once_and_not_empty)
{
	static const char *const empty[] = {"net_pcap0,iface=", "net_pcap0,iface=,iface=eth0",
		"net_pcap0,rx_pcap=/tmp/a.pcap,iface=", "net_af_packet0,iface=,iface=eth0", "net_af_xdp0,iface="};
	static const char *const twice[] = {"net_pcap0,iface=eth1,iface=eth0", "net_pcap0,iface=eth1,iface=eth1",
		"net_af_xdp0,iface=eth1,queue_count=1,iface=eth0"};

	for (size_t i = 0; i < RH_ARRAY_LEN(empty); i++) {
		cr_assert_eq(parse(empty[i]), -EINVAL, "'%s'", empty[i]);
		cr_assert(strstr(err.text, "has an empty iface=: write iface=NAME"), "%s", err.text);
	}
	for (size_t i = 0; i < RH_ARRAY_LEN(twice); i++) {
		cr_assert_eq(parse(twice[i]), -EINVAL, "'%s'", twice[i]);
		cr_assert(strstr(err.text, "two interfaces, eth1 and eth"), "%s", err.text);
	}
	cr_assert_eq(parse("net_pcap0,iface=eth1,iface="), -EINVAL);
}

Test(device, an_interface_name_is_not_cut_to_one_that_exists)
{
	cr_assert_eq(parse("net_pcap0,iface=fifteen-letters"), 0, "%s", err.text);
	cr_assert_str_eq(dev.iface, "fifteen-letters");
	cr_assert_eq(parse("net_pcap0,iface=fifteen-letters2"), -EINVAL);
	cr_assert(strstr(err.text, "15 characters at most"), "%s", err.text);
}

Test(device, arguments_are_found_by_their_whole_key)
{
	char value[16];

	cr_assert(dp_device_arg("rx_iface=a,iface=b", "iface", value, sizeof(value)));
	cr_assert_str_eq(value, "b");
	cr_assert_not(dp_device_arg("rx_iface=a", "iface", value, sizeof(value)));
	cr_assert_not(dp_device_arg("iface", "iface", value, sizeof(value)));
	cr_assert(dp_device_arg("iface=", "iface", value, sizeof(value)));
	cr_assert_str_eq(value, "");
}

static int check(struct dp_port_conf conf, const char *device)
{
	(void)strcpy(conf.name, "p0");
	(void)snprintf(conf.device, sizeof(conf.device), "%s", device);
	cr_assert_eq(dp_device_parse(&conf, &dev, &err), 0, "%s", err.text);
	return dp_device_check(tree_root, &conf, &dev, &err);
}

TestSuite(device_check, .init = tree_make, .fini = tree_remove);

Test(device_check, a_missing_interface_is_named)
{
	cr_assert_eq(check((struct dp_port_conf){0}, "net_af_packet0,iface=veth9"), -ENODEV);
	cr_assert_str_eq(err.text,
		"port p0: there is no interface veth9 in this network namespace: ip link lists them");
}

Test(device_check, the_interface_with_the_default_route_wants_to_be_told_twice)
{
	tree_file("/sys/class/net/eth0/mtu", "1500\n");
	tree_file("/proc/net/route",
		"Iface\neth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n");
	cr_assert_eq(check((struct dp_port_conf){0}, "net_af_packet0,iface=eth0"), -EBUSY);
	cr_assert(strstr(err.text, "allow-default-route"), "%s", err.text);
	cr_assert_eq(check((struct dp_port_conf){.allow_default_route = true}, "net_af_xdp0,iface=eth0"), 0);
}

Test(device_check, an_mtu_beyond_the_interface_is_refused)
{
	tree_file("/sys/class/net/veth0/mtu", "1400\n");
	cr_assert_eq(check((struct dp_port_conf){.mtu = 1500}, "net_af_packet0,iface=veth0"), -EMSGSIZE);
	cr_assert(strstr(err.text, "ip link set veth0 mtu 1500"), "%s", err.text);
	cr_assert_eq(check((struct dp_port_conf){.mtu = 0}, "net_af_packet0,iface=veth0"), 0);
}

Test(device_check, a_missing_capture_file_is_named)
{
	cr_assert_eq(check((struct dp_port_conf){0}, "net_pcap0,rx_pcap=/no/such.pcap"), -ENOENT);
	cr_assert_str_eq(
		err.text, "port p0: cannot read rx_pcap=/no/such.pcap: No such file or directory");
}

Test(device_check, a_bound_pci_device_is_explained)
{
	tree_link("/sys/bus/pci/devices/0000:81:00.0/driver", "../drivers/ixgbe");
	cr_assert_eq(check((struct dp_port_conf){0}, "81:00.0"), -ENODEV);
	cr_assert_str_eq(err.text,
		"port p0: 0000:81:00.0 is bound to ixgbe: bind it to vfio-pci (see docs/operations.md)");
}

Test(device_check, a_memif_socket_is_looked_at_and_stays)
{
	char device[192], path[96];
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	(void)snprintf(path, sizeof(path), "%s/m.sock", tree_root);
	(void)snprintf(device, sizeof(device), "net_memif0,role=server,socket=%s,socket-abstract=no", path);
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	cr_assert_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	cr_assert_eq(listen(fd, 1), 0);
	cr_assert_eq(check((struct dp_port_conf){0}, device), 0, "somebody listens: %s", err.text);
	cr_assert_eq(dp_device_clear(&(struct dp_port_conf){.name = "p0"}, &dev, &err), -EADDRINUSE);
	(void)close(fd);
	cr_assert_eq(check((struct dp_port_conf){0}, device), 0, "stale: %s", err.text);
	cr_assert_eq(access(path, F_OK), 0, "a check removes nothing");
	cr_assert_eq(dp_device_clear(&(struct dp_port_conf){.name = "p0"}, &dev, &err), 0, "%s", err.text);
	cr_assert_neq(access(path, F_OK), 0);
	tree_file("/m.sock", "text");
	cr_assert_eq(check((struct dp_port_conf){0}, device), -EEXIST);
	cr_assert(strstr(err.text, "port p0: "), "%s", err.text);
	cr_assert(strstr(err.text, "is no socket: choose another path"), "%s", err.text);
}

Test(device_check, a_port_is_checked_on_the_machine_itself)
{
	struct dp_port_conf conf = {.name = "p0", .device = "net_af_packet0,iface=nosuchif"};

	cr_assert_eq(dp_port_check(&conf, &err), -ENODEV);
	cr_assert(strstr(err.text, "no interface nosuchif"), "%s", err.text);
	(void)strcpy(conf.device, "net_pcap0,iface=lo");
	cr_assert_eq(dp_port_check(&conf, &err), 0, "%s", err.text);
	(void)strcpy(conf.device, "eth0");
	cr_assert_eq(dp_port_check(&conf, &err), -EINVAL);
}
