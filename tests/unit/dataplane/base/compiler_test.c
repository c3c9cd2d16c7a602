#include "dataplane/base/atomic.h"
#include "dataplane/base/compiler.h"

#include <criterion/criterion.h>

Test(compiler, powers_of_two_are_rounded_up)
{
	cr_assert(rh_pow2_ceil(0) == 1 && rh_pow2_ceil(1) == 1 && rh_pow2_ceil(2) == 2);
	cr_assert(rh_pow2_ceil(3) == 4 && rh_pow2_ceil(1000) == 1024);
	cr_assert_eq(rh_pow2_ceil((1ULL << 62) + 1), 1ULL << 63);
}

Test(compiler, alignment_rounds_up_and_is_tested)
{
	cr_assert(RH_ALIGN_UP(0u, 8u) == 0 && RH_ALIGN_UP(1u, 8u) == 8 && RH_ALIGN_UP(8u, 8u) == 8);
	cr_assert(RH_IS_ALIGNED(16u, 8u) && !RH_IS_ALIGNED(17u, 8u));
}

Test(atomic, a_single_writer_counter_adds)
{
	uint64_t counter = 40;

	rh_add_relaxed(&counter, 2);
	cr_assert_eq(rh_load_relaxed(&counter), 42);
}
