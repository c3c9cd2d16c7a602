#include "dataplane/port/host.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PCI "/sys/bus/pci/devices/"

/* Kernel drivers that share the device with DPDK: rebinding would take it away. */
static const char *const bifurcated[] = {"mlx5_core", "mlx4_core", "mana"};
/* Drivers that hand the device to a process, without and with the IOMMU's protection. */
static const char *const handing[] = {"vfio-pci", "uio_pci_generic", "igb_uio"};

static bool listed(const char *const *list, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i], name) == 0)
			return true;
	return false;
}

/* Call @each with the name of every entry of <root><path>; stops at its first true. */
static bool dir_any(const char *root, const char *path, bool (*each)(const char *, void *), void *arg)
{
	char full[PATH_MAX];
	const struct dirent *entry;
	bool found = false;
	DIR *dir;

	(void)snprintf(full, sizeof(full), "%s%s", root, path);
	dir = opendir(full);
	if (!dir)
		return false;
	while (!found && (entry = readdir(dir)))
		found = entry->d_name[0] != '.' && each(entry->d_name, arg);
	(void)closedir(dir);
	return found;
}

struct route_search {
	const char *root, *address;
	char via[16];
};

static bool iface_carries(const char *iface, void *arg)
{
	struct route_search *s = arg;

	return dp_host_default_route(s->root, iface, s->via, sizeof(s->via));
}

/* virtio NICs keep their interfaces one level down: <device>/virtio2/net/eth0. */
static bool virtio_carries(const char *entry, void *arg)
{
	const struct route_search *s = arg;
	char path[PATH_MAX];

	if (strncmp(entry, "virtio", 6) != 0)
		return false;
	(void)snprintf(path, sizeof(path), PCI "%s/%s/net", s->address, entry);
	return dir_any(s->root, path, iface_carries, arg);
}

static int check_route(const char *root, const char *address, struct rh_error *err)
{
	struct route_search s = {.root = root, .address = address};
	char path[PATH_MAX];
	bool found;

	(void)snprintf(path, sizeof(path), PCI "%s/net", address);
	found = dir_any(root, path, iface_carries, &s);
	(void)snprintf(path, sizeof(path), PCI "%s", address);
	found = found || dir_any(root, path, virtio_carries, &s);
	if (!found)
		return 0;
	return rh_error_set(err, EBUSY,
		"%s carries the default route (%s): taking it may cut you off from this machine; set "
		"allow-default-route on the port to take it all the same",
		address, s.via);
}

struct group_search {
	const char *root, *address;
	char other[32], driver[32];
};

static bool group_blocks(const char *entry, void *arg)
{
	struct group_search *s = arg;
	char path[PATH_MAX];

	if (strcmp(entry, s->address) == 0)
		return false;
	(void)snprintf(path, sizeof(path), PCI "%s/driver", entry);
	if (dp_host_link(s->root, path, s->driver, sizeof(s->driver)) < 0)
		return false;
	(void)snprintf(s->other, sizeof(s->other), "%.31s", entry);
	/* Bridges (pcieport) are the kernel's and do no DMA of their own. */
	return strcmp(s->driver, "vfio-pci") != 0 && strcmp(s->driver, "pci-stub") != 0 &&
	       strcmp(s->driver, "pcieport") != 0;
}

static int check_iommu(const char *root, const char *address, struct rh_error *err)
{
	struct group_search s = {.root = root, .address = address};
	char path[PATH_MAX], group[32], unsafe[8];

	(void)snprintf(path, sizeof(path), PCI "%s/iommu_group", address);
	if (dp_host_link(root, path, group, sizeof(group)) < 0) {
		if (dp_host_read(root, "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode", unsafe,
			    sizeof(unsafe)) == 0 &&
			unsafe[0] == 'Y')
			return 0;
		return rh_error_set(err, EPERM,
			"%s is on vfio-pci but the machine has no IOMMU: switch it on in the firmware and boot "
			"with intel_iommu=on or amd_iommu=on, or echo Y > "
			"/sys/module/vfio/parameters/enable_unsafe_noiommu_mode (see docs/operations.md)",
			address);
	}
	(void)snprintf(path, sizeof(path), PCI "%s/iommu_group/devices", address);
	if (!dir_any(root, path, group_blocks, &s))
		return 0;
	return rh_error_set(err, EPERM,
		"%s shares IOMMU group %s with %s, which is bound to %s: bind that one to vfio-pci too, or "
		"move the card to another slot (see docs/operations.md)",
		address, group, s.other, s.driver);
}

static int check_driver(const char *root, const char *address, struct rh_error *err)
{
	char path[PATH_MAX], driver[64];

	(void)snprintf(path, sizeof(path), PCI "%s/driver", address);
	if (dp_host_link(root, path, driver, sizeof(driver)) < 0)
		return rh_error_set(err, ENODEV,
			"%s is bound to no driver: bind it to vfio-pci (see docs/operations.md)", address);
	if (listed(bifurcated, RH_ARRAY_LEN(bifurcated), driver))
		return 0;
	if (!listed(handing, RH_ARRAY_LEN(handing), driver))
		return rh_error_set(err, ENODEV,
			"%s is bound to %s: bind it to vfio-pci (see docs/operations.md)", address, driver);
	return strcmp(driver, "vfio-pci") == 0 ? check_iommu(root, address, err) : 0;
}

/* A Mellanox card on vfio-pci has no interface for mlx5 to work with: say so before its driver says less. */
static int check_vendor(const char *root, const char *address, struct rh_error *err)
{
	char path[PATH_MAX], vendor[16], driver[64];

	(void)snprintf(path, sizeof(path), PCI "%s/vendor", address);
	if (dp_host_read(root, path, vendor, sizeof(vendor)) < 0 || strcmp(vendor, "0x15b3") != 0)
		return 0;
	(void)snprintf(path, sizeof(path), PCI "%s/driver", address);
	if (dp_host_link(root, path, driver, sizeof(driver)) < 0)
		(void)snprintf(driver, sizeof(driver), "no driver");
	if (listed(bifurcated, RH_ARRAY_LEN(bifurcated), driver))
		return 0;
	return rh_error_set(err, ENODEV,
		"%s is bound to %s: bind it back to mlx5_core (mlx4_core for a ConnectX-3), which DPDK shares "
		"with the kernel (see docs/operations.md)",
		address, driver);
}

int dp_host_pci_check(
	const char *root, const char *address, bool allow_default_route, struct rh_error *err)
{
	char full[PATH_MAX];
	int ret;

	(void)snprintf(full, sizeof(full), "%s" PCI "%s", root, address);
	if (access(full, F_OK) < 0)
		return rh_error_set(err, ENOENT,
			"there is no PCI device %s: lspci -D lists those of this machine", address);
	ret = allow_default_route ? 0 : check_route(root, address, err);
	if (!ret)
		ret = check_vendor(root, address, err);
	return ret ? ret : check_driver(root, address, err);
}
