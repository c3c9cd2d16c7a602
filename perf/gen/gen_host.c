#include "perf/gen/gen_host.h"

#include "dataplane/base/clock.h"
#include "dataplane/frame/bytes.h"
#include "dataplane/frame/wire.h"
#include "dataplane/port/port_priv.h"

#include <errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <stdlib.h>
#include <string.h>

#define ETHERTYPE_ARP	0x0806
#define ETHERTYPE_IPV4	0x0800
#define ARP_BYTES	42 /* Ethernet header and an ARP packet of IPv4 (RFC 826) */
#define ARP_REQUEST	1
#define ARP_REPLY	2
#define PROTOCOL_UDP	17
#define TTL		64
#define MBUFS		65535
#define MEMORY_MIB	512
#define RESOLVE_NS	(5 * RH_NS_PER_S)
#define ASK_EVERY_NS	(200 * RH_NS_PER_MS)

struct gen_host {
	uint32_t port;
	uint16_t ethdev, queue;
	struct rte_mempool *pool;
	struct headers_address self, router; /* self.port: of client 0 */
	uint32_t clients;
	bool resolved, reflect;
};

static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static int eal_start(const struct gen *gen, struct rh_error *err)
{
	struct dp_eal_conf conf = {
		.file_prefix = gen->opt.prefix,
		.hugepages = gen->opt.hugepages ? DP_HUGEPAGES_ON : DP_HUGEPAGES_OFF,
		.memory_mb = MEMORY_MIB,
		.control_core = gen->opt.core,
		.cores = {gen->opt.rx_core},
		.core_count = gen->opt.rx_core != gen->opt.core,
	};

	return dp_eal_start(&conf, err);
}

static int port_open(struct gen_host *host, const char *device, struct rh_error *err)
{
	struct dp_port_conf conf = {.name = "gen", .queues = 1, .mbufs = MBUFS, .promiscuous = true};
	struct dp_port_info info;
	uint32_t queue;
	int ret;

	if (strlen(device) >= sizeof(conf.device))
		return rh_error_set(err, EINVAL, "device name of %zu bytes: less than %zu", strlen(device),
			sizeof(conf.device));
	memcpy(conf.device, device, strlen(device) + 1);
	ret = dp_port_open(&conf, &host->port, err);
	if (ret)
		return ret;
	if (dp_port_queue_claim(host->port, &queue) < 0 || dp_port_info(host->port, &info) < 0)
		return rh_error_set(err, EIO, "%s: no queue", device);
	host->queue = (uint16_t)queue;
	host->ethdev = (uint16_t)dp_port_ethdev_id(host->port);
	host->pool = dp_port_pool(host->port);
	memcpy(host->self.mac, info.mac, sizeof(host->self.mac));
	return 0;
}

int gen_host_open(struct gen *gen, struct rh_error *err)
{
	struct gen_host *host = calloc(1, sizeof(*host));
	int ret;

	if (!host)
		return rh_error_set(err, ENOMEM, "no memory");
	gen->host = host;
	host->clients = gen->opt.workload.publishers + gen->opt.workload.subscribers;
	host->reflect = gen->opt.reflect;
	host->self.ip = gen->opt.ip;
	host->self.port = gen->opt.first_port;
	host->router.ip = gen->opt.router_ip;
	host->router.port = RH_WIRE_UDP_PORT;
	memcpy(host->router.mac, gen->opt.router_mac, sizeof(host->router.mac));
	host->resolved = memcmp(host->router.mac, (const uint8_t[6]){0}, 6) != 0;
	ret = eal_start(gen, err);
	return ret ? ret : port_open(host, gen->opt.device, err);
}

void gen_host_close(struct gen *gen)
{
	if (!gen->host)
		return;
	dp_port_close(gen->host->port);
	dp_eal_stop();
	free(gen->host);
}

void gen_host_address(const struct gen_host *host, uint8_t *frame, uint32_t client, uint32_t udp_payload)
{
	struct headers_address from = host->self;

	from.ip += client / GEN_CLIENTS_PER_ADDRESS;
	from.port = (uint16_t)(host->self.port + client % GEN_CLIENTS_PER_ADDRESS);
	headers_write(frame, &from, &host->router, (uint16_t)udp_payload, TTL, 0);
}

static bool frame_send(struct gen_host *host, const uint8_t *head, uint32_t head_len, const uint8_t *body,
	uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(host->pool);
	uint8_t *out;

	if (!m)
		return false;
	out = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(head_len + len));
	if (!out) {
		rte_pktmbuf_free(m);
		return false;
	}
	memcpy(out, head, head_len);
	memcpy(out + head_len, body, len);
	return gen_host_burst(host, &m, 1) == 1;
}

bool gen_host_send(struct gen_host *host, uint32_t client, const uint8_t *udp_payload, uint32_t len)
{
	uint8_t head[HEADERS_BYTES];

	gen_host_address(host, head, client, len);
	return frame_send(host, head, sizeof(head), udp_payload, len);
}

bool gen_host_buffers(struct gen_host *host, struct rte_mbuf **mbufs, uint32_t n)
{
	return rte_pktmbuf_alloc_bulk(host->pool, mbufs, n) == 0;
}

uint32_t gen_host_burst(struct gen_host *host, struct rte_mbuf **mbufs, uint32_t n)
{
	uint16_t sent = rte_eth_tx_burst(host->ethdev, host->queue, mbufs, (uint16_t)n);

	if (sent < n)
		rte_pktmbuf_free_bulk(mbufs + sent, n - sent);
	return sent;
}

