#include "controlplane/kernel/kernel_priv.h"
#include "controlplane/kernel/tap.h"
#include "controlplane/kernel/vlan.h"
#include "dataplane/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Frames taken from a twin in one turn of the loop: ssh must not starve the sessions. */
#define READS_PER_TURN 64

struct cp_twin *cp_twin_find(struct cp_kernel *k, uint32_t port, uint16_t vlan)
{
	struct cp_twin *twin = k->twins;

	while (twin && (twin->port->index != port || twin->vlan != vlan))
		twin = twin->next;
	return twin;
}

struct cp_twin *cp_twin_by_ifindex(struct cp_kernel *k, int ifindex)
{
	struct cp_twin *twin = k->twins;

	while (twin && twin->ifindex != ifindex)
		twin = twin->next;
	return twin;
}

static void from_kernel(struct cp_twin *twin, uint8_t *frame, uint32_t len)
{
	struct cp_kernel_stats *stats = &twin->port->stats;

	if (twin->vlan != DP_VLAN_NONE) {
		frame = cp_vlan_insert(frame, twin->vlan);
		len += CP_VLAN_TAG_BYTES;
	}
	stats->from_kernel++;
	stats->from_kernel_failed +=
		twin->k->ops.inject(twin->k->eng, twin->port->index, frame, len) != 0;
}

static void twin_readable(uv_poll_t *handle, int status, int events)
{
	struct cp_twin *twin = handle->data;
	uint8_t buffer[CP_VLAN_TAG_BYTES + DP_PUNT_FRAME_MAX];
	uint8_t *frame = buffer + CP_VLAN_TAG_BYTES;

	(void)events;
	if (status < 0)
		return;
	for (int i = 0; i < READS_PER_TURN; i++) {
		ssize_t n = cp_tap_read(twin->fd, frame, DP_PUNT_FRAME_MAX);

		if (n <= 0)
			return;
		if (n > CP_VLAN_AT + 2)
			from_kernel(twin, frame, (uint32_t)n);
	}
}

/* Settings of an interface of our own: nothing to restore. */
static void twin_sysctl(const struct cp_twin *twin, const char *name, const char *value)
{
	char path[128];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/%s", twin->name, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return; /* no IPv6 in this kernel; an address of that family will say so */
	if (write(fd, value, strlen(value)) < 0)
		rh_log_warn(KERNEL, "cannot write %s: %s", path, strerror(errno));
	(void)close(fd);
}

static int twin_address(struct cp_twin *twin, const struct cp_conf_address *a, struct rh_error *err)
{
	int ret;

	if (a->address.family == 6)
		twin_sysctl(twin, "disable_ipv6", "0");
	ret = cp_netlink_address_add(
		&twin->k->netlink, twin->ifindex, &a->address, a->prefix_len);
	if (!ret)
		return 0;
	return rh_error_set(err, -ret, "port %s: the kernel refuses the IPv%u address on %s: %s",
		twin->port->info.name, a->address.family, twin->name, strerror(-ret));
}

static int twin_configure(struct cp_twin *twin, const struct cp_conf_port *conf, struct rh_error *err)
{
	static const uint8_t none[6];
	int ret;

	if (memcmp(twin->port->info.mac, none, sizeof(none)) == 0)
		return rh_error_set(err, EADDRNOTAVAIL,
			"port %s: the device has no link-layer address: set slow-path none", conf->dp.name);
	twin_sysctl(twin, "accept_dad", "0");
	ret = cp_netlink_link_up(
		&twin->k->netlink, twin->ifindex, twin->port->info.mac, twin->port->info.mtu);
	if (ret)
		return rh_error_set(err, -ret, "port %s: cannot bring %s up: %s", twin->port->info.name,
			twin->name, strerror(-ret));
	for (uint32_t i = 0; !ret && i < conf->address_count; i++)
		if (conf->addresses[i].vlan == twin->vlan)
			ret = twin_address(twin, &conf->addresses[i], err);
	return ret;
}

static int twin_poll(struct cp_twin *twin, struct rh_error *err)
{
	int ret = uv_poll_init(twin->k->loop, &twin->poll, twin->fd);

	if (ret)
		return rh_error_set(err, -ret, "cannot watch %s: %s", twin->name, uv_strerror(ret));
	twin->poll.data = twin;
	twin->polling = true;
	twin->k->handles++;
	ret = uv_poll_start(&twin->poll, UV_READABLE, twin_readable);
	return ret ? rh_error_set(err, -ret, "cannot watch %s: %s", twin->name, uv_strerror(ret)) : 0;
}

