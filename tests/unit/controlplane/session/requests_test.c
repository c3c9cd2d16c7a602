#include "tests/unit/controlplane/session/fixture.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct client c;

static void start(void)
{
	fixture_start();
	c = client_at(2, "alice");
	client_greet(&c);
	(void)sent_now();
}

TestSuite(requests, .init = start, .fini = fixture_stop, .timeout = 60);

static void parse_suback(struct rh_suback *out)
{
	cr_assert_eq(rh_suback_parse(last_sent()->bytes, rh_load_be16(last_sent()->bytes + 2), out),
		RH_FRAME_OK);
}

static struct cp_sessions_stats stats(void)
{
	struct cp_sessions_stats out;

	cp_sessions_stats(sessions, &out);
	return out;
}

Test(requests, a_subscribe_is_acknowledged_when_the_registry_says_so)
{
	struct rh_suback ack;

	client_subscribe(&c, RH_RECORD_SUBSCRIBE, 1, 3);
	cr_assert_eq(sent_now(), 0);
	answer_subs(RH_SUB_OK, "");
	cr_assert_eq(last_type(), RH_RECORD_SUBACK);
	parse_suback(&ack);
	cr_assert_eq(ack.request, 1);
	cr_assert_eq(ack.count, 3);
	cr_assert_eq(ack.generation, 9);
	cr_assert_eq(last_sent()->to.wire_session, c.welcome.session);
}

Test(requests, prices_go_along_with_what_was_subscribed)
{
	struct rh_sub_result result;
	struct rh_suback ack;
	size_t offset = 0;

	client_subscribe(&c, RH_RECORD_SUBSCRIBE, 1, 2);
	answer_subs(RH_SUB_OK, "");
	parse_suback(&ack);
	cr_assert(rh_sub_result_next(&ack, &offset, &result));
	cr_assert(rh_sub_result_next(&ack, &offset, &result));
	cr_assert_eq(result.price.every_cycles, 21);
	cr_assert_eq(result.price.match_cycles, UINT16_MAX, "that or more");
	cr_assert_eq(result.price.bytes, 150);
}

Test(requests, a_repeat_gets_the_same_answer_and_is_not_done_again)
{
	struct sent first;

	client_subscribe(&c, RH_RECORD_SUBSCRIBE, 1, 2);
	client_subscribe(&c, RH_RECORD_SUBSCRIBE, 1, 2);
	cr_assert_eq(around.adds, 1);
	answer_subs(RH_SUB_INVALID_FILTER, "wrong");
	cr_assert_eq(sent_now(), 1);
	first = *last_sent();
	client_subscribe(&c, RH_RECORD_SUBSCRIBE, 1, 2);
	cr_assert_eq(sent_now(), 1);
	cr_assert_eq(around.adds, 1);
	cr_assert_eq(last_sent()->len, first.len);
	cr_assert_arr_eq(last_sent()->bytes, first.bytes, first.len);
	cr_assert_gt(last_sent()->to.packet_number, first.to.packet_number);
	cr_assert_eq(stats().repeated_replies, 1);
}

Test(requests, a_late_duplicate_subscribe_does_not_raise_the_dead)
{
	client_subscribe(&c, RH_RECORD_SUBSCRIBE, 1, 1);
	answer_subs(RH_SUB_OK, "");
	client_subscribe(&c, RH_RECORD_UNSUBSCRIBE, 2, 1);
	answer_subs(RH_SUB_OK, "");
	cr_assert_eq(last_type(), RH_RECORD_UNSUBACK);
	client_subscribe(&c, RH_RECORD_SUBSCRIBE, 1, 1);
	cr_assert_eq(around.adds, 1);
	cr_assert_eq(last_type(), RH_RECORD_SUBACK);
	/* Also when it is too old to be remembered. */
	for (uint32_t i = 3; i < 70; i++) {
		client_subscribe(&c, RH_RECORD_SUBSCRIBE, i, 1);
		answer_subs(RH_SUB_OK, "");
	}
	(void)sent_now();
	client_subscribe(&c, RH_RECORD_SUBSCRIBE, 1, 1);
	cr_assert_eq(sent_now(), 0);
	cr_assert_eq(around.adds, 68);
	cr_assert_eq(stats().stale_requests, 1);
}

Test(requests, more_open_requests_than_are_remembered_are_put_off)
{
	for (uint32_t i = 1; i <= 64; i++) {
		around.waiting = 0; /* never answered */
		around.subs_full = false;
		client_subscribe(&c, RH_RECORD_SUBSCRIBE, i, 1);
		cp_pending_forget(sessions);
		free(around.arg[0]);
	}
	around.waiting = 0;
	cr_assert_eq(around.adds, 64);
	client_subscribe(&c, RH_RECORD_SUBSCRIBE, 65, 1);
	cr_assert_eq(around.adds, 64);
}

