#include "controlplane/kernel/kernel_priv.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

/* Why a remote cannot be reached: one line a second at most, since clients choose when they come. */
static int refuse(struct cp_kernel *k, const struct dp_address *remote, const char *why)
{
	char text[INET6_ADDRSTRLEN] = "?";
	uint64_t now = rh_clock_ns();

	if (k->last_refusal_ns && now - k->last_refusal_ns < RH_NS_PER_S)
		return -EHOSTUNREACH;
	k->last_refusal_ns = now;
	(void)inet_ntop(
		remote->family == 6 ? AF_INET6 : AF_INET, remote->bytes, text, sizeof(text));
	rh_log_warn(KERNEL, "%s cannot be reached: %s", text, why);
	return -EHOSTUNREACH;
}

static bool is_link_local(const struct dp_address *a)
{
	return a->family == 6 && a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80;
}

/* The next hop towards @remote, which must be reached through @twin. */
static int next_hop_of(struct cp_kernel *k, const struct cp_twin *twin,
	const struct dp_address *remote, struct dp_address *out)
{
	char why[128], other[IF_NAMESIZE] = "?";
	struct cp_route route;

	if (cp_netlink_route_get(
		    &k->netlink, remote, is_link_local(remote) ? twin->ifindex : 0, &route) < 0)
		return refuse(k, remote, "the kernel has no route to it");
	if (!route.unicast)
		return refuse(k, remote, "it is an address of this machine or no host's");
	if (route.ifindex != twin->ifindex) {
		(void)if_indextoname(route.ifindex, other);
		(void)snprintf(why, sizeof(why),
			"its route leaves by %s and it came in by %s: give it a route by %s", other, twin->name,
			twin->name);
		return refuse(k, remote, why);
	}
	*out = route.has_gateway ? route.gateway : *remote;
	out->port = 0;
	return 0;
}

static int share(struct cp_adj *adj, dp_adj_id_t *out)
{
	adj->refs++;
	*out = adj->id;
	return 0;
}

static int get_by_kernel(struct cp_kernel *k, struct cp_kport *port, const struct cp_twin *twin,
	const struct dp_address *remote, dp_adj_id_t *out)
{
	struct dp_address next_hop;
	struct cp_adj *adj;
	int ret = next_hop_of(k, twin, remote, &next_hop);

	if (ret)
		return ret;
	adj = cp_adj_find(k, port->index, twin->vlan, &next_hop);
	if (adj)
		return share(adj, out);
	adj = cp_adj_add(k, port, twin->vlan, &next_hop, twin->ifindex, NULL, &ret);
	if (!adj)
		return ret;
	cp_neighbours_refresh(k, adj);
	*out = adj->id;
	return 0;
}

static const struct cp_conf_neighbor *static_neighbor(
	const struct cp_kport *port, uint16_t vlan, const struct dp_address *remote)
{
	for (uint32_t i = 0; i < port->neighbor_count; i++) {
		const struct cp_conf_neighbor *n = &port->neighbors[i];

		if (n->vlan == vlan && n->address.family == remote->family &&
			memcmp(n->address.bytes, remote->bytes, remote->family == 6 ? 16 : 4) == 0)
			return n;
	}
	return NULL;
}

static int get_static(struct cp_kernel *k, struct cp_kport *port, uint16_t vlan,
	const struct dp_address *remote, dp_adj_id_t *out)
{
	const struct cp_conf_neighbor *n = static_neighbor(port, vlan, remote);
	struct dp_address next_hop = *remote;
	struct cp_adj *adj;
	int ret;

	if (!n)
		return refuse(k, remote, "its port has no slow path and no static neighbor with this address");
	next_hop.port = 0;
	adj = cp_adj_find(k, port->index, vlan, &next_hop);
	if (adj)
		return share(adj, out);
	adj = cp_adj_add(k, port, vlan, &next_hop, 0, n->mac, &ret);
	if (!adj)
		return ret;
	*out = adj->id;
	return 0;
}

int cp_kernel_adj_get(struct cp_kernel *k, uint32_t port, uint16_t vlan,
	const struct dp_address *remote, dp_adj_id_t *out)
{
	struct cp_kport *kport = cp_kernel_port(k, port);
	const struct cp_twin *twin;

	if (!kport)
		return refuse(k, remote, "it came in by a port that does not exist");
	if (!kport->has_twin)
		return get_static(k, kport, vlan, remote, out);
	twin = cp_twin_find(k, port, vlan == 0 ? DP_VLAN_NONE : vlan);
	if (!twin)
		return refuse(k, remote, "its port has no address on that VLAN");
	return get_by_kernel(k, kport, twin, remote, out);
}

static bool knows_by_kernel(struct cp_kernel *k, const struct cp_kport *port,
	const struct cp_twin *twin, const struct dp_address *remote)
{
	struct cp_neighbour neighbour;
	struct dp_address next_hop;
	const struct cp_adj *adj;

	if (next_hop_of(k, twin, remote, &next_hop))
		return false;
	adj = cp_adj_find(k, port->index, twin->vlan, &next_hop);
	if (adj)
		return adj->resolved;
	return cp_netlink_neighbour_get(&k->netlink, twin->ifindex, &next_hop, &neighbour) == 0 &&
	       neighbour.usable;
}

bool cp_kernel_knows(struct cp_kernel *k, uint32_t port, uint16_t vlan,
	const struct dp_address *remote)
{
	const struct cp_kport *kport = cp_kernel_port(k, port);
	const struct cp_twin *twin;

	if (!kport)
		return false;
	if (!kport->has_twin)
		return static_neighbor(kport, vlan, remote) != NULL;
	twin = cp_twin_find(k, port, vlan == 0 ? DP_VLAN_NONE : vlan);
	return twin && knows_by_kernel(k, kport, twin, remote);
}

void cp_kernel_adj_put(struct cp_kernel *k, dp_adj_id_t adj)
{
	cp_adj_release(k, adj);
}
