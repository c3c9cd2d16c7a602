#include "controlplane/api/hsc.h"

#include "dataplane/base/compiler.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

static const struct hsc_pattern two[] = {{1, 3, "abc"}, {7, 1, "x"}};

Test(hsc, a_header_survives_the_round_trip)
{
	struct hsc_header in = {12, HSC_COMPILE, 99, HSC_TOO_DEAR}, out;
	uint8_t bytes[HSC_HDR];

	hsc_header_encode(bytes, &in);
	cr_assert_eq(hsc_header_parse(bytes, &out), 0);
	cr_assert_eq(out.length, 12);
	cr_assert_eq(out.type, HSC_COMPILE);
	cr_assert_eq(out.request, 99);
	cr_assert_eq(out.status, HSC_TOO_DEAR);
}

Test(hsc, a_header_of_another_version_type_status_or_size_is_refused)
{
	struct hsc_header in = {0, HSC_CHECK, 1, 0}, out;
	uint8_t bytes[HSC_HDR];
	static const struct {
		unsigned offset;
		uint8_t value;
		int error;
	} bad[] = {{5, 1, -EPROTO}, {7, 9, -EPROTO}, {15, HSC_STATUS_COUNT, -EPROTO},
		{0, 0x10, -EMSGSIZE}};

	for (size_t i = 0; i < RH_ARRAY_LEN(bad); i++) {
		hsc_header_encode(bytes, &in);
		bytes[bad[i].offset] = bad[i].value;
		cr_assert_eq(hsc_header_parse(bytes, &out), bad[i].error);
	}
}

Test(hsc, a_set_survives_the_round_trip)
{
	uint8_t bytes[64];
	struct hsc_set set;
	struct hsc_pattern got;
	size_t offset = 0;

	hsc_set_encode(bytes, two, 2);
	cr_assert_eq(hsc_set_parse(bytes, hsc_set_size(two, 2), &set), 0);
	for (int i = 0; i < 2; i++) {
		cr_assert(hsc_set_next(&set, &offset, &got));
		cr_assert_eq(got.id, two[i].id);
		cr_assert_eq(got.len, two[i].len);
		cr_assert_arr_eq(got.bytes, two[i].bytes, got.len);
	}
	cr_assert_not(hsc_set_next(&set, &offset, &got));
}

Test(hsc, a_set_cut_anywhere_or_longer_is_refused)
{
	uint8_t bytes[65] = {0};
	struct hsc_set set;
	size_t size = hsc_set_size(two, 2);

	hsc_set_encode(bytes, two, 2);
	for (size_t len = 0; len < size; len++)
		cr_assert_eq(hsc_set_parse(bytes, len, &set), -EPROTO, "%zu", len);
	cr_assert_eq(hsc_set_parse(bytes, size + 1, &set), -EPROTO);
}

Test(hsc, a_set_with_ids_not_ascending_empty_or_beyond_the_bounds_is_refused)
{
	static const struct hsc_pattern bad[][2] = {
		{{2, 1, "a"}, {2, 1, "b"}},
		{{0, 1, "a"}, {1, 1, "b"}},
		{{1, 0, ""}, {2, 1, "b"}},
		{{1, 1, "a"}, {HSC_PATTERNS_MAX + 1, 1, "b"}},
	};
	uint8_t bytes[64];
	struct hsc_set set;

	for (size_t i = 0; i < RH_ARRAY_LEN(bad); i++) {
		hsc_set_encode(bytes, bad[i], 2);
		cr_assert_eq(hsc_set_parse(bytes, hsc_set_size(bad[i], 2), &set), -EPROTO);
	}
	memset(bytes, 0, 4);
	cr_assert_eq(hsc_set_parse(bytes, 4, &set), -EPROTO);
}

Test(hsc, a_cost_survives_the_round_trip_and_a_short_one_is_refused)
{
	struct hsc_cost in = {1, 2, 3, 4}, out;
	uint8_t bytes[HSC_COST];

	hsc_cost_encode(bytes, &in);
	cr_assert_eq(hsc_cost_parse(bytes, sizeof(bytes), &out), 0);
	cr_assert_eq(memcmp(&in, &out, sizeof(in)), 0);
	cr_assert_eq(hsc_cost_parse(bytes, sizeof(bytes) - 1, &out), -EPROTO);
}

