#include "dataplane/frame/bytes.h"
#include "dataplane/frame/control.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define TEXT(s) ((struct rh_text){s, sizeof(s) - 1})

static uint8_t buf[65536];

static const struct rh_sub_entry entries[] = {
	{.filter = {"a/+/#", 5}},
	{.filter = {"b", 1},
		.content = {"CVE-[0-9]+", 10},
		.content_kind = RH_CONTENT_PAYLOAD_REGEX},
};
static const struct rh_sub_result results[] = {
	{.code = RH_SUB_OK, .price = {20, 65535, 164}},
	{.code = 200, .text = {"not today", 9}, .price = {1, 2, 3}},
};

static size_t subscribe_make(void)
{
	int taken = rh_subscribe_encode(buf, sizeof(buf), RH_RECORD_SUBSCRIBE, 77, entries, 2);

	cr_assert_eq(taken, 16 + 16 + 24);
	cr_assert_eq(rh_load_be16(buf + 2), taken, "padding of entries is part of the record");
	return (size_t)taken;
}

static size_t suback_make(void)
{
	int taken = rh_suback_encode(buf, sizeof(buf), RH_RECORD_SUBACK, 77, 1234, results, 2);

	cr_assert_eq(taken, 24 + 8 + 24);
	return (size_t)taken;
}

static enum rh_frame_error subscribe_error(size_t len)
{
	struct rh_subscribe m;

	return rh_subscribe_parse(buf, len, &m);
}

static enum rh_frame_error suback_error(size_t len)
{
	struct rh_suback m;

	return rh_suback_parse(buf, len, &m);
}

Test(subscribe, survives_the_round_trip)
{
	size_t at = 0, len = subscribe_make();
	struct rh_subscribe m;
	struct rh_sub_entry e;

	cr_assert_eq(rh_subscribe_parse(buf, len, &m), RH_FRAME_OK);
	cr_assert(m.request == 77 && m.count == 2);
	cr_assert(rh_sub_entry_next(&m, &at, &e));
	cr_assert(e.filter.len == 5 && memcmp(e.filter.bytes, "a/+/#", 5) == 0);
	cr_assert(e.content.len == 0 && e.content_kind == RH_CONTENT_NONE && e.dialect == 0);
	cr_assert(rh_sub_entry_next(&m, &at, &e));
	cr_assert(e.content.len == 10 && memcmp(e.content.bytes, "CVE-[0-9]+", 10) == 0);
	cr_assert_not(rh_sub_entry_next(&m, &at, &e));
}

Test(subscribe, every_cut_is_refused)
{
	size_t len = subscribe_make();

	for (size_t cut = 0; cut < len; cut++)
		cr_assert_eq(subscribe_error(cut),
			cut < RH_SUBSCRIBE_HDR ? RH_FRAME_SHORT : RH_FRAME_LENGTH);
}

Test(subscribe, entry_counts_that_lie_are_refused)
{
	size_t len = subscribe_make();

	rh_store_be16(buf + 8, 1);
	cr_assert_eq(subscribe_error(len), RH_FRAME_LENGTH, "an entry too many");
	rh_store_be16(buf + 8, 3);
	cr_assert_eq(subscribe_error(len), RH_FRAME_LENGTH, "an entry too few");
	rh_store_be16(buf + 8, 0);
	cr_assert_eq(subscribe_error(len), RH_FRAME_VALUE);
	rh_store_be16(buf + 8, RH_SUBSCRIBE_MAX + 1);
	cr_assert_eq(subscribe_error(len), RH_FRAME_VALUE);
}

Test(subscribe, request_zero_is_refused)
{
	size_t len = subscribe_make();

	rh_store_be32(buf + 4, 0);
	cr_assert_eq(subscribe_error(len), RH_FRAME_VALUE);
}

Test(subscribe, padding_of_an_entry_must_be_zero)
{
	size_t len = subscribe_make();

	buf[16 + 8 + 5] = 1;
	cr_assert_eq(subscribe_error(len), RH_FRAME_VALUE);
}

Test(subscribe, content_without_a_kind_is_refused_and_unknown_kinds_are_kept)
{
	size_t len = subscribe_make(), at = 16;
	struct rh_subscribe m;
	struct rh_sub_entry e;

	buf[32 + 4] = RH_CONTENT_NONE;
	cr_assert_eq(subscribe_error(len), RH_FRAME_VALUE);
	buf[32 + 4] = 99;
	cr_assert_eq(rh_subscribe_parse(buf, len, &m), RH_FRAME_OK);
	cr_assert(rh_sub_entry_next(&m, &at, &e) && e.content_kind == 99);
}

