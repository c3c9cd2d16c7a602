#include "dataplane/api/drop.h"

#include <criterion/criterion.h>
#include <string.h>

Test(drop, every_reason_has_a_distinct_name_and_a_help)
{
	for (int a = 0; a < DP_DROP_COUNT; a++) {
		cr_expect_gt(strlen(dp_drop_name(a)), 0u);
		cr_expect_gt(strlen(dp_drop_help(a)), 0u);
		for (int b = a + 1; b < DP_DROP_COUNT; b++)
			cr_expect_str_neq(dp_drop_name(a), dp_drop_name(b));
	}
}

Test(drop, codec_reasons_keep_number_and_name)
{
	for (int e = 1; e < RH_FRAME_ERROR_COUNT; e++) {
		cr_expect_str_eq(dp_drop_name(e), rh_frame_error_name(e));
		cr_expect_eq(dp_drop_level(e), DP_DROP_LEVEL_COUNT);
	}
}

Test(drop, levels_are_as_declared)
{
	cr_expect_eq(dp_drop_level(DP_DROP_CHECKSUM), DP_DROP_DATAGRAM);
	cr_expect_eq(dp_drop_level(DP_DROP_DUPLICATE), DP_DROP_EVENT);
	cr_expect_eq(dp_drop_level(DP_DROP_QUEUE_FULL), DP_DROP_COPY);
	cr_expect_str_eq(dp_drop_name(DP_DROP_COUNT), "unknown");
}
