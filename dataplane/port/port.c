#include "dataplane/api/port.h"

#include "dataplane/base/log.h"
#include "dataplane/port/device.h"
#include "dataplane/port/eal_log.h"
#include "dataplane/port/ethdev.h"
#include "dataplane/port/pool.h"
#include "dataplane/port/table_priv.h"

#include <errno.h>
#include <rte_bus.h>
#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_mempool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool name_taken(const struct dp_port_conf *conf, const struct dp_device *dev)
{
	char name[RTE_ETH_NAME_MAX_LEN];

	for (uint32_t i = 0; i < DP_LIMIT_PORTS; i++) {
		const struct dp_port *port = dp_port_at(i);

		if (!port)
			continue;
		if (strcmp(port->conf.name, conf->name) == 0)
			return true;
		if (rte_eth_dev_get_name_by_port(port->ethdev, name) == 0 && strcmp(name, dev->name) == 0)
			return true;
	}
	return false;
}

/* A device that EAL found at its start (PCI), or a test made (rings), is taken as it is. */
static int attach(struct dp_port *port, const struct dp_device *dev, struct rh_error *err)
{
	const char *bus = dev->kind == DP_DEVICE_PCI ? "pci" : "vdev";
	char reason[256];
	int ret;

	if (rte_eth_dev_get_port_by_name(dev->name, &port->ethdev) == 0)
		return 0;
	dp_eal_log_reset();
	ret = rte_eal_hotplug_add(bus, dev->name, dev->args);
	if (ret == 0 && rte_eth_dev_get_port_by_name(dev->name, &port->ethdev) == 0) {
		port->attached = true;
		return 0;
	}
	if (ret == 0)
		(void)rte_eal_hotplug_remove(bus, dev->name);
	return rh_error_set(err, ENODEV, "port %s: %s cannot be opened: %s", port->conf.name,
		port->conf.device, dp_eal_log_reason(dp_eal_log_text(), reason, sizeof(reason)));
}

static void detach(struct dp_port *port)
{
	struct rte_eth_dev_info info;

	if (!port->attached || rte_eth_dev_info_get(port->ethdev, &info) != 0) {
		(void)rte_eth_dev_close(port->ethdev);
		return;
	}
	(void)rte_eth_dev_close(port->ethdev);
	if (rte_dev_remove(info.device) != 0)
		rh_log_warn(PORT, "port %s: the device stays plugged", port->conf.name);
}

static bool link_is_up(const struct dp_port *port)
{
	struct rte_eth_link link = {0};

	return rte_eth_link_get_nowait(port->ethdev, &link) == 0 && link.link_status == RTE_ETH_LINK_UP;
}

/* Neighbour discovery must pass: by the interface beneath where there is one, else by the device. */
static int allmulti(const struct dp_port *port)
{
	int ret;

	if (port->iface[0]) {
		ret = dp_packet_allmulti(port->iface);
		if (ret >= 0)
			return ret;
	} else {
		ret = rte_eth_allmulticast_enable(port->ethdev);
	}
	if (ret && ret != -ENOTSUP)
		rh_log_warn(PORT, "port %s: cannot take all multicast, IPv6 neighbours may not be found: %s",
			port->conf.name, strerror(-ret));
	return -1;
}

int dp_port_open(const struct dp_port_conf *conf, uint32_t *index, struct rh_error *err)
{
	struct dp_device dev;
	struct dp_port *port;
	uint32_t at;
	int ret;

	ret = dp_device_parse(conf, &dev, err);
	if (ret)
		return ret;
	if (name_taken(conf, &dev))
		return rh_error_set(err, EEXIST, "port %s: the name or the device %s is in use by another port",
			conf->name, dev.name);
	ret = dp_device_check("", conf, &dev, err);
	if (!ret)
		ret = dp_device_clear(conf, &dev, err);
	if (ret)
		return ret;
	port = dp_port_alloc(&at);
	if (!port)
		return rh_error_set(
			err, ENOSPC, "port %s: %d ports are the most", conf->name, DP_LIMIT_PORTS);
	port->conf = *conf;
	memcpy(port->iface, dev.iface, sizeof(port->iface));
	ret = attach(port, &dev, err);
	if (ret)
		return ret;
	ret = dp_ethdev_start(port, &dev, err);
	if (ret) {
		detach(port);
		return ret;
	}
	if (strcmp(dev.driver, "net_af_packet") == 0)
		dp_packet_drops_find(&port->drops, port->iface);
	port->allmulti = allmulti(port);
	port->open = true;
	*index = at;
	if (!link_is_up(port))
		rh_log_warn(PORT, "port %s: the link is down%s%s", conf->name,
			port->iface[0] ? ": ip link set up " : "", port->iface);
	rh_log_info(PORT, "port %s: %s, %u queues, %u buffers, MTU %u", conf->name, dev.name, port->queues,
		port->pool->size, port->mtu);
	return 0;
}

void dp_port_close(uint32_t index)
{
	struct dp_port *port = dp_port_at(index);

	if (!port)
		return;
	dp_ethdev_stop(port);
	detach(port);
	dp_pool_destroy(port);
	if (port->allmulti >= 0)
		(void)close(port->allmulti);
	port->open = false;
}

int dp_port_info(uint32_t index, struct dp_port_info *out)
{
	const struct dp_port *port = dp_port_at(index);
	struct rte_ether_addr mac = {0};
	struct rte_eth_dev_info info;
	struct rte_eth_link link = {0};

	if (!port)
		return -ENOENT;
	memset(out, 0, sizeof(*out));
	(void)snprintf(out->name, sizeof(out->name), "%s", port->conf.name);
	(void)snprintf(out->device, sizeof(out->device), "%s", port->conf.device);
	if (rte_eth_dev_info_get(port->ethdev, &info) == 0)
		(void)snprintf(out->driver, sizeof(out->driver), "%s", info.driver_name);
	(void)snprintf(out->iface, sizeof(out->iface), "%s", port->iface);
	(void)rte_eth_macaddr_get(port->ethdev, &mac);
	memcpy(out->mac, mac.addr_bytes, sizeof(out->mac));
	(void)rte_eth_link_get_nowait(port->ethdev, &link);
	out->mtu = port->mtu;
	out->queues = port->queues;
	out->rss = port->rss;
	out->link_up = link.link_status == RTE_ETH_LINK_UP;
	out->link_mbps = link.link_speed == RTE_ETH_SPEED_NUM_UNKNOWN ? 0 : link.link_speed;
	out->pool_size = port->pool->size;
	out->pool_free = rte_mempool_avail_count(port->pool);
	return 0;
}

int dp_port_stats(uint32_t index, struct dp_port_stats *out)
{
	struct dp_port *port = dp_port_at(index);
	struct rte_eth_stats s;

	if (!port || rte_eth_stats_get(port->ethdev, &s) != 0)
		return -ENOENT;
	*out = (struct dp_port_stats){
		.rx_packets = s.ipackets,
		.rx_bytes = s.ibytes,
		.rx_missed = s.imissed + dp_packet_drops_read(&port->drops),
		.rx_errors = s.ierrors,
		.rx_no_buffer = s.rx_nombuf,
		.tx_packets = s.opackets,
		.tx_bytes = s.obytes,
		.tx_errors = s.oerrors,
	};
	return 0;
}
