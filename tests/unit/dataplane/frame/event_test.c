#include "dataplane/frame/event.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

static uint8_t buf[RH_EVENT_MAX + 64];

static const struct rh_event_spec plain = {
	.topic = "a/b",
	.topic_len = 3,
	.payload = (const uint8_t *)"hello",
	.payload_len = 5,
	.sequence = 1,
	.incarnation = 2,
	.origin_ns = 3,
	.ttl_ms = RH_TTL_NONE,
	.partition_hash = 4,
	.schema_id = 5,
	.tenant = 6,
	.class = 7,
	.kind = RH_KIND_REPLY,
	.hop_limit = 9,
};

static size_t encode(const struct rh_event_spec *spec)
{
	int len = rh_event_encode(buf, sizeof(buf), spec, false);

	cr_assert_gt(len, 0);
	return (size_t)len;
}

static enum rh_frame_error parse(size_t len)
{
	struct rh_event event;

	return rh_event_parse(buf, len, false, &event);
}

/* Parse @spec with its part replaced by @options / @attributes. */
static enum rh_frame_error parse_with(
	const void *options, uint16_t options_len, const void *attributes, uint16_t attributes_len)
{
	struct rh_event_spec spec = plain;

	spec.options = options;
	spec.options_len = options_len;
	spec.attributes = attributes;
	spec.attributes_len = attributes_len;
	return parse(encode(&spec));
}

#define options_parse(text)    parse_with(text, sizeof(text) - 1, NULL, 0)
#define attributes_parse(text) parse_with(NULL, 0, text, sizeof(text) - 1)

Test(event, every_field_survives_the_round_trip)
{
	struct rh_event e;
	size_t len = encode(&plain);

	cr_assert_eq(rh_event_parse(buf, len, false, &e), RH_FRAME_OK);
	cr_assert_eq(len, RH_PUBLISH_HDR + 8);
	cr_assert(e.record == buf && e.record_len == len);
	cr_assert(e.topic == buf + RH_PUBLISH_HDR && e.topic_len == 3 && e.alias == 0);
	cr_assert(e.payload_len == 5 && memcmp(e.payload, "hello", 5) == 0);
	cr_assert(e.options_len == 0 && e.attributes_len == 0);
	cr_assert(e.sequence == 1 && e.incarnation == 2 && e.origin_ns == 3);
	cr_assert(e.ttl_ms == RH_TTL_NONE && e.partition_hash == 4 && e.schema_id == 5);
	cr_assert(e.tenant == 6 && e.class == 7 && e.mode == 0 && e.kind == RH_KIND_REPLY);
	cr_assert_eq(e.hop_limit, 9);
}

Test(event, an_alias_takes_the_place_of_the_topic)
{
	struct rh_event_spec spec = plain;
	struct rh_event e;

	spec.alias = RH_ALIAS_MAX;
	cr_assert_eq(rh_event_parse(buf, encode(&spec), false, &e), RH_FRAME_OK);
	cr_assert(e.alias == RH_ALIAS_MAX && e.topic_len == 0 && e.topic == NULL);
	cr_assert_eq(e.payload, buf + RH_PUBLISH_HDR);
}

Test(event, alias_numbers_outside_the_range_are_refused)
{
	struct rh_event_spec spec = plain;

	spec.alias = RH_ALIAS_MAX + 1;
	cr_assert_eq(parse(encode(&spec)), RH_FRAME_VALUE);
	spec.alias = 1;
	size_t len = encode(&spec);
	rh_store_be16(buf + 48, 0);
	cr_assert_eq(parse(len), RH_FRAME_VALUE);
}

