#include "dataplane/port/table_priv.h"

#include <errno.h>
#include <string.h>

static struct dp_port ports[DP_LIMIT_PORTS];

struct dp_port *dp_port_at(uint32_t index)
{
	return index < DP_LIMIT_PORTS && ports[index].open ? &ports[index] : NULL;
}

struct dp_port *dp_port_alloc(uint32_t *index)
{
	for (uint32_t i = 0; i < DP_LIMIT_PORTS; i++) {
		if (ports[i].open)
			continue;
		memset(&ports[i], 0, sizeof(ports[i]));
		*index = i;
		return &ports[i];
	}
	return NULL;
}

uint32_t dp_port_count(void)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < DP_LIMIT_PORTS; i++)
		n += ports[i].open;
	return n;
}

int dp_port_ethdev_id(uint32_t index)
{
	const struct dp_port *port = dp_port_at(index);

	return port ? port->ethdev : -ENOENT;
}

struct rte_mempool *dp_port_pool(uint32_t index)
{
	const struct dp_port *port = dp_port_at(index);

	return port ? port->pool : NULL;
}

int dp_port_queue_claim(uint32_t index, uint32_t *queue)
{
	struct dp_port *port = dp_port_at(index);

	if (!port)
		return -ENOENT;
	if (port->queues_claimed == port->queues)
		return -EBUSY;
	*queue = port->queues_claimed++;
	return 0;
}

void dp_port_queues_return(uint32_t index)
{
	struct dp_port *port = dp_port_at(index);

	if (port)
		port->queues_claimed = 0;
}

uint64_t dp_port_tx_offloads(uint32_t index)
{
	const struct dp_port *port = dp_port_at(index);

	return port ? port->tx_offloads : 0;
}

bool dp_port_rx_checksum_in_software(uint32_t index)
{
	const struct dp_port *port = dp_port_at(index);

	return port && port->checksum_in_software;
}

uint16_t dp_port_tx_descriptors(uint32_t index)
{
	const struct dp_port *port = dp_port_at(index);

	return port ? port->tx_descriptors : 0;
}

uint16_t dp_port_mtu(uint32_t index)
{
	const struct dp_port *port = dp_port_at(index);

	return port ? port->mtu : 0;
}
