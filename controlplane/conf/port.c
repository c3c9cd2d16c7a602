#include "controlplane/conf/flatten_priv.h"

#include "dataplane/api/adjacency.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int parse_ip(const char *text, struct dp_address *out)
{
	memset(out, 0, sizeof(*out));
	out->family = strchr(text, ':') != NULL ? 6 : 4;
	return inet_pton(out->family == 6 ? AF_INET6 : AF_INET, text, out->bytes) == 1 ? 0
										       : -EINVAL;
}

static int parse_prefix(const char *text, struct cp_conf_address *out)
{
	char ip[64];
	const char *slash = strchr(text, '/');
	unsigned long bits;

	if (slash == NULL || (size_t)(slash - text) >= sizeof(ip))
		return -EINVAL;
	memcpy(ip, text, (size_t)(slash - text));
	ip[slash - text] = '\0';
	bits = strtoul(slash + 1, NULL, 10);
	if (parse_ip(ip, &out->address) < 0 || bits > (out->address.family == 6 ? 128 : 32))
		return -EINVAL;
	out->prefix_len = (uint8_t)bits;
	return 0;
}

static uint16_t vlan_of(const struct lyd_node *entry)
{
	return conf_child(entry, "vlan") != NULL ? (uint16_t)conf_number(entry, "vlan")
						 : DP_VLAN_NONE;
}

static bool usable(const struct dp_address *a)
{
	static const uint8_t zero[16];

	if (memcmp(a->bytes, zero, sizeof(zero)) == 0)
		return false;
	return a->family == 6 ? a->bytes[0] != 0xff : a->bytes[0] < 224 && a->bytes[0] != 127;
}

static bool same_address(const struct cp_conf_address *a, const struct cp_conf_address *b)
{
	return a->address.family == b->address.family &&
	       memcmp(a->address.bytes, b->address.bytes, 16) == 0;
}

/* The port that already has the address, or NULL. */
static const char *holder_of(const struct cp_conf *conf, const struct cp_conf_address *address)
{
	for (uint32_t p = 0; p <= conf->port_count && p < DP_LIMIT_PORTS; p++)
		for (uint32_t i = 0; i < conf->ports[p].address_count; i++)
			if (same_address(&conf->ports[p].addresses[i], address))
				return conf->ports[p].dp.name;
	return NULL;
}

static int add_address(struct cp_conf *conf, struct cp_conf_port *port,
	const struct lyd_node *entry, const char *name, struct rh_error *err)
{
	struct cp_conf_address *out = &port->addresses[port->address_count];
	const char *text = conf_text(entry, "ip"), *holder;

	if (strchr(text, '/') && parse_prefix(text, out) < 0)
		return rh_error_set(err, EINVAL,
			"%s: " CONF_ROOT
			"/port[name='%s']/address/ip: \"%s\" is no address with its prefix length; expected "
			"0..32 behind an IPv4 address, 0..128 behind an IPv6 one, as 192.0.2.1/24 or 2001:db8::1/64",
			name, port->dp.name, text);
	if (parse_prefix(text, out) < 0)
		return rh_error_set(err, EINVAL,
			"%s: " CONF_ROOT
			"/port[name='%s']/address/ip: \"%s\" is no address; expected one with "
			"prefix length, as 192.0.2.1/24 or 2001:db8::1/64",
			name, port->dp.name, text);
	if (!usable(&out->address))
		return rh_error_set(err, EINVAL,
			"%s: " CONF_ROOT "/port[name='%s']/address/ip: \"%s\" cannot be a router's "
					 "address; expected a unicast one that is not loopback",
			name, port->dp.name, text);
	holder = holder_of(conf, out);
	if (holder != NULL)
		return rh_error_set(err, EINVAL,
			"%s: " CONF_ROOT "/port[name='%s']/address/ip: \"%s\" is given twice (port "
					 "%s has it); expected each address once",
			name, port->dp.name, text, holder);
	out->vlan = vlan_of(entry);
	port->address_count++;
	return 0;
}

static int add_neighbor(struct cp_conf_port *port, const struct lyd_node *entry, const char *name,
	struct rh_error *err)
{
	struct cp_conf_neighbor *out = &port->neighbors[port->neighbor_count];
	const char *text = conf_text(entry, "ip"), *mac = conf_text(entry, "mac");

	if (parse_ip(text, &out->address) < 0)
		return rh_error_set(err, EINVAL,
			"%s: " CONF_ROOT "/port[name='%s']/neighbor/ip: \"%s\" is no address; "
					 "expected one as 192.0.2.1 or 2001:db8::1",
			name, port->dp.name, text);
	for (int i = 0; i < 6; i++)
		out->mac[i] = (uint8_t)strtoul(mac + 3 * i, NULL, 16);
	if ((out->mac[0] & 1) != 0)
		return rh_error_set(err, EINVAL,
			"%s: " CONF_ROOT "/port[name='%s']/neighbor[ip='%s']/mac: \"%s\" is a "
					 "group address; expected one with an even first byte",
			name, port->dp.name, text, mac);
	out->vlan = vlan_of(entry);
	port->neighbor_count++;
	return 0;
}

