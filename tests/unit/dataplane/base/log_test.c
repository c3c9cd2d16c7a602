#include "dataplane/base/log.h"

#include <criterion/criterion.h>
#include <criterion/redirect.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static char output[4096];

static void output_read(void)
{
	FILE *f = cr_get_redirected_stderr();

	output[fread(output, 1, sizeof(output) - 1, f)] = 0;
}

Test(log, every_room_starts_at_info)
{
	for (int room = 0; room < RH_LOG_ROOM_COUNT; room++)
		cr_assert_eq(rh_log_get_level((enum rh_log_room)room), RH_LOG_INFO);
}

Test(log, a_level_changes_one_room_only)
{
	cr_assert_eq(rh_log_set_level("ctl", "debug"), 0);
	cr_assert_eq(rh_log_get_level(RH_LOG_CTL), RH_LOG_DEBUG);
	cr_assert_eq(rh_log_get_level(RH_LOG_CONF), RH_LOG_INFO);
}

Test(log, unknown_names_are_refused_and_change_nothing)
{
	cr_assert_eq(rh_log_set_level("kitchen", "debug"), -ENOENT);
	cr_assert_eq(rh_log_set_level("ctl", "loud"), -ENOENT);
	cr_assert_eq(rh_log_set_level("", ""), -ENOENT);
	cr_assert_eq(rh_log_get_level(RH_LOG_CTL), RH_LOG_INFO);
}

Test(log, every_name_finds_its_own_room_and_level)
{
	for (int room = 0; room < RH_LOG_ROOM_COUNT; room++) {
		for (int level = 0; level < RH_LOG_LEVEL_COUNT; level++) {
			cr_assert_eq(rh_log_set_level(rh_log_room_name((enum rh_log_room)room),
					     rh_log_level_name((enum rh_log_level)level)),
				0);
			cr_assert_eq(rh_log_get_level((enum rh_log_room)room), level);
		}
	}
}

Test(log, lines_below_the_level_are_not_written, .init = cr_redirect_stderr)
{
	cr_assert_eq(rh_log_set_level("port", "warn"), 0);
	rh_log_info(PORT, "quiet");
	rh_log_warn(PORT, "heard %d", 7);
	(void)fflush(stderr);
	output_read();
	cr_assert_null(strstr(output, "quiet"));
	cr_assert_not_null(strstr(output, "warn  port: heard 7\n"), "%s", output);
}

Test(log, a_long_line_is_cut_and_still_ends, .init = cr_redirect_stderr)
{
	char text[3000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	rh_log_error(MAIN, "%s", text);
	(void)fflush(stderr);
	output_read();
	cr_assert_eq(output[strlen(output) - 1], '\n');
	cr_assert_lt(strlen(output), 1200);
}
