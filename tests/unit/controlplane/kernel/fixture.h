#pragma once

#include "controlplane/kernel/kernel_priv.h"
#include "controlplane/kernel/vlan.h"
#include "dataplane/base/clock.h"
#include "tests/unit/controlplane/kernel/netns.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * The dataplane's side is recorded here; the network's side is played by frames made here. Port 3 has the twin `tw`
 * with 10.0.0.1/24 and fd00::1/64, and on VLAN 100 10.100.0.1/24; port 5 has static neighbours.
 */
#define ADJS 16

static struct {
	struct dp_adjacency adj[ADJS];
	bool live[ADJS];
	uint32_t created, updates;
	uint8_t frames[64][256];
	uint32_t lens[64], frame_ports[64], frame_count;
	uint32_t local_count[8], local_calls;
	bool twin[8];
	bool full; /* the inject ring */
	bool addressless; /* devices without MAC, as net_ring */
	uint32_t moved;
} dp;

static const uint8_t port_mac[6] = {2, 0, 0, 0, 0, 1};
static const uint8_t peer_mac[6] = {2, 0, 0, 0, 0, 2};
static const uint8_t other_mac[6] = {2, 0, 0, 0, 0, 9};

static inline int adj_create(struct dp_engine *eng, const struct dp_adjacency *adj, dp_adj_id_t *out)
{
	(void)eng;
	if (dp.created == ADJS)
		return -ENOSPC;
	dp.adj[dp.created] = *adj;
	dp.live[dp.created] = true;
	*out = dp.created++;
	return 0;
}

static inline int adj_update(struct dp_engine *eng, dp_adj_id_t id, const struct dp_adjacency *adj)
{
	(void)eng;
	dp.adj[id] = *adj;
	dp.updates++;
	return 0;
}

static inline int adj_destroy(struct dp_engine *eng, dp_adj_id_t id)
{
	(void)eng;
	dp.live[id] = false;
	return 0;
}

static inline int inject(struct dp_engine *eng, uint32_t port, const void *frame, uint32_t len)
{
	(void)eng;
	if (dp.full)
		return -EAGAIN;
	if (dp.frame_count < 64 && len <= 256) {
		memcpy(dp.frames[dp.frame_count], frame, len);
		dp.lens[dp.frame_count] = len;
		dp.frame_ports[dp.frame_count++] = port;
	}
	return 0;
}

static inline int port_info(uint32_t index, struct dp_port_info *out)
{
	memset(out, 0, sizeof(*out));
	(void)snprintf(out->name, sizeof(out->name), "p%u", index);
	if (!dp.addressless)
		memcpy(out->mac, port_mac, 6);
	out->mtu = 1400;
	return index < 8 ? 0 : -ENOENT;
}

static inline int set_local(struct dp_engine *eng, uint32_t port, const struct dp_local *a, uint32_t count)
{
	(void)eng;
	(void)a;
	dp.local_count[port] = count;
	dp.local_calls++;
	return port == 7 ? -ENOENT : 0;
}

static inline int set_slow_path(struct dp_engine *eng, uint32_t port, bool twin)
{
	(void)eng;
	dp.twin[port] = twin;
	return 0;
}

static const struct cp_kernel_ops ops = {adj_create, adj_update, adj_destroy, inject, port_info, set_local,
	set_slow_path};

static uv_loop_t loop;
static struct cp_conf conf;
static uint32_t ports[2] = {3, 5};
static struct cp_kernel *k;
static struct rh_error err;
static char state[64];
static struct cp_kernel_setup with = {.ops = &ops, .state_file = state, .tick_ms = 50};

static inline struct dp_address ip(const char *text)
{
	struct dp_address a = {.family = strchr(text, ':') ? 6 : 4, .port = 1234};

	cr_assert_eq(inet_pton(a.family == 6 ? AF_INET6 : AF_INET, text, a.bytes), 1);
	return a;
}

static inline void address_add(struct cp_conf_port *port, const char *text, uint8_t prefix, uint16_t vlan)
{
	struct cp_conf_address *a = &port->addresses[port->address_count++];

	a->address = ip(text);
	a->address.port = 0;
	a->prefix_len = prefix;
	a->vlan = vlan;
}