static int twin_name(struct cp_twin *twin, const struct cp_conf_port *conf, struct rh_error *err)
{
	const char *base = conf->tap_name[0] ? conf->tap_name : conf->dp.name;
	int len;

	len = twin->vlan == DP_VLAN_NONE
		      ? snprintf(twin->name, sizeof(twin->name), "%s", base)
		      : snprintf(twin->name, sizeof(twin->name), "%s.%u", base, twin->vlan);
	if (len < (int)sizeof(twin->name))
		return 0;
	return rh_error_set(err, EINVAL,
		"port %s: tap-name %s is too long for its interface%s: %zu characters at most", conf->dp.name, base,
		twin->vlan == DP_VLAN_NONE ? "" : " with a VLAN", sizeof(twin->name) - 1 - (len - strlen(base)));
}

/* The twin joins k->twins at once; cp_twins_destroy takes half-built ones. */
static int twin_create(struct cp_kernel *k, struct cp_kport *port, const struct cp_conf_port *conf,
	uint16_t vlan, struct rh_error *err)
{
	struct cp_twin *twin = calloc(1, sizeof(*twin));
	int ret;

	if (!twin)
		return rh_error_set(err, ENOMEM, "port %s: no memory for its twin", conf->dp.name);
	twin->k = k;
	twin->port = port;
	twin->vlan = vlan;
	twin->fd = -1;
	twin->next = k->twins;
	k->twins = twin;
	ret = twin_name(twin, conf, err);
	if (!ret)
		ret = cp_tap_open(twin->name, &twin->fd, &twin->ifindex, err);
	if (!ret)
		ret = twin_configure(twin, conf, err);
	return ret ? ret : twin_poll(twin, err);
}

int cp_twins_create(struct cp_kernel *k, struct cp_kport *port, const struct cp_conf_port *conf,
	struct rh_error *err)
{
	int ret = twin_create(k, port, conf, DP_VLAN_NONE, err);

	for (uint32_t i = 0; !ret && i < conf->address_count; i++) {
		uint16_t vlan = conf->addresses[i].vlan;

		if (vlan != DP_VLAN_NONE && !cp_twin_find(k, port->index, vlan))
			ret = twin_create(k, port, conf, vlan, err);
	}
	port->has_twin = !ret;
	return ret;
}

static void twin_closed(uv_handle_t *handle)
{
	struct cp_twin *twin = handle->data;
	struct cp_kernel *k = twin->k;

	free(twin);
	cp_kernel_handle_closed(k);
}

void cp_twins_destroy(struct cp_kernel *k)
{
	while (k->twins) {
		struct cp_twin *twin = k->twins;

		k->twins = twin->next;
		if (twin->polling)
			(void)uv_poll_stop(&twin->poll);
		if (twin->fd >= 0)
			(void)close(twin->fd);
		if (twin->polling)
			uv_close((uv_handle_t *)&twin->poll, twin_closed);
		else
			free(twin);
	}
}

/* Frames on a VLAN without a twin of its own go to the port's as they are: the operator may have a VLAN interface there. */
static int to_kernel(struct cp_kernel *k, const struct dp_punt *punt)
{
	uint16_t vlan = cp_vlan_of(punt->bytes, punt->len);
	const struct cp_twin *twin = NULL;
	uint8_t untagged[DP_PUNT_FRAME_MAX];
	uint32_t len;

	if (vlan != DP_VLAN_NONE)
		twin = cp_twin_find(k, punt->port, vlan ? vlan : DP_VLAN_NONE);
	if (!twin) {
		twin = cp_twin_find(k, punt->port, DP_VLAN_NONE);
		return twin ? cp_tap_write(twin->fd, punt->bytes, punt->len) : -ENODEV;
	}
	len = cp_vlan_strip(punt->bytes, punt->len, untagged);
	return cp_tap_write(twin->fd, untagged, len);
}

void cp_kernel_frame(struct cp_kernel *k, const struct dp_punt *punt)
{
	struct cp_kport *port = cp_kernel_port(k, punt->port);

	if (!port || punt->len > sizeof(punt->bytes))
		return;
	port->stats.to_kernel++;
	port->stats.to_kernel_failed += to_kernel(k, punt) != 0;
}