Test(hsc, one_pattern_survives_the_round_trip)
{
	struct hsc_pattern out;
	uint8_t body[16];

	hsc_check_encode(body, &two[1]);
	cr_assert_eq(hsc_check_parse(body, HSC_CHECK_HDR + 1, &out), 0);
	cr_expect_eq(out.id, 7);
	cr_expect_eq(out.len, 1);
	cr_expect_eq(*out.bytes, 'x');
}

Test(hsc, one_pattern_without_a_number_in_range_is_refused)
{
	static const struct hsc_pattern none = {0, 1, "x"}, beyond = {HSC_PATTERNS_MAX + 1, 1, "x"};
	struct hsc_pattern out;
	uint8_t body[16];

	cr_expect_eq(hsc_check_parse((const uint8_t *)"abc", 3, &out), -EPROTO);
	hsc_check_encode(body, &none);
	cr_expect_eq(hsc_check_parse(body, 5, &out), -EPROTO);
	hsc_check_encode(body, &beyond);
	cr_expect_eq(hsc_check_parse(body, 5, &out), -EPROTO);
}

static const struct hsc_payload three[] = {{4, (const uint8_t *)"abcd"}, {1, (const uint8_t *)""}, {2, (const uint8_t *)"ef"}};

Test(hsc, what_costs_most_counts_and_what_is_unknown_does_not)
{
	cr_expect_eq(hsc_cost_centicycles(&(struct hsc_cost){0, 0, 5, 7}), 7);
	cr_expect_eq(hsc_cost_centicycles(&(struct hsc_cost){0, 0, 7, 5}), 7);
	cr_expect_eq(hsc_cost_centicycles(&(struct hsc_cost){0, 0, 7, HSC_UNKNOWN}), 7);
}

Test(hsc, payloads_survive_the_round_trip_and_say_what_stands_behind_them)
{
	uint8_t body[64] = {0};
	struct hsc_payloads out;
	size_t size = hsc_payloads_size(three, 3);

	hsc_payloads_encode(body, three, 3);
	cr_assert_eq(hsc_payloads_parse(body, sizeof(body), &out), 0);
	cr_assert_eq(out.count, 3);
	cr_expect_eq(out.size, size);
	for (unsigned i = 0; i < 3; i++) {
		cr_assert_eq(out.payload[i].len, three[i].len);
		cr_expect_arr_eq(out.payload[i].bytes, three[i].bytes, three[i].len);
	}
	hsc_payloads_encode(body, NULL, 0);
	cr_assert_eq(hsc_payloads_parse(body, hsc_payloads_size(NULL, 0), &out), 0);
	cr_expect_eq(out.count, 0);
}

Test(hsc, payloads_cut_anywhere_are_refused)
{
	uint8_t body[64];
	struct hsc_payloads out;

	hsc_payloads_encode(body, three, 3);
	for (size_t len = 0; len < hsc_payloads_size(three, 3); len++)
		cr_expect_eq(hsc_payloads_parse(body, len, &out), -EPROTO, "%zu", len);
}

Test(hsc, payloads_too_many_too_long_or_empty_are_refused)
{
	static uint8_t body[4 + (HSC_PAYLOADS_MAX + 1) * (4 + HSC_PAYLOAD_MAX + 1)], bytes[HSC_PAYLOAD_MAX + 1];
	struct hsc_payload many[HSC_PAYLOADS_MAX + 1];
	struct hsc_payloads out;

	for (unsigned i = 0; i < RH_ARRAY_LEN(many); i++)
		many[i] = (struct hsc_payload){HSC_PAYLOAD_MAX, bytes};
	hsc_payloads_encode(body, many, HSC_PAYLOADS_MAX);
	cr_expect_eq(hsc_payloads_parse(body, sizeof(body), &out), 0);
	hsc_payloads_encode(body, many, HSC_PAYLOADS_MAX + 1);
	cr_expect_eq(hsc_payloads_parse(body, sizeof(body), &out), -EPROTO);
	many[0].len = HSC_PAYLOAD_MAX + 1;
	hsc_payloads_encode(body, many, 1);
	cr_expect_eq(hsc_payloads_parse(body, sizeof(body), &out), -EPROTO);
	many[0].len = 0;
	hsc_payloads_encode(body, many, 1);
	cr_expect_eq(hsc_payloads_parse(body, sizeof(body), &out), -EPROTO);
	memset(body, 0xff, 8);
	cr_expect_eq(hsc_payloads_parse(body, sizeof(body), &out), -EPROTO);
}
