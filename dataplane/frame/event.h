#pragma once

/*
 * The event view: what every codec yields and every later stage reads. Pointers are into the bytes that were parsed
 * and live as long as they do.
 */

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
	uint8_t class; /* 0 to 7 */
	uint8_t mode;  /* enum rh_delivery_mode */
	uint8_t kind;  /* enum rh_event_kind */
	uint8_t hop_limit;
};

/*
 * Parse one PUBLISH record of @len bytes. @assembled: it came out of FRAGMENTs, so its length field is 0.
 *
 * Checks every length once, service bits, that sizes are within the limits of wire.h, options (structure, no unknown
 * critical one) and attributes (structure, names [a-z0-9]+, UTF-8 values, no attribute twice). The topic's
 * text is NOT checked here: that is done once per distinct topic (rh_topic_check in dataplane/filter/topic.h).
 *
 * Ctx: any. No allocation. @out is complete only on RH_FRAME_OK.
 */
enum rh_frame_error rh_event_parse(
	const uint8_t *bytes, size_t len, bool assembled, struct rh_event *out);

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

/* Bytes rh_event_encode will write, without padding. May exceed 65,535: then it must travel in FRAGMENTs. */
size_t rh_event_size(const struct rh_event_spec *spec);

/*
 * Encode a PUBLISH record at @out. @assembled: leave the length field 0, for cutting into FRAGMENTs.
 * Returns the bytes written without padding (the padding, if there is room, is zeroed), or -EMSGSIZE when @room is
 * too small or the record exceeds 65,535 bytes and is not @assembled. Ctx: any.
 */
int rh_event_encode(
	uint8_t *out, size_t room, const struct rh_event_spec *spec, bool assembled);

/*
 * Attributes: walk and build. rh_attribute_next returns false at the end; only for bytes that rh_event_parse accepted.
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
/* Append one attribute (core names become their one-byte key). New length, or -EMSGSIZE, -EINVAL. Ctx: any. */
int rh_attribute_put(uint8_t *out, size_t room, size_t len, const struct rh_attribute *attr);
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
