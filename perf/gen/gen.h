#pragma once

/*
 * rhumb-gen: all the hosts behind one port, in one process. What its parts share. docs/rig.md says what it does.
 *
 * One thread does everything; with a receive core, a second one receives while a trial runs and only then.
 */

#include "perf/gen/places.h"
#include "perf/gen/schedule.h"
#include "perf/gen/sink.h"
#include "perf/gen/trace.h"

#include "dataplane/base/error.h"

#include <stdbool.h>
#include <stdint.h>

#define GEN_TENANTS	 16
#define GEN_TENANT_CHARS 64
#define GEN_CLASSES	 8
#define GEN_BURST	 32
/* Clients of one IPv4 address, a UDP port each; more of them have the addresses that follow. */
#define GEN_CLIENTS_PER_ADDRESS 40000

enum gen_fault { GEN_FAULT_NONE, GEN_FAULT_LOSE, GEN_FAULT_DOUBLE, GEN_FAULT_REORDER, GEN_FAULT_ALTER };

struct gen_options {
	const char *device;
	const char *prefix; /* of DPDK's files */
	unsigned core;	    /* sends, and receives too unless rx_core differs */
	unsigned rx_core;
	bool hugepages;
	uint32_t ip, router_ip;	 /* IPv4, host order; ip: of the first GEN_CLIENTS_PER_ADDRESS clients */
	uint8_t router_mac[6];	 /* asked for by ARP when all zero */
	uint16_t first_port;	 /* UDP port of publisher 0, as of the first client of each address; subscribers follow publishers */
	struct workload_spec workload;
	uint32_t record_bytes;
	uint8_t classes[GEN_CLASSES]; /* drawn for each event of the trace, in equal shares */
	uint32_t class_count;
	char tenants[GEN_TENANTS][GEN_TENANT_CHARS + 1]; /* publishers and subscribers take them by turns */
	uint32_t tenant_count;				 /* 0: the default tenant */
	bool reflect;	    /* a plain forwarder is beyond the port: no sessions */
	bool yields;	    /* sleep a little when there is nothing to do: a shared core, latencies mean nothing */
	bool paced;	    /* subscribers grant credit as trials say, not without limit */
	const char *scan;   /* a regular expression that the router looks for in every payload, or NULL */
	enum gen_fault fault; /* done to every fault_every-th event received: the sink must find it */
	uint32_t fault_every;
};

struct gen_host;
struct gen_sessions;

struct gen {
	struct gen_options opt;
	struct workload workload;
	struct trace trace;
	struct trace_publisher *publishers;
	struct places places; /* of each event of the trace */
	uint32_t *receivers;  /* of all places, where they depend on the publisher; else NULL */
	uint8_t *frames;      /* of each datagram of the trace, frame_room bytes each */
	uint32_t frame_bytes, frame_room;
	uint64_t *sequence, *packet_number; /* of each publisher, the last one used */
	uint32_t cursor;		    /* next datagram of the trace */
	struct sink *sink;
	struct gen_host *host;
	struct gen_sessions *sessions;
	uint64_t wire_full;   /* frames that the device did not take: lost on the wire */
	uint64_t frames_rx, frames_other;
	uint64_t tsc_start, ns_mult; /* the clock of the stamps */
};

/* ns since the start of the program. */
uint64_t gen_now_ns(const struct gen *gen);

/* Trace, receivers and sink. 0 or a negative errno with a sentence; gen_load_fini accepts what was half made. */
int gen_load_init(struct gen *gen, struct rh_error *err);
void gen_load_fini(struct gen *gen);
/* Build the frames, once the sessions of the publishers are known. */
void gen_load_frames(struct gen *gen);
/* The frames as a pcap file, for another program to send. 0, or a negative errno with a sentence. */
int gen_load_write(const struct gen *gen, const char *path, struct rh_error *err);