Test(event, an_assembled_record_has_length_zero_and_may_exceed_16_bits)
{
	static uint8_t payload[RH_PAYLOAD_MAX];
	struct rh_event_spec spec = plain;
	struct rh_event e;
	int len;

	spec.payload = payload;
	spec.payload_len = sizeof(payload);
	cr_assert_eq(rh_event_encode(buf, sizeof(buf), &spec, false), -EMSGSIZE);
	len = rh_event_encode(buf, sizeof(buf), &spec, true);
	cr_assert_eq(len, RH_PUBLISH_HDR + 3 + RH_PAYLOAD_MAX);
	cr_assert_eq(rh_event_parse(buf, (size_t)len, true, &e), RH_FRAME_OK);
	cr_assert_eq(e.payload_len, RH_PAYLOAD_MAX);
	buf[3] = 1;
	cr_assert_eq(rh_event_parse(buf, (size_t)len, true, &e), RH_FRAME_LENGTH);
}

Test(event, fragments_that_assemble_to_another_record_are_refused)
{
	struct rh_event e;
	int len = rh_event_encode(buf, sizeof(buf), &plain, true);

	buf[0] = RH_RECORD_HELLO;
	cr_assert_eq(rh_event_parse(buf, (size_t)len, true, &e), RH_FRAME_RECORD_TYPE);
	buf[0] = RH_RECORD_PUBLISH;
	buf[1] = 0x80;
	cr_assert_eq(rh_event_parse(buf, (size_t)len, true, &e), RH_FRAME_FLAGS);
}

Test(event, every_length_below_the_header_is_short)
{
	(void)encode(&plain);
	for (size_t len = 0; len < RH_PUBLISH_HDR; len++)
		cr_assert_eq(parse(len), RH_FRAME_SHORT);
}

Test(event, lengths_that_contradict_each_other_are_refused)
{
	static const size_t fields[] = {2, 44, 46, 48, 50, 52};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		size_t len = encode(&plain);

		rh_store_be16(buf + fields[i], (uint16_t)(rh_load_be16(buf + fields[i]) + 1));
		cr_assert_eq(parse(len), RH_FRAME_LENGTH, "offset %zu", fields[i]);
	}
}

Test(event, a_payload_length_that_would_wrap_is_refused)
{
	size_t len = encode(&plain);

	/* 0xffffffff + 1 more topic byte than there is: wraps to the right sum in 32 bits. */
	rh_store_be32(buf + 44, UINT32_MAX);
	rh_store_be16(buf + 48, 9);
	cr_assert_eq(parse(len), RH_FRAME_LENGTH);
}

Test(event, topic_sizes_outside_the_limits_are_refused)
{
	static char levels[65000];
	struct rh_event_spec spec = plain;

	memset(levels, '/', sizeof(levels));
	spec.topic = levels;
	spec.topic_len = 0;
	cr_assert_eq(parse(encode(&spec)), RH_FRAME_TOPIC);
	spec.topic_len = RH_TOPIC_MAX + 1;
	cr_assert_eq(parse(encode(&spec)), RH_FRAME_TOPIC);
	spec.topic_len = sizeof(levels);
	cr_assert_eq(parse(encode(&spec)), RH_FRAME_TOPIC);
	spec.topic_len = RH_TOPIC_MAX;
	cr_assert_eq(parse(encode(&spec)), RH_FRAME_OK);
}

Test(event, parts_beyond_their_limit_are_too_large)
{
	static uint8_t zeros[RH_PAYLOAD_MAX + 1];
	struct rh_event_spec spec = plain;
	struct rh_event e;
	int len;

	cr_assert_eq(parse_with(zeros, RH_OPTIONS_MAX + 2, NULL, 0), RH_FRAME_TOO_LARGE);
	cr_assert_eq(parse_with(zeros, RH_OPTIONS_MAX, NULL, 0), RH_FRAME_OK);
	cr_assert_eq(parse_with(NULL, 0, zeros, RH_ATTRIBUTES_MAX + 1), RH_FRAME_TOO_LARGE);
	spec.payload = zeros;
	spec.payload_len = sizeof(zeros);
	len = rh_event_encode(buf, sizeof(buf), &spec, true);
	cr_assert_eq(rh_event_parse(buf, (size_t)len, true, &e), RH_FRAME_TOO_LARGE);
}

