#include "controlplane/kernel/kernel_priv.h"
#include "dataplane/base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct cp_kport *cp_kernel_port(struct cp_kernel *k, uint32_t index)
{
	for (uint32_t i = 0; i < k->port_count; i++)
		if (k->ports[i].index == index)
			return &k->ports[i];
	return NULL;
}

void cp_kernel_handle_closed(struct cp_kernel *k)
{
	if (--k->handles == 0)
		free(k);
}

/* Tell the workers what is ours on this port and whether the kernel takes the rest. */
static int announce(struct cp_kernel *k, const struct cp_kport *port, const struct cp_conf_port *conf,
	struct rh_error *err)
{
	struct dp_local local[CP_CONF_ADDRESSES_MAX];
	int ret;

	for (uint32_t i = 0; i < conf->address_count; i++) {
		local[i] = (struct dp_local){
			.family = conf->addresses[i].address.family, .vlan = conf->addresses[i].vlan};
		memcpy(local[i].bytes, conf->addresses[i].address.bytes, sizeof(local[i].bytes));
	}
	ret = k->ops.set_local(k->eng, port->index, local, conf->address_count);
	if (!ret)
		ret = k->ops.set_slow_path(k->eng, port->index, port->has_twin);
	if (ret == -ENOENT)
		return rh_error_set(err, ENOENT, "port %s: no worker polls it", port->info.name);
	return ret ? rh_error_set(err, -ret, "port %s: cannot set its addresses: %s", port->info.name,
			     strerror(-ret))
		   : 0;
}

static int neighbors_copy(struct cp_kport *port, const struct cp_conf_port *conf)
{
	if (!conf->neighbor_count)
		return 0;
	port->neighbors = calloc(conf->neighbor_count, sizeof(*port->neighbors));
	if (!port->neighbors)
		return -ENOMEM;
	memcpy(port->neighbors, conf->neighbors, conf->neighbor_count * sizeof(*port->neighbors));
	port->neighbor_count = conf->neighbor_count;
	return 0;
}

static int port_create(struct cp_kernel *k, const struct cp_conf_port *conf, uint32_t index,
	struct rh_error *err)
{
	struct cp_kport *port = &k->ports[k->port_count++];
	int ret = 0;

	port->index = index;
	if (k->ops.port_info(index, &port->info) < 0)
		return rh_error_set(err, ENOENT, "port %s is not open", conf->dp.name);
	if (neighbors_copy(port, conf) < 0)
		return rh_error_set(err, ENOMEM, "port %s: no memory for its neighbors", conf->dp.name);
	if (conf->slow_path == CP_SLOW_PATH_TAP) {
		if (port->info.iface[0])
			ret = cp_silence_add(&k->silence, port->info.iface, err);
		if (!ret)
			ret = cp_twins_create(k, port, conf, err);
	}
	return ret ? ret : announce(k, port, conf, err);
}

int cp_kernel_create_with(uv_loop_t *loop, struct dp_engine *eng, const struct cp_conf *conf,
	const uint32_t *ports, const struct cp_kernel_setup *setup, struct cp_kernel **out,
	struct rh_error *err)
{
	struct cp_kernel *k = calloc(1, sizeof(*k));
	int ret;

	if (!k)
		return rh_error_set(err, ENOMEM, "no memory for the slow path");
	k->loop = loop;
	k->eng = eng;
	k->ops = *setup->ops;
	ret = cp_silence_init(&k->silence, "", setup->state_file, err);
	if (!ret)
		ret = cp_netlink_open(&k->netlink, setup->event_bytes, err);
	for (uint32_t i = 0; !ret && i < conf->port_count; i++)
		ret = port_create(k, &conf->ports[i], ports[i], err);
	if (!ret && cp_neighbours_watch(k, setup->tick_ms ? setup->tick_ms : CP_KERNEL_TICK_MS) < 0)
		ret = rh_error_set(err, EIO, "cannot watch the kernel's neighbours and routes");
	if (ret) {
		cp_kernel_destroy(k);
		return ret;
	}
	*out = k;
	return 0;
}

/* Accepts NULL and half-built. Memory goes when the loop has closed the handles. */
void cp_kernel_destroy(struct cp_kernel *k)
{
	if (!k)
		return;
	k->handles++;
	for (uint32_t i = 0; i < k->port_count; i++) {
		if (k->ports[i].has_twin)
			(void)k->ops.set_slow_path(k->eng, k->ports[i].index, false);
		free(k->ports[i].neighbors);
		k->ports[i].neighbors = NULL;
		k->ports[i].neighbor_count = 0;
	}
	cp_adj_clear(k);
	cp_neighbours_unwatch(k);
	cp_twins_destroy(k);
	cp_netlink_close(&k->netlink);
	cp_silence_fini(&k->silence);
	cp_kernel_handle_closed(k);
}

void cp_kernel_on_moved(struct cp_kernel *k, cp_kernel_moved_cb cb, void *arg)
{
	k->moved_cb = cb;
	k->moved_arg = arg;
}

void cp_kernel_stats(const struct cp_kernel *k, uint32_t port, struct cp_kernel_stats *out)
{
	memset(out, 0, sizeof(*out));
	for (uint32_t i = 0; i < k->port_count; i++)
		if (k->ports[i].index == port)
			*out = k->ports[i].stats;
}
