/*
 * Random frames: what was encoded parses to the same, and no mutation of it makes a parser look
 * outside its input. Inputs are copied into exact heap blocks, so that ASAN sees a byte too far.
 *
 */
#include "dataplane/frame/control.h"
#include "dataplane/frame/datagram.h"
#include "dataplane/frame/event.h"
#include "tests/lib/frame_walk.h"
#include "tests/lib/random.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS	  20000
#define MUTATIONS 16

static struct rnd rnd;

static uint64_t draw(void)
{
	return rnd_u64(&rnd);
}

static uint32_t below(uint32_t bound)
{
	return rnd_below(&rnd, bound);
}

static uint8_t noise[4096];

static void noise_fill(void)
{
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (uint8_t)('a' + below(26));
}

static uint16_t attributes_draw(uint8_t *out, size_t room)
{
	int len = 0;

	for (uint64_t n = below(6); n; n--) {
		struct rh_attribute attr = {.key = (uint8_t)below(RH_ATTR_KEY_COUNT),
			.type = (uint8_t)below(RH_ATTR_TYPE_COUNT),
			.name = (const char *)noise + below(64),
			.name_len = (uint8_t)(1 + below(20)),
			.value = (const char *)noise + below(64),
			.value_len = (uint16_t)below(40)};
		int next = rh_attribute_put(out, room, (size_t)len, &attr);

		len = next > 0 ? next : len;
	}
	return (uint16_t)len;
}

static uint16_t options_draw(uint8_t *out)
{
	size_t len = 0, size;

	for (uint64_t n = below(4); n; n--) {
		size = below(30);
		out[len] = (uint8_t)(3 + below(0x7d));
		out[len + 1] = (uint8_t)size;
		memcpy(out + len + 2, noise, size);
		len += 2 + size;
	}
	return (uint16_t)len;
}

static void spec_draw(struct rh_event_spec *s)
{
	static uint8_t attributes[RH_ATTRIBUTES_MAX], options[256];

	*s = (struct rh_event_spec){.topic = (const char *)noise,
		.topic_len = (uint16_t)(1 + below(RH_TOPIC_MAX)),
		.alias = below(4) ? 0 : (uint16_t)(1 + below(RH_ALIAS_MAX)),
		.options = options,
		.attributes = attributes,
		.payload = noise + below(100),
		.payload_len = (uint32_t)below(2000),
		.sequence = draw() | 1,
		.incarnation = draw() | 1,
		.origin_ns = draw(),
		.ttl_ms = (uint32_t)draw(),
		.partition_hash = (uint32_t)draw(),
		.schema_id = (uint32_t)draw(),
		.tenant = (uint16_t)draw(),
		.class = (uint8_t)below(8),
		.mode = (uint8_t)below(4),
		.kind = (uint8_t)below(3),
		.hop_limit = (uint8_t)draw()};
	s->options_len = options_draw(options);
	s->attributes_len = attributes_draw(attributes, sizeof(attributes));
}

static void event_compare(const struct rh_event_spec *s, const struct rh_event *e)
{
	cr_assert(e->alias == s->alias && e->topic_len == (s->alias ? 0 : s->topic_len));
	cr_assert(s->alias || memcmp(e->topic, s->topic, s->topic_len) == 0);
	cr_assert(e->options_len == s->options_len &&
		  memcmp(e->options, s->options, s->options_len) == 0);
	cr_assert(e->attributes_len == s->attributes_len &&
		  memcmp(e->attributes, s->attributes, s->attributes_len) == 0);
	cr_assert(e->payload_len == s->payload_len &&
		  memcmp(e->payload, s->payload, s->payload_len) == 0);
	cr_assert(e->sequence == s->sequence && e->incarnation == s->incarnation);
	cr_assert(e->origin_ns == s->origin_ns && e->ttl_ms == s->ttl_ms);
	cr_assert(e->partition_hash == s->partition_hash && e->schema_id == s->schema_id);
	cr_assert(e->tenant == s->tenant && e->class == s->class && e->mode == s->mode);
	cr_assert(e->kind == s->kind && e->hop_limit == s->hop_limit);
}

Test(random, encoded_events_parse_to_what_was_encoded)
{
	static uint8_t buf[RH_EVENT_MAX];
	struct rh_event_spec spec;
	struct rh_event event;

	rnd_init(&rnd, "frame_random");
	noise_fill();
	for (int i = 0; i < ROUNDS; i++) {
		bool assembled = below(2);

		spec_draw(&spec);
		int len = rh_event_encode(buf, sizeof(buf), &spec, assembled);

		cr_assert_eq((size_t)len, rh_event_size(&spec));
		cr_assert_eq(rh_event_parse(buf, (size_t)len, assembled, &event), RH_FRAME_OK);
		event_compare(&spec, &event);
	}
}

static int publish_put(uint8_t *out, size_t room)
{
	struct rh_event_spec spec;
	int len;

	spec_draw(&spec);
	spec.topic_len = (uint16_t)(1 + spec.topic_len % 60);
	spec.payload_len %= 100;
	len = rh_event_encode(out, room, &spec, false);
	return len < 0 ? len : (int)RH_ALIGN_UP((size_t)len, (size_t)RH_WIRE_ALIGN);
}

