/*
 * The short way of an event: it takes what the long way takes, and says the same of it; what it leaves is no plain event, or none at all.
 * Records are valid ones with a few bytes changed, seed printed.
 */

#include "tests/unit/dataplane/node/fixture.h"

#include "dataplane/base/clock.h"
#include "dataplane/node/plain.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define ROUNDS 200000

static uint64_t dice;

static uint32_t roll(uint32_t below)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (uint32_t)((dice >> 20) % below);
}

/* A record as a publisher sends most, now and then with something unusual. */
static size_t record_make(uint8_t *out, size_t room)
{
	static const char text[] = "plant/3/temperature/of/the/boiler";
	static const uint8_t payload[64] = "21.5";
	static const uint8_t options[] = {RH_OPTION_TRACEPARENT, 26, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
		14, 15, 16, 1, 2, 3, 4, 5, 6, 7, 8, 1};
	const struct rh_attribute attribute = {.key = RH_ATTR_SOURCE, .value = "urn:x", .value_len = 5};
	uint8_t attributes[64];
	struct rh_event_spec spec = {.topic = text,
		.topic_len = (uint16_t)(1 + roll(sizeof(text) - 1)),
		.payload = payload,
		.payload_len = roll(65),
		.sequence = 1 + roll(3),
		.incarnation = 7,
		.ttl_ms = roll(8) ? RH_TTL_NONE : roll(3),
		.class = (uint8_t)roll(8),
		.mode = roll(16) ? RH_MODE_BEST_EFFORT : (uint8_t)roll(4),
		.kind = roll(8) ? RH_KIND_EVENT : RH_KIND_COMMAND,
		.hop_limit = roll(8) ? RH_HOP_LIMIT_DEFAULT : (uint8_t)roll(2),
		.alias = roll(8) ? 0 : (uint16_t)roll(3)};

	if (!roll(4)) {
		spec.attributes_len = (uint16_t)rh_attribute_put(attributes, sizeof(attributes), 0, &attribute);
		spec.attributes = attributes;
	}
	if (!roll(8)) {
		spec.options = options;
		spec.options_len = sizeof(options);
	}
	return (size_t)rh_event_encode(out, room, &spec, false);
}

/* What the long way says of the first record: accepted, and plain? */
static bool is_plain(const uint8_t *datagram, size_t len, struct rh_event *view, const uint8_t **next)
{
	struct rh_record_cursor cur = rh_record_first(datagram, len);
	struct rh_record rec;

	if (rh_record_next(&cur, &rec) != RH_FRAME_OK || !rec.bytes || rec.type != RH_RECORD_PUBLISH ||
		rh_event_parse(rec.bytes, rec.len, false, view) != RH_FRAME_OK)
		return false;
	*next = cur.next;
	return !view->alias && !view->options_len && view->mode == RH_MODE_BEST_EFFORT &&
	       view->kind == RH_KIND_EVENT && view->hop_limit && !view->tenant;
}

static void compare(const uint8_t *datagram, size_t len, uint32_t round)
{
	struct rh_record_cursor cur = rh_record_first(datagram, len);
	const uint8_t *next = NULL;
	struct dp_event event = {0};
	struct rh_event view;
	bool wanted = is_plain(datagram, len, &view, &next);

	/* Sequence 0 and incarnation 0 are refused by the long way and never admitted by the short one. */
	if (dp_plain_parse(&cur, &event) != wanted) {
		cr_assert(!wanted && (!rh_load_be64(event.record + 8) || !rh_load_be64(event.record + 16)), "round %u", round);
		return;
	}
	if (!wanted)
		return;
	cr_assert_eq(cur.next, next);
	cr_assert_eq(event.end, next);
	cr_assert_eq(event.record, view.record);
	cr_assert_eq(event.record_len, view.record_len);
	cr_assert_eq(event.key.payload, view.payload);
	cr_assert_eq(event.key.payload_len, view.payload_len);
	cr_assert_eq(event.key.attributes, view.attributes);
	cr_assert_eq(event.key.attributes_len, view.attributes_len);
	cr_assert_eq((const uint8_t *)event.key.topic, view.topic);
	cr_assert_eq(event.key.topic_len, view.topic_len);
	cr_assert_eq(event.hop_limit, view.hop_limit);
	cr_assert_eq(event.alias, 0);
	cr_assert_not(event.open);
}

