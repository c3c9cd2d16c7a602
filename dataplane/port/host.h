#pragma once

/*
 * What the machine says about itself under /sys and /proc: hugepages, cores, PCI bindings, default routes. Every
 * function takes the root of the tree ("" on a real machine), so that tests can give a fake one. No DPDK here.
 */

#include "dataplane/base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* First line of <root>/<path...> without its newline. 0 or -errno. */
int dp_host_read(const char *root, const char *path, char *out, size_t size);
/* Last component of the symlink <root>/<path>. 0 or -errno. */
int dp_host_link(const char *root, const char *path, char *out, size_t size);

/* Free hugepage memory of 2 MiB and 1 GiB pages together, in MiB. */
uint64_t dp_host_hugepages_free_mb(const char *root);
/* Is CPU @core online? @range gets the kernel's list, e.g. "0-1". */
bool dp_host_core_online(const char *root, unsigned core, char *range, size_t size);
/*
 * MTU of @iface, or -ENODEV. On the real machine the kernel is asked, not sysfs, which shows the network namespace it was
 * mounted in and not ours.
 */
int dp_host_iface_mtu(const char *root, const char *iface);
/*
 * Does @iface, or what it is a part of (bridge, bond, VLAN above it), carry a default route, IPv4 or IPv6? @via gets the
 * interface that does.
 */
bool dp_host_default_route(const char *root, const char *iface, char *via, size_t size);

/*
 * Can the PCI device at @address (domain:bus:device.function) be taken by DPDK? 0, or one sentence: -ENOENT no such
 * device, -ENODEV bound to the wrong driver or to none (bifurcated ones, mlx4 and mlx5, stay on their own), -EPERM no
 * IOMMU, -EBUSY it carries the default route and @allow_default_route is false.
 */
int dp_host_pci_check(
	const char *root, const char *address, bool allow_default_route, struct rh_error *err);
