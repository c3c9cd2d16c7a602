#pragma once

/*
 * A workload as Ethernet frames to the router's address on UDP 6750: each datagram holds `events` PUBLISH records of `record_bytes` each.
 * Records align to 8 bytes, so `hot` has frames of 258 bytes: the next size above 256.
 */

#include "perf/gen/headers.h"
#include "perf/gen/workload.h"

#include "dataplane/base/error.h"

#include <stddef.h>
#include <stdint.h>

#define TRACE_DATAGRAM_HDR 24
#define TRACE_OVERHEAD	   (HEADERS_BYTES + TRACE_DATAGRAM_HDR) /* of a frame, before its records */
#define TRACE_RECORD_MIN   96	/* the longest topic, the header and at least one byte of payload */
#define TRACE_FRAME_MAX	   1514 /* without the FCS: an MTU of 1,500 */
#define TRACE_RECORD_HOT   192
#define TRACE_ROUTER_IP	   0xc6120001u /* 198.18.0.1, RFC 2544 benchmarking range */
#define TRACE_CLIENT_IP	   0xc6130001u /* 198.19.0.1 and up: publishers, then subscribers, lane after lane */
#define TRACE_CLIENT_PORT  40000

/* A publisher's session as the router gave it. */
struct trace_publisher {
	uint32_t wire_session, check;
	uint64_t incarnation;
};

/* Payloads of a program's own: @fill writes @len bytes for @event of @lane, the same each time. */
struct trace_payload {
	void (*fill)(const void *arg, uint32_t lane, uint32_t event, uint8_t *out, size_t len);
	const void *arg;
};

struct trace {
	const struct workload *workload;
	const struct trace_publisher *publishers;
	uint32_t record_bytes; /* a multiple of 8, at least TRACE_RECORD_MIN */
	uint32_t first_client; /* number of publisher 0 among the clients of all lanes */
	const struct trace_payload *payload; /* NULL: digits */
};

extern const uint8_t trace_router_mac[6], trace_client_mac[6];

/* Bytes of a frame that holds @events records of @record_bytes. */
static inline uint32_t trace_frame_bytes(uint32_t events, uint32_t record_bytes)
{
	return TRACE_OVERHEAD + events * record_bytes;
}

/* 0, or -EINVAL with a sentence when @t's frames cannot be. */
int trace_check(const struct trace *t, struct rh_error *err);
/* The PUBLISH record of @event, record_bytes at @out, as its publisher sends it. */
void trace_record(const struct trace *t, uint32_t event, uint8_t *out);
/* Datagram @datagram of the trace as a frame, trace_frame_bytes at @frame. Sequence and packet number count up per publisher from 1. */
void trace_frame(const struct trace *t, uint32_t datagram, uint8_t *frame);

/* Write the first @datagrams of the trace as a pcap file at @path. 0 or a negative errno with a sentence. */
int trace_write(const struct trace *t, uint32_t datagrams, const char *path, struct rh_error *err);
