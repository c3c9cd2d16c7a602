#include "dataplane/frame/status.h"

#include <criterion/criterion.h>
#include <string.h>

Test(status, every_error_has_its_own_name_and_a_help)
{
	for (int a = 0; a < RH_FRAME_ERROR_COUNT; a++) {
		cr_assert_not_null(rh_frame_error_name((enum rh_frame_error)a));
		cr_assert_gt(strlen(rh_frame_error_help((enum rh_frame_error)a)), 0);
		for (int b = 0; b < a; b++)
			cr_assert_str_neq(rh_frame_error_name((enum rh_frame_error)a),
				rh_frame_error_name((enum rh_frame_error)b));
	}
	cr_assert_str_eq(rh_frame_error_name(RH_FRAME_OK), "ok");
	cr_assert_str_eq(rh_frame_error_name(RH_FRAME_TOO_LARGE), "too_large");
}