static void arp_send(struct gen_host *host, uint16_t operation, uint32_t from_ip, const uint8_t *to_mac, uint32_t to_ip)
{
	uint8_t f[ARP_BYTES] = {0};

	memcpy(f, to_mac, 6);
	memcpy(f + 6, host->self.mac, 6);
	rh_store_be16(f + 12, ETHERTYPE_ARP);
	rh_store_be16(f + 14, 1); /* Ethernet */
	rh_store_be16(f + 16, ETHERTYPE_IPV4);
	f[18] = 6;
	f[19] = 4;
	rh_store_be16(f + 20, operation);
	memcpy(f + 22, host->self.mac, 6);
	rh_store_be32(f + 28, from_ip);
	if (operation == ARP_REPLY)
		memcpy(f + 32, to_mac, 6);
	rh_store_be32(f + 38, to_ip);
	(void)frame_send(host, f, sizeof(f), f, 0);
}

/* Clients have ip and the addresses behind it. */
static bool is_ours(const struct gen_host *host, uint32_t ip)
{
	return ip - host->self.ip <= (host->clients - 1) / GEN_CLIENTS_PER_ADDRESS;
}

static void arp_take(struct gen_host *host, const uint8_t *f, uint32_t len)
{
	uint32_t sender, wanted;

	if (len < ARP_BYTES)
		return;
	sender = rh_load_be32(f + 28);
	wanted = rh_load_be32(f + 38);
	if (rh_load_be16(f + 20) == ARP_REQUEST && is_ours(host, wanted))
		arp_send(host, ARP_REPLY, wanted, f + 22, sender);
	if (rh_load_be16(f + 20) == ARP_REPLY && sender == host->router.ip) {
		memcpy(host->router.mac, f + 22, 6);
		host->resolved = true;
	}
}

/* The client whose address and port @f has: a plain forwarder leaves them as they were sent. UINT32_MAX for nobody. */
static uint32_t client_of(const struct gen_host *host, const uint8_t *f)
{
	uint32_t ip = rh_load_be32(f + (host->reflect ? 26 : 30)), client;
	uint32_t port = (uint32_t)rh_load_be16(f + (host->reflect ? 34 : 36)) - host->self.port;

	if (!is_ours(host, ip) || port >= GEN_CLIENTS_PER_ADDRESS)
		return UINT32_MAX;
	client = (ip - host->self.ip) * GEN_CLIENTS_PER_ADDRESS + port;
	return client < host->clients ? client : UINT32_MAX;
}

/* Frames are whole: UDP over IPv4 without options, as the router and any forwarder of ours send them. */
static void frame_take(struct gen *gen, const uint8_t *f, uint32_t len, gen_datagram_cb cb, uint64_t now_ns)
{
	struct gen_host *host = gen->host;
	uint16_t type = len >= 14 ? rh_load_be16(f + 12) : 0;
	uint32_t client, udp;

	gen->frames_rx++;
	if (type == ETHERTYPE_ARP)
		arp_take(host, f, len);
	if (type != ETHERTYPE_IPV4 || len < HEADERS_BYTES || f[14] != 0x45 || f[23] != PROTOCOL_UDP) {
		gen->frames_other++;
		return;
	}
	client = client_of(host, f);
	udp = rh_load_be16(f + 38);
	if (client == UINT32_MAX || udp < 8 || 34 + udp > len) {
		gen->frames_other++;
		return;
	}
	cb(gen, client, f + HEADERS_BYTES, udp - 8, now_ns);
}

uint32_t gen_host_poll(struct gen *gen, gen_datagram_cb cb)
{
	struct rte_mbuf *mbufs[GEN_BURST];
	uint16_t n = rte_eth_rx_burst(gen->host->ethdev, gen->host->queue, mbufs, GEN_BURST);
	uint64_t now_ns;

	if (!n)
		return 0;
	now_ns = gen_now_ns(gen);
	for (uint16_t i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(mbufs[i], const void *));
	for (uint16_t i = 0; i < n; i++)
		frame_take(gen, rte_pktmbuf_mtod(mbufs[i], const uint8_t *), mbufs[i]->data_len, cb,
			now_ns);
	rte_pktmbuf_free_bulk(mbufs, n);
	return n;
}

static void ignore(struct gen *gen, uint32_t client, const uint8_t *payload, uint32_t len, uint64_t now_ns)
{
	(void)gen;
	(void)client;
	(void)payload;
	(void)len;
	(void)now_ns;
}

int gen_host_resolve(struct gen *gen, struct rh_error *err)
{
	uint64_t deadline = rh_clock_ns() + RESOLVE_NS, ask = 0;

	while (!gen->host->resolved) {
		uint64_t now = rh_clock_ns();

		if (now > deadline)
			return rh_error_set(err, ETIMEDOUT,
				"nobody answers ARP for %u.%u.%u.%u on %s: is the router up, with this address on that port?",
				gen->opt.router_ip >> 24, gen->opt.router_ip >> 16 & 255,
				gen->opt.router_ip >> 8 & 255, gen->opt.router_ip & 255, gen->opt.device);
		if (now >= ask) {
			arp_send(gen->host, ARP_REQUEST, gen->host->self.ip, broadcast, gen->opt.router_ip);
			ask = now + ASK_EVERY_NS;
		}
		(void)gen_host_poll(gen, ignore);
	}
	return 0;
}

void gen_host_stats(const struct gen_host *host, struct gen_port_stats *out)
{
	struct rte_eth_stats s = {0};

	(void)rte_eth_stats_get(host->ethdev, &s);
	*out = (struct gen_port_stats){.rx_packets = s.ipackets, .rx_missed = s.imissed,
		.rx_no_buffer = s.rx_nombuf, .tx_packets = s.opackets, .tx_errors = s.oerrors};
}
