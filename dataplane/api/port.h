#pragma once

/*
 * EAL and ports. No DPDK types here. Ctx of everything: control, before the engine starts, unless said otherwise.
 */

#include "dataplane/base/error.h"

#include <stdbool.h>
#include <stdint.h>

#define DP_PORT_NAME_MAX   32
#define DP_PORT_DEVICE_MAX 256

enum dp_hugepages {
	DP_HUGEPAGES_AUTO, /* use them where the kernel has enough free, else run without and say so */
	DP_HUGEPAGES_ON,   /* refuse to start without */
	DP_HUGEPAGES_OFF,
};

struct dp_eal_conf {
	const char *file_prefix; /* private to this process; a second rhumbd with it is refused */
	enum dp_hugepages hugepages;
	uint32_t memory_mb; /* 0: 512 */
	unsigned control_core; /* may be one of cores: sensible with DP_IDLE_YIELD only */
	unsigned cores[16]; /* worker cores */
	uint32_t core_count;
	bool use_pci; /* false: --no-pci; true when a port names a PCI address */
	const char *const *pci_allow; /* addresses to allow; NULL-terminated; NULL with use_pci false */
};

/*
 * Start EAL. Its own log goes to a buffer; on failure the reason is one sentence in @err (hugepages missing and what to
 * write where, prefix in use, core offline, ...), never an EAL dump. Once per process.
 * Ctx: control.
 */
int dp_eal_start(const struct dp_eal_conf *conf, struct rh_error *err);
void dp_eal_stop(void);
/* "DPDK 22.11.11"; static. Ctx: any. */
const char *dp_eal_version(void);
/* True when memory came from hugepages. */
bool dp_eal_has_hugepages(void);

/*
 * Can a thread of this process be pinned to @core: is it online, and does no cpuset forbid it? Looks only. 0, or -EINVAL
 * with what would be right. Ctx: control, at any time.
 */
int dp_core_check(unsigned core, struct rh_error *err);

struct dp_port_conf {
	char name[DP_PORT_NAME_MAX];
	char device[DP_PORT_DEVICE_MAX]; /* PCI address, or a vdev string such as net_af_packet0,iface=veth0 */
	uint32_t queues;		 /* rx and tx queues wanted; clipped to what the device has, at least 1 */
	uint32_t rx_descriptors, tx_descriptors; /* 0: 1024; clipped */
	uint32_t mbufs; /* of the port's pool; 0: chosen from descriptors and queues */
	uint16_t mtu;	/* 0: 1500, or the kernel interface's where that is less */
	bool promiscuous;
	bool rx_checksum_in_software; /* verify UDP/IP checksums ourselves where the device does not */
	bool allow_default_route; /* take the port although it carries the default route */
};

/*
 * What dp_port_open checks of the device before it touches anything: the device string, the interface and its MTU, the default route,
 * the PCI binding, the input file. Looks only, and needs no EAL. 0; -EMSGSIZE: the port's MTU is larger than the
 * interface's; any other negative errno: the device. Ctx: control, at any time.
 */
int dp_port_check(const struct dp_port_conf *conf, struct rh_error *err);

/*
 * Attach, configure and start a device. Names what is wrong and what would be right: a PCI device bound to a kernel
 * driver that must be on vfio-pci (per driver: mlx5 stays on its own), an interface that does not exist, one that carries the
 * default route (refused unless allowed), no memory. @index is what everything else calls the port.
 * Ctx: control.
 */
int dp_port_open(const struct dp_port_conf *conf, uint32_t *index, struct rh_error *err);
void dp_port_close(uint32_t index);

struct dp_port_info {
	char name[DP_PORT_NAME_MAX];
	char device[DP_PORT_DEVICE_MAX];
	char driver[32];
	char iface[16]; /* kernel interface beneath (af_packet, af_xdp), or empty */
	uint8_t mac[6];
	uint16_t mtu;
	uint32_t queues;
	bool link_up;
	bool rss;
	uint32_t link_mbps;
	uint32_t pool_size, pool_free;
};

/* -ENOENT. Ctx: control. */
int dp_port_info(uint32_t index, struct dp_port_info *out);

struct dp_port_stats {
	uint64_t rx_packets, rx_bytes, rx_missed, rx_errors, rx_no_buffer;
	uint64_t tx_packets, tx_bytes, tx_errors;
};

/* Device statistics: losses before us stand beside the conservation laws. Ctx: control (never a worker). */
int dp_port_stats(uint32_t index, struct dp_port_stats *out);
uint32_t dp_port_count(void);
