#pragma once

/*
 * Frames that the kernel could not put into the receive rings of an af_packet port: the driver does not report them, the
 * sockets do. Private to dataplane/port.
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
