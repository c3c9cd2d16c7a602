#pragma once

/*
 * A next hop on a port: link address, VLAN. Sessions name it by id; a change of link address replaces one entry and every
 * session behind it follows. Ctx of everything: control.
 */

#include "dataplane/base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct dp_engine;
typedef uint32_t dp_adj_id_t;

#define DP_VLAN_NONE 0xffff

struct dp_adjacency {
	uint32_t port; /* index of dp_port_open */
	uint16_t vlan; /* DP_VLAN_NONE, or 0..4094 */
	bool resolved; /* false: copies for it are dropped as `no_adjacency` */
	uint8_t src_mac[6], dst_mac[6];
};

/* Ctx: control, as for all of these. 0, -ENOSPC. */
int dp_adj_create(struct dp_engine *eng, const struct dp_adjacency *adj, dp_adj_id_t *out);
/* Replace; takes effect at each worker's next burst. 0, -ENOENT, -ENOMEM. */
int dp_adj_update(struct dp_engine *eng, dp_adj_id_t id, const struct dp_adjacency *adj);
int dp_adj_destroy(struct dp_engine *eng, dp_adj_id_t id);
int dp_adj_get(const struct dp_engine *eng, dp_adj_id_t id, struct dp_adjacency *out);
