#include "tests/unit/controlplane/subs/fixture.h"

#include "dataplane/base/atomic.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(subs, .init = fixture_start, .fini = fixture_stop, .timeout = 60);

static struct answer a, b;

static unsigned ops_of(char what)
{
	unsigned n = 0;

	for (unsigned i = 0; i < fake.count; i++)
		n += fake.ops[i].what == what;
	return n;
}

Test(subs, a_subscription_reaches_the_table_and_is_shown)
{
	struct cp_sub_row row;

	cr_assert_eq(added(7, entry("a/+/#"), &a), RH_SUB_OK);
	cr_assert_eq(a.generation, 1);
	cr_assert_eq(fake.ops[0].session, 7);
	cr_assert_str_eq(fake.ops[0].filter, "a/+/#");
	cr_assert_eq(cp_subs_find(subs, fake.ops[0].sub, &row), 0);
	cr_assert_eq(row.filter_len, 3);
	cr_assert_arr_eq(row.filter, "a/\xfa", 3);
	cr_assert_null(row.content);
	cr_assert_eq(row.slot, 7);
	cr_assert_eq(cp_subs_find(subs, 99, &row), -ENOENT);
}

Test(subs, the_same_again_is_ok_and_changes_nothing)
{
	cr_assert_eq(added(1, entry("a"), &a), RH_SUB_OK);
	cr_assert_eq(added(1, entry("a"), &a), RH_SUB_OK);
	cr_assert_eq(ops_of('+'), 1);
	cr_assert_eq(added(2, entry("a"), &a), RH_SUB_OK);
	cr_assert_eq(ops_of('+'), 2);
}

Test(subs, unsubscribing_names_what_was_not_subscribed)
{
	cr_assert_eq(deleted(1, entry("a"), &a), RH_SUB_NOT_SUBSCRIBED);
	cr_assert_str_eq(a.outcomes[0].text, "this session has no subscription with that filter");
	cr_assert_eq(added(1, entry("a"), &a), RH_SUB_OK);
	cr_assert_eq(deleted(2, entry("a"), &a), RH_SUB_NOT_SUBSCRIBED);
	cr_assert_eq(deleted(1, entry_with("a", "x"), &a), RH_SUB_NOT_SUBSCRIBED);
	cr_assert_eq(deleted(1, entry("a"), &a), RH_SUB_OK);
	cr_assert_eq(fake.live, 0);
	cr_assert_eq(deleted(1, entry("a"), &a), RH_SUB_NOT_SUBSCRIBED);
}

Test(subs, requests_of_a_session_take_effect_in_their_order)
{
	struct answer c;

	add(1, entry("a"), &a);
	del(1, entry("a"), &b);
	add(1, entry("a"), &c);
	run_until(&c);
	cr_assert_eq(a.outcomes[0].code | b.outcomes[0].code | c.outcomes[0].code, 0);
	cr_assert_eq(fake.live, 1);
	cr_assert_eq(ops_of('+'), 2);
}

Test(subs, answers_wait_until_every_worker_has_loaded_the_change)
{
	fake.seen_follows = false;
	add(1, entry("a"), &a);
	for (unsigned i = 0; i < 5000 && !rh_load_relaxed(&fake.generation); i++)
		run_for(1);
	run_for(5);
	cr_assert_eq(fake.live, 1);
	cr_assert_eq(a.calls, 0);
	rh_store_relaxed(&fake.seen, 1);
	run_until(&a);
}

Test(subs, each_entry_has_its_own_result_in_order)
{
	struct rh_sub_entry entries[] = {entry("ok"), entry("a#"), entry("$share/g/a"),
		entry("$queue/a"), entry(""), entry("also/ok"),
		{.filter = {"x", 1}, .content_kind = 2}, {.filter = {"x", 1}, .content_kind = 9},
		{.filter = {"x", 1}, .dialect = 5}, entry_with("x", "")};
	static const uint8_t codes[] = {RH_SUB_OK, RH_SUB_INVALID_FILTER, RH_SUB_UNSUPPORTED,
		RH_SUB_UNSUPPORTED, RH_SUB_INVALID_FILTER, RH_SUB_OK, RH_SUB_INVALID_CONTENT,
		RH_SUB_UNSUPPORTED, RH_SUB_UNSUPPORTED, RH_SUB_INVALID_CONTENT};

	cr_assert_eq(cp_subs_add(subs, 1, 0, entries, RH_ARRAY_LEN(entries), on_done, &a), 0);
	run_until(&a);
	cr_assert_eq(a.count, RH_ARRAY_LEN(codes));
	for (size_t i = 0; i < RH_ARRAY_LEN(codes); i++) {
		cr_assert_eq(a.outcomes[i].code, codes[i], "%zu: %s", i, a.outcomes[i].text);
		cr_assert_eq(a.outcomes[i].text[0] == 0, codes[i] == RH_SUB_OK);
	}
	cr_assert_eq(fake.live, 2);
}

