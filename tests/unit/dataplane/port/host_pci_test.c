#include "dataplane/port/host.h"
#include "tests/unit/dataplane/port/tree.h"

#include <errno.h>

#define NIC "/sys/bus/pci/devices/0000:81:00.0"

static struct rh_error err;

static void setup(void)
{
	tree_make();
	tree_dir(NIC);
}

TestSuite(host_pci, .init = setup, .fini = tree_remove);

static int check(void)
{
	return dp_host_pci_check(tree_root, "0000:81:00.0", false, &err);
}

static void bound_to(const char *driver)
{
	char target[128];

	(void)snprintf(target, sizeof(target), "../../../../bus/pci/drivers/%s", driver);
	tree_link(NIC "/driver", target);
}

Test(host_pci, names_the_kernel_driver_and_the_remedy)
{
	bound_to("ixgbe");
	cr_assert_eq(check(), -ENODEV);
	cr_assert_str_eq(err.text,
		"0000:81:00.0 is bound to ixgbe: bind it to vfio-pci (see docs/operations.md)");
}

Test(host_pci, a_device_without_driver_is_to_be_bound)
{
	cr_assert_eq(check(), -ENODEV);
	cr_assert_str_eq(err.text,
		"0000:81:00.0 is bound to no driver: bind it to vfio-pci (see docs/operations.md)");
}

Test(host_pci, a_device_that_is_not_there_is_named)
{
	cr_assert_eq(dp_host_pci_check(tree_root, "0000:99:00.0", false, &err), -ENOENT);
	cr_assert_str_eq(err.text,
		"there is no PCI device 0000:99:00.0: lspci -D lists those of this machine");
}

Test(host_pci, mellanox_stays_on_its_kernel_driver)
{
	tree_file(NIC "/vendor", "0x15b3\n");
	bound_to("mlx5_core");
	cr_assert_eq(check(), 0, "%s", err.text);
}

Test(host_pci, mellanox_on_vfio_is_sent_back)
{
	tree_file(NIC "/vendor", "0x15b3\n");
	bound_to("vfio-pci");
	cr_assert_eq(check(), -ENODEV);
	cr_assert(strstr(err.text, "bind it back to mlx5_core"), "%s", err.text);
}

Test(host_pci, vfio_with_a_group_of_its_own_is_taken)
{
	bound_to("vfio-pci");
	tree_link(NIC "/iommu_group", "../../../../kernel/iommu_groups/7");
	cr_assert_eq(check(), 0, "%s", err.text);
}

Test(host_pci, vfio_without_iommu_says_how_to_get_one)
{
	bound_to("vfio-pci");
	cr_assert_eq(check(), -EPERM);
	cr_assert(strstr(err.text, "has no IOMMU"), "%s", err.text);
	cr_assert(strstr(err.text, "intel_iommu=on"), "%s", err.text);
	tree_file("/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", "Y\n");
	cr_assert_eq(check(), 0, "%s", err.text);
}

Test(host_pci, a_group_shared_with_a_kernel_device_is_refused)
{
	bound_to("vfio-pci");
	tree_link(NIC "/iommu_group", "../../../../kernel/iommu_groups/7");
	tree_dir("/sys/kernel/iommu_groups/7/devices/0000:81:00.0");
	tree_dir("/sys/kernel/iommu_groups/7/devices/0000:81:00.1");
	tree_link("/sys/bus/pci/devices/0000:81:00.1/driver", "../drivers/ixgbe");
	cr_assert_eq(check(), -EPERM);
	cr_assert(strstr(err.text, "0000:81:00.1, which is bound to ixgbe"), "%s", err.text);
}

Test(host_pci, the_port_with_the_default_route_wants_to_be_told_twice)
{
	bound_to("mlx5_core");
	tree_dir(NIC "/net/eth0");
	tree_file("/proc/net/route",
		"Iface\nenp3s0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
		"eth0\t00000000\t010200C0\t0003\t0\t0\t9\t00000000\t0\t0\t0\n");
	cr_assert_eq(check(), -EBUSY);
	cr_assert(strstr(err.text, "carries the default route (eth0)"), "%s", err.text);
	cr_assert_eq(dp_host_pci_check(tree_root, "0000:81:00.0", true, &err), 0);
}

Test(host_pci, virtio_keeps_its_interface_one_level_down)
{
	bound_to("virtio-pci");
	tree_dir(NIC "/virtio2/net/eth0");
	tree_file("/proc/net/route",
		"Iface\neth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n");
	cr_assert_eq(check(), -EBUSY);
}