Test(subscribe, texts_beyond_their_limit_are_refused)
{
	static char text[RH_CONTENT_MAX + 1];
	struct rh_sub_entry e = {.filter = {text, RH_FILTER_MAX + 1}};
	int len = rh_subscribe_encode(buf, sizeof(buf), RH_RECORD_UNSUBSCRIBE, 1, &e, 1);

	cr_assert_eq(subscribe_error((size_t)len), RH_FRAME_VALUE);
	e = (struct rh_sub_entry){.content = {text, RH_CONTENT_MAX + 1}, .content_kind = 1};
	len = rh_subscribe_encode(buf, sizeof(buf), RH_RECORD_UNSUBSCRIBE, 1, &e, 1);
	cr_assert_eq(subscribe_error((size_t)len), RH_FRAME_VALUE);
}

Test(subscribe, a_full_set_of_entries_passes_and_a_record_beyond_16_bits_is_not_built)
{
	static char text[RH_CONTENT_MAX];
	static struct rh_sub_entry many[RH_SUBSCRIBE_MAX];
	int len;

	for (size_t i = 0; i < RH_SUBSCRIBE_MAX; i++)
		many[i] = (struct rh_sub_entry){.filter = {text, (uint16_t)i}};
	len = rh_subscribe_encode(buf, sizeof(buf), RH_RECORD_SUBSCRIBE, 1, many, RH_SUBSCRIBE_MAX);
	cr_assert_eq(subscribe_error((size_t)len), RH_FRAME_OK);
	for (size_t i = 0; i < RH_SUBSCRIBE_MAX; i++)
		many[i] =
			(struct rh_sub_entry){.content = {text, RH_CONTENT_MAX}, .content_kind = 1};
	cr_assert_eq(
		rh_subscribe_encode(buf, sizeof(buf), RH_RECORD_SUBSCRIBE, 1, many, 16), -EMSGSIZE);
}

Test(suback, survives_the_round_trip)
{
	size_t at = 0, len = suback_make();
	struct rh_suback m;
	struct rh_sub_result r;

	cr_assert_eq(rh_suback_parse(buf, len, &m), RH_FRAME_OK);
	cr_assert(m.request == 77 && m.count == 2 && m.generation == 1234);
	cr_assert(rh_sub_result_next(&m, &at, &r) && r.code == RH_SUB_OK && r.text.len == 0);
	cr_assert(r.price.every_cycles == 20 && r.price.match_cycles == 65535 && r.price.bytes == 164);
	cr_assert(rh_sub_result_next(&m, &at, &r) && r.code == 200 && r.text.len == 9);
	cr_assert_eq(rh_load_be64(buf + 32) << 16, 0, "what is refused has no price");
	cr_assert_not(r.price.every_cycles || r.price.match_cycles || r.price.bytes);
	cr_assert_not(rh_sub_result_next(&m, &at, &r));
}

Test(suback, every_cut_and_every_lie_is_refused)
{
	size_t len = suback_make();

	for (size_t cut = 0; cut < len; cut++)
		cr_assert_eq(
			suback_error(cut), cut < RH_SUBACK_HDR ? RH_FRAME_SHORT : RH_FRAME_LENGTH);
	rh_store_be16(buf + 8, 1);
	cr_assert_eq(suback_error(len), RH_FRAME_LENGTH);
	rh_store_be16(buf + 8, 3);
	cr_assert_eq(suback_error(len), RH_FRAME_LENGTH);
	rh_store_be16(buf + 8, 0);
	cr_assert_eq(suback_error(len), RH_FRAME_VALUE);
}

Test(suback, texts_and_padding_are_checked)
{
	size_t len = suback_make();

	buf[32 + 8 + 9] = 1;
	cr_assert_eq(suback_error(len), RH_FRAME_VALUE, "padding");
	len = suback_make();
	buf[32 + 8] = '\n';
	cr_assert_eq(suback_error(len), RH_FRAME_VALUE, "control character");
	len = suback_make();
	rh_store_be32(buf + 4, 0);
	cr_assert_eq(suback_error(len), RH_FRAME_VALUE, "request 0");
}