Test(subs, results_hold_only_text_that_may_be_shown)
{
	struct cp_sub_outcome out;

	cp_outcome_set(&out, 1, "bad \x01 byte \xff\xc3 and \xc2\x9b end\x7f, \xc3\xa9 stays");
	cr_assert_str_eq(out.text, "bad ? byte ?? and ?? end?, \xc3\xa9 stays");
	cp_outcome_set(&out, 1, "%0*d\xc3\xa9", RH_TEXT_MAX - 1, 0);
	cr_assert_eq(strlen(out.text), RH_TEXT_MAX);
	cr_assert_eq(out.text[RH_TEXT_MAX - 1], '?');
}

Test(subs, a_session_has_at_most_its_subscriptions)
{
	struct cp_subs_stats stats;

	subs->subs_per_session = 2;
	cr_assert_eq(added(1, entry("a"), &a), RH_SUB_OK);
	cr_assert_eq(added(1, entry("b"), &a), RH_SUB_OK);
	cr_assert_eq(added(1, entry("c"), &a), RH_SUB_LIMIT);
	cr_assert_str_eq(
		a.outcomes[0].text, "this session has its 2 subscriptions: unsubscribe some");
	cr_assert_eq(added(1, entry("a"), &a), RH_SUB_OK);
	cr_assert_eq(added(2, entry("c"), &a), RH_SUB_OK);
	cp_subs_stats(subs, &stats);
	cr_assert_eq(stats.over_limit, 1);
	cr_assert_eq(stats.table_full, 0);
}

Test(subs, a_full_table_refuses_and_leaves_no_trace)
{
	struct cp_subs_stats stats;

	fake.subs_most = 1;
	cr_assert_eq(added(1, entry("a"), &a), RH_SUB_OK);
	add(1, entry("b"), &a);
	add(1, entry("b"), &b);
	run_until(&b);
	cr_assert_eq(a.outcomes[0].code, RH_SUB_LIMIT);
	/* It relied on the one before, which failed. */
	cr_assert_neq(b.outcomes[0].code, RH_SUB_OK);
	cp_subs_stats(subs, &stats);
	cr_assert_eq(stats.table_full, 1);
	cr_assert_eq(deleted(1, entry("b"), &a), RH_SUB_NOT_SUBSCRIBED);
	fake.subs_most = 0;
	cr_assert_eq(added(1, entry("b"), &a), RH_SUB_OK);
}

static const struct {
	int error;
	uint8_t code;
	const char *text;
} refusals[] = {
	{ENOSPC, RH_SUB_LIMIT, "the router has its 16777216 subscriptions: unsubscribe some"},
	{EMLINK, RH_SUB_LIMIT,
		"this tenant's filters have their 1024 wildcard shapes, and this is another: put "
		"wildcards where its other filters have them"},
	{E2BIG, RH_SUB_LIMIT,
		"64 filters of this tenant differ from it only in what stands between two wildcards: "
		"use fewer, or make an earlier level differ"},
	{ENOMEM, RH_SUB_INTERNAL, "the router has no memory for it now: try again"},
};

Test(subs, every_quota_of_the_table_is_named_to_who_exceeds_it)
{
	struct cp_subs_stats stats;

	for (size_t i = 0; i < RH_ARRAY_LEN(refusals); i++) {
		fake.add_error = refusals[i].error;
		add(1, entry("b"), &a);
		add(1, entry("b"), &b);
		run_until(&b);
		cr_assert_eq(a.outcomes[0].code, refusals[i].code);
		cr_assert_str_eq(a.outcomes[0].text, refusals[i].text);
		/* It relied on the first, or was the next to ask. */
		cr_assert_eq(b.outcomes[0].code, refusals[i].code);
		cr_assert_str_eq(b.outcomes[0].text, refusals[i].text);
	}
	cp_subs_stats(subs, &stats);
	cr_assert_geq(stats.table_full, 1);
	cr_assert_geq(stats.shapes_full, 1);
	cr_assert_geq(stats.same_key_full, 1);
	cr_assert_eq(stats.subscriptions, 0);
	cr_assert_eq(subs->records.adding_used, 0);
}

