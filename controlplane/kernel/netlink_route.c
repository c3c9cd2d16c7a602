#include "controlplane/kernel/netlink_priv.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <string.h>

/* RTA_VIA: family in host order, then the address. */
static bool via_parse(const struct nlattr *attr, struct dp_address *out)
{
	const struct rtvia *via = attr ? nla_data(attr) : NULL;
	int len = attr ? nla_len(attr) - (int)sizeof(*via) : 0;

	if (len != 4 && len != 16)
		return false;
	memset(out, 0, sizeof(*out));
	out->family = len == 4 ? 4 : 6;
	memcpy(out->bytes, via->rtvia_addr, len);
	return true;
}

static int route_parse(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *hdr = nlmsg_hdr(msg);
	struct nlattr *tb[RTA_MAX + 1];
	struct cp_route *out = arg;
	const struct rtmsg *body;

	if (hdr->nlmsg_type != RTM_NEWROUTE ||
		nlmsg_parse(hdr, sizeof(*body), tb, RTA_MAX, NULL) < 0)
		return NL_OK;
	body = nlmsg_data(hdr);
	out->unicast = body->rtm_type == RTN_UNICAST;
	out->ifindex = tb[RTA_OIF] ? (int)nla_get_u32(tb[RTA_OIF]) : 0;
	out->has_gateway = cp_netlink_address_parse(tb[RTA_GATEWAY], &out->gateway) ||
			   via_parse(tb[RTA_VIA], &out->gateway);
	return NL_OK;
}

int cp_netlink_route_get(
	struct cp_netlink *nl, const struct dp_address *to, int ifindex, struct cp_route *out)
{
	int len = cp_netlink_address_len(to);
	struct rtmsg body = {.rtm_family = cp_netlink_family(to), .rtm_dst_len = 8 * len};
	struct nl_msg *msg = cp_netlink_message(RTM_GETROUTE, 0, &body, sizeof(body));

	memset(out, 0, sizeof(*out));
	if (msg && (nla_put(msg, RTA_DST, len, to->bytes) < 0 ||
			   (ifindex > 0 && nla_put_u32(msg, RTA_OIF, ifindex) < 0))) {
		nlmsg_free(msg);
		return -ENOMEM;
	}
	return cp_netlink_ask(nl, msg, route_parse, out) < 0 ? -EHOSTUNREACH : 0;
}