static struct cp_conf_neighbor neighbor;

static inline void prepare(void)
{
	struct cp_conf_port *p = &conf.ports[0];

	netns_enter();
	conf.port_count = 2;
	(void)strcpy(p->dp.name, "p3");
	(void)strcpy(p->tap_name, "tw");
	p->slow_path = CP_SLOW_PATH_TAP;
	address_add(p, "10.0.0.1", 24, DP_VLAN_NONE);
	address_add(p, "fd00::1", 64, DP_VLAN_NONE);
	address_add(p, "10.100.0.1", 24, 100);
	(void)strcpy(conf.ports[1].dp.name, "p5");
	conf.ports[1].slow_path = CP_SLOW_PATH_NONE;
	neighbor = (struct cp_conf_neighbor){.address = ip("10.5.0.2"), .vlan = DP_VLAN_NONE};
	memcpy(neighbor.mac, other_mac, 6);
	conf.ports[1].neighbors = &neighbor;
	conf.ports[1].neighbor_count = 1;
	(void)snprintf(state, sizeof(state), "/tmp/rhumb-kernel-%d/unit.restore", (int)getpid());
	cr_assert_eq(uv_loop_init(&loop), 0);
}

static inline void finish(void)
{
	char dir[64];

	cp_kernel_destroy(k);
	k = NULL;
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	cr_assert_eq(uv_loop_close(&loop), 0, "a handle stays open");
	for (uint32_t i = 0; i < dp.created; i++)
		cr_assert_not(dp.live[i], "adjacency %u stays", i);
	(void)snprintf(dir, sizeof(dir), "/tmp/rhumb-kernel-%d", (int)getpid());
	(void)rmdir(dir);
}

static inline int create(void)
{
	return cp_kernel_create_with(&loop, NULL, &conf, ports, &with, &k, &err);
}

static inline void setup(void)
{
	prepare();
	cr_assert_eq(create(), 0, "%s", err.text);
}

/* Turn the loop until @done or two seconds are over. */
static inline bool turn_until(bool (*done)(void))
{
	uint64_t end = rh_clock_ns() + 2 * RH_NS_PER_S;

	while (!done() && rh_clock_ns() < end) {
		(void)uv_run(&loop, UV_RUN_NOWAIT);
		(void)usleep(1000);
	}
	return done();
}

static inline void to_twin(const void *frame, uint32_t len)
{
	static struct dp_punt punt;

	punt.kind = DP_PUNT_KERNEL;
	punt.port = 3;
	punt.len = len;
	memcpy(punt.bytes, frame, len);
	cp_kernel_frame(k, &punt);
}

/* ARP: operation 1 request, 2 reply; from @mac @from about @to. */
static inline uint32_t arp(uint8_t *out, int operation, const uint8_t *mac, const char *from, const char *to)
{
	static const uint8_t head[] = {8, 6, 0, 1, 8, 0, 6, 4, 0};
	struct dp_address a = ip(from), b = ip(to);

	memset(out, 0, 60);
	memcpy(out, operation == 1 ? (const uint8_t *)"\xff\xff\xff\xff\xff\xff" : port_mac, 6);
	memcpy(out + 6, mac, 6);
	memcpy(out + 12, head, sizeof(head));
	out[21] = operation;
	memcpy(out + 22, mac, 6);
	memcpy(out + 28, a.bytes, 4);
	memcpy(out + 32, port_mac, operation == 2 ? 6 : 0);
	memcpy(out + 38, b.bytes, 4);
	return 60;
}

/* Index of a captured ARP frame of @operation about @target (its asked or answered address), or -1. */
static inline int find_arp(int operation, const char *target, uint32_t shift)
{
	struct dp_address a = ip(target);

	for (uint32_t i = 0; i < dp.frame_count; i++) {
		const uint8_t *f = dp.frames[i] + shift;

		if (dp.lens[i] >= 42 + shift && f[12] == 8 && f[13] == 6 && f[21] == operation &&
			memcmp(f + (operation == 1 ? 38 : 28), a.bytes, 4) == 0)
			return (int)i;
	}
	return -1;
}
