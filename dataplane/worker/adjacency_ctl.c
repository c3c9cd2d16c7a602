#include "dataplane/api/adjacency.h"

#include "dataplane/base/rcu.h"
#include "dataplane/worker/engine_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void hop_free_cb(struct rh_rcu_head *head)
{
	free(caa_container_of(head, struct dp_hop, rcu));
}

/* Destination, source, [tag]. */
static void l2_build(struct dp_hop *hop, const struct dp_adjacency *adj)
{
	uint8_t *p = hop->l2;

	memcpy(p, adj->dst_mac, 6);
	memcpy(p + 6, adj->src_mac, 6);
	p += 12;
	if (adj->vlan != DP_VLAN_NONE) {
		p[0] = 0x81;
		p[1] = 0;
		p[2] = (uint8_t)(adj->vlan >> 8 & 0x0f);
		p[3] = (uint8_t)adj->vlan;
		p += 4;
	}
	hop->l2_len = (uint8_t)(p - hop->l2);
}

static struct dp_hop *hop_create(const struct dp_adjacency *adj)
{
	struct dp_hop *hop;

	if (adj->port >= DP_LIMIT_PORTS)
		return NULL;
	hop = calloc(1, sizeof(*hop));
	if (!hop)
		return NULL;
	hop->conf = *adj;
	hop->port = adj->resolved ? adj->port : DP_HOP_NO_PORT;
	l2_build(hop, adj);
	return hop;
}

int dp_adj_create(struct dp_engine *eng, const struct dp_adjacency *adj, dp_adj_id_t *out)
{
	struct dp_hop *hop = hop_create(adj);

	if (!hop)
		return adj->port >= DP_LIMIT_PORTS ? -EINVAL : -ENOMEM;
	for (uint32_t n = 0; n < DP_LIMIT_ADJACENCIES; n++) {
		uint32_t id = eng->hop_cursor++ % DP_LIMIT_ADJACENCIES;

		if (eng->tables.hops[id])
			continue;
		rh_rcu_assign(eng->tables.hops[id], hop);
		*out = id;
		return 0;
	}
	free(hop);
	return -ENOSPC;
}

static struct dp_hop *hop_get(const struct dp_engine *eng, dp_adj_id_t id)
{
	return id < DP_LIMIT_ADJACENCIES ? eng->tables.hops[id] : NULL;
}

int dp_adj_update(struct dp_engine *eng, dp_adj_id_t id, const struct dp_adjacency *adj)
{
	struct dp_hop *old = hop_get(eng, id), *hop;

	if (!old)
		return -ENOENT;
	hop = hop_create(adj);
	if (!hop)
		return adj->port >= DP_LIMIT_PORTS ? -EINVAL : -ENOMEM;
	rh_rcu_assign(eng->tables.hops[id], hop);
	rh_rcu_call(&old->rcu, hop_free_cb);
	return 0;
}

int dp_adj_destroy(struct dp_engine *eng, dp_adj_id_t id)
{
	struct dp_hop *old = hop_get(eng, id);

	if (!old)
		return -ENOENT;
	rh_rcu_assign(eng->tables.hops[id], NULL);
	rh_rcu_call(&old->rcu, hop_free_cb);
	return 0;
}

int dp_adj_get(const struct dp_engine *eng, dp_adj_id_t id, struct dp_adjacency *out)
{
	const struct dp_hop *hop = hop_get(eng, id);

	if (!hop)
		return -ENOENT;
	*out = hop->conf;
	return 0;
}