Test(event, values_the_specification_excludes_are_refused)
{
	struct rh_event_spec spec = plain;
	size_t len;

	spec.kind = 3;
	cr_assert_eq(parse(encode(&spec)), RH_FRAME_VALUE);
	spec = plain;
	spec.sequence = 0;
	cr_assert_eq(parse(encode(&spec)), RH_FRAME_VALUE);
	spec = plain;
	spec.incarnation = 0;
	cr_assert_eq(parse(encode(&spec)), RH_FRAME_VALUE);
	len = encode(&plain);
	buf[4] |= 1;
	cr_assert_eq(parse(len), RH_FRAME_VALUE);
}

Test(event, every_delivery_mode_parses_because_refusing_it_is_the_session_stage)
{
	struct rh_event_spec spec = plain;
	struct rh_event e;

	for (uint8_t mode = 0; mode < 4; mode++) {
		spec.mode = mode;
		cr_assert_eq(rh_event_parse(buf, encode(&spec), false, &e), RH_FRAME_OK);
		cr_assert_eq(e.mode, mode);
	}
}

Test(event, ignored_bytes_are_ignored)
{
	size_t len = encode(&plain);

	rh_store_be16(buf + 54, 0xffff);
	cr_assert_eq(parse(len), RH_FRAME_OK);
}

Test(event, room_of_the_encoder_is_respected)
{
	uint8_t small[RH_PUBLISH_HDR + 16];

	memset(small, 0xee, sizeof(small));
	cr_assert_eq(rh_event_encode(small, RH_PUBLISH_HDR + 7, &plain, false), -EMSGSIZE);
	cr_assert_eq(rh_event_encode(small, RH_PUBLISH_HDR + 8, &plain, false), RH_PUBLISH_HDR + 8);
	cr_assert_eq(small[RH_PUBLISH_HDR + 8], 0xee);
}

Test(event, the_encoder_zeroes_the_padding_it_has_room_for)
{
	struct rh_event_spec spec = plain;
	uint8_t small[RH_PUBLISH_HDR + 16];

	spec.payload_len = 1;
	memset(small, 0xee, sizeof(small));
	cr_assert_eq(rh_event_encode(small, RH_PUBLISH_HDR + 6, &spec, false), RH_PUBLISH_HDR + 4);
	cr_assert(small[RH_PUBLISH_HDR + 5] == 0 && small[RH_PUBLISH_HDR + 6] == 0xee);
}

Test(option, known_and_ignorable_options_pass)
{
	cr_assert_eq(options_parse("\x00\x02zz"), RH_FRAME_OK);
	cr_assert_eq(options_parse("\x7f\x00"), RH_FRAME_OK);
	cr_assert_eq(options_parse("\x01\x1a"
				   "0TTTTTTTTTTTTTTTTPPPPPPPP1"
				   "\x02\x03"
				   "a=b"),
		RH_FRAME_OK);
}

Test(option, malformed_or_critical_options_are_refused)
{
	cr_assert_eq(options_parse("\x03"), RH_FRAME_OPTION);
	cr_assert_eq(options_parse("\x03\x02z"), RH_FRAME_OPTION);
	cr_assert_eq(options_parse("\x80\x00"), RH_FRAME_OPTION);
	cr_assert_eq(options_parse("\x81\x01z"), RH_FRAME_OPTION);
	cr_assert_eq(options_parse("\x01\x01z"), RH_FRAME_OPTION);
	cr_assert_eq(options_parse("\x02\x00\x02\x00"), RH_FRAME_OPTION);
}