Test(plain, takes_what_the_long_way_takes_and_nothing_else)
{
	/* Exactly as long as the datagram, so that a sanitizer sees each byte read behind it. */
	uint8_t bytes[512] = {0}, *datagram;

	dice = rh_tsc() | 1;
	(void)printf("seed %" PRIu64 "\n", dice);
	for (uint32_t round = 0; round < ROUNDS; round++) {
		size_t len = RH_DATAGRAM_HDR + record_make(bytes + RH_DATAGRAM_HDR, 400);

		if (roll(4))
			len = RH_ALIGN_UP(len, (size_t)RH_WIRE_ALIGN);
		/* Another record behind it, whatever it holds. */
		if (!roll(3))
			len += 8 * roll(10);
		for (uint32_t n = roll(3); n; n--)
			bytes[RH_DATAGRAM_HDR + roll(roll(2) ? 56 : (uint32_t)len - RH_DATAGRAM_HDR)] =
				(uint8_t)(roll(2) ? roll(256) : roll(4));
		if (!roll(16))
			len -= roll(16);
		datagram = malloc(len);
		memcpy(datagram, bytes, len);
		compare(datagram, len, round);
		free(datagram);
	}
}

static struct fx_client pub, sub;
static struct fx_copy copy;

static void start(void)
{
	fx_start(NULL);
	fx_connect(&pub, 1);
	fx_connect(&sub, 2);
	(void)fx_subscribe(&sub, "#");
	fx_publish(&pub, "first", "of the session");
}

TestSuite(ways, .init = start, .fini = fx_stop);

/* Events of both ways by turns: each is admitted once, none is taken for a gap, order is kept. */
Test(ways, by_turns_in_one_datagram)
{
	uint8_t records[4096];
	size_t len = 0;

	for (uint32_t i = 0; i < 24; i++) {
		struct rh_event_spec spec = fx_spec(&pub, "t", "x");

		spec.kind = i % 4 == 1 || i % 8 == 2 ? RH_KIND_COMMAND : RH_KIND_EVENT;
		len += RH_ALIGN_UP(
			(size_t)rh_event_encode(records + len, sizeof(records) - len, &spec, false), RH_WIRE_ALIGN);
	}
	fx_records_in(&pub, 0, records, len);
	for (uint64_t i = 1; i <= 25; i++) {
		cr_assert(fx_copy(&sub, &copy));
		cr_assert_eq(copy.event.sequence, i);
	}
	cr_assert_eq(fx_count(lost_before_router), 0);
	cr_assert_eq(fx_count(events_parsed), 25);
	cr_assert_eq(fx_stats(&pub).rx_events, 25);
}

Test(ways, a_malformed_event_between_plain_ones_is_dropped_alone)
{
	uint8_t records[512];
	struct rh_event_spec spec = fx_spec(&pub, "t", "1");
	size_t len = RH_ALIGN_UP((size_t)rh_event_encode(records, sizeof(records), &spec, false), RH_WIRE_ALIGN), bad = len;

	pub.sequence--;
	spec = fx_spec(&pub, "t", "2");
	len += RH_ALIGN_UP((size_t)rh_event_encode(records + len, sizeof(records) - len, &spec, false), RH_WIRE_ALIGN);
	records[bad + 4] |= 1;
	spec = fx_spec(&pub, "t", "3");
	len += RH_ALIGN_UP((size_t)rh_event_encode(records + len, sizeof(records) - len, &spec, false), RH_WIRE_ALIGN);
	fx_records_in(&pub, 0, records, len);
	cr_assert_eq(fx_dropped(events, FRAME_VALUE), 1);
	cr_assert_eq(fx_copies(&sub), 3);
	cr_assert_eq(fx_count(lost_before_router), 0);
}