static int add_lists(struct cp_conf *conf, struct cp_conf_port *port, const struct lyd_node *node,
	const char *name, struct rh_error *err)
{
	const struct lyd_node *entry;
	int rc = 0;

	port->neighbors = calloc(CP_CONF_NEIGHBORS_MAX, sizeof(*port->neighbors));
	if (port->neighbors == NULL)
		return rh_error_set(err, ENOMEM, "%s: out of memory", name);
	LY_LIST_FOR(lyd_child(node), entry)
	{
		if (strcmp(LYD_NAME(entry), "address") == 0)
			rc = add_address(conf, port, entry, name, err);
		else if (strcmp(LYD_NAME(entry), "neighbor") == 0)
			rc = add_neighbor(port, entry, name, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* "iface=NAME" among a virtual device's arguments. */
static bool sits_on(const char *device, const char *iface)
{
	const char *at = strstr(device, ",iface=");
	size_t len = strlen(iface);

	return at != NULL && strncmp(at + 7, iface, len) == 0 &&
	       (at[7 + len] == '\0' || at[7 + len] == ',');
}

static int check_names(const struct cp_conf *conf, const struct cp_conf_port *port,
	const char *name, struct rh_error *err)
{
	if (port->slow_path != CP_SLOW_PATH_TAP)
		return 0;
	if (sits_on(port->dp.device, port->tap_name))
		return rh_error_set(err, EINVAL,
			"%s: " CONF_ROOT "/port[name='%s']/tap-name: \"%s\" is the interface "
					 "beneath the port; expected another name for the tap twin",
			name, port->dp.name, port->tap_name);
	for (uint32_t i = 0; i < conf->port_count; i++)
		if (conf->ports[i].slow_path == CP_SLOW_PATH_TAP &&
			strcmp(conf->ports[i].tap_name, port->tap_name) == 0)
			return rh_error_set(err, EINVAL,
				"%s: " CONF_ROOT "/port[name='%s']/tap-name: \"%s\" is the twin of "
						 "port %s already; expected another name",
				name, port->dp.name, port->tap_name, conf->ports[i].dp.name);
	return 0;
}

static int check_device(const struct cp_conf *conf, const struct cp_conf_port *port,
	const char *name, struct rh_error *err)
{
	for (uint32_t i = 0; i < conf->port_count; i++)
		if (strcmp(conf->ports[i].dp.device, port->dp.device) == 0)
			return rh_error_set(err, EINVAL,
				"%s: " CONF_ROOT "/port[name='%s']/device: \"%s\" is port %s "
						 "already; expected each device once",
				name, port->dp.name, port->dp.device, conf->ports[i].dp.name);
	return check_names(conf, port, name, err);
}

bool conf_is_pci(const char *device)
{
	/* [dddd:]bb:dd.f */
	static const char *const forms[] = {"xxxx:xx:xx.x", "xx:xx.x"};

	for (size_t f = 0; f < RH_ARRAY_LEN(forms); f++) {
		size_t n = 0;

		while (forms[f][n] != '\0' &&
			(forms[f][n] == 'x' ? isxdigit((unsigned char)device[n]) != 0
					    : device[n] == forms[f][n]))
			n++;
		if (forms[f][n] == '\0' && (device[n] == '\0' || device[n] == ','))
			return true;
	}
	return false;
}

int conf_flatten_port(
	struct cp_conf *conf, const struct lyd_node *node, const char *name, struct rh_error *err)
{
	struct cp_conf_port *port = &conf->ports[conf->port_count];
	struct dp_port_conf *dp = &port->dp;
	const char *tap = conf_text(node, "tap-name");
	int rc;

	(void)snprintf(dp->name, sizeof(dp->name), "%s", conf_text(node, "name"));
	(void)snprintf(dp->device, sizeof(dp->device), "%s", conf_text(node, "device"));
	(void)snprintf(
		port->tap_name, sizeof(port->tap_name), "%s", tap[0] != '\0' ? tap : dp->name);
	port->slow_path = strcmp(conf_text(node, "slow-path"), "none") == 0 ? CP_SLOW_PATH_NONE
									    : CP_SLOW_PATH_TAP;
	dp->queues = (uint32_t)conf_number(node, "queues");
	dp->rx_descriptors = (uint32_t)conf_number(node, "rx-descriptors");
	dp->tx_descriptors = (uint32_t)conf_number(node, "tx-descriptors");
	dp->mbufs = (uint32_t)conf_number(node, "buffers");
	dp->mtu = (uint16_t)conf_number(node, "mtu");
	dp->promiscuous = conf_true(node, "promiscuous");
	dp->rx_checksum_in_software = conf_true(node, "software-checksum");
	dp->allow_default_route = conf_true(node, "allow-default-route");
	rc = add_lists(conf, port, node, name, err);
	if (rc == 0)
		rc = check_device(conf, port, name, err);
	/* Counted also on failure, so that cp_conf_free finds the neighbors. */
	conf->port_count++;
	return rc;
}
