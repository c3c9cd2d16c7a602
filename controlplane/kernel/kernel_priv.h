#pragma once

/*
 * What the files of this room share. Objects: one cp_kernel; per port of the configuration one cp_kport; per port with slow path a
 * twin, and one more for each VLAN that has an address there; per next hop in use one cp_adj. All live on the control loop.
 */

#include "controlplane/kernel/kernel.h"
#include "controlplane/kernel/netlink.h"
#include "controlplane/kernel/silence.h"

/* Calls into the dataplane, so that tests need no engine. */
struct cp_kernel_ops {
	int (*adj_create)(struct dp_engine *, const struct dp_adjacency *, dp_adj_id_t *);
	int (*adj_update)(struct dp_engine *, dp_adj_id_t, const struct dp_adjacency *);
	int (*adj_destroy)(struct dp_engine *, dp_adj_id_t);
	int (*inject)(struct dp_engine *, uint32_t port, const void *, uint32_t len);
	int (*port_info)(uint32_t index, struct dp_port_info *);
	int (*set_local)(struct dp_engine *, uint32_t port, const struct dp_local *, uint32_t count);
	int (*set_slow_path)(struct dp_engine *, uint32_t port, bool twin);
};

struct cp_kernel_setup {
	const struct cp_kernel_ops *ops;
	const char *state_file; /* of silence.h */
	uint32_t event_bytes;	/* of the event socket; 0: the default */
	uint32_t tick_ms;	/* of the keep-alive; 0: CP_KERNEL_TICK_MS */
};

/* Unresolved next hops are asked for at each tick, resolved ones every CP_KERNEL_FRESH_TICKS: the kernel's delay before
 * it probes a stale entry is 5 s. */
#define CP_KERNEL_TICK_MS     1000
#define CP_KERNEL_FRESH_TICKS 5
/* Routes change in storms: sessions look again a little later, and never for more than a tenth of the loop's time. */
#define CP_KERNEL_MOVED_MS   20
#define CP_KERNEL_MOVED_REST 10

struct cp_kport {
	uint32_t index; /* of the dataplane */
	struct dp_port_info info;
	struct cp_conf_neighbor *neighbors; /* own copy */
	uint32_t neighbor_count;
	bool has_twin;
	struct cp_kernel_stats stats;
};

struct cp_twin {
	struct cp_twin *next;
	struct cp_kernel *k;
	struct cp_kport *port;
	uint16_t vlan;
	char name[16];
	int fd, ifindex;
	uv_poll_t poll;
	bool polling;
};

struct cp_adj {
	struct cp_adj *next_key, *next_id; /* in their buckets */
	uint32_t port;			   /* of the dataplane */
	uint16_t vlan;
	struct dp_address next_hop;
	int ifindex; /* of the twin; 0: static, never changes */
	dp_adj_id_t id;
	uint32_t refs;
	bool resolved;
	uint8_t mac[6];
};

#define CP_ADJ_BUCKETS 4096

struct cp_kernel {
	uv_loop_t *loop;
	struct dp_engine *eng;
	struct cp_kernel_ops ops;
	struct cp_netlink netlink;
	struct cp_silence silence;
	struct cp_kport ports[DP_LIMIT_PORTS];
	uint32_t port_count;
	struct cp_twin *twins;
	struct cp_adj *by_key[CP_ADJ_BUCKETS], *by_id[CP_ADJ_BUCKETS];
	uv_poll_t events;
	uv_timer_t tick, moved;
	uint32_t ticks;
	uint32_t handles; /* open in the loop; the last to close frees this */
	cp_kernel_moved_cb moved_cb;
	void *moved_arg;
	uint64_t moved_cost_ms; /* of the last call */
	uint64_t last_refusal_ns; /* of the log line on unreachable remotes */
	bool watching;		  /* events, tick and moved are initialised */
};

int cp_kernel_create_with(uv_loop_t *loop, struct dp_engine *eng, const struct cp_conf *conf,
	const uint32_t *ports, const struct cp_kernel_setup *setup, struct cp_kernel **out,
	struct rh_error *err);

struct cp_kport *cp_kernel_port(struct cp_kernel *k, uint32_t index);
/* A handle of the loop was closed. */
void cp_kernel_handle_closed(struct cp_kernel *k);

/* twin.c */
int cp_twins_create(struct cp_kernel *k, struct cp_kport *port, const struct cp_conf_port *conf,
	struct rh_error *err);
void cp_twins_destroy(struct cp_kernel *k);
/* NULL when there is none. */
struct cp_twin *cp_twin_find(struct cp_kernel *k, uint32_t port, uint16_t vlan);
struct cp_twin *cp_twin_by_ifindex(struct cp_kernel *k, int ifindex);

/* adjacency.c: the table of next hops in use. */
struct cp_adj *cp_adj_find(
	struct cp_kernel *k, uint32_t port, uint16_t vlan, const struct dp_address *next_hop);
/* With one reference. NULL: the engine has no room (*ret says why). */
struct cp_adj *cp_adj_add(struct cp_kernel *k, const struct cp_kport *port, uint16_t vlan,
	const struct dp_address *next_hop, int ifindex, const uint8_t *mac, int *ret);
void cp_adj_release(struct cp_kernel *k, dp_adj_id_t id);
/* Give every entry to @each. */
void cp_adj_walk(struct cp_kernel *k, void (*each)(struct cp_kernel *, struct cp_adj *));
/* The link address is @mac, or unknown (NULL). Tells the engine when that is news. */
void cp_adj_set(struct cp_kernel *k, struct cp_adj *adj, const uint8_t *mac);
void cp_adj_clear(struct cp_kernel *k);

/* neighbours.c: next hops follow the kernel. */
int cp_neighbours_watch(struct cp_kernel *k, uint32_t tick_ms);
void cp_neighbours_unwatch(struct cp_kernel *k);
/* Take what the kernel knows of @adj now; ask it to find out when that is nothing. */
void cp_neighbours_refresh(struct cp_kernel *k, struct cp_adj *adj);
