/* Additions to a field with one writer, in every width that one has. */

#include "dataplane/base/atomic.h"

#include <criterion/criterion.h>
#include <stdint.h>

Test(atomic, an_addition_carries_through_the_whole_field_and_no_further)
{
	struct {
		uint64_t before, wide;
		uint32_t word, behind_word;
		uint16_t half, behind_half;
		uint8_t byte, behind_byte;
	} f = {.wide = UINT32_MAX, .word = UINT16_MAX, .half = UINT8_MAX, .byte = UINT8_MAX};

	rh_add_relaxed(&f.wide, 1);
	rh_add_relaxed(&f.word, 1);
	rh_add_relaxed(&f.half, 1);
	rh_add_relaxed(&f.byte, 1);
	cr_assert_eq(f.wide, 1ULL << 32);
	cr_assert_eq(f.word, 1u << 16);
	cr_assert_eq(f.half, 1u << 8);
	cr_assert_eq(f.byte, 0);
	cr_assert_eq(f.before + f.behind_word + f.behind_half + f.behind_byte, 0);
}

Test(atomic, what_is_added_may_be_wide_negative_or_not_known_before)
{
	uint64_t field = 5, by = 1ULL << 40;
	uint32_t narrow = 7;

	rh_add_relaxed(&field, 1ULL << 63);
	rh_add_relaxed(&field, by);
	rh_add_relaxed(&field, narrow);
	rh_add_relaxed(&field, -(uint64_t)narrow);
	rh_add_relaxed(&field, -1);
	cr_assert_eq(field, (1ULL << 63) + (1ULL << 40) + 4);
}
