#include "controlplane/api/ctl.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

Test(ctl, header_survives_the_round_trip)
{
	const struct ctl_header sent = {.version = CTL_VERSION, .type = CTL_EXPLAIN,
		.status = CTL_STATUS_REFUSED, .flags = CTL_MORE, .length = CTL_BODY_MAX, .request = 0x01020304};
	struct ctl_header got;
	uint8_t bytes[CTL_HDR];

	ctl_header_encode(bytes, &sent);
	cr_assert_eq(ctl_header_parse(bytes, &got, NULL), 0);
	cr_assert_eq(got.version, sent.version);
	cr_assert_eq(got.type, sent.type);
	cr_assert_eq(got.status, sent.status);
	cr_assert_eq(got.flags, sent.flags);
	cr_assert_eq(got.length, sent.length);
	cr_assert_eq(got.request, sent.request);
}

Test(ctl, header_is_in_network_byte_order)
{
	static const uint8_t wire[CTL_HDR] = {
		0, 1, 0, 20, 0, 0, 1, 0, 0, 0, 0, 7, 0, 3, 0, 1};
	struct ctl_header got;

	cr_assert_eq(ctl_header_parse(wire, &got, NULL), 0);
	cr_assert_eq(got.type, 20);
	cr_assert_eq(got.length, 256);
	cr_assert_eq(got.request, 7);
	cr_assert_eq(got.status, 3);
	cr_assert_eq(got.flags, 1);
}

Test(ctl, another_version_is_refused_by_name)
{
	static const uint8_t wire[CTL_HDR] = {0, 9};
	struct ctl_header got;
	struct rh_error err;

	cr_assert_eq(ctl_header_parse(wire, &got, &err), -EPROTO);
	cr_assert_not_null(strstr(err.text, "version 9"));
}

Test(ctl, a_body_beyond_the_limit_is_refused)
{
	struct ctl_header h = {.version = CTL_VERSION, .type = CTL_HELLO, .length = CTL_BODY_MAX + 1};
	struct ctl_header got;
	struct rh_error err;
	uint8_t bytes[CTL_HDR];

	ctl_header_encode(bytes, &h);
	cr_assert_eq(ctl_header_parse(bytes, &got, &err), -EMSGSIZE);
	cr_assert_not_null(strstr(err.text, "1048577"));
}

Test(ctl, tables_answer_for_every_row_and_for_no_other)
{
#define X(id, value, name, permission, help)                                                       \
	cr_assert_str_eq(ctl_type_name(value), name);                                              \
	cr_assert_str_eq(ctl_type_help(value), help);                                              \
	cr_assert_eq(ctl_type_permission(value), permission);
	CTL_MESSAGES(X)
#undef X
	cr_assert_null(ctl_type_name(9999));
	cr_assert_null(ctl_type_help(9999));
	cr_assert_eq(ctl_type_permission(9999), -ENOENT);
	cr_assert_str_eq(ctl_status_name(CTL_STATUS_BUSY), "busy");
	cr_assert_null(ctl_status_name(9999));
}
