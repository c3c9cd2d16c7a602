#include "perf/gen/trace.h"

#include "dataplane/frame/datagram.h"
#include "dataplane/frame/event.h"
#include "perf/gen/headers.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <string.h>

#define DATAGRAM_BYTES (TRACE_FRAME_BYTES - HEADERS_BYTES)
#define RECORD_BYTES   (DATAGRAM_BYTES - RH_DATAGRAM_HDR)

_Static_assert(RECORD_BYTES % RH_WIRE_ALIGN == 0, "the record fills its room");

const uint8_t trace_router_mac[6] = {0x02, 0, 0, 0, 0, 0x01};
const uint8_t trace_client_mac[6] = {0x02, 0, 0, 0, 0, 0x02};

/* What a sensor sends: type and source, 38 bytes on the wire. */
static uint16_t attributes_put(uint8_t *out, size_t room)
{
	static const char type[] = "reading", source[] = "/plant/north/gateway-7";
	const struct rh_attribute attrs[] = {
		{.value = type, .value_len = sizeof(type) - 1, .key = RH_ATTR_TYPE},
		{.value = source, .value_len = sizeof(source) - 1, .key = RH_ATTR_SOURCE,
			.type = RH_ATTR_URI_REFERENCE},
	};
	int len = 0;

	for (size_t i = 0; i < RH_ARRAY_LEN(attrs); i++) {
		struct rh_attribute a = attrs[i];

		a.name = rh_attribute_core_name(a.key);
		a.name_len = (uint8_t)strlen(a.name);
		len = rh_attribute_put(out, room, (size_t)len, &a);
	}
	return (uint16_t)len;
}

/* Digits that differ from event to event, so that a swapped payload would be seen. */
static void payload_fill(uint8_t *payload, size_t len, uint32_t e)
{
	for (size_t i = 0; i < len; i++)
		payload[i] = (uint8_t)('0' + (e * 7 + i * (1 + e % 9)) % 10);
}

static void record_write(uint8_t *out, const struct workload *w,
	const struct trace_publisher *publisher, uint32_t e)
{
	uint8_t attributes[64], payload[RECORD_BYTES];
	struct rh_event_spec spec = {
		.topic = workload_topic(w, e),
		.attributes = attributes,
		.attributes_len = attributes_put(attributes, sizeof(attributes)),
		.payload = payload,
		.sequence = e / WORKLOAD_PUBLISHERS + 1,
		.incarnation = publisher->incarnation,
		.origin_ns = 1700000000000000000ULL + e,
		.ttl_ms = RH_TTL_NONE,
		.class = RH_CLASS_DEFAULT,
		.hop_limit = RH_HOP_LIMIT_DEFAULT,
	};

	spec.topic_len = (uint16_t)strlen(spec.topic);
	spec.payload_len = RECORD_BYTES - (uint32_t)rh_event_size(&spec);
	payload_fill(payload, spec.payload_len, e);
	(void)rh_event_encode(out, RECORD_BYTES, &spec, false);
}

void trace_frame(const struct workload *w, const struct trace_publisher *publishers, uint32_t e,
	uint8_t *frame)
{
	uint32_t p = e % WORKLOAD_PUBLISHERS;
	struct headers_address from = {.ip = TRACE_CLIENT_IP + p, .port = TRACE_CLIENT_PORT};
	struct headers_address to = {.ip = TRACE_ROUTER_IP, .port = RH_WIRE_UDP_PORT};
	const struct rh_datagram d = {
		.session = publishers[p].wire_session,
		.check = publishers[p].check,
		.packet_number = e / WORKLOAD_PUBLISHERS + 1,
		.length = DATAGRAM_BYTES,
	};

	memcpy(from.mac, trace_client_mac, 6);
	memcpy(to.mac, trace_router_mac, 6);
	headers_write(frame, &from, &to, DATAGRAM_BYTES, 64);
	rh_datagram_encode(frame + HEADERS_BYTES, &d);
	record_write(frame + HEADERS_BYTES + RH_DATAGRAM_HDR, w, &publishers[p], e);
}

int trace_write(const struct workload *w, const struct trace_publisher *publishers,
	const char *path, struct rh_error *err)
{
	uint8_t frame[TRACE_FRAME_BYTES];
	struct pcap_pkthdr hdr = {.caplen = sizeof(frame), .len = sizeof(frame)};
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
	pcap_dumper_t *dump = pcap ? pcap_dump_open(pcap, path) : NULL;
	int ret = 0;

	if (!dump) {
		ret = rh_error_set(err, EIO, "%s: cannot write the trace: %s", path,
			pcap ? pcap_geterr(pcap) : "no memory");
		goto out_close;
	}
	for (uint32_t e = 0; e < WORKLOAD_EVENTS; e++) {
		trace_frame(w, publishers, e, frame);
		pcap_dump((u_char *)dump, &hdr, frame);
	}
	if (pcap_dump_flush(dump) < 0)
		ret = rh_error_set(err, EIO, "%s: cannot write the trace: disk full?", path);
	pcap_dump_close(dump);
out_close:
	if (pcap)
		pcap_close(pcap);
	return ret;
}
