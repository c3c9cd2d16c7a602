#include "perf/gen/trace.h"

#include "dataplane/frame/datagram.h"
#include "dataplane/frame/event.h"
#include "perf/gen/pcap_file.h"

#include <errno.h>
#include <string.h>

/* Records of at least this size carry the attributes of a sensor. */
#define ATTRIBUTES_FROM 160

_Static_assert(TRACE_DATAGRAM_HDR == RH_DATAGRAM_HDR, "as docs/protocol.md");
_Static_assert(TRACE_RECORD_HOT % RH_WIRE_ALIGN == 0, "the record fills its room");

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

int trace_check(const struct trace *t, struct rh_error *err)
{
	uint32_t frame = trace_frame_bytes(t->workload->spec.events, t->record_bytes);

	if (t->record_bytes < TRACE_RECORD_MIN || t->record_bytes % RH_WIRE_ALIGN)
		return rh_error_set(err, EINVAL,
			"trace: records of %u bytes: a multiple of %u, at least %u", t->record_bytes,
			RH_WIRE_ALIGN, TRACE_RECORD_MIN);
	if (frame > TRACE_FRAME_MAX)
		return rh_error_set(err, EINVAL,
			"trace: %u records of %u bytes make a frame of %u bytes: at most %u",
			t->workload->spec.events, t->record_bytes, frame, TRACE_FRAME_MAX);
	return 0;
}

void trace_record(const struct trace *t, uint32_t event, uint8_t *out)
{
	const struct trace_publisher *publisher =
		&t->publishers[workload_publisher(t->workload, event)];
	uint8_t attributes[64], payload[TRACE_FRAME_MAX];
	char topic[WORKLOAD_TEXT_MAX];
	struct rh_event_spec spec = {
		.topic = topic,
		.attributes = attributes,
		.payload = payload,
		.sequence = workload_sequence(t->workload, event),
		.incarnation = publisher->incarnation,
		.origin_ns = 1700000000000000000ULL + event,
		.ttl_ms = RH_TTL_NONE,
		.class = RH_CLASS_DEFAULT,
		.hop_limit = RH_HOP_LIMIT_DEFAULT,
	};

	if (t->record_bytes >= ATTRIBUTES_FROM)
		spec.attributes_len = attributes_put(attributes, sizeof(attributes));
	spec.topic_len = (uint16_t)workload_topic(t->workload, event, topic);
	spec.payload_len = t->record_bytes - (uint32_t)rh_event_size(&spec);
	if (t->payload)
		t->payload->fill(t->payload->arg, t->workload->spec.lane, event, payload, spec.payload_len);
	else
		payload_fill(payload, spec.payload_len, event);
	(void)rh_event_encode(out, t->record_bytes, &spec, false);
}

void trace_frame(const struct trace *t, uint32_t datagram, uint8_t *frame)
{
	const struct workload_spec *spec = &t->workload->spec;
	uint32_t p = datagram % spec->publishers;
	uint16_t bytes = (uint16_t)(RH_DATAGRAM_HDR + spec->events * t->record_bytes);
	struct headers_address from = {
		.ip = TRACE_CLIENT_IP + t->first_client + p, .port = TRACE_CLIENT_PORT};
	struct headers_address to = {.ip = TRACE_ROUTER_IP, .port = RH_WIRE_UDP_PORT};
	const struct rh_datagram d = {
		.session = t->publishers[p].wire_session,
		.check = t->publishers[p].check,
		.packet_number = datagram / spec->publishers + 1,
		.length = bytes,
	};

	memcpy(from.mac, trace_client_mac, 6);
	memcpy(to.mac, trace_router_mac, 6);
	headers_write(frame, &from, &to, bytes, 64, 0);
	rh_datagram_encode(frame + HEADERS_BYTES, &d);
	for (uint32_t k = 0; k < spec->events; k++)
		trace_record(t, datagram * spec->events + k,
			frame + TRACE_OVERHEAD + k * t->record_bytes);
}

static uint32_t frame_make(const void *trace, uint32_t datagram, uint8_t *out)
{
	const struct trace *t = trace;

	trace_frame(t, datagram, out);
	return trace_frame_bytes(t->workload->spec.events, t->record_bytes);
}

int trace_write(const struct trace *t, uint32_t datagrams, const char *path, struct rh_error *err)
{
	return pcap_file_write(path, datagrams, frame_make, t, err);
}
