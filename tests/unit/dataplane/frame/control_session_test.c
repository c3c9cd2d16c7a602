#include "dataplane/frame/bytes.h"
#include "dataplane/frame/control.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define TEXT(s) ((struct rh_text){s, sizeof(s) - 1})

static uint8_t buf[1024];

static const struct rh_hello hello = {
	.version_min = 1,
	.version_max = 3,
	.incarnation = 0x1122334455667788,
	.credit_events = 100,
	.credit_bytes = RH_CREDIT_UNLIMITED,
	.queue_ms = 5000,
	.keepalive_ms = 1000,
	.max_datagram = 1472,
	.cookie = {"0123456789abcdef", 16},
	.client_id = {"client-\xc3\xa9", 9},
	.tenant = {"acme", 4},
};
static const struct rh_welcome welcome = {
	.session = 1,
	.check = 2,
	.node_incarnation = 3,
	.credit_events = 4,
	.credit_bytes = 5,
	.keepalive_ms = 6,
	.timeout_ms = 7,
	.max_payload = 8,
	.owner_worker = 9,
	.max_datagram = 512,
	.lanes = 11,
	.version = 1,
};

static bool same(struct rh_text a, struct rh_text b)
{
	return a.len == b.len && memcmp(a.bytes, b.bytes, a.len) == 0;
}

/* Length of the record as its header says, which is what the parsers get. */
static size_t encode_hello(const struct rh_hello *m)
{
	int taken = rh_hello_encode(buf, sizeof(buf), m);

	cr_assert(taken > 0 && taken % RH_WIRE_ALIGN == 0);
	return rh_load_be16(buf + 2);
}

static enum rh_frame_error hello_error(const struct rh_hello *m)
{
	struct rh_hello out;

	return rh_hello_parse(buf, encode_hello(m), &out);
}

Test(hello, survives_the_round_trip)
{
	struct rh_hello m;

	cr_assert_eq(rh_hello_parse(buf, encode_hello(&hello), &m), RH_FRAME_OK);
	cr_assert(m.version_min == 1 && m.version_max == 3 && m.incarnation == hello.incarnation);
	cr_assert(m.credit_events == 100 && m.credit_bytes == RH_CREDIT_UNLIMITED);
	cr_assert(m.queue_ms == 5000 && m.keepalive_ms == 1000 && m.max_datagram == 1472);
	cr_assert(same(m.cookie, hello.cookie) && same(m.client_id, hello.client_id));
	cr_assert(same(m.tenant, hello.tenant));
}

Test(hello, every_cut_is_refused_and_so_is_a_byte_too_many)
{
	struct rh_hello m;
	size_t len = encode_hello(&hello);

	for (size_t cut = 0; cut < len; cut++)
		cr_assert_eq(rh_hello_parse(buf, cut, &m),
			cut < RH_HELLO_HDR ? RH_FRAME_SHORT : RH_FRAME_LENGTH);
	cr_assert_eq(rh_hello_parse(buf, len + 1, &m), RH_FRAME_LENGTH);
}

