#include "dataplane/base/error.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

Test(error, a_refusal_is_one_statement)
{
	struct rh_error err;

	cr_assert_eq(rh_error_set(&err, EINVAL, "port %s: %d queues", "p0", 3), -EINVAL);
	cr_assert_str_eq(err.text, "port p0: 3 queues");
}

Test(error, nobody_needs_to_listen)
{
	cr_assert_eq(rh_error_set(NULL, ENOMEM, "%s", "unheard"), -ENOMEM);
}

Test(error, a_long_sentence_is_cut_and_terminated)
{
	static char text[2 * RH_ERROR_MAX];
	struct rh_error err;

	memset(text, 'x', sizeof(text) - 1);
	cr_assert_eq(rh_error_set(&err, EIO, "%s", text), -EIO);
	cr_assert_eq(strlen(err.text), RH_ERROR_MAX - 1);
}
