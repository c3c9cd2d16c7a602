#pragma once

/*
 * A workload as Ethernet frames: one PUBLISH a datagram, FRAME_BYTES each, to the router's address on UDP 6750. Records align to
 * 8 bytes, so 256 is not to be had: 258 is the next size above it.
 */

#include "perf/gen/workload.h"

#include "dataplane/base/error.h"

#include <stdint.h>

#define TRACE_FRAME_BYTES 258
#define TRACE_ROUTER_IP	  0xc6120001u /* 198.18.0.1, RFC 2544 benchmarking range */
#define TRACE_CLIENT_IP	  0xc6130001u /* 198.19.0.1 and up: publishers, then subscribers */
#define TRACE_CLIENT_PORT 40000

/* A publisher's session as the router gave it. */
struct trace_publisher {
	uint32_t wire_session, check;
	uint64_t incarnation;
};

extern const uint8_t trace_router_mac[6], trace_client_mac[6];

/*
 * Encode event @e of the workload at @frame (TRACE_FRAME_BYTES). Sequence and packet number count up per publisher from 1.
 */
void trace_frame(const struct workload *w, const struct trace_publisher *publishers, uint32_t e,
	uint8_t *frame);

/* Write all events of @w as a pcap file at @path. 0 or a negative errno with a sentence. */
int trace_write(const struct workload *w, const struct trace_publisher *publishers,
	const char *path, struct rh_error *err);
