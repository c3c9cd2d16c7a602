#pragma once

/*
 * What packet sockets can do for a port on a kernel interface that its driver does not. Private to dataplane/port.
 *
 * Drops: frames that the kernel could not put into the receive rings of an af_packet port; the driver's sockets know. All
 * multicast: neighbour discovery comes to multicast groups which nobody beneath the twin has joined, and a NIC would
 * filter them.
 */

#include <stdint.h>

#define DP_PACKET_SOCKETS_MAX 64

struct dp_packet_drops {
	int sockets[DP_PACKET_SOCKETS_MAX]; /* the driver's, one a queue: borrowed until the port stops */
	uint32_t count;
	uint64_t total;
};

/* Find this process' packet sockets bound to @iface. Ctx: control, once, after the port was attached. */
void dp_packet_drops_find(struct dp_packet_drops *drops, const char *iface);
/* All drops since the port was attached. Ctx: control. */
uint64_t dp_packet_drops_read(struct dp_packet_drops *drops);

/*
 * Let @iface take every multicast frame. Returns the descriptor that holds this (closing it ends it), or -errno. Ctx: control.
 */
int dp_packet_allmulti(const char *iface);