Test(requests, what_the_registry_cannot_take_now_may_be_asked_again)
{
	around.subs_full = true;
	client_subscribe(&c, RH_RECORD_SUBSCRIBE, 1, 1);
	cr_assert_eq(sent_now(), 0);
	around.subs_full = false;
	client_subscribe(&c, RH_RECORD_SUBSCRIBE, 1, 1);
	cr_assert_eq(around.adds, 1);
}

Test(requests, sixty_four_long_reasons_fit_one_datagram_with_every_code)
{
	char text[RH_TEXT_MAX + 1];
	struct rh_suback ack;
	struct rh_sub_result result;
	size_t offset = 0;
	unsigned results = 0;

	for (unsigned i = 0; i < RH_TEXT_MAX - 1; i += 2)
		memcpy(text + i, "\xc3\xa9", 3);
	client_subscribe(&c, RH_RECORD_SUBSCRIBE, 1, 64);
	answer_subs(RH_SUB_TOO_DEAR, text);
	cr_assert_leq(last_sent()->len, CP_RECORDS_MAX);
	parse_suback(&ack);
	while (rh_sub_result_next(&ack, &offset, &result)) {
		cr_assert_eq(result.code, RH_SUB_TOO_DEAR);
		cr_assert_gt(result.text.len, 0);
		results++;
	}
	cr_assert_eq(results, 64);
}

Test(requests, an_answer_for_a_session_that_is_gone_is_dropped)
{
	struct client again = client_at(2, "alice");

	client_subscribe(&c, RH_RECORD_SUBSCRIBE, 1, 1);
	again.incarnation = 2;
	client_greet(&again);
	(void)sent_now();
	answer_subs(RH_SUB_OK, "");
	cr_assert_eq(sent_now(), 0);
	cr_assert_eq(around.closed, 1);
}

Test(requests, an_alias_is_acknowledged_when_every_worker_has_it)
{
	struct rh_alias_ack ack;

	client_alias(&c, 1, 7, "a/b");
	cr_assert_str_eq(around.alias_topic, "a/b");
	(void)cp_aliases_flush(sessions);
	cr_assert_eq(sent_now(), 0);
	around.seen = 5;
	while (!sent_now())
		(void)uv_run(&loop, UV_RUN_ONCE);
	cr_assert_eq(
		rh_alias_ack_parse(last_sent()->bytes, rh_load_be16(last_sent()->bytes + 2), &ack),
		RH_FRAME_OK);
	cr_assert_eq(ack.alias, 7);
	cr_assert_eq(ack.code, RH_SUB_OK);
	client_alias(&c, 1, 7, "a/b");
	cr_assert_eq(sent_now(), 1);
}

Test(requests, an_alias_for_what_nobody_may_publish_is_refused_with_the_reason)
{
	struct rh_alias_ack ack;

	client_alias(&c, 1, 7, "a/#");
	cr_assert_eq(sent_now(), 1);
	cr_assert_eq(
		rh_alias_ack_parse(last_sent()->bytes, rh_load_be16(last_sent()->bytes + 2), &ack),
		RH_FRAME_OK);
	cr_assert_eq(ack.code, RH_SUB_INVALID_FILTER);
	cr_assert_gt(ack.text.len, 0);
	client_alias(&c, 2, 7, "");
	cr_assert_str_eq(around.alias_topic, "");
}

Test(requests, every_refusal_of_the_dataplane_is_answered)
{
	static const struct {
		int ret;
		uint8_t code;
	} rows[] = {{-EINVAL, RH_SUB_INVALID_FILTER}, {-EEXIST, RH_SUB_INVALID_FILTER},
		{-ENOENT, RH_SUB_NOT_SUBSCRIBED}, {-ENOSPC, RH_SUB_LIMIT}};
	struct rh_alias_ack ack;

	for (uint32_t i = 0; i < RH_ARRAY_LEN(rows); i++) {
		around.alias_ret = rows[i].ret;
		client_alias(&c, i + 1, 7, "a");
		cr_assert_eq(sent_now(), 1);
		cr_assert_eq(rh_alias_ack_parse(last_sent()->bytes, rh_load_be16(last_sent()->bytes + 2), &ack),
			RH_FRAME_OK);
		cr_assert_eq(ack.code, rows[i].code);
		cr_assert_gt(ack.text.len, 0);
	}
}

Test(requests, no_answer_is_larger_than_the_datagram_the_client_takes)
{
	struct client small = client_at(3, "small");

	small.max_datagram = RH_DATAGRAM_MIN_MAX;
	client_greet(&small);
	client_subscribe(&small, RH_RECORD_SUBSCRIBE, 1, 58);
	answer_subs(RH_SUB_TOO_DEAR, "a reason that is cut to nothing where there is no room for it");
	cr_assert_eq(last_type(), RH_RECORD_SUBACK);
	cr_assert_leq(RH_DATAGRAM_HDR + last_sent()->len, RH_DATAGRAM_MIN_MAX);
	client_subscribe(&small, RH_RECORD_SUBSCRIBE, 2, 59);
	cr_assert_eq(last_bye(), RH_BYE_PROTOCOL);
}