Test(subs, a_number_that_is_used_again_is_its_new_owner_s)
{
	struct cp_sub_row row;
	struct answer c, d;

	cr_assert_eq(added(1, entry("a"), &a), RH_SUB_OK);
	/* All on their way before the loop hears of any. */
	del(1, entry("a"), &a);
	add(2, entry("b"), &b);
	drop(2, &c);
	add(3, entry("c/#"), &d);
	run_until(&d);
	cr_assert_eq(a.outcomes[0].code | b.outcomes[0].code | d.outcomes[0].code, RH_SUB_OK);
	cr_assert_eq(fake.live, 1);
	cr_assert_eq(cp_subs_find(subs, 0, &row), 0);
	cr_assert_eq(row.slot, 3);
	cr_assert_arr_eq(row.filter, "c/\xf9", 3);
	cr_assert_eq(cp_subs_session_count(subs, 1) + cp_subs_session_count(subs, 2), 0);
	cr_assert_eq(deleted(1, entry("a"), &a), RH_SUB_NOT_SUBSCRIBED);
	cr_assert_eq(deleted(3, entry("c/#"), &a), RH_SUB_OK);
	cr_assert_eq(cp_subs_find(subs, 0, &row), -ENOENT);
	cr_assert_eq(subs->records.adding_used, 0);
}

static bool keep_number(void *arg, const struct cp_sub_row *row)
{
	dp_sub_id_t *last = arg;

	cr_assert_gt(row->sub, *last);
	*last = row->sub;
	return true;
}

Test(subs, one_session_s_are_shown_by_number)
{
	dp_sub_id_t last = 0;
	char text[16];

	for (unsigned i = 0; i < 100; i++) {
		(void)snprintf(text, sizeof(text), "t/%u", i);
		cr_assert_eq(added(i & 1, entry(text), &a), RH_SUB_OK);
	}
	cr_assert_eq(cp_subs_each_of(subs, 1, keep_number, &last), 0);
	cr_assert_eq(last, 99);
	cr_assert_eq(cp_subs_each_of(subs, 2, keep_number, &last), 0);
	cr_assert_eq(cp_subs_each_of(subs, UINT32_MAX, keep_number, &last), 0);
}

/* Fill, change all, empty: what is held follows what is there. */
Test(subs, memory_follows_the_subscriptions)
{
	/* Pages as full as ten million fill them; at another number some are about to split. */
	enum { SESSIONS = 1000, EACH = 40 };
	static struct answer answers[SESSIONS], dropped;
	static char texts[EACH][24];
	struct rh_sub_entry entries[EACH];
	uint32_t pages = 0, chunks = 0;

	for (unsigned round = 0; round < 4; round++) {
		for (unsigned i = 0; i < EACH; i++) {
			(void)snprintf(texts[i], sizeof(texts[i]), "r%u/%u/#", round, i);
			entries[i] = entry(texts[i]);
		}
		for (unsigned s = 0; s < SESSIONS; s++) {
			if (round)
				drop(s, &dropped);
			answers[s] = (struct answer){0};
			cr_assert_eq(cp_subs_add(subs, s, 0, entries, EACH, on_done, &answers[s]), 0);
		}
		run_until(&answers[SESSIONS - 1]);
		cr_assert_eq(fake.live, SESSIONS * EACH);
		if (!round) {
			pages = cp_keys_pages(&subs->keys);
			chunks = subs->records.chunks;
		}
	}
	/* 12 bytes a record, and 5 to 9 to find it. */
	cr_assert_leq(pages * RH_PAGE, SESSIONS * EACH * 9);
	cr_assert_leq(cp_keys_pages(&subs->keys), pages * 105 / 100);
	cr_assert_leq(subs->records.chunks, chunks + 1);
	for (unsigned s = 0; s < SESSIONS; s++)
		drop(s, &answers[s]);
	run_until(&answers[SESSIONS - 1]);
	cr_assert_eq(subs->records.chunks, 0);
	cr_assert_eq(subs->records.adding_used, 0);
	cr_assert_eq(cp_keys_pages(&subs->keys), 1);
	cr_assert_eq(subs->open_bytes, 0);
}

