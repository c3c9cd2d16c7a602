#include "dataplane/frame/datagram.h"

#include <criterion/criterion.h>
#include <string.h>

#define ROOM 128

static uint8_t buf[ROOM];

/* A datagram of one session with @records_len bytes behind the header. */
static size_t datagram_make(size_t records_len)
{
	struct rh_datagram d = {.session = 7, .check = 0xcafe, .packet_number = 9, .lane = 2};

	memset(buf, 0, sizeof(buf));
	d.length = (uint16_t)(RH_DATAGRAM_HDR + records_len);
	rh_datagram_encode(buf, &d);
	return d.length;
}

/* Header of a record at @at of the records, its body zero. */
static void record_put(size_t at, uint8_t type, uint8_t flags, uint16_t len)
{
	buf[RH_DATAGRAM_HDR + at] = type;
	buf[RH_DATAGRAM_HDR + at + 1] = flags;
	rh_store_be16(buf + RH_DATAGRAM_HDR + at + 2, len);
}

static enum rh_frame_error parse(size_t len)
{
	struct rh_datagram d;

	return rh_datagram_parse(buf, len, &d);
}

/* Walk all records; the error of the last, and their number in @count. */
static enum rh_frame_error walk(size_t len, unsigned *count)
{
	struct rh_record_cursor cur = rh_record_first(buf, len);
	struct rh_record rec;
	enum rh_frame_error err;

	*count = 0;
	while ((err = rh_record_next(&cur, &rec)) == RH_FRAME_OK && rec.bytes)
		(*count)++;
	return err;
}

/* Of a header whose version, flags and length are right. */
Test(datagram, a_usual_one_has_a_number_and_no_key)
{
	size_t len = datagram_make(0);

	for (unsigned bit = 0; bit < 64; bit++) {
		rh_store_be64(buf + 8, 1ULL << bit);
		cr_assert(rh_datagram_is_usual(buf));
		cr_assert_eq(parse(len), RH_FRAME_OK);
	}
	for (unsigned key = 1; key <= UINT8_MAX; key++) {
		buf[17] = (uint8_t)key;
		cr_assert_not(rh_datagram_is_usual(buf));
		cr_assert_eq(parse(len), RH_FRAME_VALUE);
	}
	buf[17] = 0;
	rh_store_be64(buf + 8, 0);
	cr_assert_not(rh_datagram_is_usual(buf));
	cr_assert_eq(parse(len), RH_FRAME_VALUE);
}

Test(datagram, header_survives_the_round_trip)
{
	struct rh_datagram d;

	cr_assert_eq(rh_datagram_parse(buf, datagram_make(8), &d), RH_FRAME_OK);
	cr_assert_eq(d.session, 7);
	cr_assert_eq(d.check, 0xcafe);
	cr_assert_eq(d.packet_number, 9);
	cr_assert_eq(d.lane, 2);
	cr_assert_eq(d.flags, 0);
	cr_assert_eq(d.length, 32);
}

Test(datagram, every_length_below_the_header_is_short)
{
	(void)datagram_make(0);
	for (size_t len = 0; len < RH_DATAGRAM_HDR; len++)
		cr_assert_eq(parse(len), RH_FRAME_SHORT);
}

Test(datagram, other_versions_are_refused)
{
	size_t len = datagram_make(8);

	for (unsigned version = 0; version < 256; version++) {
		buf[0] = (uint8_t)version;
		cr_assert_eq(parse(len), version == 1 ? RH_FRAME_OK : RH_FRAME_VERSION);
	}
}

Test(datagram, every_flag_is_refused_and_auth_has_its_own_error)
{
	size_t len = datagram_make(8);

	for (unsigned flags = 1; flags < 256; flags++) {
		buf[1] = (uint8_t)flags;
		cr_assert_eq(
			parse(len), flags == RH_DATAGRAM_AUTH ? RH_FRAME_AUTH : RH_FRAME_FLAGS);
	}
}

Test(datagram, announced_length_must_equal_the_bytes)
{
	size_t len = datagram_make(8);

	cr_assert_eq(parse(len - 1), RH_FRAME_SHORT);
	cr_assert_eq(parse(len + 1), RH_FRAME_LENGTH);
}

Test(datagram, length_beyond_16_bits_does_not_wrap_into_the_flags)
{
	static uint8_t big[0x10018];

	/* As one word, version 1, flags 1, length 0x18 is what a comparison with 0x10018 would
	 * accept. */
	rh_store_be32(big, 0x01010018);
	cr_assert_neq(rh_datagram_parse(big, sizeof(big), &(struct rh_datagram){0}), RH_FRAME_OK);
}

Test(datagram, key_id_without_a_tag_is_refused)
{
	size_t len = datagram_make(8);

	buf[17] = 1;
	cr_assert_eq(parse(len), RH_FRAME_VALUE);
}

Test(datagram, a_session_needs_a_packet_number_and_no_session_does_not)
{
	size_t len = datagram_make(8);

	rh_store_be64(buf + 8, 0);
	cr_assert_eq(parse(len), RH_FRAME_VALUE);
	rh_store_be32(buf + 4, 0);
	cr_assert_eq(parse(len), RH_FRAME_OK);
}

Test(datagram, ignored_bytes_are_ignored)
{
	size_t len = datagram_make(8);

	buf[18] = buf[19] = 0xff;
	cr_assert_eq(parse(len), RH_FRAME_OK);
}

Test(datagram, out_is_untouched_on_error)
{
	struct rh_datagram d = {.session = 42};
	size_t len = datagram_make(8);

	buf[0] = 2;
	(void)rh_datagram_parse(buf, len, &d);
	cr_assert_eq(d.session, 42);
}