Test(suback, texts_longer_than_the_record_are_refused)
{
	struct rh_sub_result long_text = {.code = 1, .text = {(const char *)buf, RH_TEXT_MAX + 1}};
	size_t len = suback_make();

	buf[24 + 1] = 255;
	cr_assert_eq(suback_error(len), RH_FRAME_LENGTH, "over the next results");
	len = suback_make();
	buf[32 + 1] = 17;
	cr_assert_eq(suback_error(len), RH_FRAME_LENGTH, "over the end");
	len = suback_make();
	buf[32 + 1] = 8;
	cr_assert_eq(suback_error(len), RH_FRAME_LENGTH, "eight bytes behind the last");
	cr_assert_eq(rh_suback_encode(buf, sizeof(buf), RH_RECORD_SUBACK, 1, 1, &long_text, 1),
		-EMSGSIZE);
}

Test(suback, a_price_of_what_was_refused_is_not_looked_at)
{
	size_t at = 0, len = suback_make();
	struct rh_sub_result r;
	struct rh_suback m;

	rh_store_be64(buf + 32, 0xc809ffffffffffffULL);
	cr_assert_eq(rh_suback_parse(buf, len, &m), RH_FRAME_OK);
	(void)rh_sub_result_next(&m, &at, &r);
	cr_assert(rh_sub_result_next(&m, &at, &r) && r.code == 200 && r.price.bytes == 0);
}

Test(alias, survives_the_round_trip_and_may_be_empty)
{
	struct rh_alias in = {.request = 3, .alias = RH_ALIAS_MAX, .topic = TEXT("a/b")}, m;

	cr_assert_eq(rh_alias_encode(buf, sizeof(buf), &in), 24);
	cr_assert_eq(rh_alias_parse(buf, 19, &m), RH_FRAME_OK);
	cr_assert(m.request == 3 && m.alias == RH_ALIAS_MAX && m.topic.len == 3);
	in.topic.len = 0;
	cr_assert_eq(rh_alias_encode(buf, sizeof(buf), &in), 16);
	cr_assert_eq(rh_alias_parse(buf, 16, &m), RH_FRAME_OK);
}

Test(alias, bad_lengths_and_numbers_are_refused)
{
	static char topic[RH_TOPIC_MAX + 1];
	struct rh_alias in = {.request = 3, .alias = 1, .topic = {topic, sizeof(topic)}}, m;

	(void)rh_alias_encode(buf, sizeof(buf), &in);
	cr_assert_eq(rh_alias_parse(buf, RH_ALIAS_HDR + sizeof(topic), &m), RH_FRAME_TOPIC);
	cr_assert_eq(rh_alias_parse(buf, RH_ALIAS_HDR - 1, &m), RH_FRAME_SHORT);
	cr_assert_eq(rh_alias_parse(buf, RH_ALIAS_HDR, &m), RH_FRAME_LENGTH);
	in.topic.len = 1;
	in.alias = 0;
	(void)rh_alias_encode(buf, sizeof(buf), &in);
	cr_assert_eq(rh_alias_parse(buf, 17, &m), RH_FRAME_VALUE);
	in.alias = RH_ALIAS_MAX + 1;
	(void)rh_alias_encode(buf, sizeof(buf), &in);
	cr_assert_eq(rh_alias_parse(buf, 17, &m), RH_FRAME_VALUE);
	in.alias = 1;
	in.request = 0;
	(void)rh_alias_encode(buf, sizeof(buf), &in);
	cr_assert_eq(rh_alias_parse(buf, 17, &m), RH_FRAME_VALUE);
}

Test(alias_ack, survives_the_round_trip_and_refuses_the_rest)
{
	struct rh_alias_ack in = {.request = 3, .alias = 4, .code = 5, .text = TEXT("why")}, m;

	cr_assert_eq(rh_alias_ack_encode(buf, sizeof(buf), &in), 24);
	cr_assert_eq(rh_alias_ack_parse(buf, 19, &m), RH_FRAME_OK);
	cr_assert(m.request == 3 && m.alias == 4 && m.code == 5 && m.text.len == 3);
	cr_assert_eq(rh_alias_ack_parse(buf, 15, &m), RH_FRAME_SHORT);
	cr_assert_eq(rh_alias_ack_parse(buf, 18, &m), RH_FRAME_LENGTH);
	cr_assert_eq(rh_alias_ack_parse(buf, 20, &m), RH_FRAME_LENGTH);
	in.text = TEXT("\x01");
	(void)rh_alias_ack_encode(buf, sizeof(buf), &in);
	cr_assert_eq(rh_alias_ack_parse(buf, 17, &m), RH_FRAME_VALUE);
	in.alias = 0;
	in.text.len = 0;
	(void)rh_alias_ack_encode(buf, sizeof(buf), &in);
	cr_assert_eq(rh_alias_ack_parse(buf, 16, &m), RH_FRAME_VALUE);
}
