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
	cr_assert_str_eq(row.content, "CVE-[0-9]{4}");
}

Test(pattern, equal_texts_are_one_pattern)
{
	struct cp_subs_stats stats;

	cr_assert_eq(added(1, entry_with("a", "foo"), &a), RH_SUB_OK);
	cr_assert_eq(added(2, entry_with("b", "foo"), &a), RH_SUB_OK);
	cp_subs_stats(subs, &stats);
	cr_assert_eq(stats.patterns, 1);
	cr_assert_eq(stats.compiles, 1);
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
	cr_assert_eq(subs->helper.request, 1);
	cr_assert_eq(added(2, entry_with("b", "x*"), &a), RH_SUB_INVALID_CONTENT);
	cr_assert_eq(subs->helper.request, 1);
}

Test(pattern, topic_only_requests_of_other_sessions_do_not_wait_for_a_compilation)
{
	/* Stops the compiler: what it is asked stays open. */
	(void)pthread_mutex_lock(&subs->compiler.lock);
	subs->compiler.stop = true;
	(void)pthread_cond_signal(&subs->compiler.more);
	(void)pthread_mutex_unlock(&subs->compiler.lock);
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
	cr_assert_eq(stats.compiles, 1);
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

Test(pattern, a_tenant_has_at_most_its_patterns)
{
	subs->patterns_max = 1;
	cr_assert_eq(added(1, entry_with("a", "one"), &a), RH_SUB_OK);
	cr_assert_eq(added(1, entry_with("a", "two"), &a), RH_SUB_LIMIT);
	cr_assert_str_eq(a.outcomes[0].text,
		"this tenant has its 1 payload patterns: reuse one or unsubscribe some");
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
