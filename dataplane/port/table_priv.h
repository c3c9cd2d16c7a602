#pragma once

/*
 * The table of open ports: filled by port.c on the control thread, read by accessors. One entry is one ethdev port with
 * its pool. Private to dataplane/port.
 */

#include "dataplane/api/limits.h"
#include "dataplane/port/packet_socket.h"
#include "dataplane/port/port_priv.h"

struct dp_port {
	bool open;
	bool attached; /* plugged by us: closing unplugs it */
	uint16_t ethdev;
	struct rte_mempool *pool;
	uint32_t queues, queues_claimed;
	uint16_t rx_descriptors, tx_descriptors;
	uint16_t mtu;
	bool rss;
	bool checksum_in_software;
	uint64_t tx_offloads;
	struct dp_packet_drops drops; /* of an af_packet port */
	int allmulti;		      /* descriptor that holds it on a kernel interface, or -1 */
	char iface[16]; /* kernel interface beneath, or empty */
	struct dp_port_conf conf;
};

/* The entry of an open port, or NULL. */
struct dp_port *dp_port_at(uint32_t index);
/* A free entry, zeroed, or NULL when DP_LIMIT_PORTS are open; becomes visible when ->open is set. */
struct dp_port *dp_port_alloc(uint32_t *index);
