#include "tests/unit/perf/gen/sink_fixture.h"

#include "dataplane/frame/event.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const uint8_t classes[] = {1, 3, 7};

static uint16_t attributes_put(struct rnd *rnd, uint8_t *out, size_t room)
{
	const struct rh_attribute type = {.value = "reading", .value_len = 7, .key = RH_ATTR_TYPE};

	return rnd_below(rnd, 2) ? (uint16_t)rh_attribute_put(out, room, 0, &type) : 0;
}

static void record_make(struct fixture *f, struct rnd *rnd, uint32_t p)
{
	static const uint8_t option[] = {2, 4, 'a', '=', 'b', 'c'};
	uint8_t attributes[64], payload[400];
	char topic[64];
	struct rh_event_spec spec = {
		.topic = topic,
		.topic_len = (uint16_t)snprintf(topic, sizeof(topic), "plant/%u/temp", p),
		.options = option,
		.options_len = rnd_below(rnd, 2) ? sizeof(option) : 0,
		.attributes = attributes,
		.attributes_len = attributes_put(rnd, attributes, sizeof(attributes)),
		.payload = payload,
		.payload_len = STAMP_BYTES + rnd_below(rnd, sizeof(payload) - STAMP_BYTES),
		.sequence = 1,
		.incarnation = 1 + rnd_u64(rnd) / 2,
		.origin_ns = rnd_u64(rnd),
		.ttl_ms = p % 2 ? FIXTURE_TTL_MS : RH_TTL_NONE,
		.partition_hash = (uint32_t)rnd_u64(rnd),
		.schema_id = (uint32_t)rnd_u64(rnd),
		.class = classes[p % 3],
		.hop_limit = RH_HOP_LIMIT_DEFAULT,
	};
	int len;

	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)rnd_u64(rnd);
	len = rh_event_encode(f->records[p], FIXTURE_RECORD_MAX, &spec, false);
	cr_assert_gt(len, 0);
	f->places[p] = (struct place){f->records[p], (uint32_t)len, 0, f->receivers[p], spec.class};
}

static void receivers_make(struct fixture *f, struct rnd *rnd, uint32_t p)
{
	struct place *place = &f->places[p];

	for (uint32_t i = 0; i < FIXTURE_SUBSCRIBERS; i++) {
		bool gets = p == 0 ? i == 1 || i == 3 || i == 5 : p > 1 && rnd_below(rnd, 3) == 0;

		if (gets)
			f->receivers[p][place->receiver_count++] = i;
	}
}

void fixture_init(struct fixture *f, struct rnd *rnd, bool reflect)
{
	struct rh_error err;

	memset(f, 0, sizeof(*f));
	for (uint32_t p = 0; p < FIXTURE_PLACES; p++) {
		record_make(f, rnd, p);
		receivers_make(f, rnd, p);
	}
	f->spec = (struct sink_spec){
		.places = f->places,
		.place_count = FIXTURE_PLACES,
		.publishers = FIXTURE_PUBLISHERS,
		.subscribers = FIXTURE_SUBSCRIBERS,
		.reflect = reflect,
	};
	cr_assert_eq(sink_create(&f->sink, &f->spec, &err), 0, "%s", err.text);
}

void fixture_fini(struct fixture *f)
{
	sink_destroy(f->sink);
}

void fixture_send(const struct fixture *f, const struct stamp *s, uint8_t *out)
{
	const struct place *place = &f->places[s->place];

	memcpy(out, place->record, place->len);
	stamp_put(out, place->len, s);
}

void fixture_route(const struct fixture *f, struct rnd *rnd, const struct stamp *s, uint8_t *out)
{
	fixture_send(f, s, out);
	if (f->spec.reflect)
		return;
	out[5]--;
	rh_store_be16(out + 6, (uint16_t)rnd_below(rnd, 4));
	if (rnd_below(rnd, 4) == 0)
		rh_store_be16(out + 2, 0);
	if (s->place % 2)
		rh_store_be32(out + 32, FIXTURE_TTL_MS - rnd_below(rnd, FIXTURE_TTL_MS));
}

bool fixture_receives(const struct fixture *f, uint32_t place, uint32_t subscriber)
{
	for (uint32_t i = 0; i < f->places[place].receiver_count; i++)
		if (f->places[place].receivers[i] == subscriber)
			return true;
	return false;
}
