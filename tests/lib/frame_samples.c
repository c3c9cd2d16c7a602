/*
 * One datagram of every kind, made by the codec. `frame_samples hex NAME` prints it
 * (docs/protocol.md is compared with it), `pcap FILE` writes all of them as UDP packets (the
 * dissector's test reads it), `seeds DIR` one file each (fuzzing).
 */
#include "dataplane/base/compiler.h"
#include "dataplane/frame/control.h"
#include "dataplane/frame/datagram.h"
#include "dataplane/frame/event.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(s)	    ((struct rh_text){s, sizeof(s) - 1})
#define ROOM	    1472
#define SESSION	    0x00010007
#define CHECK	    0x5eed1234
#define NODE	    0x00c0ffee00c0ffee
#define INCARNATION 0x0102030405060708
#define ORIGIN_NS   1700000000000000000
#define FRAME_HDR   42 /* Ethernet 14, IPv4 20, UDP 8 */

struct sample {
	const char *name;
	int (*put)(uint8_t *out, size_t room);
	uint32_t session; /* of the datagram header; 0: none, then check and packet number are 0 too
			   */
};

static int attribute_add(uint8_t *out, int len, const char *name, const char *value)
{
	struct rh_attribute attr = {.name = name,
		.name_len = (uint8_t)strlen(name),
		.value = value,
		.value_len = (uint16_t)strlen(value)};

	return rh_attribute_put(out, RH_ATTRIBUTES_MAX, (size_t)len, &attr);
}

static struct rh_event_spec spec_plain(uint64_t sequence)
{
	return (struct rh_event_spec){.topic = "plant/3/temp",
		.topic_len = 12,
		.payload = (const uint8_t *)"21.5",
		.payload_len = 4,
		.sequence = sequence,
		.incarnation = INCARNATION,
		.origin_ns = ORIGIN_NS,
		.ttl_ms = RH_TTL_NONE,
		.class = RH_CLASS_DEFAULT,
		.hop_limit = RH_HOP_LIMIT_DEFAULT};
}

static int padded(int len)
{
	return (int)RH_ALIGN_UP((unsigned)len, (unsigned)RH_WIRE_ALIGN);
}

static int publish_put(uint8_t *out, size_t room)
{
	struct rh_event_spec spec = spec_plain(1);

	return rh_event_encode(out, room, &spec, false);
}

static int publish_full_put(uint8_t *out, size_t room)
{
	static const uint8_t options[] =
		"\x01\x1a\x00\x4b\xf9\x2f\x35\x77\xb3\x4d\xa6\xa3\xce\x92\x9d"
		"\x0e\x0e\x47\x36\x00\xf0\x67\xaa\x0b\xa9\x02\xb7\x01\x02\x03"
		"a=b";
	uint8_t attributes[256];
	struct rh_event_spec spec = spec_plain(2);
	int len = attribute_add(attributes, 0, "type", "com.example.temp");

	len = attribute_add(attributes, len, "source", "/plant/3");
	len = attribute_add(attributes, len, "unit", "celsius");
	spec.options = options;
	spec.options_len = sizeof(options) - 1;
	spec.attributes = attributes;
	spec.attributes_len = (uint16_t)len;
	spec.class = 7;
	spec.kind = RH_KIND_COMMAND;
	spec.ttl_ms = 1500;
	spec.schema_id = 77;
	spec.partition_hash = 0xabcd;
	return rh_event_encode(out, room, &spec, false);
}

static int publish_alias_put(uint8_t *out, size_t room)
{
	struct rh_event_spec spec = spec_plain(3);

	spec.alias = 9;
	return rh_event_encode(out, room, &spec, false);
}

static int two_events_and_credit_put(uint8_t *out, size_t room)
{
	struct rh_event_spec first = spec_plain(4), second = spec_plain(5);
	int len = padded(rh_event_encode(out, room, &first, false));

	second.payload_len = 3;
	len += padded(rh_event_encode(out + len, room - (size_t)len, &second, false));
	return len + rh_credit_encode(out + len, room - (size_t)len,
			     &(struct rh_credit){.events = 256, .bytes = 1 << 20});
}

static int fragment_slice(uint8_t *out, uint32_t offset, uint32_t slice)
{
	uint8_t record[RH_PUBLISH_HDR + 64];
	struct rh_event_spec spec = spec_plain(6);
	uint32_t total = (uint32_t)rh_event_encode(record, sizeof(record), &spec, true);
	struct rh_fragment f = {.offset = offset, .total = total, .id = 1, .sequence = 6};

	f.slice_len = slice ? slice : total - offset;
	f.last = !slice;
	rh_fragment_encode(out, &f);
	memcpy(out + RH_FRAGMENT_HDR, record + offset, f.slice_len);
	return (int)(RH_FRAGMENT_HDR + f.slice_len);
}