Test(subs, a_failed_add_followed_by_its_removal_is_safe)
{
	fake.subs_most = 1;
	cr_assert_eq(added(1, entry("a"), &a), RH_SUB_OK);
	add(2, entry("b"), &a);
	del(2, entry("b"), &b);
	run_until(&b);
	cr_assert_eq(a.outcomes[0].code, RH_SUB_LIMIT);
	cr_assert_eq(fake.live, 1);
}

Test(subs, dropping_a_session_removes_all_of_it_and_nothing_else)
{
	struct cp_subs_stats stats;
	char text[16];

	for (unsigned i = 0; i < 100; i++) {
		(void)snprintf(text, sizeof(text), "t/%u", i);
		cr_assert_eq(added(i & 1, entry(text), &a), RH_SUB_OK);
	}
	drop(1, &a);
	run_until(&a);
	cp_subs_stats(subs, &stats);
	cr_assert_eq(stats.subscriptions, 50);
	cr_assert_eq(stats.table.subscriptions, 50);
	drop(1, &a);
	run_until(&a);
	cr_assert_eq(added(1, entry("t/1"), &a), RH_SUB_OK);
}

/* @requests of 64 subscriptions each, answered. */
static void fill(dp_session_id_t slot, unsigned requests)
{
	struct answer *answers = calloc(requests, sizeof(*answers));
	static char texts[64][32];
	struct rh_sub_entry entries[64];

	for (unsigned r = 0; r < requests; r++) {
		for (unsigned i = 0; i < 64; i++) {
			(void)snprintf(texts[i], sizeof(texts[i]), "r%u/%u/#", r, i);
			entries[i] = entry(texts[i]);
		}
		cr_assert_eq(cp_subs_add(subs, slot, 0, entries, 64, on_done, &answers[r]), 0);
	}
	run_until(&answers[requests - 1]);
	free(answers);
}

static uint32_t held(void)
{
	return cp_subs_session_count(subs, 5) + cp_subs_session_count(subs, 7) +
	       cp_subs_session_count(subs, 8);
}

Test(subs, large_sessions_are_dropped_in_parts_and_others_pass_between_them)
{
	static struct answer gone[3], other;
	unsigned turns = 0, parts = 0;
	uint32_t before;

	fill(5, 157);
	fill(7, 47);
	fill(8, 47);
	before = held();
	drop(5, &gone[0]);
	drop(7, &gone[1]);
	drop(8, &gone[2]);
	add(6, entry("x"), &other);
	cr_expect_leq(before - held(), CP_DROPS_A_TURN);
	for (before = held(); before && turns < 100000; turns++) {
		cr_expect_not(gone[0].calls);
		(void)uv_run(&loop, UV_RUN_ONCE);
		cr_expect_leq(before - held(), CP_DROPS_A_TURN, "%u in one turn", before - held());
		parts += held() < before;
		before = held();
	}
	cr_expect_geq(parts, 3);
	cr_expect_eq(other.calls, 1);
	for (unsigned i = 0; i < 3; i++)
		run_until(&gone[i]);
	cr_expect_eq(fake.live, 1);
	cr_expect_eq(added(5, entry("again"), &other), RH_SUB_OK);
}

/* What a session asks for behind its own drop is done after all of it. */
Test(subs, a_request_behind_a_drop_waits_for_its_last_part)
{
	static struct answer gone, again, twice;

	fill(5, 157);
	drop(5, &gone);
	add(5, entry("r1/1/#"), &again);
	cr_expect_gt(cp_subs_session_count(subs, 5), 64);
	run_until(&again);
	cr_expect_eq(gone.calls, 1);
	cr_expect_eq(again.outcomes[0].code, RH_SUB_OK);
	cr_expect_eq(cp_subs_session_count(subs, 5), 1);
	fill(5, 157);
	drop(5, &gone);
	drop(5, &twice);
	run_until(&twice);
	cr_expect_eq(fake.live, 0);
}

Test(subs, stopping_in_the_middle_of_a_drop_answers_it)
{
	static struct answer gone;

	fill(5, 157);
	drop(5, &gone);
	cp_subs_destroy(subs);
	cr_expect_eq(gone.calls, 1);
	cr_expect_eq(gone.outcomes[0].code, RH_SUB_OK);
	cr_assert_eq(cp_subs_create_with(&loop, subs_fake_ops, NULL, NULL, &conf, &subs, &(struct rh_error){0}), 0);
}

static bool count_row(void *arg, const struct cp_sub_row *row)
{
	(void)row;
	return ++*(unsigned *)arg < 10;
}

