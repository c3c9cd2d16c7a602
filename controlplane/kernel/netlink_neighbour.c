#include "controlplane/kernel/netlink_priv.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <string.h>

#define NUD_USABLE                                                                                 \
	(NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT | NUD_NOARP)

bool cp_netlink_neighbour_parse(struct nlmsghdr *hdr, struct cp_neighbour *out)
{
	struct nlattr *tb[NDA_MAX + 1];
	const struct ndmsg *body;

	if (nlmsg_parse(hdr, sizeof(*body), tb, NDA_MAX, NULL) < 0)
		return false;
	body = nlmsg_data(hdr);
	memset(out, 0, sizeof(*out));
	if ((body->ndm_family != AF_INET && body->ndm_family != AF_INET6) ||
		!cp_netlink_address_parse(tb[NDA_DST], &out->address))
		return false;
	out->ifindex = body->ndm_ifindex;
	out->usable = hdr->nlmsg_type == RTM_NEWNEIGH && (body->ndm_state & NUD_USABLE) &&
		      tb[NDA_LLADDR] && nla_len(tb[NDA_LLADDR]) == sizeof(out->mac);
	if (out->usable)
		memcpy(out->mac, nla_data(tb[NDA_LLADDR]), sizeof(out->mac));
	return true;
}

static int neighbour_keep(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *hdr = nlmsg_hdr(msg);

	if (hdr->nlmsg_type == RTM_NEWNEIGH)
		(void)cp_netlink_neighbour_parse(hdr, arg);
	return NL_OK;
}

static struct nl_msg *neighbour_message(
	int type, int flags, struct ndmsg *body, const struct dp_address *address)
{
	struct nl_msg *msg = cp_netlink_message(type, flags, body, sizeof(*body));

	if (msg && nla_put(msg, NDA_DST, cp_netlink_address_len(address), address->bytes) < 0) {
		nlmsg_free(msg);
		return NULL;
	}
	return msg;
}

int cp_netlink_neighbour_get(struct cp_netlink *nl, int ifindex, const struct dp_address *address,
	struct cp_neighbour *out)
{
	struct ndmsg body = {.ndm_family = cp_netlink_family(address), .ndm_ifindex = ifindex};

	memset(out, 0, sizeof(*out));
	return cp_netlink_ask(
		nl, neighbour_message(RTM_GETNEIGH, 0, &body, address), neighbour_keep, out);
}

int cp_netlink_neighbour_use(struct cp_netlink *nl, int ifindex, const struct dp_address *address)
{
	struct ndmsg body = {
		.ndm_family = cp_netlink_family(address),
		.ndm_ifindex = ifindex,
		.ndm_state = NUD_NONE,
		.ndm_flags = NTF_USE,
	};

	return cp_netlink_ask(
		nl, neighbour_message(RTM_NEWNEIGH, NLM_F_CREATE, &body, address), NULL, NULL);
}
