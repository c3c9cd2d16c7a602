#pragma once

/*
 * The kernel as slow path: tap twins, the silencing of interfaces beneath af_packet ports, and next hops learned from the
 * kernel's routes and neighbours. Ctx of everything: control loop, RCU-registered and online, and so are the callbacks that
 * the loop makes.
 */

#include "controlplane/conf/conf.h"
#include "dataplane/api/adjacency.h"
#include "dataplane/api/punt.h"

#include <stdbool.h>
#include <uv.h>

struct cp_kernel;

/*
 * Make a tap twin for every port with CP_SLOW_PATH_TAP (port's MAC, its addresses, up; VLAN addresses by frames tagged in
 * software, since 8021q may be missing), silence the interface beneath, subscribe to netlink.
 * @ports[i] is conf->ports[i]'s index in the dataplane, where every port is polled by a worker: it is told its addresses
 * (dp_engine_set_local) and whether it has a twin. Settings that a killed process left changed are restored first. @conf is not
 * kept. One sentence on failure; what was changed is restored.
 */
int cp_kernel_create(uv_loop_t *loop, struct dp_engine *eng, const struct cp_conf *conf,
	const uint32_t *ports, struct cp_kernel **out, struct rh_error *err);
/*
 * Restore every setting, remove the twins and what is left of the adjacencies; before dp_engine_destroy. Accepts NULL. Memory is
 * freed by the loop's next turns, which close the handles.
 */
void cp_kernel_destroy(struct cp_kernel *k);

/* A DP_PUNT_KERNEL frame for the twin. */
void cp_kernel_frame(struct cp_kernel *k, const struct dp_punt *punt);

/*
 * The adjacency towards @remote as seen from @port and @vlan: by the kernel's routes (gateways included) where the port has a twin, by the
 * static neighbours where not. Counts a reference; many sessions share one. The link address may still be unresolved: the entry follows
 * the kernel's neighbour table, and while anyone holds a reference it is kept alive with RTM_NEWNEIGH and NTF_USE.
 * @vlan 0 (priority tag) is DP_VLAN_NONE. 0, -EHOSTUNREACH (the log says why, one line a second at most), -ENOSPC.
 */
int cp_kernel_adj_get(struct cp_kernel *k, uint32_t port, uint16_t vlan,
	const struct dp_address *remote, dp_adj_id_t *out);
void cp_kernel_adj_put(struct cp_kernel *k, dp_adj_id_t adj);
/*
 * Whether the link address towards @remote is known now: hosts that speak to the router have asked for its own, so the kernel
 * knows theirs, while forged sources are nobody's. Asks nobody on the link and keeps nothing.
 */
bool cp_kernel_knows(struct cp_kernel *k, uint32_t port, uint16_t vlan,
	const struct dp_address *remote);

/*
 * Called when routes or links changed, a little later and not for every one: each session asks cp_kernel_adj_get again and, when the
 * answer is another, calls dp_session_set_adjacency and puts the old one.
 */
typedef void (*cp_kernel_moved_cb)(void *arg);
void cp_kernel_on_moved(struct cp_kernel *k, cp_kernel_moved_cb cb, void *arg);

struct cp_kernel_stats {
	uint64_t to_kernel, to_kernel_failed, from_kernel, from_kernel_failed;
	uint32_t adjacencies, unresolved;
};
void cp_kernel_stats(const struct cp_kernel *k, uint32_t port, struct cp_kernel_stats *out);
