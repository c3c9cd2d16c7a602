#include "tests/lib/frame_walk.h"

#include "dataplane/base/utf8.h"
#include "dataplane/frame/control.h"
#include "dataplane/frame/datagram.h"
#include "dataplane/frame/event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Not assert: it must hold in release builds too. */
#define PROMISE(cond)                                                                              \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			fprintf(stderr, "%s:%d: broken promise: %s\n", __FILE__, __LINE__, #cond); \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* The bytes of the record that is being checked. */
struct span {
	const uint8_t *bytes;
	size_t len;
};

static bool inside(const struct span *in, const void *p, size_t len)
{
	const uint8_t *start = p;

	return start >= in->bytes && start <= in->bytes + in->len &&
	       len <= (size_t)(in->bytes + in->len - start);
}

static bool text_inside(const struct span *in, const struct rh_text *text)
{
	return inside(in, text->bytes, text->len);
}

static void attributes_walk(const struct span *in, const struct rh_event *e)
{
	static uint8_t rebuilt[RH_ATTRIBUTES_MAX];
	struct rh_attribute attr;
	size_t at = 0;
	int len = 0;

	while (rh_attribute_next(e->attributes, e->attributes_len, &at, &attr)) {
		PROMISE(inside(in, attr.value, attr.value_len));
		PROMISE(attr.name_len > 0);
		PROMISE(rh_utf8_valid((const uint8_t *)attr.value, attr.value_len, NULL));
		PROMISE(attr.key ? strlen(attr.name) == attr.name_len
				 : inside(in, attr.name, attr.name_len));
		len = rh_attribute_put(rebuilt, sizeof(rebuilt), (size_t)len, &attr);
		PROMISE(len > 0);
	}
	PROMISE(at == e->attributes_len && (size_t)len == at);
	PROMISE(memcmp(rebuilt, e->attributes, at) == 0);
}

static void event_encode_again(const struct rh_event *e, bool assembled)
{
	static uint8_t again[RH_EVENT_MAX];
	struct rh_event_spec spec = {.topic = (const char *)e->topic,
		.topic_len = e->topic_len,
		.alias = e->alias,
		.options = e->options,
		.options_len = e->options_len,
		.attributes = e->attributes,
		.attributes_len = e->attributes_len,
		.payload = e->payload,
		.payload_len = e->payload_len,
		.sequence = e->sequence,
		.incarnation = e->incarnation,
		.origin_ns = e->origin_ns,
		.ttl_ms = e->ttl_ms,
		.partition_hash = e->partition_hash,
		.schema_id = e->schema_id,
		.tenant = e->tenant,
		.class = e->class,
		.mode = e->mode,
		.kind = e->kind,
		.hop_limit = e->hop_limit};

	PROMISE(rh_event_encode(again, sizeof(again), &spec, assembled) == (int)e->record_len);
	/* Bytes 54 and 55 are ignored on receipt. */
	PROMISE(memcmp(again, e->record, 54) == 0);
	PROMISE(memcmp(again + RH_PUBLISH_HDR, e->record + RH_PUBLISH_HDR,
			e->record_len - RH_PUBLISH_HDR) == 0);
}

enum rh_frame_error frame_walk_event(const uint8_t *bytes, size_t len, bool assembled)
{
	struct span in = {bytes, len};
	struct rh_event e;
	enum rh_frame_error err = rh_event_parse(bytes, len, assembled, &e);

	if (err != RH_FRAME_OK)
		return err;
	PROMISE(e.record == bytes && e.record_len == len);
	PROMISE(e.alias ? !e.topic && !e.topic_len : inside(&in, e.topic, e.topic_len));
	PROMISE(e.alias ? e.alias <= RH_ALIAS_MAX : e.topic_len && e.topic_len <= RH_TOPIC_MAX);
	PROMISE(inside(&in, e.options, e.options_len));
	PROMISE(inside(&in, e.attributes, e.attributes_len));
	PROMISE(inside(&in, e.payload, e.payload_len) && e.payload + e.payload_len == bytes + len);
	attributes_walk(&in, &e);
	event_encode_again(&e, assembled);
	return RH_FRAME_OK;
}

static enum rh_frame_error fragment_walk(const struct span *in)
{
	struct rh_fragment f;
	enum rh_frame_error err = rh_fragment_parse(in->bytes, in->len, &f);