static int fragment_first_put(uint8_t *out, size_t room)
{
	(void)room;
	return fragment_slice(out, 0, 64);
}

static int fragment_last_put(uint8_t *out, size_t room)
{
	(void)room;
	return fragment_slice(out, 64, 0);
}

static const struct rh_hello hello = {.version_min = 1,
	.version_max = 1,
	.incarnation = INCARNATION,
	.credit_events = 512,
	.credit_bytes = 1 << 20,
	.queue_ms = 5000,
	.keepalive_ms = 10000,
	.max_datagram = ROOM,
	.client_id = {"thermometer-3", 13}};

static int hello_put(uint8_t *out, size_t room)
{
	return rh_hello_encode(out, room, &hello);
}

static int hello_cookie_put(uint8_t *out, size_t room)
{
	struct rh_hello m = hello;

	m.cookie = TEXT("0123456789abcdef");
	m.tenant = TEXT("acme");
	return rh_hello_encode(out, room, &m);
}

static int challenge_put(uint8_t *out, size_t room)
{
	struct rh_challenge m = {.node_incarnation = NODE, .cookie = TEXT("0123456789abcdef")};

	return rh_challenge_encode(out, room, &m);
}

static int welcome_put(uint8_t *out, size_t room)
{
	struct rh_welcome m = {.session = SESSION,
		.check = CHECK,
		.node_incarnation = NODE,
		.credit_events = 256,
		.credit_bytes = 1 << 20,
		.keepalive_ms = 10000,
		.timeout_ms = 30000,
		.max_payload = RH_PAYLOAD_MAX,
		.owner_worker = 1,
		.max_datagram = ROOM,
		.lanes = 2,
		.version = 1};

	return rh_welcome_encode(out, room, &m);
}

static int bye_put(uint8_t *out, size_t room)
{
	return rh_bye_encode(out, room, &(struct rh_bye){RH_BYE_CREDIT, TEXT("2 events too many")});
}

static int unknown_session_put(uint8_t *out, size_t room)
{
	return rh_unknown_session_encode(out, room, &(struct rh_unknown_session){SESSION, NODE});
}

static int keepalive_put(uint8_t *out, size_t room)
{
	struct rh_keepalive m = {.answer = true,
		.sent_events = 10,
		.sent_bytes = 720,
		.stamp = 0x1234,
		.dropped_copies = 3};

	return rh_keepalive_encode(out, room, &m);
}

static const struct rh_sub_entry entries[] = {
	{.filter = {"plant/+/temp", 12}},
	{.filter = {"debian/#", 8},
		.content = {"CVE-[0-9]{4}-[0-9]{4,}", 22},
		.content_kind = RH_CONTENT_PAYLOAD_REGEX},
};
static const struct rh_sub_result results[] = {
	{.code = RH_SUB_OK, .price = {20, 280, 164}},
	{.code = RH_SUB_INVALID_CONTENT, .text = {"position 3: no backreferences", 29}},
};

static int subscribe_put(uint8_t *out, size_t room)
{
	return rh_subscribe_encode(out, room, RH_RECORD_SUBSCRIBE, 1, entries, 2);
}

static int suback_put(uint8_t *out, size_t room)
{
	return rh_suback_encode(out, room, RH_RECORD_SUBACK, 1, 42, results, 2);
}

static int unsubscribe_put(uint8_t *out, size_t room)
{
	return rh_subscribe_encode(out, room, RH_RECORD_UNSUBSCRIBE, 2, entries, 1);
}

static int unsuback_put(uint8_t *out, size_t room)
{
	return rh_suback_encode(out, room, RH_RECORD_UNSUBACK, 2, 43, results, 1);
}

static int alias_put(uint8_t *out, size_t room)
{
	return rh_alias_encode(out, room, &(struct rh_alias){3, 9, TEXT("plant/3/temp")});
}

static int alias_ack_put(uint8_t *out, size_t room)
{
	return rh_alias_ack_encode(
		out, room, &(struct rh_alias_ack){3, 9, RH_SUB_LIMIT, TEXT("no room")});
}

