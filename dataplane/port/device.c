#include "dataplane/port/device.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MTU_DEFAULT 1500
/* TPACKET_V2 puts its header, a link address and padding before the frame; a VLAN tag may be put back in. */
#define PACKET_SLOT_OVERHEAD 96
/* 64 KiB blocks and 4,096 slots: room for four publishers' windows of worst-case datagrams, 8 MiB each way. */
#define PACKET_BLOCK_BYTES 65536
#define PACKET_SLOTS	   4096
#define PACKET_SLOTS_JUMBO 1024

/* Drivers whose vdevs can be ports; the key names the kernel interface beneath. */
static const struct {
	const char *driver, *iface_key;
} drivers[] = {
	{"net_af_packet", "iface"}, {"net_af_xdp", "iface"}, {"net_pcap", "iface"}, {"net_ring", NULL},
	{"net_null", NULL}, {"net_memif", NULL}, {"net_tap", NULL}, {"net_vhost", NULL},
	{"net_virtio_user", NULL},
};

/*
 * Other ways to take a kernel interface, which would pass by the checks of the one above (default route, silencing): refused.
 * Bonding is not among the drivers for the same reason: bond in the kernel, or give each device a port.
 */
static const struct {
	const char *driver, *key;
} unseen_keys[] = {
	{"net_pcap", "rx_iface"}, {"net_pcap", "rx_iface_in"}, {"net_pcap", "tx_iface"}, {"net_tap", "remote"},
};

static bool pci_parse(const char *text, struct dp_device *out)
{
	unsigned domain = 0, bus, slot, function;
	int used = 0;

	if (sscanf(text, "%4x:%2x:%2x.%1x%n", &domain, &bus, &slot, &function, &used) != 4 ||
		text[used]) {
		domain = 0;
		used = 0;
		if (sscanf(text, "%2x:%2x.%1x%n", &bus, &slot, &function, &used) != 3 || text[used])
			return false;
	}
	if (slot > 0x1f || function > 7)
		return false;
	out->kind = DP_DEVICE_PCI;
	(void)snprintf(out->name, sizeof(out->name), "%04x:%02x:%02x.%x", domain, bus, slot, function);
	return true;
}

/* The first "KEY=..." of @args, or NULL. */
static const char *arg_find(const char *args, const char *key)
{
	size_t key_len = strlen(key);

	for (const char *p = args; *p;) {
		if (strncmp(p, key, key_len) == 0 && p[key_len] == '=')
			return p;
		p += strcspn(p, ",");
		p += *p == ',';
	}
	return NULL;
}

/* What follows the first @key in @args, which is there. */
static const char *arg_after(const char *args, const char *key)
{
	const char *p = arg_find(args, key);

	p += strcspn(p, ",");
	return p + (*p == ',');
}

bool dp_device_arg(const char *args, const char *key, char *out, uint32_t size)
{
	const char *p = arg_find(args, key);

	if (!p)
		return false;
	p += strlen(key) + 1;
	(void)snprintf(out, size, "%.*s", (int)strcspn(p, ","), p);
	return true;
}

static void arg_default(struct dp_device *dev, const char *key, uint32_t value)
{
	size_t used = strlen(dev->args);
	char have[16];

	if (!dp_device_arg(dev->args, key, have, sizeof(have)))
		(void)snprintf(dev->args + used, sizeof(dev->args) - used, "%s%s=%u", used ? "," : "", key,
			value);
}

static uint32_t arg_number(const struct dp_device *dev, const char *key)
{
	char text[16];

	return dp_device_arg(dev->args, key, text, sizeof(text)) ? strtoul(text, NULL, 10) : 0;
}

/*
 * The driver takes slots to lie one after another over block borders, so a block must be a multiple of a slot; the kernel
 * wants blocks of whole pages and exactly as many slots as the blocks hold.
 */
static int packet_defaults(const struct dp_port_conf *conf, struct dp_device *dev, struct rh_error *err)
{
	uint32_t need = (conf->mtu ? conf->mtu : MTU_DEFAULT) + PACKET_SLOT_OVERHEAD;
	bool jumbo = need > 2048;
	uint32_t slot, block, slots;

	arg_default(dev, "framesz", jumbo ? RH_ALIGN_UP(need, 2048u) : 2048);
	slot = arg_number(dev, "framesz");
	arg_default(dev, "blocksz", jumbo ? 2 * slot : PACKET_BLOCK_BYTES);
	arg_default(dev, "framecnt", jumbo ? PACKET_SLOTS_JUMBO : PACKET_SLOTS);
	arg_default(dev, "qpairs", conf->queues ? conf->queues : 1);
	block = arg_number(dev, "blocksz");
	slots = arg_number(dev, "framecnt");
	dev->frame_bytes = slot;
	if (slot < need || slot % 16)
		return rh_error_set(err, EINVAL,
			"port %s: framesz=%u cannot hold a frame of MTU %u: use a multiple of 16, at least %u",
			conf->name, slot, conf->mtu ? conf->mtu : MTU_DEFAULT, RH_ALIGN_UP(need, 16u));
	if (!block || block % 4096 || block % slot || !slots || slots % (block / slot))
		return rh_error_set(err, EINVAL,
			"port %s: blocksz=%u, framesz=%u, framecnt=%u do not fit: blocksz must be a multiple of 4096 "
			"and of framesz, framecnt a multiple of blocksz/framesz",
			conf->name, block, slot, slots);
	return 0;
}

