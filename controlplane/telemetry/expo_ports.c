#include "controlplane/telemetry/exposition_priv.h"

#define LABEL_MAX 128

struct port_values {
	char label[LABEL_MAX];
	struct dp_port_info info;
	struct dp_port_stats stats;
	struct cp_kernel_stats kernel;
};

/* clang-format off: a table is read by row */
/* X(type, name, help, value) of one port v */
#define PORT_VALUES(X)                                                                             \
	X(EXPO_COUNTER, "rhumb_port_rx_packets", "frames the device received",                     \
		v->stats.rx_packets)                                                               \
	X(EXPO_COUNTER, "rhumb_port_rx_bytes", "bytes the device received", v->stats.rx_bytes)     \
	X(EXPO_COUNTER, "rhumb_port_rx_missed_packets",                                            \
		"frames lost before the router: queue full", v->stats.rx_missed)                   \
	X(EXPO_COUNTER, "rhumb_port_rx_error_packets", "frames the device found wrong",            \
		v->stats.rx_errors)                                                                \
	X(EXPO_COUNTER, "rhumb_port_rx_no_buffer_packets",                                         \
		"frames lost before the router: no buffer", v->stats.rx_no_buffer)                 \
	X(EXPO_COUNTER, "rhumb_port_tx_packets", "frames the device sent", v->stats.tx_packets)    \
	X(EXPO_COUNTER, "rhumb_port_tx_bytes", "bytes the device sent", v->stats.tx_bytes)         \
	X(EXPO_COUNTER, "rhumb_port_tx_error_packets", "frames the device could not send",         \
		v->stats.tx_errors)                                                                \
	X(EXPO_COUNTER, "rhumb_port_to_kernel_frames", "frames given to the tap twin",             \
		v->kernel.to_kernel)                                                               \
	X(EXPO_COUNTER, "rhumb_port_to_kernel_failed_frames", "frames the tap twin refused",       \
		v->kernel.to_kernel_failed)                                                        \
	X(EXPO_COUNTER, "rhumb_port_from_kernel_frames", "frames sent for the tap twin",           \
		v->kernel.from_kernel)                                                             \
	X(EXPO_COUNTER, "rhumb_port_from_kernel_failed_frames",                                    \
		"frames of the twin that could not be sent", v->kernel.from_kernel_failed)         \
	X(EXPO_GAUGE, "rhumb_port_link_up", "1 while the link is up", v->info.link_up)             \
	X(EXPO_GAUGE, "rhumb_port_link_bits_per_second", "speed of the link",                      \
		v->info.link_mbps * 1e6)                                                           \
	X(EXPO_GAUGE, "rhumb_port_pool_size", "packet buffers of the port", v->info.pool_size)     \
	X(EXPO_GAUGE, "rhumb_port_pool_free", "packet buffers not in use", v->info.pool_free)      \
	X(EXPO_GAUGE, "rhumb_port_adjacencies", "next hops in use", v->kernel.adjacencies)         \
	X(EXPO_GAUGE, "rhumb_port_unresolved_adjacencies",                                         \
		"next hops whose link address is not known", v->kernel.unresolved)
/* clang-format on */

void expo_ports(struct expo *e)
{
	static struct port_values values[DP_LIMIT_PORTS];
	uint32_t count = e->source->conf->port_count;
	char name[64];

	for (uint32_t p = 0; p < count; p++) {
		values[p] = (struct port_values){0};
		expo_escape(e->source->conf->ports[p].dp.name, name, sizeof(name));
		(void)snprintf(values[p].label, LABEL_MAX, "port=\"%s\"", name);
		(void)dp_port_info(e->source->ports[p], &values[p].info);
		(void)dp_port_stats(e->source->ports[p], &values[p].stats);
		cp_kernel_stats(e->source->kernel, e->source->ports[p], &values[p].kernel);
	}
#define X(type, name, help, value)                                                                 \
	expo_family(e, type, name, help);                                                          \
	for (const struct port_values *v = values; v < values + count; v++)                        \
		expo_sample(e, type, name, v->label, (double)(value));
	PORT_VALUES(X)
#undef X
}
