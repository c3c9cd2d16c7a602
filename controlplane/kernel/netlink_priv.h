#pragma once

/*
 * Shared by the files of netlink: a request and its answer. Private to controlplane/kernel.
 */

#include "controlplane/kernel/netlink.h"

#include <netlink/msg.h>
#include <netlink/netlink.h>

static inline int cp_netlink_family(const struct dp_address *a)
{
	return a->family == 6 ? AF_INET6 : AF_INET;
}

static inline int cp_netlink_address_len(const struct dp_address *a)
{
	return a->family == 6 ? 16 : 4;
}

/* Length @len decides the family; false for any other length. */
bool cp_netlink_address_parse(const struct nlattr *attr, struct dp_address *out);

/* A request with its fixed part (@body of @len bytes). NULL without memory. */
struct nl_msg *cp_netlink_message(int type, int flags, void *body, size_t len);
/*
 * Send @msg (taken, NULL is -ENOMEM) and wait for the answer: an acknowledgement, or with @each the one message asked
 * for. 0 or the kernel's negative errno.
 */
int cp_netlink_ask(
	struct cp_netlink *nl, struct nl_msg *msg, int (*each)(struct nl_msg *, void *), void *arg);

/* RTM_NEWNEIGH and RTM_DELNEIGH. False when it is not about an address on a link. */
bool cp_netlink_neighbour_parse(struct nlmsghdr *hdr, struct cp_neighbour *out);
