#include "tests/unit/controlplane/subs/fixture.h"

#include "dataplane/base/atomic.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(pattern, .init = fixture_start, .fini = fixture_stop, .timeout = 60);

static struct answer a, b;

static dp_pattern_id_t last_pattern(void)
{
	for (unsigned i = fake.count; i-- > 0;) {
		if (fake.ops[i].what == '+')
			return fake.ops[i].pattern;
	}
	return 0;
}

Test(pattern, is_installed_before_its_subscription_is_added)
{
	struct cp_sub_row row;

	cr_assert_eq(
		added(1, entry_with("a", "CVE-[0-9]{4}"), &a), RH_SUB_OK, "%s", a.outcomes[0].text);
	cr_assert_eq(fake.ops[0].what, 'P');
	cr_assert_eq(fake.ops[0].pattern, 1);
	cr_assert_eq(last_pattern(), 1);
	cr_assert_eq(cp_subs_find(subs, 0, &row), 0);
	cr_assert_str_eq(row.content, "MATCHES(payload, 'CVE-[0-9]{4}')");
}

Test(pattern, equal_texts_are_one_pattern)
{
	struct cp_subs_stats stats;

	cr_assert_eq(added(1, entry_with("a", "foo"), &a), RH_SUB_OK);
	cr_assert_eq(added(2, entry_with("b", "foo"), &a), RH_SUB_OK);
	cp_subs_stats(subs, &stats);
	cr_assert_eq(stats.patterns, 1);
	cr_assert_eq(subs->compilers[CP_COMPILER_FIRST].helper.request, 1);
	cr_assert_eq(stats.compiles, 0);
	cr_assert_eq(last_pattern(), 1);
}

Test(pattern, many_at_once_share_few_compilations)
{
	static char texts[64][16];
	struct rh_sub_entry entries[64];
	struct cp_subs_stats stats;

	for (unsigned i = 0; i < 64; i++) {
		(void)snprintf(texts[i], sizeof(texts[i]), "pattern%u", i);
		entries[i] = entry_with("a", texts[i]);
	}
	cr_assert_eq(cp_subs_add(subs, 1, 0, entries, 64, on_done, &a), 0);
	run_until(&a);
	cp_subs_stats(subs, &stats);
	cr_assert_lt(stats.compiles, 32);
	cr_assert_eq(fake.live, 64);
}

Test(pattern, refusals_say_why_and_leave_the_others_standing)
{
	struct rh_sub_entry entries[] = {entry_with("a", "x*"), entry_with("a", "(a)\\1"),
		entry_with("a", "good"), entry("b")};

	cr_assert_eq(cp_subs_add(subs, 1, 0, entries, 4, on_done, &a), 0);
	run_until(&a);
	cr_assert_eq(a.outcomes[0].code, RH_SUB_INVALID_CONTENT);
	cr_assert_str_eq(a.outcomes[0].text, "pattern matches the empty payload, so it would "
					     "select every event: require at least one byte");
	cr_assert_eq(a.outcomes[1].code, RH_SUB_INVALID_CONTENT);
	cr_assert_str_eq(a.outcomes[1].text, "pattern: Back-references are unsupported.");
	cr_assert_eq(a.outcomes[2].code, RH_SUB_OK);
	cr_assert_eq(a.outcomes[3].code, RH_SUB_OK);
	cr_assert_eq(fake.live, 2);
}

Test(pattern, a_refusal_is_remembered_and_costs_the_helper_nothing)
{
	cr_assert_eq(added(1, entry_with("a", "x*"), &a), RH_SUB_INVALID_CONTENT);
	cr_assert_eq(subs->compilers[CP_COMPILER_FIRST].helper.request, 1);
	cr_assert_eq(added(2, entry_with("b", "x*"), &a), RH_SUB_INVALID_CONTENT);
	cr_assert_eq(subs->compilers[CP_COMPILER_FIRST].helper.request, 1);
}

Test(pattern, topic_only_requests_of_other_sessions_do_not_wait_for_a_compilation)
{
	/* Stops the compiler: what it is asked stays open. */
	struct cp_lane *lane = &subs->compilers[CP_COMPILER_FIRST].lane;

	(void)pthread_mutex_lock(&lane->lock);
	lane->stop = true;
	(void)pthread_cond_signal(&lane->more);
	(void)pthread_mutex_unlock(&lane->lock);
	add(1, entry_with("a", "foo"), &a);
	cr_assert_eq(added(2, entry("b"), &b), RH_SUB_OK);
	cr_assert_eq(a.calls, 0);
	/* The same session's next one does wait: its order is kept. */
	add(1, entry("c"), &b);
	run_for(30);
	cr_assert_eq(b.calls, 0);
}

Test(pattern, a_session_dropped_while_its_pattern_compiles_is_answered_and_leaves_nothing)
{
	struct answer c;

	add(1, entry_with("a", "foo"), &a);
	add(1, entry("b"), &b);
	drop(1, &c);
	run_until(&c);
	cr_assert_eq(a.calls, 1);
	cr_assert_eq(a.outcomes[0].code, RH_SUB_INTERNAL);
	cr_assert_eq(b.outcomes[0].code, RH_SUB_INTERNAL);
	run_for(50);
	cr_assert_eq(fake.live, 0);
	cr_assert_eq(subs->tenants[0]->used, 0);
	cr_assert_eq(added(1, entry_with("a", "foo"), &a), RH_SUB_OK);
}