Test(subs, ten_thousand_of_one_client_in_requests_of_64_are_published_in_few_batches)
{
	static char texts[64][32];
	struct rh_sub_entry entries[64];
	struct answer *answers = calloc(157, sizeof(*answers));
	unsigned shown = 0;

	for (unsigned r = 0; r < 157; r++) {
		for (unsigned i = 0; i < 64; i++) {
			(void)snprintf(texts[i], sizeof(texts[i]), "r%u/%u/#", r, i);
			entries[i] = entry(texts[i]);
		}
		cr_assert_eq(cp_subs_add(subs, 5, 0, entries, 64, on_done, &answers[r]), 0);
	}
	run_until(&answers[156]);
	for (unsigned r = 0; r < 157; r++)
		cr_assert_eq(answers[r].calls, 1);
	cr_assert_eq(fake.live, 157 * 64);
	cp_subs_each(subs, count_row, &shown);
	cr_assert_eq(shown, 10);
	cr_assert_eq(subs->open_bytes, 0);
	free(answers);
}

Test(subs, as_many_sessions_as_there_are_come_and_go)
{
	struct answer *answers = calloc(DP_LIMIT_SESSIONS, sizeof(*answers));

	for (unsigned i = 0; i < DP_LIMIT_SESSIONS; i++)
		add(i, entry("same/filter"), &answers[i]);
	run_until(&answers[DP_LIMIT_SESSIONS - 1]);
	cr_assert_eq(fake.live, DP_LIMIT_SESSIONS);
	for (unsigned i = 0; i < DP_LIMIT_SESSIONS; i++)
		drop(i, &answers[i]);
	run_until(&answers[DP_LIMIT_SESSIONS - 1]);
	cr_assert_eq(fake.live, 0);
	cr_assert_eq(subs->records.chunks, 0);
	cr_assert_eq(cp_keys_pages(&subs->keys), 1);
	free(answers);
}

Test(subs, too_many_open_requests_are_put_off_but_a_drop_never_is)
{
	struct rh_sub_entry e = entry("a");

	subs->open_bytes = 256u << 20;
	cr_assert_eq(cp_subs_add(subs, 1, 0, &e, 1, on_done, &a), -ENOMEM);
	drop(1, &a);
	run_until(&a);
	subs->open_bytes = 0;
}

struct explained {
	unsigned calls;
	int status;
	uint32_t count, cycles;
	char why[RH_ERROR_MAX];
};

static void on_explained(
	void *arg, int status, const char *why, const struct dp_explain_row *rows, uint32_t count,
	const struct dp_explain_cost *cost)
{
	struct explained *e = arg;

	e->calls++;
	e->status = status;
	e->cycles = cost->cycles;
	e->count = count;
	(void)snprintf(e->why, sizeof(e->why), "%s", why);
	for (uint32_t i = 0; i < count; i++)
		cr_assert_eq(rows[i].sub, i);
}

Test(subs, explain_returns_every_row_or_the_reason)
{
	struct explained e = {0};
	char payload[200] = {0};
	struct dp_explain_event event = {
		.topic = "a", .topic_len = 1, .payload = payload, .payload_len = sizeof(payload)};

	cr_assert_eq(cp_subs_explain(subs, &event, on_explained, &e), 0);
	run_for(50);
	cr_assert_eq(e.calls, 1);
	cr_assert_eq(e.count, 200);
	cr_assert_eq(e.cycles, 77);
	event = (struct dp_explain_event){.topic = "#", .topic_len = 1};
	cr_assert_eq(cp_subs_explain(subs, &event, on_explained, &e), 0);
	run_for(50);
	cr_assert_eq(e.status, -EINVAL);
	cr_assert_str_eq(e.why, "wildcard at 0");
}

/* Whoever asked holds something for the answer, whether the builder came to it or not. */
Test(subs, stopping_answers_an_open_explain)
{
	struct dp_explain_event event = {.topic = "a", .topic_len = 1};
	struct explained e = {0};

	cr_assert_eq(cp_subs_explain(subs, &event, on_explained, &e), 0);
	fixture_stop();
	cr_assert_eq(e.calls, 1);
	fixture_start();
}

Test(subs, stopping_with_requests_open_frees_them)
{
	fake.seen_follows = false;
	add(1, entry("a"), &a);
	add(1, entry_with("a", "b"), &a);
	add(1, entry("c"), &b);
	del(2, entry("c"), &b);
}
