#include "dataplane/base/clock.h"

#include <criterion/criterion.h>
#include <time.h>

Test(clock, monotonic_time_never_goes_back)
{
	uint64_t before = rh_clock_ns();

	for (int i = 0; i < 100000; i++) {
		uint64_t now = rh_clock_ns();

		cr_assert_geq(now, before);
		before = now;
	}
}

Test(clock, wall_time_is_the_kernels)
{
	uint64_t before = (uint64_t)time(NULL);

	cr_assert_geq(rh_clock_wall_ns() / RH_NS_PER_S, before);
	cr_assert_leq(rh_clock_wall_ns() / RH_NS_PER_S, (uint64_t)time(NULL) + 1);
}

Test(clock, the_tsc_rate_is_measured_once_and_plausible)
{
	uint64_t hz = rh_tsc_hz();

	cr_assert_eq(rh_tsc_hz(), hz);
	/* From the slowest to the fastest x86 in use. */
	cr_assert(hz > 400000000 && hz < 10000000000);
}
