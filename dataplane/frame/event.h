#pragma once

/*
 * The event view: what every codec yields and every later stage reads. Pointers are into the bytes
 * that were parsed and live as long as they do.
 */

#include "dataplane/base/compiler.h"
#include "dataplane/frame/attribute.h"
#include "dataplane/frame/bytes.h"
#include "dataplane/frame/status.h"
#include "dataplane/frame/wire.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rh_event {
	const uint8_t *record; /* the PUBLISH record, RH_PUBLISH_HDR bytes and what follows */
	const uint8_t *topic;  /* NULL with an alias */
	const uint8_t *options;
	const uint8_t *attributes;
	const uint8_t *payload;
	uint32_t record_len; /* without padding */
	uint32_t payload_len;
	uint16_t topic_len; /* 0 with an alias */
	uint16_t alias;	    /* 0 without */
	uint16_t options_len;
	uint16_t attributes_len;
	uint64_t sequence;
	uint64_t incarnation;
	uint64_t origin_ns;
	uint32_t ttl_ms;
	uint32_t partition_hash;
	uint32_t schema_id;
	uint16_t tenant;
	uint8_t hop_limit;
	union {
		uint8_t service; /* as on the wire; GCC gives the first field the lowest bits */
		struct {
			uint8_t zero : 1;
			uint8_t kind : 2;  /* enum rh_event_kind */
			uint8_t mode : 2;  /* enum rh_delivery_mode; others are the session stage's to refuse */
			uint8_t class : 3; /* 0 to 7 */
		};
	};
};

/* Options: structure, known sizes, no known type twice, no unknown critical one. Ctx: any. */
enum rh_frame_error rh_options_check(const uint8_t *options, size_t len);

/* Which of its errors an event beyond the limits or with refused values has, never OK. */
enum rh_frame_error rh_event_refusal(const struct rh_event *event);

/* Of a PUBLISH record. Ctx: any. */
static inline uint64_t rh_event_sequence(const uint8_t *record)
{
	return rh_load_be64(record + 8);
}

static inline uint64_t rh_event_incarnation(const uint8_t *record)
{
	return rh_load_be64(record + 16);
}

/* Fixed part of the record: no checks, every load inside RH_PUBLISH_HDR. */
static inline void rh_event_load_header(const uint8_t *bytes, struct rh_event *out)
{
	out->service = bytes[4];
	out->hop_limit = bytes[5];
	out->tenant = rh_load_be16(bytes + 6);
	out->sequence = rh_event_sequence(bytes);
	out->incarnation = rh_event_incarnation(bytes);
	out->origin_ns = rh_load_be64(bytes + 24);
	out->ttl_ms = rh_load_be32(bytes + 32);
	out->partition_hash = rh_load_be32(bytes + 36);
	out->schema_id = rh_load_be32(bytes + 40);
	out->payload_len = rh_load_be32(bytes + 44);
	out->options_len = rh_load_be16(bytes + 50);
	out->attributes_len = rh_load_be16(bytes + 52);
}

/*
 * rh_event_parse for a record that rh_record_next accepted as PUBLISH, whose type, flags, least size and length field it
 * has looked at: the rest.
 */
static inline enum rh_frame_error rh_event_take(
	const uint8_t *bytes, size_t len, struct rh_event *out)
{
	uint32_t named = rh_load_be16(bytes + 48), topic = named, most = RH_TOPIC_MAX, behind;

	rh_event_load_header(bytes, out);
	out->alias = 0;
	out->topic = bytes + RH_PUBLISH_HDR;
	if (rh_unlikely(bytes[1] & RH_PUBLISH_ALIAS)) {
		out->alias = (uint16_t)named;
		out->topic = NULL;
		most = RH_ALIAS_MAX;
		topic = 0;
	}
	behind = topic + out->options_len + out->attributes_len;
	if (rh_unlikely((uint64_t)RH_PUBLISH_HDR + behind + out->payload_len != len))
		return RH_FRAME_LENGTH;
	out->record = bytes;
	out->record_len = (uint32_t)len;
	out->topic_len = (uint16_t)topic;
	out->options = bytes + RH_PUBLISH_HDR + topic;
	out->attributes = out->options + out->options_len;
	out->payload = out->attributes + out->attributes_len;
	/* 0 - 1 wraps: one comparison says 1..MAX. */
	if (rh_unlikely(named - 1 >= most || out->payload_len > RH_PAYLOAD_MAX ||
		    out->options_len > RH_OPTIONS_MAX ||
		    out->attributes_len > RH_ATTRIBUTES_MAX || out->zero ||
		    out->kind > RH_KIND_REPLY || !out->sequence || !out->incarnation))
		return rh_frame_refused(rh_event_refusal(out));
	if (rh_unlikely(out->options_len)) {
		enum rh_frame_error err = rh_options_check(out->options, out->options_len);

		if (err != RH_FRAME_OK)
			return err;
	}
	if (out->attributes_len)
		return rh_attributes_check(out->attributes, out->attributes_len);
	return RH_FRAME_OK;
}