Test(record, a_datagram_without_records_ends_at_once)
{
	unsigned count;

	cr_assert_eq(walk(datagram_make(0), &count), RH_FRAME_OK);
	cr_assert_eq(count, 0);
}

Test(record, several_records_are_walked_in_order)
{
	size_t len = datagram_make(16 + 24 + 40);
	struct rh_record_cursor cur = rh_record_first(buf, len);
	struct rh_record rec;

	record_put(0, RH_RECORD_BYE, 0, 13);
	record_put(16, RH_RECORD_CREDIT, 0, 24);
	record_put(40, RH_RECORD_KEEPALIVE, RH_KEEPALIVE_ANSWER, 40);
	cr_assert_eq(rh_record_next(&cur, &rec), RH_FRAME_OK);
	cr_assert(rec.type == RH_RECORD_BYE && rec.len == 13 && rec.bytes == buf + 24);
	cr_assert_eq(rh_record_next(&cur, &rec), RH_FRAME_OK);
	cr_assert(rec.type == RH_RECORD_CREDIT && rec.len == 24 && rec.bytes == buf + 40);
	cr_assert_eq(rh_record_next(&cur, &rec), RH_FRAME_OK);
	cr_assert(rec.type == RH_RECORD_KEEPALIVE && rec.flags == RH_KEEPALIVE_ANSWER);
	cr_assert_eq(rh_record_next(&cur, &rec), RH_FRAME_OK);
	cr_assert_null(rec.bytes);
}

Test(record, only_known_types_pass)
{
	static const uint8_t known[] = {0x01, 0x02, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x20, 0x21,
		0x22, 0x23, 0x30, 0x40, 0x41};
	size_t len = datagram_make(64);
	unsigned count;

	for (unsigned type = 0; type < 256; type++) {
		record_put(0, (uint8_t)type, 0, 64);
		cr_assert_eq(walk(len, &count),
			memchr(known, (int)type, sizeof(known)) ? RH_FRAME_OK
								: RH_FRAME_RECORD_TYPE,
			"type %#x", type);
	}
}

Test(record, undefined_flags_are_refused_per_type)
{
	size_t len = datagram_make(64);
	unsigned count;

	record_put(0, RH_RECORD_PUBLISH, RH_PUBLISH_ALIAS, 64);
	cr_assert_eq(walk(len, &count), RH_FRAME_OK);
	record_put(0, RH_RECORD_PUBLISH, 0x02, 64);
	cr_assert_eq(walk(len, &count), RH_FRAME_FLAGS);
	record_put(0, RH_RECORD_HELLO, 0x01, 64);
	cr_assert_eq(walk(len, &count), RH_FRAME_FLAGS);
}

Test(record, zero_length_and_less_than_the_fixed_part_are_refused)
{
	size_t len = datagram_make(64);
	unsigned count;

	for (uint16_t size = 0; size < RH_PUBLISH_HDR; size++) {
		record_put(0, RH_RECORD_PUBLISH, 0, size);
		cr_assert_eq(walk(len, &count), RH_FRAME_LENGTH);
	}
}

Test(record, a_record_past_the_end_is_short)
{
	size_t len = datagram_make(64);
	unsigned count;

	record_put(0, RH_RECORD_PUBLISH, 0, 65);
	cr_assert_eq(walk(len, &count), RH_FRAME_SHORT);
	record_put(0, RH_RECORD_PUBLISH, 0, 65535);
	cr_assert_eq(walk(len, &count), RH_FRAME_SHORT);
}

Test(record, fewer_than_four_bytes_are_short)
{
	unsigned count;

	for (size_t tail = 1; tail < RH_RECORD_HDR; tail++) {
		size_t len = datagram_make(24 + tail);

		record_put(0, RH_RECORD_CREDIT, 0, 24);
		cr_assert_eq(walk(len, &count), RH_FRAME_SHORT);
		cr_assert_eq(count, 1, "what came before stands");
	}
}

Test(record, padding_may_be_absent_at_the_end_but_not_cut)
{
	unsigned count;

	for (size_t tail = 0; tail <= 3; tail++) {
		size_t len = datagram_make(13 + tail);

		record_put(0, RH_RECORD_BYE, 0, 13);
		cr_assert_eq(
			walk(len, &count), tail == 0 || tail == 3 ? RH_FRAME_OK : RH_FRAME_LENGTH);
	}
}

Test(record, padding_must_be_zero)
{
	unsigned count;

	for (uint16_t size = 57; size < 64; size++) {
		for (uint16_t at = size; at < 64; at++) {
			size_t len = datagram_make(64);

			record_put(0, RH_RECORD_PUBLISH, 0, size);
			memset(buf + RH_DATAGRAM_HDR + 4, 0xff, size - 4u);
			cr_assert_eq(walk(len, &count), RH_FRAME_OK);
			buf[RH_DATAGRAM_HDR + at] = 0x80;
			cr_assert_eq(walk(len, &count), RH_FRAME_VALUE);
		}
	}
}

Test(record, the_walk_stays_ended_after_an_error)
{
	size_t len = datagram_make(64);
	struct rh_record_cursor cur = rh_record_first(buf, len);
	struct rh_record rec;

	record_put(0, 0xee, 0, 64);
	cr_assert_eq(rh_record_next(&cur, &rec), RH_FRAME_RECORD_TYPE);
	cr_assert_eq(rh_record_next(&cur, &rec), RH_FRAME_OK);
	cr_assert_null(rec.bytes);
}