/* Events of both ways, each of a topic of its own, every third one at the end of its way: what is dropped in between leaves the others what they are. */
Test(ways, refused_events_leave_the_others_their_own)
{
	uint8_t records[4096];
	char topic[8], text[8];
	size_t len = 0;

	for (uint32_t i = 0; i < 24; i++) {
		struct rh_event_spec spec;

		(void)snprintf(topic, sizeof(topic), "t/%u", i);
		(void)snprintf(text, sizeof(text), "p%u", i);
		spec = fx_spec(&pub, topic, text);
		if (i % 3 == 1)
			spec.hop_limit = 0;
		spec.kind = i % 4 ? RH_KIND_EVENT : RH_KIND_COMMAND;
		len += RH_ALIGN_UP(
			(size_t)rh_event_encode(records + len, sizeof(records) - len, &spec, false), RH_WIRE_ALIGN);
	}
	fx_records_in(&pub, 0, records, len);
	cr_assert(fx_copy(&sub, &copy));
	for (uint32_t i = 0; i < 24; i++) {
		if (i % 3 == 1)
			continue;
		(void)snprintf(topic, sizeof(topic), "t/%u", i);
		(void)snprintf(text, sizeof(text), "p%u", i);
		cr_assert(fx_copy(&sub, &copy));
		cr_assert_eq(copy.event.topic_len, strlen(topic));
		cr_assert_arr_eq(copy.event.topic, topic, strlen(topic), "%u: %.*s", i, copy.event.topic_len, copy.event.topic);
		cr_assert_arr_eq(copy.event.payload, text, strlen(text));
	}
	cr_assert_not(fx_copy(&sub, &copy));
	cr_assert_eq(fx_dropped(events, HOP_LIMIT), 8);
}

/* Of topics that come twice and thrice in a row: each event is matched by its own. */
Test(ways, topics_in_a_row_are_told_apart)
{
	static const char *const topics[] = {"a", "a", "b", "a", "a", "a", "ab", "b", "b"};
	struct fx_client only_b;
	uint8_t records[4096];
	size_t len = 0;

	fx_connect(&only_b, 3);
	(void)fx_subscribe(&only_b, "b");
	/* Into the cache: what is searched for is searched for by itself. */
	fx_publish(&pub, "a", "");
	fx_publish(&pub, "b", "");
	fx_publish(&pub, "ab", "");
	for (uint32_t turn = 0; turn < 3; turn++)
		for (uint32_t i = 0; i < RH_ARRAY_LEN(topics); i++) {
			struct rh_event_spec spec = fx_spec(&pub, topics[i], "x");

			/* All of the short way, of both, all of the long one. */
			if (turn == 2 || (turn == 1 && i % 2))
				spec.kind = RH_KIND_COMMAND;
			len += RH_ALIGN_UP(
				(size_t)rh_event_encode(records + len, sizeof(records) - len, &spec, false), RH_WIRE_ALIGN);
		}
	fx_records_in(&pub, 0, records, len);
	cr_assert_eq(fx_copies(&sub), 4 + 3 * RH_ARRAY_LEN(topics));
	cr_assert_eq(fx_copies(&only_b), 10);
	for (uint32_t i = 0; i < 10; i++) {
		cr_assert(fx_copy(&only_b, &copy));
		cr_assert_eq(copy.event.topic[0], 'b');
	}
}

/* The datagram that uses up a quarter of the window ends with the last event of a burst: its grant goes out all the same. */
Test(ways, a_grant_follows_the_datagram_that_fills_a_burst)
{
	struct dp_session_conf conf;
	struct fx_client other;
	uint8_t records[4096];
	uint32_t length;
	size_t len = 0;

	fx_client_init(&other, 3, 4, DP_VLAN_NONE);
	conf = fx_conf(&other);
	conf.rx_window_events = 100;
	fx_open(&other, &conf);
	fx_publish(&other, "first", "x");
	fx.hold = true;
	for (uint32_t i = 1; i <= DP_BURST; i++) {
		struct rh_event_spec spec = fx_spec(&other, "t", "x");

		len += RH_ALIGN_UP(
			(size_t)rh_event_encode(records + len, sizeof(records) - len, &spec, false), RH_WIRE_ALIGN);
		if (i % (DP_BURST / 2))
			continue;
		fx_records_in(&other, 0, records, len);
		len = 0;
	}
	fx_poll();
	cr_assert_not_null(fx_control(&other, RH_RECORD_CREDIT, &length));
	cr_assert_eq(fx_count(credits_sent), 1);
}
