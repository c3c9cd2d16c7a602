#include "dataplane/frame/event.h"

#include <criterion/criterion.h>
#include <string.h>

static uint8_t buf[RH_FRAGMENT_HDR + 64];

static const struct rh_fragment middle = {
	.slice_len = 16, .offset = 64, .total = 1000, .id = 5, .sequence = 6};
static const struct rh_fragment end = {
	.slice_len = 13, .offset = 64, .total = 77, .id = 5, .sequence = 6, .last = true};

static enum rh_frame_error parse(const struct rh_fragment *f, struct rh_fragment *out)
{
	struct rh_fragment scratch;

	rh_fragment_encode(buf, f);
	return rh_fragment_parse(buf, RH_FRAGMENT_HDR + f->slice_len, out ? out : &scratch);
}

Test(fragment, survives_the_round_trip)
{
	struct rh_fragment f;

	cr_assert_eq(parse(&middle, &f), RH_FRAME_OK);
	cr_assert(f.slice == buf + RH_FRAGMENT_HDR && f.slice_len == 16 && f.offset == 64);
	cr_assert(f.total == 1000 && f.id == 5 && f.sequence == 6 && !f.last);
	cr_assert_eq(parse(&end, &f), RH_FRAME_OK);
	cr_assert(f.last && f.slice_len == 13);
}

Test(fragment, every_length_below_the_header_is_short_and_no_slice_is_refused)
{
	struct rh_fragment f;

	rh_fragment_encode(buf, &middle);
	for (size_t len = 0; len < RH_FRAGMENT_HDR; len++)
		cr_assert_eq(rh_fragment_parse(buf, len, &f), RH_FRAME_SHORT);
	cr_assert_eq(rh_fragment_parse(buf, RH_FRAGMENT_HDR, &f), RH_FRAME_LENGTH);
}

Test(fragment, a_slice_outside_the_record_is_refused)
{
	struct rh_fragment f = middle;

	f.total = 79;
	cr_assert_eq(parse(&f, NULL), RH_FRAME_LENGTH);
	f.offset = 80;
	cr_assert_eq(parse(&f, NULL), RH_FRAME_LENGTH);
	f.offset = 0xfffffff8;
	cr_assert_eq(parse(&f, NULL), RH_FRAME_LENGTH, "wraps");
}

Test(fragment, last_and_the_end_must_agree)
{
	struct rh_fragment f = middle;

	f.last = true;
	cr_assert_eq(parse(&f, NULL), RH_FRAME_LENGTH);
	f = end;
	f.last = false;
	cr_assert_eq(parse(&f, NULL), RH_FRAME_LENGTH);
}

Test(fragment, slices_and_offsets_are_multiples_of_eight)
{
	struct rh_fragment f = middle;

	f.slice_len = 15;
	cr_assert_eq(parse(&f, NULL), RH_FRAME_LENGTH);
	f = end;
	f.offset = 65;
	f.total = 78;
	cr_assert_eq(parse(&f, NULL), RH_FRAME_VALUE);
}

Test(fragment, totals_that_no_event_can_have_are_refused)
{
	struct rh_fragment f = middle;

	f.offset = 0;
	f.total = RH_PUBLISH_HDR - 1;
	cr_assert_eq(parse(&f, NULL), RH_FRAME_LENGTH);
	f.total = RH_EVENT_MAX + 1;
	cr_assert_eq(parse(&f, NULL), RH_FRAME_TOO_LARGE);
	f.total = RH_EVENT_MAX;
	cr_assert_eq(parse(&f, NULL), RH_FRAME_OK);
}

Test(fragment, sequence_zero_is_refused)
{
	struct rh_fragment f = middle;

	f.sequence = 0;
	cr_assert_eq(parse(&f, NULL), RH_FRAME_VALUE);
}