	if (err == RH_FRAME_OK) {
		PROMISE(inside(in, f.slice, f.slice_len) && f.slice_len);
		PROMISE((uint64_t)f.offset + f.slice_len <= f.total && f.total <= RH_EVENT_MAX);
	}
	return err;
}

/* What an encoder wrote for an accepted record: same length, and it parses. */
static uint8_t again[65536];
#define ENCODES_AGAIN(in, taken, parse_call)                                                       \
	do {                                                                                       \
		PROMISE((taken) == (int)RH_ALIGN_UP((in)->len, (size_t)RH_WIRE_ALIGN));            \
		PROMISE((parse_call) == RH_FRAME_OK);                                              \
	} while (0)

static enum rh_frame_error hello_walk(const struct span *in)
{
	struct rh_hello m;
	enum rh_frame_error err = rh_hello_parse(in->bytes, in->len, &m);

	if (err == RH_FRAME_OK) {
		PROMISE(text_inside(in, &m.cookie) && text_inside(in, &m.client_id));
		PROMISE(text_inside(in, &m.tenant));
		ENCODES_AGAIN(in, rh_hello_encode(again, sizeof(again), &m),
			rh_hello_parse(again, in->len, &m));
	}
	return err;
}

static enum rh_frame_error challenge_walk(const struct span *in)
{
	struct rh_challenge m;
	enum rh_frame_error err = rh_challenge_parse(in->bytes, in->len, &m);

	if (err == RH_FRAME_OK) {
		PROMISE(text_inside(in, &m.cookie));
		ENCODES_AGAIN(in, rh_challenge_encode(again, sizeof(again), &m),
			rh_challenge_parse(again, in->len, &m));
	}
	return err;
}

static enum rh_frame_error welcome_walk(const struct span *in)
{
	struct rh_welcome m;
	enum rh_frame_error err = rh_welcome_parse(in->bytes, in->len, &m);

	if (err == RH_FRAME_OK) {
		ENCODES_AGAIN(in, rh_welcome_encode(again, sizeof(again), &m),
			rh_welcome_parse(again, in->len, &m));
		PROMISE(memcmp(again, in->bytes, in->len) == 0);
	}
	return err;
}

static enum rh_frame_error bye_walk(const struct span *in)
{
	struct rh_bye m;
	enum rh_frame_error err = rh_bye_parse(in->bytes, in->len, &m);

	if (err == RH_FRAME_OK) {
		PROMISE(text_inside(in, &m.text));
		ENCODES_AGAIN(in, rh_bye_encode(again, sizeof(again), &m),
			rh_bye_parse(again, in->len, &m));
	}
	return err;
}

static enum rh_frame_error unknown_session_walk(const struct span *in)
{
	struct rh_unknown_session m;
	enum rh_frame_error err = rh_unknown_session_parse(in->bytes, in->len, &m);

	if (err == RH_FRAME_OK)
		ENCODES_AGAIN(in, rh_unknown_session_encode(again, sizeof(again), &m),
			rh_unknown_session_parse(again, in->len, &m));
	return err;
}

static enum rh_frame_error keepalive_walk(const struct span *in)
{
	struct rh_keepalive m;
	enum rh_frame_error err = rh_keepalive_parse(in->bytes, in->len, &m);

	if (err == RH_FRAME_OK)
		ENCODES_AGAIN(in, rh_keepalive_encode(again, sizeof(again), &m),
			rh_keepalive_parse(again, in->len, &m));
	return err;
}

static enum rh_frame_error credit_walk(const struct span *in)
{
	struct rh_credit m;
	enum rh_frame_error err = rh_credit_parse(in->bytes, in->len, &m);

	if (err == RH_FRAME_OK)
		ENCODES_AGAIN(in, rh_credit_encode(again, sizeof(again), &m),
			rh_credit_parse(again, in->len, &m));
	return err;
}

static enum rh_frame_error subscribe_walk(const struct span *in)
{
	struct rh_sub_entry entries[RH_SUBSCRIBE_MAX + 1];
	struct rh_subscribe m;
	enum rh_frame_error err = rh_subscribe_parse(in->bytes, in->len, &m);
	size_t at = 0, count = 0;

	if (err != RH_FRAME_OK)
		return err;
	while (rh_sub_entry_next(&m, &at, &entries[count])) {
		PROMISE(text_inside(in, &entries[count].filter));
		PROMISE(text_inside(in, &entries[count].content));
		count++;
		PROMISE(count <= RH_SUBSCRIBE_MAX);
	}
	PROMISE(count == m.count && at == m.entries_len);
	ENCODES_AGAIN(in,
		rh_subscribe_encode(
			again, sizeof(again), in->bytes[0], m.request, entries, m.count),
		rh_subscribe_parse(again, in->len, &m));
	return err;
}

