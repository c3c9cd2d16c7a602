/*
 * Cycles to take a datagram of one event apart: header, record, PUBLISH. Datagrams stand in a ring
 * that fits into the first-level cache, since the receive stage has prefetched them in the real
 * loop. Prints the least and the median of batches; the least is the cost, the median tells how
 * noisy the machine was.
 */
#include "dataplane/base/clock.h"
#include "dataplane/base/compiler.h"
#include "dataplane/frame/datagram.h"
#include "dataplane/frame/event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATAGRAMS 32 /* a burst */
#define ROOM	  512
#define ROUNDS	  64
#define BATCHES	  2001

struct work {
	const char *name;
	const char *attributes[4]; /* names; values are the names again */
	uint32_t payload_len;
};

/* 256-byte frames are those of perf/run hot: 42 bytes of Ethernet, IPv4 and UDP, 24 + 56 of ours,
 * topic and payload. */
static const struct work works[] = {
	{"256-byte frame, no attributes", {NULL}, 110},
	{"four attributes", {"id", "source", "type", "time"}, 110},
	{"four attributes, two of them extensions", {"type", "time", "maintainer", "closes"}, 110},
};

static uint8_t ring[DATAGRAMS][ROOM] rh_cache_aligned;
static size_t lengths[DATAGRAMS];

static void datagram_make(unsigned i, const struct work *work)
{
	static const uint8_t payload[256];
	uint8_t attributes[256];
	struct rh_event_spec spec = {.topic = "wikipedia/en/0/Rhumb_line",
		.topic_len = 24,
		.attributes = attributes,
		.payload = payload,
		.payload_len = work->payload_len,
		.sequence = i + 1,
		.incarnation = 1,
		.ttl_ms = RH_TTL_NONE,
		.hop_limit = RH_HOP_LIMIT_DEFAULT};
	struct rh_datagram d = {.session = 1, .packet_number = i + 1};
	int len = 0;

	for (unsigned a = 0; a < RH_ARRAY_LEN(work->attributes) && work->attributes[a]; a++) {
		const char *name = work->attributes[a];
		struct rh_attribute attr = {.name = name,
			.name_len = (uint8_t)strlen(name),
			.value = name,
			.value_len = (uint16_t)strlen(name)};

		len = rh_attribute_put(attributes, sizeof(attributes), (size_t)len, &attr);
	}
	spec.attributes_len = (uint16_t)len;
	len = rh_event_encode(ring[i] + RH_DATAGRAM_HDR, ROOM - RH_DATAGRAM_HDR, &spec, false);
	if (len < 0)
		abort();
	d.length = (uint16_t)(RH_DATAGRAM_HDR + len);
	rh_datagram_encode(ring[i], &d);
	lengths[i] = d.length;
}

/* What the classify and session stages read, so that nothing is optimised away. */
static uint64_t datagram_take(const uint8_t *bytes, size_t len)
{
	struct rh_datagram d;
	struct rh_record rec;
	struct rh_record_cursor cur;
	struct rh_event e;

	if (rh_datagram_parse(bytes, len, &d) != RH_FRAME_OK)
		abort();
	cur = rh_record_first(bytes, len);
	if (rh_record_next(&cur, &rec) != RH_FRAME_OK || !rec.bytes)
		abort();
	if (rh_event_parse(rec.bytes, rec.len, false, &e) != RH_FRAME_OK)
		abort();
	/* The view is stored for the next stage, as in the dataplane. */
	__asm__ volatile("" : : "r"(&e), "r"(&d) : "memory");
	return e.sequence + d.session;
}

static int cycles_order(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void work_run(const struct work *work)
{
	static double cycles[BATCHES];
	uint64_t sum = 0;

	for (unsigned i = 0; i < DATAGRAMS; i++)
		datagram_make(i, work);
	for (unsigned b = 0; b < BATCHES; b++) {
		uint64_t start = rh_tsc();

		for (unsigned r = 0; r < ROUNDS; r++)
			for (unsigned i = 0; i < DATAGRAMS; i++)
				sum += datagram_take(ring[i], lengths[i]);
		cycles[b] = (double)(rh_tsc() - start) / (ROUNDS * DATAGRAMS);
	}
	qsort(cycles, BATCHES, sizeof(cycles[0]), cycles_order);
	printf("%-42s %6.1f min %6.1f median cycles (%zu bytes, sum %llx)\n", work->name, cycles[0],
		cycles[BATCHES / 2], lengths[0], (unsigned long long)sum);
}

int main(void)
{
	for (size_t i = 0; i < RH_ARRAY_LEN(works); i++)
		work_run(&works[i]);
	return 0;
}
