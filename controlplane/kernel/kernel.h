#pragma once

/*
 * The kernel as slow path: tap twins, the silencing of interfaces beneath af_packet ports, and next hops learned from the
 * kernel's routes and neighbours. Ctx of everything: control loop.
 */

#include "controlplane/conf/conf.h"
#include "dataplane/api/adjacency.h"
#include "dataplane/api/punt.h"

#include <uv.h>

struct cp_kernel;

/*
 * Make a tap twin for every port with CP_SLOW_PATH_TAP (port's MAC, its addresses, up; VLAN addresses by frames tagged in
 * software, since 8021q may be missing), silence the interface beneath, subscribe to netlink.
 * @ports[i] is conf->ports[i]'s index in the dataplane. One sentence on failure; what was changed is restored.
 */
int cp_kernel_create(uv_loop_t *loop, struct dp_engine *eng, const struct cp_conf *conf,
	const uint32_t *ports, struct cp_kernel **out, struct rh_error *err);
/* Restore every setting, remove the twins. */
void cp_kernel_destroy(struct cp_kernel *k);

/* A DP_PUNT_KERNEL frame for the twin. */
void cp_kernel_frame(struct cp_kernel *k, const struct dp_punt *punt);

/*
 * The adjacency towards @remote as seen from @port and @vlan: by the kernel's routes (gateways included) where the port has a twin, by the
 * static neighbours where not. Counts a reference; many sessions share one. The link address may still be unresolved: the entry follows
 * the kernel's neighbour table, and while anyone holds a reference it is kept alive with RTM_NEWNEIGH and NTF_USE.
 * 0, -EHOSTUNREACH, -ENOSPC.
 */
int cp_kernel_adj_get(struct cp_kernel *k, uint32_t port, uint16_t vlan,
	const struct dp_address *remote, dp_adj_id_t *out);
void cp_kernel_adj_put(struct cp_kernel *k, dp_adj_id_t adj);

/* Called when a route change moves a remote to another next hop: sessions with it call dp_session_set_adjacency. */
typedef void (*cp_kernel_moved_cb)(void *arg);
void cp_kernel_on_moved(struct cp_kernel *k, cp_kernel_moved_cb cb, void *arg);

struct cp_kernel_stats {
	uint64_t to_kernel, to_kernel_failed, from_kernel, from_kernel_failed;
	uint32_t adjacencies, unresolved;
};
void cp_kernel_stats(const struct cp_kernel *k, uint32_t port, struct cp_kernel_stats *out);