Test(attribute, well_formed_attributes_pass)
{
	cr_assert_eq(attributes_parse("\x01\x00\x01x"), RH_FRAME_OK);
	cr_assert_eq(attributes_parse("\x01\x00\x00"
				      "\xc8\x00\x00"
				      "\x40\x03"
				      "abc\x00\x01"
				      "7"
				      "\x00\x04"
				      "abcd\x00\x02\xc3\xa9"),
		RH_FRAME_OK);
}

Test(attribute, every_cut_of_an_attribute_is_refused)
{
	static const char whole[] = "\x40\x03"
				    "abc\x00\x02"
				    "77";

	for (uint16_t len = 1; len < sizeof(whole) - 1; len++)
		cr_assert_eq(parse_with(NULL, 0, whole, len), RH_FRAME_ATTRIBUTE, "%u bytes", len);
}

Test(attribute, an_attribute_that_would_end_in_the_payload_is_refused)
{
	static const char whole[] = "\x40\x03"
				    "abc\x00\x02"
				    "77";
	struct rh_event_spec spec = plain;

	/* What is cut off stands behind, so that a byte too far would look well. */
	for (uint16_t len = 1; len < sizeof(whole) - 1; len++) {
		spec.attributes = (const uint8_t *)whole;
		spec.attributes_len = len;
		spec.payload = (const uint8_t *)whole + len;
		spec.payload_len = (uint32_t)(sizeof(whole) - 1 - len);
		cr_assert_eq(parse(encode(&spec)), RH_FRAME_ATTRIBUTE, "%u bytes", len);
	}
}

Test(attribute, bad_keys_types_names_and_values_are_refused)
{
	cr_assert_eq(attributes_parse("\x09\x00\x00"), RH_FRAME_ATTRIBUTE, "unknown core key");
	cr_assert_eq(attributes_parse("\xe1\x00\x00"), RH_FRAME_ATTRIBUTE, "type 7");
	cr_assert_eq(attributes_parse("\x00\x00\x00\x00"), RH_FRAME_ATTRIBUTE, "empty name");
	cr_assert_eq(attributes_parse("\x00\x02"
				      "aB\x00\x00"),
		RH_FRAME_ATTRIBUTE);
	cr_assert_eq(attributes_parse("\x00\x02"
				      "a-\x00\x00"),
		RH_FRAME_ATTRIBUTE);
	cr_assert_eq(attributes_parse("\x00\x04"
				      "data\x00\x00"),
		RH_FRAME_ATTRIBUTE);
	cr_assert_eq(attributes_parse("\x00\x02"
				      "id\x00\x00"),
		RH_FRAME_ATTRIBUTE, "core name spelled out");
	cr_assert_eq(attributes_parse("\x01\x00\x02\xc3("), RH_FRAME_ATTRIBUTE, "UTF-8");
	cr_assert_eq(attributes_parse("\x01\x00\x01\x00"), RH_FRAME_ATTRIBUTE, "U+0000");
}

Test(attribute, repeated_or_unordered_attributes_are_refused)
{
	cr_assert_eq(attributes_parse("\x01\x00\x00\x01\x00\x00"), RH_FRAME_ATTRIBUTE);
	cr_assert_eq(attributes_parse("\x02\x00\x00\x01\x00\x00"), RH_FRAME_ATTRIBUTE);
	cr_assert_eq(attributes_parse("\x00\x01z\x00\x00\x01\x00\x00"), RH_FRAME_ATTRIBUTE);
	cr_assert_eq(attributes_parse("\x00\x01z\x00\x00\x00\x01z\x00\x00"), RH_FRAME_ATTRIBUTE);
	cr_assert_eq(attributes_parse("\x00\x01z\x00\x00\x00\x01y\x00\x00"), RH_FRAME_ATTRIBUTE);
	cr_assert_eq(attributes_parse("\x00\x02zz\x00\x00\x00\x01z\x00\x00"), RH_FRAME_ATTRIBUTE);
	cr_assert_eq(attributes_parse("\x00\x01z\x00\x00\x00\x02zz\x00\x00"), RH_FRAME_OK);
}
