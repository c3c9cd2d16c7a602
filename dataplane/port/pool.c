#include "dataplane/port/pool.h"

#include "dataplane/base/log.h"
#include "dataplane/port/eal_priv.h"

#include <errno.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <stdio.h>

/* Largest per-core cache there is: a worker's burst never meets the shared ring. */
#define CACHE_MBUFS 512
/* In flight inside a worker beside the rings of the device: bursts, backlog of transmit, queued copies, inject. */
#define WORKER_MBUFS 4096
/* Below this, memory is a test's (-m 64) and pools are small. */
#define SMALL_MEMORY_MB 256
#define FRAME_OVERHEAD	18 /* Ethernet header and one VLAN tag */

static uint32_t data_room(const struct dp_port *port, uint32_t frame_bytes)
{
	uint32_t need = RTE_MAX((uint32_t)port->mtu + FRAME_OVERHEAD, frame_bytes);

	return RTE_PKTMBUF_HEADROOM + RTE_MAX(need, 2048u);
}

static uint32_t wanted(const struct dp_port *port)
{
	uint32_t rings = port->queues * (port->rx_descriptors + port->tx_descriptors);
	bool small = !dp_eal_has_hugepages() && dp_eal_memory_mb() < SMALL_MEMORY_MB;
	uint32_t work = port->queues * (small ? 1024 : WORKER_MBUFS);

	/* 2^n - 1 is what a ring of 2^n holds. */
	return RTE_MAX((uint32_t)rh_pow2_ceil(rings + work), small ? 4096u : 16384u) - 1;
}

static struct rte_mempool *create(const struct dp_port *port, uint32_t count, uint32_t room)
{
	uint32_t cache = count >= 2 * CACHE_MBUFS ? CACHE_MBUFS : 0;
	int socket = rte_eth_dev_socket_id(port->ethdev);
	char name[RTE_MEMPOOL_NAMESIZE];

	(void)snprintf(name, sizeof(name), "port-%u", port->ethdev);
	return rte_pktmbuf_pool_create(name, count, cache, 0, room, socket < 0 ? SOCKET_ID_ANY : socket);
}

int dp_pool_create(struct dp_port *port, uint32_t frame_bytes, struct rh_error *err)
{
	uint32_t room = data_room(port, frame_bytes), first = port->conf.mbufs;
	uint32_t least = port->queues * port->rx_descriptors + 64, count;

	if (first && first < least)
		return rh_error_set(err, EINVAL,
			"port %s: %u buffers cannot fill %u receive descriptors: at least %u", port->conf.name,
			first, port->queues * port->rx_descriptors, least);
	if (!first)
		first = wanted(port);
	port->pool = create(port, first, room);
	for (count = first; !port->pool && !port->conf.mbufs && count > least;) {
		count = RTE_MAX(count / 2, least);
		port->pool = create(port, count, room);
	}
	if (!port->pool)
		return rh_error_set(err, ENOMEM,
			"port %s: no memory for %u buffers of %u bytes: raise dataplane memory, lower buffers or the descriptors",
			port->conf.name, first, room);
	if (count != first)
		rh_log_warn(PORT, "port %s: memory for %u buffers only, %u wanted: raise dataplane memory",
			port->conf.name, count, first);
	return 0;
}

void dp_pool_destroy(struct dp_port *port)
{
	rte_mempool_free(port->pool);
	port->pool = NULL;
}
