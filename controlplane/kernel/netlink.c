#include "controlplane/kernel/netlink_priv.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/handlers.h>
#include <netlink/socket.h>
#include <string.h>

/* Room for about 10,000 neighbour changes between two turns of the loop. */
#define EVENT_BYTES_DEFAULT (4u << 20)

static struct nl_sock *socket_open(void)
{
	struct nl_sock *sk = nl_socket_alloc();

	if (sk && nl_connect(sk, NETLINK_ROUTE) < 0) {
		nl_socket_free(sk);
		return NULL;
	}
	return sk;
}

static int events_open(struct cp_netlink *nl, uint32_t event_bytes)
{
	nl->events = socket_open();
	if (!nl->events)
		return -ENOMEM;
	nl_socket_disable_seq_check(nl->events);
	nl_socket_disable_auto_ack(nl->events);
	(void)nl_socket_set_buffer_size(
		nl->events, event_bytes ? (int)event_bytes : (int)EVENT_BYTES_DEFAULT, 0);
	if (nl_socket_set_nonblocking(nl->events) < 0)
		return -EIO;
	return nl_socket_add_memberships(nl->events, RTNLGRP_NEIGH, RTNLGRP_IPV4_ROUTE,
		       RTNLGRP_IPV6_ROUTE, RTNLGRP_LINK, RTNLGRP_NONE) < 0
		       ? -EIO
		       : 0;
}

int cp_netlink_open(struct cp_netlink *nl, uint32_t event_bytes, struct rh_error *err)
{
	memset(nl, 0, sizeof(*nl));
	nl->request = socket_open();
	if (nl->request)
		nl_socket_disable_auto_ack(nl->request);
	if (!nl->request || events_open(nl, event_bytes) < 0) {
		cp_netlink_close(nl);
		return rh_error_set(err, EIO, "cannot open a netlink socket: %s", strerror(errno));
	}
	return 0;
}

void cp_netlink_close(struct cp_netlink *nl)
{
	nl_socket_free(nl->request);
	nl_socket_free(nl->events);
	memset(nl, 0, sizeof(*nl));
}

struct nl_msg *cp_netlink_message(int type, int flags, void *body, size_t len)
{
	struct nl_msg *msg = nlmsg_alloc_simple(type, NLM_F_REQUEST | flags);

	if (msg && nlmsg_append(msg, body, len, NLMSG_ALIGNTO) < 0) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

static int keep_errno(struct sockaddr_nl *who, struct nlmsgerr *e, void *arg)
{
	(void)who;
	*(int *)arg = e->error;
	return NL_STOP;
}

int cp_netlink_ask(
	struct cp_netlink *nl, struct nl_msg *msg, int (*each)(struct nl_msg *, void *), void *arg)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	int code = 0, ret = -ENOMEM;

	if (!cb || !msg)
		goto out;
	if (!each)
		nlmsg_hdr(msg)->nlmsg_flags |= NLM_F_ACK;
	else
		(void)nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, each, arg);
	(void)nl_cb_err(cb, NL_CB_CUSTOM, keep_errno, &code);
	ret = nl_send_auto(nl->request, msg);
	if (ret >= 0)
		ret = nl_recvmsgs(nl->request, cb);
	ret = code ? code : ret < 0 ? -EIO : 0;
out:
	nl_cb_put(cb);
	nlmsg_free(msg);
	return ret;
}

bool cp_netlink_address_parse(const struct nlattr *attr, struct dp_address *out)
{
	int len = attr ? nla_len(attr) : 0;

	if (len != 4 && len != 16)
		return false;
	memset(out, 0, sizeof(*out));
	out->family = len == 4 ? 4 : 6;
	memcpy(out->bytes, nla_data(attr), len);
	return true;
}

int cp_netlink_events_fd(const struct cp_netlink *nl)
{
	return nl_socket_get_fd(nl->events);
}

static int event(struct nl_msg *msg, void *arg)
{
	const struct cp_netlink_events *events = arg;
	struct nlmsghdr *hdr = nlmsg_hdr(msg);
	struct cp_neighbour neighbour;

	switch (hdr->nlmsg_type) {
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		if (cp_netlink_neighbour_parse(hdr, &neighbour))
			events->neighbour(&neighbour, events->arg);
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
	case RTM_NEWLINK:
	case RTM_DELLINK:
		events->route(events->arg);
		break;
	}
	return NL_OK;
}

int cp_netlink_events_read(struct cp_netlink *nl, const struct cp_netlink_events *events)
{
	struct nl_cb *cb = nl_cb_alloc(NL_CB_DEFAULT);
	int ret;

	if (!cb)
		return -ENOBUFS;
	(void)nl_cb_set(cb, NL_CB_SEQ_CHECK, NL_CB_CUSTOM, NULL, NULL);
	(void)nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, event, (void *)events);
	do {
		ret = nl_recvmsgs(nl->events, cb);
	} while (ret >= 0);
	nl_cb_put(cb);
	return ret == -NLE_AGAIN ? 0 : -ENOBUFS;
}