static enum rh_frame_error suback_walk(const struct span *in)
{
	struct rh_sub_result results[RH_SUBSCRIBE_MAX + 1];
	struct rh_suback m;
	enum rh_frame_error err = rh_suback_parse(in->bytes, in->len, &m);
	size_t at = 0, count = 0;

	if (err != RH_FRAME_OK)
		return err;
	while (rh_sub_result_next(&m, &at, &results[count])) {
		PROMISE(text_inside(in, &results[count].text));
		count++;
		PROMISE(count <= RH_SUBSCRIBE_MAX);
	}
	PROMISE(count == m.count && at == m.results_len);
	ENCODES_AGAIN(in,
		rh_suback_encode(again, sizeof(again), in->bytes[0], m.request, m.generation,
			results, m.count),
		rh_suback_parse(again, in->len, &m));
	return err;
}

static enum rh_frame_error alias_walk(const struct span *in)
{
	struct rh_alias m;
	enum rh_frame_error err = rh_alias_parse(in->bytes, in->len, &m);

	if (err == RH_FRAME_OK) {
		PROMISE(text_inside(in, &m.topic));
		ENCODES_AGAIN(in, rh_alias_encode(again, sizeof(again), &m),
			rh_alias_parse(again, in->len, &m));
	}
	return err;
}

static enum rh_frame_error alias_ack_walk(const struct span *in)
{
	struct rh_alias_ack m;
	enum rh_frame_error err = rh_alias_ack_parse(in->bytes, in->len, &m);

	if (err == RH_FRAME_OK) {
		PROMISE(text_inside(in, &m.text));
		ENCODES_AGAIN(in, rh_alias_ack_encode(again, sizeof(again), &m),
			rh_alias_ack_parse(again, in->len, &m));
	}
	return err;
}

static enum rh_frame_error record_walk(const struct rh_record *rec)
{
	struct span in = {rec->bytes, rec->len};

	switch (rec->type) {
	case RH_RECORD_PUBLISH:
		return frame_walk_event(rec->bytes, rec->len, false);
	case RH_RECORD_FRAGMENT:
		return fragment_walk(&in);
	case RH_RECORD_HELLO:
		return hello_walk(&in);
	case RH_RECORD_CHALLENGE:
		return challenge_walk(&in);
	case RH_RECORD_WELCOME:
		return welcome_walk(&in);
	case RH_RECORD_BYE:
		return bye_walk(&in);
	case RH_RECORD_UNKNOWN_SESSION:
		return unknown_session_walk(&in);
	case RH_RECORD_KEEPALIVE:
		return keepalive_walk(&in);
	case RH_RECORD_CREDIT:
		return credit_walk(&in);
	case RH_RECORD_SUBSCRIBE:
	case RH_RECORD_UNSUBSCRIBE:
		return subscribe_walk(&in);
	case RH_RECORD_SUBACK:
	case RH_RECORD_UNSUBACK:
		return suback_walk(&in);
	case RH_RECORD_ALIAS:
		return alias_walk(&in);
	case RH_RECORD_ALIAS_ACK:
		return alias_ack_walk(&in);
	default:
		PROMISE(!"rh_record_next let an unknown type pass");
	}
	return RH_FRAME_RECORD_TYPE;
}

enum rh_frame_error frame_walk_datagram(const uint8_t *bytes, size_t len)
{
	struct span in = {bytes, len};
	struct rh_datagram d;
	struct rh_record rec;
	struct rh_record_cursor cur;
	enum rh_frame_error err = rh_datagram_parse(bytes, len, &d);

	if (err != RH_FRAME_OK)
		return err;
	PROMISE(d.length == len && (d.packet_number || !d.session));
	cur = rh_record_first(bytes, len);
	while ((err = rh_record_next(&cur, &rec)) == RH_FRAME_OK && rec.bytes) {
		PROMISE(inside(&in, rec.bytes, rec.len) && rec.len >= RH_RECORD_HDR);
		PROMISE((rec.bytes - bytes) % RH_WIRE_ALIGN == 0);
		err = record_walk(&rec);
		if (err != RH_FRAME_OK)
			return err;
	}
	return err;
}