Test(hello, excluded_values_are_refused)
{
	static const struct rh_text long_text = {
		"0123456789012345678901234567890123456789012345678901234567890123456789", 65};
	struct rh_hello m;

#define REFUSED(field, value)                                                                      \
	do {                                                                                       \
		m = hello;                                                                         \
		m.field = value;                                                                   \
		cr_assert_eq(hello_error(&m), RH_FRAME_VALUE, #field);                             \
	} while (0)
	REFUSED(version_min, 0);
	REFUSED(version_min, 4);
	REFUSED(incarnation, 0);
	REFUSED(max_datagram, RH_DATAGRAM_MIN_MAX - 1);
	REFUSED(cookie, long_text);
	REFUSED(tenant, long_text);
	REFUSED(client_id, TEXT(""));
	REFUSED(client_id, TEXT("\xc3("));
	REFUSED(client_id, TEXT("a\033[2J"));
	REFUSED(client_id, TEXT("a\x7f"));
	REFUSED(tenant, TEXT("a\nb"));
#undef REFUSED
}

Test(hello, a_client_id_beyond_its_limit_is_refused)
{
	static char id[RH_CLIENT_ID_MAX + 1];
	struct rh_hello m = hello;

	memset(id, 'c', sizeof(id));
	m.client_id = (struct rh_text){id, RH_CLIENT_ID_MAX};
	cr_assert_eq(hello_error(&m), RH_FRAME_OK);
	m.client_id.len++;
	cr_assert_eq(hello_error(&m), RH_FRAME_VALUE);
}

Test(hello, the_encoder_refuses_too_little_room)
{
	cr_assert_eq(rh_hello_encode(buf, 79, &hello), -EMSGSIZE);
	cr_assert_eq(rh_hello_encode(buf, 80, &hello), 80);
}

Test(challenge, survives_the_round_trip_and_refuses_the_rest)
{
	struct rh_challenge in = {.node_incarnation = 9, .cookie = TEXT("cookie")}, m;

	cr_assert_eq(rh_challenge_encode(buf, sizeof(buf), &in), 24);
	cr_assert_eq(rh_challenge_parse(buf, 22, &m), RH_FRAME_OK);
	cr_assert(m.node_incarnation == 9 && same(m.cookie, in.cookie));
	cr_assert_eq(rh_challenge_parse(buf, 15, &m), RH_FRAME_SHORT);
	cr_assert_eq(rh_challenge_parse(buf, 21, &m), RH_FRAME_LENGTH);
	cr_assert_eq(rh_challenge_parse(buf, 23, &m), RH_FRAME_LENGTH);
	in.cookie.len = 0;
	cr_assert_eq(rh_challenge_encode(buf, sizeof(buf), &in), 16);
	cr_assert_eq(rh_challenge_parse(buf, 16, &m), RH_FRAME_VALUE);
	rh_store_be16(buf + 4, RH_COOKIE_MAX + 1);
	cr_assert_eq(rh_challenge_parse(buf, 16 + RH_COOKIE_MAX + 1, &m), RH_FRAME_VALUE);
}

Test(welcome, survives_the_round_trip)
{
	struct rh_welcome m;

	cr_assert_eq(rh_welcome_encode(buf, sizeof(buf), &welcome), RH_WELCOME_HDR);
	cr_assert_eq(rh_welcome_parse(buf, RH_WELCOME_HDR, &m), RH_FRAME_OK);
	cr_assert(m.session == 1 && m.check == 2 && m.node_incarnation == 3);
	cr_assert(m.credit_events == 4 && m.credit_bytes == 5 && m.keepalive_ms == 6);
	cr_assert(m.timeout_ms == 7 && m.max_payload == 8 && m.owner_worker == 9);
	cr_assert(m.max_datagram == 512 && m.lanes == 11 && m.version == 1);
}

Test(welcome, wrong_sizes_and_excluded_values_are_refused)
{
	struct rh_welcome m;

	(void)rh_welcome_encode(buf, sizeof(buf), &welcome);
	cr_assert_eq(rh_welcome_parse(buf, RH_WELCOME_HDR - 1, &m), RH_FRAME_SHORT);
	cr_assert_eq(rh_welcome_parse(buf, RH_WELCOME_HDR + 1, &m), RH_FRAME_LENGTH);
#define REFUSED(field)                                                                             \
	do {                                                                                       \
		m = welcome;                                                                       \
		m.field = 0;                                                                       \
		(void)rh_welcome_encode(buf, sizeof(buf), &m);                                     \
		cr_assert_eq(rh_welcome_parse(buf, RH_WELCOME_HDR, &m), RH_FRAME_VALUE, #field);   \
	} while (0)
	REFUSED(session);
	REFUSED(lanes);
	REFUSED(version);
	REFUSED(max_datagram);
#undef REFUSED
}

Test(bye, survives_the_round_trip_with_reasons_not_known_yet)
{
	struct rh_bye in = {.reason = 250, .text = TEXT("later")}, m;

	cr_assert_eq(rh_bye_encode(buf, sizeof(buf), &in), 16);
	cr_assert_eq(rh_bye_parse(buf, 13, &m), RH_FRAME_OK);
	cr_assert(m.reason == 250 && same(m.text, in.text));
}

Test(bye, bad_lengths_and_texts_are_refused)
{
	struct rh_bye in = {.reason = RH_BYE_NORMAL, .text = TEXT("a\tb")}, m;
	static char text[RH_TEXT_MAX + 1];

	(void)rh_bye_encode(buf, sizeof(buf), &in);
	cr_assert_eq(rh_bye_parse(buf, 11, &m), RH_FRAME_VALUE);
	cr_assert_eq(rh_bye_parse(buf, 7, &m), RH_FRAME_SHORT);
	cr_assert_eq(rh_bye_parse(buf, 10, &m), RH_FRAME_LENGTH);
	memset(text, 'x', sizeof(text));
	in.text = (struct rh_text){text, sizeof(text)};
	(void)rh_bye_encode(buf, sizeof(buf), &in);
	cr_assert_eq(rh_bye_parse(buf, RH_BYE_HDR + sizeof(text), &m), RH_FRAME_VALUE);
}

Test(unknown_session, survives_the_round_trip_and_has_one_size)
{
	struct rh_unknown_session in = {.session = 5, .node_incarnation = 6}, m;

	cr_assert_eq(rh_unknown_session_encode(buf, sizeof(buf), &in), RH_UNKNOWN_HDR);
	cr_assert_eq(rh_unknown_session_parse(buf, RH_UNKNOWN_HDR, &m), RH_FRAME_OK);
	cr_assert(m.session == 5 && m.node_incarnation == 6);
	cr_assert_eq(rh_unknown_session_parse(buf, RH_UNKNOWN_HDR - 1, &m), RH_FRAME_SHORT);
	cr_assert_eq(rh_unknown_session_parse(buf, RH_UNKNOWN_HDR + 8, &m), RH_FRAME_LENGTH);
}

Test(keepalive, survives_the_round_trip_and_has_one_size)
{
	struct rh_keepalive m, in = {.answer = true,
				       .sent_events = 1,
				       .sent_bytes = 2,
				       .stamp = 3,
				       .dropped_copies = 4};

	cr_assert_eq(rh_keepalive_encode(buf, sizeof(buf), &in), RH_KEEPALIVE_HDR);
	cr_assert_eq(rh_keepalive_parse(buf, RH_KEEPALIVE_HDR, &m), RH_FRAME_OK);
	cr_assert(m.answer && m.sent_events == 1 && m.sent_bytes == 2);
	cr_assert(m.stamp == 3 && m.dropped_copies == 4);
	in.answer = false;
	(void)rh_keepalive_encode(buf, sizeof(buf), &in);
	cr_assert_eq(rh_keepalive_parse(buf, RH_KEEPALIVE_HDR, &m), RH_FRAME_OK);
	cr_assert_not(m.answer);
	cr_assert_eq(rh_keepalive_parse(buf, RH_KEEPALIVE_HDR - 1, &m), RH_FRAME_SHORT);
	cr_assert_eq(rh_keepalive_parse(buf, RH_KEEPALIVE_HDR + 1, &m), RH_FRAME_LENGTH);
}

Test(credit, survives_the_round_trip_and_has_one_size)
{
	struct rh_credit in = {.events = 1, .bytes = RH_CREDIT_UNLIMITED}, m;

	cr_assert_eq(rh_credit_encode(buf, sizeof(buf), &in), RH_CREDIT_HDR);
	cr_assert_eq(rh_credit_parse(buf, RH_CREDIT_HDR, &m), RH_FRAME_OK);
	cr_assert(m.events == 1 && m.bytes == RH_CREDIT_UNLIMITED);
	cr_assert_eq(rh_credit_parse(buf, RH_CREDIT_HDR - 1, &m), RH_FRAME_SHORT);
	cr_assert_eq(rh_credit_parse(buf, RH_CREDIT_HDR + 1, &m), RH_FRAME_LENGTH);
}

Test(control, every_encoder_refuses_one_byte_too_little_room)
{
	struct rh_challenge challenge = {.cookie = TEXT("c")};
	struct rh_bye bye = {.text = TEXT("t")};
	struct rh_alias alias = {.alias = 1, .topic = TEXT("t")};
	struct rh_alias_ack ack = {.alias = 1, .text = TEXT("t")};

	cr_assert_eq(rh_challenge_encode(buf, 23, &challenge), -EMSGSIZE);
	cr_assert_eq(rh_welcome_encode(buf, RH_WELCOME_HDR - 1, &welcome), -EMSGSIZE);
	cr_assert_eq(rh_bye_encode(buf, 15, &bye), -EMSGSIZE);
	cr_assert_eq(
		rh_unknown_session_encode(buf, 15, &(struct rh_unknown_session){0}), -EMSGSIZE);
	cr_assert_eq(rh_keepalive_encode(buf, 39, &(struct rh_keepalive){0}), -EMSGSIZE);
	cr_assert_eq(rh_credit_encode(buf, 23, &(struct rh_credit){0}), -EMSGSIZE);
	cr_assert_eq(rh_alias_encode(buf, 23, &alias), -EMSGSIZE);
	cr_assert_eq(rh_alias_ack_encode(buf, 23, &ack), -EMSGSIZE);
}