/* The driver opens the last of several, and passes over an empty one: the port's name for it must be the only one. */
static int iface_take(const struct dp_port_conf *conf, struct dp_device *dev, const char *key,
	struct rh_error *err)
{
	char value[64];

	for (const char *at = dev->args; dp_device_arg(at, key, value, sizeof(value)); at = arg_after(at, key)) {
		if (!value[0])
			return rh_error_set(err, EINVAL,
				"port %s: device '%s' has an empty %s=: write %s=NAME, or leave it out", conf->name,
				conf->device, key, key);
		if (strlen(value) >= sizeof(dev->iface))
			return rh_error_set(err, EINVAL,
				"port %s: %s=%s is no interface: names have %zu characters at most", conf->name, key,
				value, sizeof(dev->iface) - 1);
		if (dev->iface[0])
			return rh_error_set(err, EINVAL,
				"port %s: two interfaces, %s and %s: give each a port of its own", conf->name,
				dev->iface, value);
		memcpy(dev->iface, value, strlen(value) + 1);
	}
	return 0;
}

/* One interface a port, by the key that is checked. */
static int unseen_check(
	const struct dp_port_conf *conf, const struct dp_device *dev, struct rh_error *err)
{
	char value[64];

	for (size_t i = 0; i < RH_ARRAY_LEN(unseen_keys); i++)
		if (strcmp(dev->driver, unseen_keys[i].driver) == 0 &&
			dp_device_arg(dev->args, unseen_keys[i].key, value, sizeof(value)))
			return rh_error_set(err, EINVAL,
				"port %s: %s=%s is not taken: a port sits on one kernel interface, write net_pcap0,iface=%s "
				"or net_af_packet0,iface=%s",
				conf->name, unseen_keys[i].key, value, value, value);
	return 0;
}

static int driver_parse(const struct dp_port_conf *conf, struct dp_device *dev, struct rh_error *err)
{
	size_t len = strlen(dev->name);
	int ret;

	for (size_t i = 0; i < RH_ARRAY_LEN(drivers); i++) {
		size_t n = strlen(drivers[i].driver);

		/* What follows the driver's name is free, but never a letter: net_pcapx is a slip of the pen. */
		if (len < n || strncmp(dev->name, drivers[i].driver, n) != 0 ||
			isalpha((unsigned char)dev->name[n]))
			continue;
		(void)snprintf(dev->driver, sizeof(dev->driver), "%s", drivers[i].driver);
		ret = unseen_check(conf, dev, err);
		if (!ret && drivers[i].iface_key)
			ret = iface_take(conf, dev, drivers[i].iface_key, err);
		return ret;
	}
	return rh_error_set(err, EINVAL,
		"port %s: device '%s' is neither a PCI address (0000:81:00.0) nor a vdev of net_af_packet, net_af_xdp, "
		"net_pcap, net_ring, net_null, net_memif, net_tap, net_vhost or net_virtio_user",
		conf->name, conf->device);
}

static int vdev_parse(const struct dp_port_conf *conf, struct dp_device *dev, struct rh_error *err)
{
	size_t len = strcspn(conf->device, ",");
	bool packet, xdp;
	int ret;

	if (len >= sizeof(dev->name))
		return rh_error_set(err, EINVAL, "port %s: device name '%.*s' is longer than %zu characters",
			conf->name, (int)len, conf->device, sizeof(dev->name) - 1);
	dev->kind = DP_DEVICE_VDEV;
	memcpy(dev->name, conf->device, len);
	if (conf->device[len])
		(void)snprintf(dev->args, sizeof(dev->args), "%s", conf->device + len + 1);
	ret = driver_parse(conf, dev, err);
	if (ret)
		return ret;
	packet = strcmp(dev->driver, "net_af_packet") == 0;
	xdp = strcmp(dev->driver, "net_af_xdp") == 0;
	if ((packet || xdp) && !dev->iface[0])
		return rh_error_set(err, EINVAL, "port %s: device '%s' names no interface: write %s,iface=NAME",
			conf->name, conf->device, dev->name);
	if (packet)
		return packet_defaults(conf, dev, err);
	if (xdp && conf->queues > 1)
		arg_default(dev, "queue_count", conf->queues);
	return 0;
}

int dp_device_parse(const struct dp_port_conf *conf, struct dp_device *out, struct rh_error *err)
{
	memset(out, 0, sizeof(*out));
	if (pci_parse(conf->device, out))
		return 0;
	return vdev_parse(conf, out, err);
}