static const struct sample samples[] = {
	{"publish", publish_put, SESSION},
	{"publish-full", publish_full_put, SESSION},
	{"publish-alias", publish_alias_put, SESSION},
	{"two-events-and-credit", two_events_and_credit_put, SESSION},
	{"fragment-first", fragment_first_put, SESSION},
	{"fragment-last", fragment_last_put, SESSION},
	{"hello", hello_put, 0},
	{"challenge", challenge_put, 0},
	{"hello-cookie", hello_cookie_put, 0},
	{"welcome", welcome_put, SESSION},
	{"bye", bye_put, SESSION},
	{"unknown-session", unknown_session_put, 0},
	{"keepalive", keepalive_put, SESSION},
	{"subscribe", subscribe_put, SESSION},
	{"suback", suback_put, SESSION},
	{"unsubscribe", unsubscribe_put, SESSION},
	{"unsuback", unsuback_put, SESSION},
	{"alias", alias_put, SESSION},
	{"alias-ack", alias_ack_put, SESSION},
};

static size_t sample_make(const struct sample *s, uint8_t *out)
{
	struct rh_datagram d = {.session = s->session};
	int len = s->put(out + RH_DATAGRAM_HDR, ROOM - RH_DATAGRAM_HDR);

	if (len < 0)
		abort();
	d.length = (uint16_t)(RH_DATAGRAM_HDR + padded(len));
	memset(out + RH_DATAGRAM_HDR + len, 0, (size_t)(padded(len) - len));
	d.check = s->session ? CHECK : 0;
	d.packet_number = s->session ? (uint64_t)(s - samples) + 1 : 0;
	rh_datagram_encode(out, &d);
	return d.length;
}

static int hex_print(const char *name)
{
	uint8_t bytes[ROOM];

	for (size_t i = 0; i < RH_ARRAY_LEN(samples); i++) {
		if (strcmp(samples[i].name, name) != 0)
			continue;
		for (size_t at = 0, len = sample_make(&samples[i], bytes); at < len; at++)
			printf("%02x%s", bytes[at], at % 16 == 15 || at + 1 == len ? "\n" : " ");
		return 0;
	}
	fprintf(stderr, "frame_samples: no sample is named %s\n", name);
	return 1;
}

static int file_write(const char *dir, const char *name, const uint8_t *bytes, size_t len)
{
	char path[4096];
	FILE *f;
	int bad;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "wb");
	if (!f)
		return 1;
	bad = fwrite(bytes, 1, len, f) != len;
	return fclose(f) != 0 || bad;
}

static int seeds_write(const char *dir)
{
	uint8_t bytes[ROOM];

	for (size_t i = 0; i < RH_ARRAY_LEN(samples); i++)
		if (file_write(dir, samples[i].name, bytes, sample_make(&samples[i], bytes)))
			return perror(dir), 1;
	return 0;
}

static void udp_headers_put(uint8_t *out, size_t payload)
{
	static const uint8_t fixed[FRAME_HDR] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0,
		0, 0, 0, 0, 0x40, 0, 64, 17, 0, 0, 198, 18, 0, 1, 198, 18, 0, 2};

	memcpy(out, fixed, sizeof(fixed));
	rh_store_be16(out + 16, (uint16_t)(20 + 8 + payload));
	rh_store_be16(out + 34, 40000);
	rh_store_be16(out + 36, RH_WIRE_UDP_PORT);
	rh_store_be16(out + 38, (uint16_t)(8 + payload));
}

static int pcap_write(const char *path)
{
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
	pcap_dumper_t *dumper = pcap_dump_open(pcap, path);
	uint8_t bytes[FRAME_HDR + ROOM];

	if (!dumper)
		return fprintf(stderr, "frame_samples: %s\n", pcap_geterr(pcap)), 1;
	for (size_t i = 0; i < RH_ARRAY_LEN(samples); i++) {
		size_t len = sample_make(&samples[i], bytes + FRAME_HDR);
		struct pcap_pkthdr header = {.ts = {.tv_sec = (time_t)i}};

		udp_headers_put(bytes, len);
		header.caplen = header.len = (bpf_u_int32)(FRAME_HDR + len);
		pcap_dump((u_char *)dumper, &header, bytes);
	}
	pcap_dump_close(dumper);
	pcap_close(pcap);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "hex") == 0)
		return hex_print(argv[2]);
	if (argc == 3 && strcmp(argv[1], "pcap") == 0)
		return pcap_write(argv[2]);
	if (argc == 3 && strcmp(argv[1], "seeds") == 0)
		return seeds_write(argv[2]);
	fprintf(stderr, "usage: frame_samples hex NAME | pcap FILE | seeds DIR\n");
	return 2;
}
