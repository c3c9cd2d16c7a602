#include "dataplane/port/ethdev.h"

#include "dataplane/base/log.h"
#include "dataplane/port/eal_log.h"
#include "dataplane/port/host.h"
#include "dataplane/port/pool.h"

#include <errno.h>
#include <rte_ethdev.h>
#include <rte_mempool.h>
#include <stdio.h>
#include <string.h>

#define DESCRIPTORS_DEFAULT 1024
#define MTU_DEFAULT	    1500
#define RSS_5_TUPLE	    (RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP | RTE_ETH_RSS_TCP)
#define CHECKSUM_RX                                                                                \
	(RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM)

static int refused(const struct dp_port *port, int code, const char *step, struct rh_error *err)
{
	char reason[256];

	return rh_error_set(err, code ? code : EIO, "port %s (%s): %s: %s", port->conf.name,
		port->conf.device, step,
		dp_eal_log_text()[0] ? dp_eal_log_reason(dp_eal_log_text(), reason, sizeof(reason))
				     : strerror(code));
}

static uint32_t clip(uint32_t wanted, uint32_t low, uint32_t high)
{
	return wanted < low ? low : wanted > high ? high : wanted;
}

/* A kernel interface knows its MTU better than its driver here, which reports Ethernet's. */
static uint16_t choose_mtu(const struct dp_port *port, const struct dp_device *dev,
	const struct rte_eth_dev_info *info)
{
	uint32_t wanted = port->conf.mtu ? port->conf.mtu : MTU_DEFAULT;
	int kernel = dev->iface[0] ? dp_host_iface_mtu("", dev->iface) : -1;

	if (kernel > 0)
		return clip(wanted, 68, kernel);
	return clip(wanted, 68, info->max_mtu ? info->max_mtu : wanted);
}

static void choose_queues(struct dp_port *port, const struct rte_eth_dev_info *info)
{
	uint32_t most = RTE_MIN(info->max_rx_queues, info->max_tx_queues);

	port->queues = clip(port->conf.queues, 1, RTE_MAX(most, 1u));
	if (port->conf.queues > port->queues)
		rh_log_info(PORT, "port %s: %u queues wanted, the device has %u", port->conf.name,
			port->conf.queues, port->queues);
	port->rx_descriptors =
		port->conf.rx_descriptors ? port->conf.rx_descriptors : DESCRIPTORS_DEFAULT;
	port->tx_descriptors =
		port->conf.tx_descriptors ? port->conf.tx_descriptors : DESCRIPTORS_DEFAULT;
}

static void choose_offloads(struct dp_port *port, const struct rte_eth_dev_info *info,
	struct rte_eth_conf *conf)
{
	bool checks = (info->rx_offload_capa & CHECKSUM_RX) == CHECKSUM_RX;

	if (checks)
		conf->rxmode.offloads |= CHECKSUM_RX;
	port->checksum_in_software = port->conf.rx_checksum_in_software && !checks;
	if (info->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS)
		conf->txmode.offloads |= RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	port->tx_offloads = conf->txmode.offloads;
	port->rss = port->queues > 1 && (info->flow_type_rss_offloads & RSS_5_TUPLE);
	if (port->rss) {
		conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf->rx_adv_conf.rss_conf.rss_hf = info->flow_type_rss_offloads & RSS_5_TUPLE;
	}
}

static int configure(struct dp_port *port, const struct rte_eth_dev_info *info, struct rh_error *err)
{
	struct rte_eth_conf conf = {0};
	/* max_rx_pktlen is Ethernet's 1518 for several vdevs that carry more: asking for more would be refused. */
	uint32_t device_mtu =
		info->max_rx_pktlen > 18 ? RTE_MIN(port->mtu, info->max_rx_pktlen - 18) : port->mtu;
	int ret;

	choose_offloads(port, info, &conf);
	conf.rxmode.mtu = device_mtu;
	ret = rte_eth_dev_configure(port->ethdev, port->queues, port->queues, &conf);
	if (ret)
		return refused(port, -ret, "cannot be configured", err);
	ret = rte_eth_dev_adjust_nb_rx_tx_desc(
		port->ethdev, &port->rx_descriptors, &port->tx_descriptors);
	return ret ? refused(port, -ret, "cannot set its descriptors", err) : 0;
}

static int queues_setup(struct dp_port *port, const struct rte_eth_dev_info *info,
	struct rh_error *err)
{
	struct rte_eth_rxconf rx = info->default_rxconf;
	struct rte_eth_txconf tx = info->default_txconf;
	int socket = rte_eth_dev_socket_id(port->ethdev), ret;

	tx.offloads = port->tx_offloads;
	for (uint32_t q = 0; q < port->queues; q++) {
		ret = rte_eth_rx_queue_setup(
			port->ethdev, q, port->rx_descriptors, socket, &rx, port->pool);
		if (ret)
			return refused(port, -ret, "cannot set up a receive queue", err);
		ret = rte_eth_tx_queue_setup(port->ethdev, q, port->tx_descriptors, socket, &tx);
		if (ret)
			return refused(port, -ret, "cannot set up a transmit queue", err);
	}
	return 0;
}

static void promiscuous_set(const struct dp_port *port)
{
	if (port->conf.promiscuous && rte_eth_promiscuous_enable(port->ethdev) != 0)
		rh_log_warn(PORT, "port %s: the device has no promiscuous mode", port->conf.name);
}

int dp_ethdev_start(struct dp_port *port, const struct dp_device *dev, struct rh_error *err)
{
	struct rte_eth_dev_info info;
	int ret;

	dp_eal_log_reset();
	ret = rte_eth_dev_info_get(port->ethdev, &info);
	if (ret)
		return refused(port, -ret, "gives no information", err);
	choose_queues(port, &info);
	port->mtu = choose_mtu(port, dev, &info);
	ret = configure(port, &info, err);
	if (!ret)
		ret = dp_pool_create(port, dev->frame_bytes, err);
	if (!ret)
		ret = queues_setup(port, &info, err);
	if (!ret) {
		ret = rte_eth_dev_start(port->ethdev);
		if (ret)
			ret = refused(port, -ret, "does not start", err);
	}
	if (ret) {
		dp_pool_destroy(port);
		return ret;
	}
	promiscuous_set(port);
	return 0;
}

void dp_ethdev_stop(struct dp_port *port)
{
	int ret = rte_eth_dev_stop(port->ethdev);

	if (ret)
		rh_log_warn(PORT, "port %s does not stop: %s", port->conf.name, strerror(-ret));
}