Test(pattern, unused_ones_leave_with_the_next_set_and_their_number_rests)
{
	cr_assert_eq(added(1, entry_with("a", "one"), &a), RH_SUB_OK);
	cr_assert_eq(deleted(1, entry_with("a", "one"), &a), RH_SUB_OK);
	cr_assert_eq(subs->tenants[0]->patterns.count, 1);
	cr_assert_eq(added(1, entry_with("a", "two"), &a), RH_SUB_OK);
	cr_assert_eq(last_pattern(), 2);
	cr_assert_eq(subs->tenants[0]->patterns.count, 1);
	/* Every worker has loaded the set without number 1. */
	cr_assert_eq(added(1, entry_with("a", "three"), &a), RH_SUB_OK);
	cr_assert_eq(last_pattern(), 1);
}

Test(pattern, a_number_is_not_used_again_before_every_worker_left_its_set)
{
	uint64_t now;

	cr_assert_eq(added(1, entry_with("a", "one"), &a), RH_SUB_OK);
	cr_assert_eq(deleted(1, entry_with("a", "one"), &a), RH_SUB_OK);
	now = fake.generation;
	fake.seen = now;
	fake.seen_follows = false;
	add(1, entry_with("a", "two"), &a);
	run_for(200);
	add(1, entry_with("a", "three"), &b);
	run_for(200);
	cr_assert_eq(last_pattern(), 3);
	fake.seen_follows = true;
	run_until(&b);
}

Test(pattern, an_unused_one_asked_for_again_is_used_as_it_is)
{
	struct cp_subs_stats stats;

	cr_assert_eq(added(1, entry_with("a", "one"), &a), RH_SUB_OK);
	cr_assert_eq(deleted(1, entry_with("a", "one"), &a), RH_SUB_OK);
	cr_assert_eq(added(1, entry_with("a", "one"), &a), RH_SUB_OK);
	cp_subs_stats(subs, &stats);
	cr_assert_eq(subs->compilers[CP_COMPILER_FIRST].helper.request, 1);
	cr_assert_eq(stats.patterns, 1);
}

Test(pattern, one_asked_for_again_while_the_set_without_it_compiles_comes_back)
{
	cr_assert_eq(added(1, entry_with("a", "one"), &a), RH_SUB_OK);
	cr_assert_eq(deleted(1, entry_with("a", "one"), &a), RH_SUB_OK);
	add(1, entry_with("a", "two"), &a);
	/* One turn at a time: the set comes back in a later one than the one that sent it. */
	while (subs->tenants[0]->by_id[1]->state != CP_PATTERN_LEAVING)
		(void)uv_run(&loop, UV_RUN_ONCE);
	cr_assert_eq(added(2, entry_with("b", "one"), &b), RH_SUB_OK);
	cr_assert_eq(last_pattern(), 1);
	cr_assert_eq(a.calls, 1);
}

Test(pattern, without_a_free_number_is_refused_and_counted)
{
	struct cp_subs_stats stats;

	cr_assert_eq(added(1, entry_with("a", "one"), &a), RH_SUB_OK);
	subs->tenants[0]->id_most = HSC_PATTERNS_MAX;
	cr_assert_eq(added(1, entry_with("a", "two"), &a), RH_SUB_LIMIT);
	cr_assert_not_null(strstr(a.outcomes[0].text, "pattern numbers are taken"));
	cp_subs_stats(subs, &stats);
	cr_assert_eq(stats.pattern_numbers_full, 1);
	cr_assert_eq(stats.patterns_over_limit, 0);
	cr_assert_eq(added(2, entry_with("b", "one"), &a), RH_SUB_OK);
}

Test(pattern, a_tenant_has_at_most_its_patterns)
{
	struct cp_subs_stats stats;

	subs->patterns_max = 1;
	cr_assert_eq(added(1, entry_with("a", "one"), &a), RH_SUB_OK);
	cr_assert_eq(added(1, entry_with("a", "two"), &a), RH_SUB_LIMIT);
	cr_assert_str_eq(a.outcomes[0].text,
		"this tenant has its 1 payload patterns: reuse one or unsubscribe some");
	cp_subs_stats(subs, &stats);
	cr_assert_eq(stats.patterns_over_limit, 1);
	cr_assert_eq(stats.pattern_numbers_full, 0);
	cr_assert_eq(added(1, entry_with("b", "one"), &a), RH_SUB_OK);
	drop(1, &a);
	run_until(&a);
	cr_assert_eq(added(1, entry_with("a", "two"), &a), RH_SUB_OK);
}

Test(pattern, a_set_that_the_table_refuses_is_told_and_the_next_works)
{
	fake.patterns_error = ENOMEM;
	cr_assert_eq(added(1, entry_with("a", "one"), &a), RH_SUB_INTERNAL);
	cr_assert_not_null(strstr(a.outcomes[0].text, "no room for scratch"));
	fake.patterns_error = 0;
	cr_assert_eq(added(1, entry_with("a", "one"), &a), RH_SUB_OK);
}

