#include "controlplane/ctl/call.h"

static json_t *addresses_of(const struct cp_conf_port *port)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < port->address_count; i++) {
		const struct cp_conf_address *a = &port->addresses[i];
		json_t *ip = ctl_json_ip(a->address.family, a->address.bytes);

		(void)json_array_append_new(
			list, json_sprintf("%s/%u", json_string_value(ip), a->prefix_len));
		json_decref(ip);
	}
	return list;
}

static void set(json_t *row, const char *key, uint64_t value)
{
	(void)json_object_set_new(row, key, ctl_json_u64(value));
}

static void add_stats(json_t *row, uint32_t index)
{
	struct dp_port_stats stats = {0};

	(void)dp_port_stats(index, &stats);
	set(row, "rx_packets", stats.rx_packets);
	set(row, "rx_bytes", stats.rx_bytes);
	set(row, "rx_missed", stats.rx_missed);
	set(row, "rx_errors", stats.rx_errors);
	set(row, "rx_no_buffer", stats.rx_no_buffer);
	set(row, "tx_packets", stats.tx_packets);
	set(row, "tx_bytes", stats.tx_bytes);
	set(row, "tx_errors", stats.tx_errors);
}

static void add_kernel(json_t *row, const struct cp_kernel *kernel, uint32_t index)
{
	struct cp_kernel_stats stats = {0};

	cp_kernel_stats(kernel, index, &stats);
	set(row, "to_kernel", stats.to_kernel);
	set(row, "to_kernel_failed", stats.to_kernel_failed);
	set(row, "from_kernel", stats.from_kernel);
	set(row, "from_kernel_failed", stats.from_kernel_failed);
	set(row, "adjacencies", stats.adjacencies);
	set(row, "unresolved", stats.unresolved);
}

static json_t *row_of(const struct ctl_context *ctx, uint32_t p)
{
	const struct cp_conf_port *port = &ctx->conf->ports[p];
	struct dp_port_info info = {0};
	char mac[18];
	json_t *row;

	(void)dp_port_info(ctx->ports[p], &info);
	(void)snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", info.mac[0], info.mac[1],
		info.mac[2], info.mac[3], info.mac[4], info.mac[5]);
	row = json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:i, s:s, s:I, s:I, s:b, s:s, s:o}",
		"index", (json_int_t)p, "name", port->dp.name, "device", port->dp.device, "driver",
		info.driver, "iface", info.iface, "mac", mac, "mtu", (int)info.mtu, "link",
		info.link_up ? "up" : "down", "link_mbps", (json_int_t)info.link_mbps, "queues",
		(json_int_t)info.queues, "rss", (int)info.rss, "slow_path",
		port->slow_path == CP_SLOW_PATH_TAP ? "tap" : "none", "addresses",
		addresses_of(port));
	add_stats(row, ctx->ports[p]);
	set(row, "pool_size", info.pool_size);
	set(row, "pool_free", info.pool_free);
	add_kernel(row, ctx->kernel, ctx->ports[p]);
	return row;
}

void ctl_show_ports(struct ctl_call *call)
{
	json_t *list;

	if (!ctl_args_none(call))
		return;
	list = json_array();
	for (uint32_t p = 0; p < call->ctx->conf->port_count; p++)
		(void)json_array_append_new(list, row_of(call->ctx, p));
	ctl_reply(call, json_pack("{s:o}", "ports", list));
}