static int subscribe_put(uint8_t *out, size_t room)
{
	struct rh_sub_entry entries[4];
	uint16_t count = (uint16_t)(1 + below(4));

	for (uint16_t i = 0; i < count; i++)
		entries[i] = (struct rh_sub_entry){.filter = {(char *)noise, (uint16_t)below(30)},
			.content = {(char *)noise, (uint16_t)below(30)},
			.content_kind = 1};
	return rh_subscribe_encode(out, room, RH_RECORD_SUBSCRIBE, 1, entries, count);
}

static int suback_put(uint8_t *out, size_t room)
{
	struct rh_sub_result results[4];
	uint16_t count = (uint16_t)(1 + below(4));

	for (uint16_t i = 0; i < count; i++)
		results[i] = (struct rh_sub_result){
			(uint8_t)draw(), {(char *)noise, (uint16_t)below(30)},
			{(uint16_t)draw(), (uint16_t)draw(), (uint16_t)draw()}};
	return rh_suback_encode(out, room, RH_RECORD_UNSUBACK, 1, draw(), results, count);
}

static int fixed_put(uint8_t *out, size_t room)
{
	struct rh_text text = {(char *)noise, (uint16_t)(1 + below(60))};

	switch (below(8)) {
	case 0:
		return rh_hello_encode(
			out, room, &(struct rh_hello){1, 1, 1, 0, 0, 0, 0, 1500, text, text, text});
	case 1:
		return rh_challenge_encode(out, room, &(struct rh_challenge){1, text});
	case 2:
		return rh_welcome_encode(out, room,
			&(struct rh_welcome){
				.session = 1, .lanes = 1, .version = 1, .max_datagram = 1500});
	case 3:
		return rh_bye_encode(out, room, &(struct rh_bye){(uint8_t)draw(), text});
	case 4:
		return rh_keepalive_encode(out, room, &(struct rh_keepalive){.answer = below(2)});
	case 5:
		return rh_credit_encode(out, room, &(struct rh_credit){draw(), draw()});
	case 6:
		return rh_alias_encode(out, room, &(struct rh_alias){1, 1, text});
	default:
		return rh_alias_ack_encode(out, room, &(struct rh_alias_ack){1, 1, 0, text});
	}
}

/* A valid datagram of one to five records. */
static size_t datagram_draw(uint8_t *out, size_t room)
{
	struct rh_datagram d = {.session = (uint32_t)draw(), .packet_number = draw() | 1};
	size_t len = RH_DATAGRAM_HDR;

	for (uint64_t n = 1 + below(5); n; n--) {
		int (*const puts[])(uint8_t *, size_t) = {
			publish_put, subscribe_put, suback_put, fixed_put};
		int taken = puts[below(4)](out + len, room - len);

		len += taken > 0 ? (size_t)taken : 0;
	}
	d.length = (uint16_t)len;
	rh_datagram_encode(out, &d);
	return len;
}

static size_t mutate(uint8_t *bytes, size_t len)
{
	static const uint8_t edges[] = {0, 1, 7, 8, 0x7f, 0x80, 0xfe, 0xff};

	for (uint64_t n = 1 + below(4); n; n--) {
		size_t at = below((uint32_t)len);

		bytes[at] = below(2) ? edges[below(sizeof(edges))]
				     : (uint8_t)(bytes[at] ^ (1 << below(8)));
	}
	if (below(4) == 0)
		len = RH_DATAGRAM_HDR + below((uint32_t)len - RH_DATAGRAM_HDR + 1);
	/* Mostly repair the header, or no record parser would see anything. */
	if (below(8)) {
		bytes[0] = RH_WIRE_VERSION;
		bytes[1] = 0;
		rh_store_be16(bytes + 2, (uint16_t)len);
	}
	return len;
}

static enum rh_frame_error walk_exact(const uint8_t *bytes, size_t len)
{
	uint8_t *exact = malloc(len);
	enum rh_frame_error err;

	cr_assert_not_null(exact);
	memcpy(exact, bytes, len);
	err = frame_walk_datagram(exact, len);
	free(exact);
	return err;
}

Test(random, mutated_datagrams_never_make_a_view_leave_the_input)
{
	static uint8_t whole[8192], mutated[8192];
	unsigned accepted = 0, refused[RH_FRAME_ERROR_COUNT] = {0};

	rnd_init(&rnd, "frame_random");
	noise_fill();
	for (int i = 0; i < ROUNDS / MUTATIONS; i++) {
		size_t len = datagram_draw(whole, sizeof(whole));

		cr_assert_eq(walk_exact(whole, len), RH_FRAME_OK);
		for (int m = 0; m < MUTATIONS; m++) {
			memcpy(mutated, whole, len);
			refused[walk_exact(mutated, mutate(mutated, len))]++;
		}
	}
	accepted = refused[RH_FRAME_OK];
	/* The mutations must hit: both outcomes, and most of the errors. */
	cr_assert(
		accepted > 100 && refused[RH_FRAME_LENGTH] > 100 && refused[RH_FRAME_SHORT] > 100);
	cr_assert(refused[RH_FRAME_VALUE] > 10 && refused[RH_FRAME_RECORD_TYPE] > 10);
}

Test(random, noise_breaks_no_promise)
{
	static uint8_t bytes[512];

	rnd_init(&rnd, "frame_random");
	for (int i = 0; i < ROUNDS; i++) {
		size_t len = below((uint32_t)sizeof(bytes) + 1);

		for (size_t at = 0; at < len; at++)
			bytes[at] = (uint8_t)draw();
		(void)walk_exact(bytes, len ? len : 1);
		(void)frame_walk_event(bytes, len, below(2));
	}
}