/*
 * Parse one PUBLISH record of @len bytes. @assembled: it came out of FRAGMENTs, so its length field
 * is 0.
 *
 * Checks every length once, service bits, that sizes are within the limits of wire.h, options
 * (structure, no unknown critical one) and attributes (structure, names [a-z0-9]+, UTF-8 values,
 * ascending order, so no attribute twice). The topic's text is NOT checked here: that is done once
 * per distinct topic (rh_topic_parse in dataplane/filter/topic.h).
 *
 * Ctx: any. No allocation. @out is complete only on RH_FRAME_OK.
 */
static inline enum rh_frame_error rh_event_parse(
	const uint8_t *bytes, size_t len, bool assembled, struct rh_event *out)
{
	uint32_t head;

	if (rh_unlikely(len < RH_PUBLISH_HDR))
		return RH_FRAME_SHORT;
	head = rh_load_be32(bytes);
	if (rh_unlikely((uint16_t)head != (assembled ? 0 : len)))
		return RH_FRAME_LENGTH;
	if (rh_unlikely((head >> 24) != RH_RECORD_PUBLISH))
		return RH_FRAME_RECORD_TYPE;
	if (rh_unlikely(bytes[1] & ~RH_PUBLISH_ALIAS))
		return RH_FRAME_FLAGS;
	return rh_event_take(bytes, len, out);
}

/* What rh_event_encode needs; the caller owns all memory. Either topic or alias is set. */
struct rh_event_spec {
	const char *topic;
	uint16_t topic_len;
	uint16_t alias;
	const uint8_t *options;
	uint16_t options_len;
	const uint8_t *attributes; /* as built by rh_attribute_put */
	uint16_t attributes_len;
	const uint8_t *payload;
	uint32_t payload_len;
	uint64_t sequence;
	uint64_t incarnation;
	uint64_t origin_ns;
	uint32_t ttl_ms;
	uint32_t partition_hash;
	uint32_t schema_id;
	uint16_t tenant;
	uint8_t class;
	uint8_t mode;
	uint8_t kind;
	uint8_t hop_limit;
};

/* Bytes rh_event_encode will write, without padding. May exceed 65,535: then it must travel in
 * FRAGMENTs. */
size_t rh_event_size(const struct rh_event_spec *spec);

/*
 * Encode a PUBLISH record at @out. @assembled: leave the length field 0, for cutting into
 * FRAGMENTs. Returns the bytes written without padding (the padding, if there is room, is zeroed),
 * or -EMSGSIZE when @room is too small or the record exceeds 65,535 bytes and is not @assembled.
 * Ctx: any.
 */
int rh_event_encode(uint8_t *out, size_t room, const struct rh_event_spec *spec, bool assembled);

/*
 * Attributes: walk and build. rh_attribute_next returns false at the end; only for bytes that
 * rh_event_parse accepted. On the wire core attributes come first, by key, then extensions, by name
 * in byte order: equal sets are equal bytes, and a repeated attribute shows beside its twin.
 */
struct rh_attribute {
	const char *name; /* of the extension; the canonical CloudEvents name for a core key */
	const char *value;
	uint16_t value_len;
	uint8_t name_len;
	uint8_t key;  /* enum rh_attribute_key */
	uint8_t type; /* enum rh_attribute_type */
};

bool rh_attribute_next(
	const uint8_t *attributes, size_t len, size_t *offset, struct rh_attribute *out);
/*
 * Insert one attribute at its place among the @len bytes at @out (core names become their one-byte
 * key; with a core @key the name may be NULL). Returns the new length; -EMSGSIZE when @room or
 * RH_ATTRIBUTES_MAX is exceeded; -EINVAL when the name is not [a-z0-9]{1,255} or is "data", the
 * value is not UTF-8, or the attribute is there already. Ctx: any.
 */
int rh_attribute_put(uint8_t *out, size_t room, size_t len, const struct rh_attribute *attr);
/* CloudEvents name of a core key; NULL for RH_ATTR_EXTENSION and beyond the last. Ctx: any. */
const char *rh_attribute_core_name(enum rh_attribute_key key);

/* A FRAGMENT record (wire.h). @out is written only on RH_FRAME_OK. */
struct rh_fragment {
	const uint8_t *slice;
	uint32_t slice_len;
	uint32_t offset;
	uint32_t total;
	uint32_t id;
	uint64_t sequence;
	bool last;
};

enum rh_frame_error rh_fragment_parse(const uint8_t *bytes, size_t len, struct rh_fragment *out);
/* Write the 24-byte header; the caller puts the slice behind it. */
void rh_fragment_encode(uint8_t *out, const struct rh_fragment *f);
