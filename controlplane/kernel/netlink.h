#pragma once

/*
 * Requests to the kernel's routing tables and its news of them. Two sockets: one for requests, each answered before the call
 * returns (the kernel does so at once), one for events, never blocking. Ctx of everything: control.
 */

#include "dataplane/api/session.h"
#include "dataplane/base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct nl_sock;

struct cp_netlink {
	struct nl_sock *request, *events;
};

/* @event_bytes: receive buffer of the event socket; 0: the kernel's default. */
int cp_netlink_open(struct cp_netlink *nl, uint32_t event_bytes, struct rh_error *err);
void cp_netlink_close(struct cp_netlink *nl);

/* Link address and MTU, then up. 0 or -errno. */
int cp_netlink_link_up(struct cp_netlink *nl, int ifindex, const uint8_t mac[6], uint16_t mtu);
/* Without duplicate address detection: the twin is the only one to have it. 0 or -errno; being there already is 0. */
int cp_netlink_address_add(
	struct cp_netlink *nl, int ifindex, const struct dp_address *address, uint8_t prefix_len);

struct cp_route {
	int ifindex;
	bool unicast;		    /* else local, broadcast, unreachable, ... */
	bool has_gateway;	    /* else the destination is on the link */
	struct dp_address gateway; /* may be of the other family (RFC 5549) */
};

/* What the kernel would do with a packet to @to; @ifindex > 0 is needed for link-local addresses. 0, -EHOSTUNREACH. */
int cp_netlink_route_get(
	struct cp_netlink *nl, const struct dp_address *to, int ifindex, struct cp_route *out);

struct cp_neighbour {
	int ifindex;
	struct dp_address address;
	bool usable; /* it has a link address and is not failed */
	uint8_t mac[6];
};

/* -ENOENT when the kernel has no entry. */
int cp_netlink_neighbour_get(struct cp_netlink *nl, int ifindex, const struct dp_address *address,
	struct cp_neighbour *out);
/* Somebody uses this neighbour: resolve it, or keep it fresh (NTF_USE). 0 or -errno. */
int cp_netlink_neighbour_use(
	struct cp_netlink *nl, int ifindex, const struct dp_address *address);

struct cp_netlink_events {
	void (*neighbour)(const struct cp_neighbour *neighbour, void *arg); /* changed or gone (then not usable) */
	void (*route)(void *arg);					    /* any route or link changed */
	void *arg;
};

/* Descriptor of the event socket, for the loop. */
int cp_netlink_events_fd(const struct cp_netlink *nl);
/* Take what has arrived. 0, or -ENOBUFS: the kernel dropped news, ask for everything again. */
int cp_netlink_events_read(struct cp_netlink *nl, const struct cp_netlink_events *events);
