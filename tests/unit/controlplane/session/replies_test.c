#include "controlplane/session/session_priv.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct cp_replies *ring;

static void stop(void)
{
	cp_replies_free(ring);
}

TestSuite(replies, .fini = stop);

static enum cp_reply_verdict take(uint32_t request)
{
	struct cp_reply *reply;

	return cp_replies_take(&ring, request, &reply);
}

static void answer(uint32_t request, bool ok)
{
	struct cp_reply *reply = cp_replies_open(ring, request);

	cr_assert_not_null(reply);
	reply->state = ok ? CP_REPLY_OK : CP_REPLY_KEPT;
	if (ok)
		reply->generation = request;
	else
		reply->bytes = malloc(8);
}

static void ask(uint32_t request, bool ok)
{
	cr_assert_eq(take(request), CP_REPLY_NEW, "%u", request);
	answer(request, ok);
}

static void look(unsigned times)
{
	while (times--)
		cp_replies_look(&ring);
}

Test(replies, a_session_that_asks_little_keeps_little)
{
	for (uint32_t i = 1; i <= 4; i++)
		ask(i, true);
	cr_assert_eq(ring->room, 4);
	cr_assert_leq(sizeof(*ring) + ring->room * sizeof(*ring->ring), 80);
}

Test(replies, the_last_sixty_four_are_repeated_while_the_places_grow)
{
	struct cp_reply *reply;

	for (uint32_t i = 1; i <= 1000; i++) {
		ask(i, i % 3 != 0);
		for (uint32_t back = i; back && i - back < CP_REPLIES; back--) {
			cr_assert_eq(cp_replies_take(&ring, back, &reply), CP_REPLY_REPEAT);
			if (back % 3)
				cr_assert_eq(reply->generation, back);
		}
		if (i > CP_REPLIES)
			cr_assert_eq(take(i - CP_REPLIES), CP_REPLY_STALE);
	}
	cr_assert_eq(ring->room, CP_REPLIES);
}

Test(replies, numbers_may_come_out_of_order_and_run_over)
{
	uint32_t first = UINT32_MAX - 10;

	for (uint32_t i = 0; i < 40; i += 2)
		ask(first + i, true);
	for (uint32_t i = 1; i < 40; i += 2)
		ask(first + i, true);
	for (uint32_t i = 0; i < 40; i++)
		cr_assert_eq(take(first + i), CP_REPLY_REPEAT);
}

Test(replies, a_minute_without_requests_takes_answers_and_leaves_numbers)
{
	for (uint32_t i = 1; i <= 100; i++)
		if (i != 99)
			ask(i, i % 2);
	look(CP_REPLIES_IDLE - 1);
	cr_assert_eq(take(100), CP_REPLY_REPEAT);
	look(1);
	cr_assert_eq(ring->room, 0);
	for (uint32_t i = 1; i <= 100; i++)
		if (i != 99)
			cr_assert_eq(take(i), CP_REPLY_STALE, "%u", i);
	/* Never seen, and not too old. */
	ask(99, true);
	ask(101, true);
	cr_assert_eq(take(101), CP_REPLY_REPEAT);
}

Test(replies, what_is_being_worked_on_is_kept)
{
	cr_assert_eq(take(1), CP_REPLY_NEW);
	ask(2, true);
	look(3 * CP_REPLIES_IDLE);
	cr_assert_eq(take(1), CP_REPLY_BUSY);
	answer(1, true);
	look(CP_REPLIES_IDLE);
	cr_assert_eq(ring->room, 0);
}

Test(replies, a_forgotten_request_is_new_again)
{
	cr_assert_eq(take(1), CP_REPLY_NEW);
	cp_replies_forget(ring, cp_replies_open(ring, 1));
	cr_assert_eq(take(1), CP_REPLY_NEW);
	answer(1, true);
	ask(2, true);
	cr_assert_eq(take(3), CP_REPLY_NEW);
	cp_replies_forget(ring, cp_replies_open(ring, 3));
	cr_assert_eq(take(1), CP_REPLY_REPEAT);
	cr_assert_eq(take(3), CP_REPLY_NEW);
}
