#pragma once

/*
 * A device string cut into its parts: "0000:81:00.0", or a vdev such as "net_af_packet0,iface=veth0". No DPDK here.
 */

#include "dataplane/api/port.h"

#include <stdbool.h>
#include <stdint.h>

enum dp_device_kind { DP_DEVICE_PCI, DP_DEVICE_VDEV };

struct dp_device {
	enum dp_device_kind kind;
	char name[64];	  /* what ethdev calls it: full PCI address or vdev name */
	char driver[32];  /* of a vdev: net_af_packet */
	char iface[16];	  /* kernel interface it sits on, or empty */
	char args[DP_PORT_DEVICE_MAX + 128]; /* of a vdev, completed with our defaults; may be empty */
	uint32_t frame_bytes; /* af_packet: size of a ring slot, which an mbuf must hold; 0 otherwise */
};

/*
 * Parse conf->device. A PCI address without domain gets 0000. af_packet arguments that are absent are added: ring
 * geometry from the MTU, one queue pair per queue wanted. 0 or -EINVAL with what would be right.
 */
int dp_device_parse(const struct dp_port_conf *conf, struct dp_device *out, struct rh_error *err);

/* Value of @key in "a=1,b=2", copied; false when absent. */
bool dp_device_arg(const char *args, const char *key, char *out, uint32_t size);

/*
 * What must hold on this machine before the device is plugged: binding, interface, default route, input file. Looks only:
 * nothing is opened for writing, connected to or removed. @root as in host.h. 0 or a negative errno with the sentence
 * (-EMSGSIZE: the MTU).
 */
int dp_device_check(const char *root, const struct dp_port_conf *conf, const struct dp_device *dev,
	struct rh_error *err);
/*
 * Clear away what a killed process left in the device's way (memif's socket file). After dp_device_check. 0, -EADDRINUSE
 * with the sentence when that process lives.
 */
int dp_device_clear(
	const struct dp_port_conf *conf, const struct dp_device *dev, struct rh_error *err);
