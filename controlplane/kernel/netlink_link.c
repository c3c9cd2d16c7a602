#include "controlplane/kernel/netlink_priv.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>

static int link_change(struct cp_netlink *nl, struct ifinfomsg *link, int type, const void *data, int len)
{
	struct nl_msg *msg = cp_netlink_message(RTM_NEWLINK, 0, link, sizeof(*link));

	if (msg && type && nla_put(msg, type, len, data) < 0) {
		nlmsg_free(msg);
		return -ENOMEM;
	}
	return cp_netlink_ask(nl, msg, NULL, NULL);
}

int cp_netlink_link_up(struct cp_netlink *nl, int ifindex, const uint8_t mac[6], uint16_t mtu)
{
	struct ifinfomsg link = {.ifi_family = AF_UNSPEC, .ifi_index = ifindex};
	uint32_t mtu32 = mtu;
	int ret;

	ret = link_change(nl, &link, IFLA_ADDRESS, mac, 6);
	if (!ret)
		ret = link_change(nl, &link, IFLA_MTU, &mtu32, sizeof(mtu32));
	link.ifi_flags = IFF_UP;
	link.ifi_change = IFF_UP;
	return ret ? ret : link_change(nl, &link, 0, NULL, 0);
}

int cp_netlink_address_add(
	struct cp_netlink *nl, int ifindex, const struct dp_address *address, uint8_t prefix_len)
{
	struct ifaddrmsg body = {
		.ifa_family = cp_netlink_family(address),
		.ifa_prefixlen = prefix_len,
		.ifa_flags = address->family == 6 ? IFA_F_NODAD : 0,
		.ifa_index = ifindex,
	};
	int len = cp_netlink_address_len(address), ret;
	struct nl_msg *msg;

	msg = cp_netlink_message(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &body, sizeof(body));
	if (msg && (nla_put(msg, IFA_LOCAL, len, address->bytes) < 0 ||
			   nla_put(msg, IFA_ADDRESS, len, address->bytes) < 0)) {
		nlmsg_free(msg);
		return -ENOMEM;
	}
	ret = cp_netlink_ask(nl, msg, NULL, NULL);
	return ret == -EEXIST ? 0 : ret;
}