/* About 0.3 s each to compile, and none like the other. */
static char dear[8][10][64];

static void hog_asks(unsigned hog, struct answer *answer)
{
	struct rh_sub_entry entries[10];

	for (unsigned i = 0; i < 10; i++) {
		(void)snprintf(dear[hog][i], sizeof(dear[hog][i]),
			"h%u_%u(a.{1,200}b.{1,200}c|d.{1,300}e){8}", hog, i);
		entries[i] = entry_with("a", dear[hog][i]);
	}
	*answer = (struct answer){0};
	cr_assert_eq(
		cp_subs_add(subs, (dp_session_id_t)(100 + hog), 0, entries, 10, on_done, answer),
		0);
}

Test(pattern, an_ordinary_one_does_not_wait_for_those_of_others_that_take_long)
{
	static struct answer hogs[8];

	for (unsigned hog = 0; hog < 8; hog++)
		hog_asks(hog, &hogs[hog]);
	cr_assert_eq(added(1, entry_with("a", "simple0"), &a), RH_SUB_OK, "%s", a.outcomes[0].text);
	for (unsigned hog = 0; hog < 8; hog++)
		cr_assert_eq(hogs[hog].calls, 0);
}

Test(pattern, of_those_that_take_long_a_session_has_so_many_waiting)
{
	struct rh_sub_entry entries[30];
	static char texts[30][64];
	unsigned limited = 0;

	for (unsigned i = 0; i < 30; i++) {
		(void)snprintf(
			texts[i], sizeof(texts[i]), "s%u(a.{1,200}b.{1,200}c|d.{1,300}e){8}", i);
		entries[i] = entry_with("a", texts[i]);
	}
	/* Each long look ends soon, but later than the first looks. */
	cr_assert_eq(cp_subs_add(subs, 1, 0, entries, 30, on_done, &a), 0);
	subs->compilers[CP_COMPILER_LONG].helper.check_ms = 150;
	run_until(&a);
	for (unsigned i = 0; i < 30; i++)
		limited += a.outcomes[i].code == RH_SUB_LIMIT &&
			   strstr(a.outcomes[i].text, "take long to compile wait already");
	cr_assert_gt(limited, 0);
}

Test(pattern, those_of_a_tenant_that_are_not_small_are_bounded_together)
{
	subs->long_us_most = 1;
	subs->small_us = 0;
	cr_assert_eq(added(1, entry_with("a", "one(ab|cd|ef|gh){10,40}x"), &a), RH_SUB_OK, "%s",
		a.outcomes[0].text);
	cr_assert_gt(subs->tenants[0]->compile_us, 0);
	cr_assert_eq(added(2, entry_with("a", "two(ab|cd|ef|gh){10,40}x"), &a), RH_SUB_LIMIT);
	cr_assert_not_null(strstr(a.outcomes[0].text, "write it narrower or unsubscribe some"));
	/* Small ones come in all the same; how long one takes is the machine's business. */
	subs->small_us = UINT32_MAX;
	cr_assert_eq(added(3, entry_with("a", "simple0"), &a), RH_SUB_OK, "%s", a.outcomes[0].text);
	subs->small_us = 0;
	/* One gone makes room, one that comes back takes it again. */
	cr_assert_eq(deleted(1, entry_with("a", "one(ab|cd|ef|gh){10,40}x"), &a), RH_SUB_OK);
	cr_assert_eq(subs->tenants[0]->compile_us, 0);
	cr_assert_eq(added(1, entry_with("a", "one(ab|cd|ef|gh){10,40}x"), &a), RH_SUB_OK);
	cr_assert_gt(subs->tenants[0]->compile_us, 0);
	cr_assert_eq(deleted(1, entry_with("a", "one(ab|cd|ef|gh){10,40}x"), &a), RH_SUB_OK);
	cr_assert_eq(added(2, entry_with("a", "two(ab|cd|ef|gh){10,40}x"), &a), RH_SUB_OK, "%s",
		a.outcomes[0].text);
}

Test(pattern, one_that_waits_with_a_busy_session_comes_with_the_idle_one_that_wants_it_too)
{
	static struct answer hog;
	struct rh_sub_entry entries[64];
	static char texts[63][32];

	for (unsigned i = 0; i < 63; i++) {
		(void)snprintf(texts[i], sizeof(texts[i]), "%u(ab|cd){30,90}x", i);
		entries[i] = entry_with("a", texts[i]);
	}
	entries[63] = entry_with("a", "wanted");
	cr_assert_eq(cp_subs_add(subs, 1, 0, entries, 64, on_done, &hog), 0);
	/* Its first is at work and charged; the last waits. */
	while (cp_turns_waiting(&subs->compilers[CP_COMPILER_FIRST].turns, 1) > 60)
		(void)uv_run(&loop, UV_RUN_ONCE);
	cr_assert_eq(added(2, entry_with("a", "wanted"), &a), RH_SUB_OK);
	cr_assert_eq(hog.calls, 0);
}
