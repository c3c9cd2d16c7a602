#pragma once

/*
 * Configuration: JSON of RFC 7951 against rhumb.yang, checked by libyang, flattened into one plain struct. Workers never see it.
 */

#include "dataplane/api/engine.h"
#include "dataplane/api/port.h"
#include "dataplane/api/session.h"
#include "dataplane/base/error.h"

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CP_CONF_ADDRESSES_MAX 16
#define CP_CONF_NEIGHBORS_MAX 256

enum cp_slow_path { CP_SLOW_PATH_TAP, CP_SLOW_PATH_NONE };

struct cp_conf_address {
	struct dp_address address; /* port 0 */
	uint8_t prefix_len;
	uint16_t vlan; /* DP_VLAN_NONE */
};

/* A static next hop, for ports without slow path. */
struct cp_conf_neighbor {
	struct dp_address address;
	uint8_t mac[6];
	uint16_t vlan;
};

struct cp_conf_port {
	struct dp_port_conf dp;
	enum cp_slow_path slow_path;
	char tap_name[16]; /* default: the port's name */
	struct cp_conf_address addresses[CP_CONF_ADDRESSES_MAX];
	uint32_t address_count;
	struct cp_conf_neighbor *neighbors;
	uint32_t neighbor_count;
};

struct lyd_node;

struct cp_conf {
	struct lyd_node *tree; /* as the model sees it, defaults included; owned */
	const char **pci_allow; /* NULL-terminated, NULL without PCI ports; owned; eal.pci_allow points here */
	uint64_t digest;	/* of the checked configuration with its defaults */
	bool spread_workers; /* no worker names its ports: a port with fewer queues than workers may go to some of them */
	char node_name[64];
	char region[64], zone[64];
	char control_socket[108];
	char control_group[32]; /* group of the socket; empty: root */
	char metrics_address[46];
	uint16_t metrics_port; /* 0: off */
	struct dp_eal_conf eal; /* file_prefix points at file_prefix below */
	char file_prefix[64];
	struct dp_engine_conf engine; /* workers' ports are indexes into ports[] below until the ports are open */
	cpu_set_t cores; /* of the thread that read it: at the start, before any is pinned, what the process was given */
	uint32_t cache_entries;
	struct cp_conf_port ports[DP_LIMIT_PORTS];
	uint32_t port_count;
	/* sessions */
	uint32_t keepalive_ms, session_timeout_ms;
	uint32_t rx_window_events, rx_window_bytes;
	uint64_t queue_bytes;
	uint32_t queue_ms;
	uint32_t subs_per_session, sessions_max;
	/* payload patterns */
	uint64_t expression_bytes_max; /* of one tenant */
	uint32_t expressions_max, patterns_max, compile_ms_max, compile_mb_max, scan_cycles_per_byte_max;
	char pattern_store[256];  /* directory of compiled patterns; empty: none are kept */
	char compile_helper[256]; /* path of rhumb-hsc; empty: beside rhumbd, else libexec */
	uint32_t drain_ms;
};

/*
 * Read and check @path. Any error names file, place (JSON path or line), value and what would be right, in one line.
 * 0, -ENOENT, -EINVAL. Defaults come from the model. Ctx: control.
 */
int cp_conf_load(const char *path, struct cp_conf **out, struct rh_error *err);
/* The same for @len bytes of text; @name stands for the file in errors. */
int cp_conf_parse(const char *text, size_t len, const char *name, struct cp_conf **out,
	struct rh_error *err);
/* Accepts NULL. */
void cp_conf_free(struct cp_conf *conf);

/*
 * Call @cb for every difference between @running and @candidate: path of the node, its old and new value (NULL where there is none)
 * and the class the model gives it, "live" or "restart". Returns the number, or -ENOMEM. Ctx: control.
 */
typedef void (*cp_conf_change_cb)(
	void *arg, const char *path, const char *was, const char *now, const char *apply);
int cp_conf_changes(const struct cp_conf *running, const struct cp_conf *candidate,
	cp_conf_change_cb cb, void *arg);

/* The reference part of docs/configuration.md, from the model. 0 or -ENOMEM. Ctx: control. */
int cp_conf_reference(FILE *out);
