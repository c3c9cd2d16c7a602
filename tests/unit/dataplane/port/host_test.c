#include "dataplane/port/host.h"
#include "tests/unit/dataplane/port/tree.h"

#include <errno.h>

#define ROUTE_HEAD "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
#define ZERO32	   "00000000000000000000000000000000"

TestSuite(host, .init = tree_make, .fini = tree_remove);

static bool carries(const char *iface)
{
	char via[16] = "";

	return dp_host_default_route(tree_root, iface, via, sizeof(via));
}

Test(host, sums_free_hugepages_of_both_sizes)
{
	cr_assert_eq(dp_host_hugepages_free_mb(tree_root), 0);
	tree_file("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "100\n");
	tree_file("/sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages", "2\n");
	cr_assert_eq(dp_host_hugepages_free_mb(tree_root), 200 + 2048);
}

Test(host, knows_which_cores_are_online)
{
	char range[32];

	tree_file("/sys/devices/system/cpu/online", "0-3,8,10-11\n");
	cr_assert(dp_host_core_online(tree_root, 0, range, sizeof(range)));
	cr_assert(dp_host_core_online(tree_root, 3, range, sizeof(range)));
	cr_assert(dp_host_core_online(tree_root, 8, range, sizeof(range)));
	cr_assert(dp_host_core_online(tree_root, 11, range, sizeof(range)));
	cr_assert_not(dp_host_core_online(tree_root, 4, range, sizeof(range)));
	cr_assert_not(dp_host_core_online(tree_root, 12, range, sizeof(range)));
	cr_assert_str_eq(range, "0-3,8,10-11");
}

Test(host, sees_a_default_route_of_ipv4)
{
	tree_file("/proc/net/route", ROUTE_HEAD
		"eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
		"eth1\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n");
	cr_assert(carries("eth0"));
	cr_assert_not(carries("eth1"));
}

Test(host, half_a_default_route_is_none)
{
	/* 0.0.0.0/1, as VPNs set it, and a route that rejects. */
	tree_file("/proc/net/route", ROUTE_HEAD
		"eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000080\t0\t0\t0\n"
		"eth1\t00000000\t00000000\t0201\t0\t0\t0\t00000000\t0\t0\t0\n");
	cr_assert_not(carries("eth0"));
	cr_assert_not(carries("eth1"));
}

Test(host, sees_a_default_route_of_ipv6)
{
	tree_file("/proc/net/ipv6_route",
		ZERO32 " 00 " ZERO32 " 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0\n"
		"fd000000000000000000000000000000 40 " ZERO32 " 00 " ZERO32 " 00000100 00000001 00000000 00000001     eth1\n"
		ZERO32 " 00 " ZERO32 " 00 " ZERO32 " ffffffff 00000001 00000000 00200200       lo\n");
	cr_assert(carries("eth0"));
	cr_assert_not(carries("eth1"));
	cr_assert_not(carries("lo"));
}

Test(host, sees_a_default_route_of_the_bridge_above)
{
	char via[16];

	tree_file("/proc/net/route", ROUTE_HEAD
		"br0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n");
	tree_dir("/sys/class/net/eth0/upper_bond0");
	tree_dir("/sys/class/net/bond0/upper_br0");
	tree_dir("/sys/class/net/eth1");
	cr_assert(dp_host_default_route(tree_root, "eth0", via, sizeof(via)));
	cr_assert_str_eq(via, "br0");
	cr_assert_not(carries("eth1"));
}

Test(host, upper_links_that_go_in_circles_end)
{
	tree_dir("/sys/class/net/a/upper_b");
	tree_dir("/sys/class/net/b/upper_a");
	cr_assert_not(carries("a"));
}

Test(host, an_interface_that_is_not_there_has_no_mtu)
{
	tree_file("/sys/class/net/veth0/mtu", "1400\n");
	cr_assert_eq(dp_host_iface_mtu(tree_root, "veth0"), 1400);
	cr_assert_eq(dp_host_iface_mtu(tree_root, "veth1"), -ENODEV);
	cr_assert_eq(dp_host_iface_mtu("", "no-such-iface"), -ENODEV);
	cr_assert_gt(dp_host_iface_mtu("", "lo"), 0);
}
