#include "controlplane/kernel/kernel_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* FNV-1a: the keys come from the kernel's tables, not from the wire. */
static uint32_t key_bucket(uint32_t port, uint16_t vlan, const struct dp_address *next_hop)
{
	uint32_t hash = 2166136261u ^ port ^ (uint32_t)vlan << 8;

	for (size_t i = 0; i < sizeof(next_hop->bytes); i++)
		hash = (hash ^ next_hop->bytes[i]) * 16777619u;
	return hash % CP_ADJ_BUCKETS;
}

static bool same_address(const struct dp_address *a, const struct dp_address *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, a->family == 6 ? 16 : 4) == 0;
}

/* The engine's view. */
static struct dp_adjacency view(const struct cp_kport *port, const struct cp_adj *adj)
{
	struct dp_adjacency out = {
		.port = adj->port, .vlan = adj->vlan, .resolved = adj->resolved};

	memcpy(out.src_mac, port->info.mac, sizeof(out.src_mac));
	memcpy(out.dst_mac, adj->mac, sizeof(out.dst_mac));
	return out;
}

struct cp_adj *cp_adj_find(
	struct cp_kernel *k, uint32_t port, uint16_t vlan, const struct dp_address *next_hop)
{
	struct cp_adj *adj = k->by_key[key_bucket(port, vlan, next_hop)];

	while (adj && (adj->port != port || adj->vlan != vlan || !same_address(&adj->next_hop, next_hop)))
		adj = adj->next_key;
	return adj;
}

static void link_in(struct cp_kernel *k, struct cp_adj *adj)
{
	struct cp_adj **key = &k->by_key[key_bucket(adj->port, adj->vlan, &adj->next_hop)];
	struct cp_adj **id = &k->by_id[adj->id % CP_ADJ_BUCKETS];

	adj->next_key = *key;
	*key = adj;
	adj->next_id = *id;
	*id = adj;
}

static void count(struct cp_kernel *k, const struct cp_adj *adj, int adjacencies, int unresolved)
{
	struct cp_kport *port = cp_kernel_port(k, adj->port);

	port->stats.adjacencies += adjacencies;
	port->stats.unresolved += unresolved;
}

struct cp_adj *cp_adj_add(struct cp_kernel *k, const struct cp_kport *port, uint16_t vlan,
	const struct dp_address *next_hop, int ifindex, const uint8_t *mac, int *ret)
{
	struct cp_adj *adj = calloc(1, sizeof(*adj));
	struct dp_adjacency made;

	*ret = -ENOSPC;
	if (!adj)
		return NULL;
	adj->port = port->index;
	adj->vlan = vlan;
	adj->next_hop = *next_hop;
	adj->ifindex = ifindex;
	adj->refs = 1;
	adj->resolved = mac != NULL;
	if (mac)
		memcpy(adj->mac, mac, sizeof(adj->mac));
	made = view(port, adj);
	*ret = k->ops.adj_create(k->eng, &made, &adj->id);
	if (*ret) {
		free(adj);
		return NULL;
	}
	link_in(k, adj);
	count(k, adj, 1, !adj->resolved);
	return adj;
}

static void unlink_free(struct cp_kernel *k, struct cp_adj *adj)
{
	struct cp_adj **at = &k->by_key[key_bucket(adj->port, adj->vlan, &adj->next_hop)];

	while (*at != adj)
		at = &(*at)->next_key;
	*at = adj->next_key;
	at = &k->by_id[adj->id % CP_ADJ_BUCKETS];
	while (*at != adj)
		at = &(*at)->next_id;
	*at = adj->next_id;
	count(k, adj, -1, -!adj->resolved);
	(void)k->ops.adj_destroy(k->eng, adj->id);
	free(adj);
}

void cp_adj_release(struct cp_kernel *k, dp_adj_id_t id)
{
	struct cp_adj *adj = k->by_id[id % CP_ADJ_BUCKETS];

	while (adj && adj->id != id)
		adj = adj->next_id;
	if (adj && --adj->refs == 0)
		unlink_free(k, adj);
}

void cp_adj_walk(struct cp_kernel *k, void (*each)(struct cp_kernel *, struct cp_adj *))
{
	for (size_t i = 0; i < CP_ADJ_BUCKETS; i++)
		for (struct cp_adj *adj = k->by_key[i], *next; adj; adj = next) {
			next = adj->next_key;
			each(k, adj);
		}
}

void cp_adj_set(struct cp_kernel *k, struct cp_adj *adj, const uint8_t *mac)
{
	struct dp_adjacency now;
	bool was = adj->resolved;

	if (was == (mac != NULL) && (!mac || memcmp(mac, adj->mac, sizeof(adj->mac)) == 0))
		return;
	adj->resolved = mac != NULL;
	if (mac)
		memcpy(adj->mac, mac, sizeof(adj->mac));
	count(k, adj, 0, (int)was - (int)adj->resolved);
	now = view(cp_kernel_port(k, adj->port), adj);
	(void)k->ops.adj_update(k->eng, adj->id, &now);
}

void cp_adj_clear(struct cp_kernel *k)
{
	cp_adj_walk(k, unlink_free);
}
