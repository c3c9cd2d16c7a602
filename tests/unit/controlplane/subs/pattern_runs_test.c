/* Which databases become one, and what a new pattern costs beside a large one. */
#include "tests/unit/controlplane/subs/fixture.h"

#include "dataplane/base/clock.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct answer a;

TestSuite(runs, .init = fixture_start, .fini = fixture_stop, .timeout = 100);
TestSuite(merge, .timeout = 10);

/* Of a tenant with runs of @counts. */
static struct cp_subs merge_subs;
static struct cp_tenant merge_tenant;
static struct cp_set set;

#define tenant_of(...)                                                                             \
	tenant_with((const uint32_t[]){__VA_ARGS__},                                               \
		sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

static struct cp_tenant *tenant_with(const uint32_t *counts, size_t count)
{
	merge_subs.quiet_ns = UINT64_MAX;
	merge_tenant = (struct cp_tenant){.subs = &merge_subs};
	for (size_t i = 0; i < count; i++)
		merge_tenant.runs[i] = (struct cp_run){.count = counts[i], .used = counts[i]};
	return &merge_tenant;
}

Test(merge, takes_four_alike_and_leaves_the_large_one)
{
	struct cp_tenant *t = tenant_of(10000, 1, 1, 1);

	cr_expect_not(cp_merge_due(t, 0, &set));
	t = tenant_of(10000, 1, 1, 1, 1);
	cr_assert(cp_merge_due(t, 0, &set));
	cr_expect_eq(set.sources, 0x1e);
	cr_expect_not(cp_merge_due(t, 1, &set));
	cr_expect_not(cp_merge_due(t, 2, &set));
	t = tenant_of(10000, 16, 20, 30, 12);
	cr_expect_not(cp_merge_due(t, 0, &set));
	cr_assert(cp_merge_due(t, 1, &set));
	cr_expect_eq(set.sources, 0x1e);
	t = tenant_of(10000, 300, 280, 256, 270);
	cr_assert(cp_merge_due(t, 2, &set));
	cr_expect_eq(set.sources, 0x1e);
	t = tenant_of(10000, 3000, 800, 256, 200);
	cr_assert(cp_merge_due(t, 2, &set));
	cr_expect_eq(set.sources, 0x1f);
}

Test(merge, whatever_the_sizes_there_is_one_before_all_runs_are_taken)
{
	uint32_t counts[CP_RUNS], seed = 1;

	for (unsigned round = 0; round < 20000; round++) {
		bool due = false;
		struct cp_tenant *t;

		for (unsigned i = 0; i < CP_RUNS; i++) {
			seed = seed * 1103515245 + 12345;
			counts[i] = 1 + (seed >> 8) % (1u << (1 + (seed >> 24) % 11));
		}
		t = tenant_with(counts, CP_RUNS);
		for (uint8_t level = 0; level < CP_LEVELS; level++)
			due |= cp_merge_due(t, level, &set);
		cr_assert(due, "round %u", round);
	}
}

Test(merge, of_few_waits_for_a_calm_moment_and_of_many_does_not)
{
	struct cp_tenant *t = tenant_of(10000, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1);

	t->changed_ns = rh_clock_ns() + 100 * RH_NS_PER_S;
	cr_expect_not(cp_merge_due(t, 0, &set));
	t->runs[12] = (struct cp_run){.count = 1, .used = 1};
	cr_assert(cp_merge_due(t, 0, &set));
	cr_expect_eq(set.sources, 0x1ffe);
	t->runs[12].count = 0;
	t->changed_ns = 0;
	cr_assert(cp_merge_due(t, 0, &set));
	cr_expect_eq(set.sources, 0xffe);
}

Test(merge, of_the_medium_takes_large_ones_too_when_theirs_does_not_keep_up)
{
	struct cp_tenant *t = tenant_of(300, 310, 320, 330, 340, 350, 360, 370, 380, 390, 400, 410);

	t->merging[2] = true;
	cr_expect_not(cp_merge_due(t, 1, &set));
	t->runs[12] = (struct cp_run){.count = 420, .used = 420};
	cr_assert(cp_merge_due(t, 1, &set));
	cr_expect_eq(set.sources, 0xf);
	/* What is not one of them, however many. */
	t->runs[12].count = 7;
	cr_expect_not(cp_merge_due(t, 1, &set));
}

Test(merge, leaves_alone_what_another_has)
{
	struct cp_tenant *t = tenant_of(1, 1, 1, 1);

	t->runs[2].busy = true;
	cr_expect_not(cp_merge_due(t, 0, &set));
	t->runs[2].busy = false;
	t->merging[0] = true;
	cr_expect_not(cp_merge_due(t, 0, &set));
	t->merging[0] = false;
	t->not_before_ns[0] = UINT64_MAX;
	cr_expect_not(cp_merge_due(t, 0, &set));
	t->not_before_ns[0] = 0;
	cr_expect(cp_merge_due(t, 0, &set));
}

Test(merge, of_all_comes_when_it_is_quiet)
{
	struct cp_tenant *t = tenant_of(10000, 1);

	merge_subs.quiet_ns = 0;
	t->changed_ns = rh_clock_ns() - 1;
	cr_assert(cp_merge_due(t, 2, &set));
	cr_expect_eq(set.sources, 3);
	/* The dearer it was, the longer it waits. */
	t->large_ns = 10 * RH_NS_PER_S;
	cr_expect_not(cp_merge_due(t, 2, &set));
	t->large_ns = 0;
	t->checking = 1;
	cr_expect_not(cp_merge_due(t, 2, &set));
	t->checking = 0;
	t->ready = 1;
	cr_expect_not(cp_merge_due(t, 2, &set));
	t->ready = 0;
	t->runs[2] = (struct cp_run){.count = 1, .used = 1, .busy = true};
	cr_expect_not(cp_merge_due(t, 2, &set));
	t = tenant_of(10000);
	merge_subs.quiet_ns = 0;
	cr_expect_not(cp_merge_due(t, 2, &set));
	cr_expect_not(cp_merge_later(t));
	t->runs[0].used = 5000;
	cr_expect(cp_merge_due(t, 2, &set));
	cr_expect(cp_merge_later(t));
}

Test(merge, with_ready_ones_always_finds_a_place)
{
	uint32_t counts[CP_RUNS];
	struct cp_tenant *t;

	for (unsigned i = 0; i < CP_RUNS; i++)
		counts[i] = 1000 + i;
	t = tenant_with(counts, CP_RUNS);
	t->ready = 100;
	cr_assert(cp_merge_due(t, 0, &set));
	cr_expect_eq(set.sources, 1);
	cr_expect_eq(set.fresh, 64);
	cr_expect(cp_run_take(t, &set));
	cr_expect_eq(set.run, 0);
}

/* Number 1 came back and went while run 0, which held it, was being replaced: run 1 holds it too, and ends. */
static void choose(uint8_t level, struct cp_pattern *gone, struct cp_pattern *fresh)
{
	static struct cp_pattern *by_id[3];
	static struct cp_member members[3];
	struct cp_tenant *t = tenant_of(5, 1);

	*gone = (struct cp_pattern){.id = 1, .tenant = t, .state = CP_PATTERN_INSTALLED, .held = 3, .leaving = 1};
	*fresh = (struct cp_pattern){.id = 2, .tenant = t, .state = CP_PATTERN_COMPILING, .refs = 1, .taken = true};
	by_id[1] = gone;
	by_id[2] = fresh;
	t->by_id = by_id;
	t->id_most = 2;
	set = (struct cp_set){.level = level, .sources = 2, .run = 1, .members = members};
	cp_set_choose(t, &set);
	cr_assert_eq(set.member_count, 2);
	cr_expect_eq(members[1].part, CP_PART_FRESH);
}

Test(merge, of_a_pattern_on_its_own_holds_no_other)
{
	struct cp_pattern gone, fresh;

	choose(CP_LEVEL_NONE, &gone, &fresh);
	cr_expect_eq(set.count, 1);
	cr_expect_eq(set.members[0].part, CP_PART_LEAVES);
	cr_expect_eq(gone.leaving, 3);
	cr_expect_eq(gone.state, CP_PATTERN_LEAVING);
	/* What is compiled can hold it. */
	choose(0, &gone, &fresh);
	cr_expect_eq(set.count, 2);
	cr_expect_eq(set.members[0].part, CP_PART_KEPT);
	cr_expect_eq(gone.state, CP_PATTERN_INSTALLED);
}

static uint32_t asked(enum cp_compiler_kind kind)
{
	return subs->compilers[kind].helper.request;
}

static void add_many(unsigned from, unsigned to)
{
	static char texts[64][16];
	struct rh_sub_entry entries[64];
	uint16_t count = 0;

	for (unsigned i = from; i < to; i++) {
		(void)snprintf(texts[count], sizeof(texts[0]), "pattern%u", i);
		entries[count] = entry_with("a", texts[count]);
		if (++count < 64 && i + 1 < to)
			continue;
		a = (struct answer){0};
		cr_assert_eq(cp_subs_add(subs, 1, 0, entries, count, on_done, &a), 0);
		run_until(&a);
		for (uint16_t k = 0; k < count; k++)
			cr_assert_eq(a.outcomes[k].code, RH_SUB_OK, "%s", a.outcomes[k].text);
		count = 0;
	}
}

static void settle(void)
{
	subs->quiet_ns = 0;
	cp_tenant_compile(subs->tenants[0]);
	for (unsigned i = 0; i < 1000 && __builtin_popcountll(fake.tiers) > 1; i++)
		run_for(10);
	subs->quiet_ns = UINT64_MAX;
	/* The builder was seen at work: let the loop hear of it. */
	run_for(20);
	cr_assert_eq(__builtin_popcountll(fake.tiers), 1);
}

static const struct cp_run *only_run(void)
{
	return &subs->tenants[0]->runs[__builtin_ctzll(fake.tiers)];
}

Test(runs, one_pattern_beside_a_large_database_is_compiled_alone)
{
	uint32_t asked_before[CP_COMPILER_COUNT], ops;
	uint64_t large;

	subs->patterns_max = 1000;
	/* On a busy machine a look takes long. */
	subs->compilers[CP_COMPILER_FIRST].helper.check_ms = 20000;
	add_many(0, 300);
	settle();
	large = fake.tiers;
	cr_assert_eq(only_run()->count, 300);
	for (int i = 0; i < CP_COMPILER_COUNT; i++)
		asked_before[i] = asked((enum cp_compiler_kind)i);
	ops = fake.count;
	cr_assert_eq(added(2, entry_with("b", "one more"), &a), RH_SUB_OK, "%s", a.outcomes[0].text);
	for (int i = 0; i < CP_COMPILER_COUNT; i++)
		cr_expect_eq(asked((enum cp_compiler_kind)i) - asked_before[i], i == CP_COMPILER_FIRST,
			"compiler %d", i);
	/* A database in a tier of its own, published, content and subscription, published. */
	cr_assert_eq(fake.ops[ops].what, 'P');
	cr_expect_neq(1ull << fake.ops[ops].tier, large);
	cr_expect_eq(fake.ops[ops].pattern, 301);
	cr_expect_eq(fake.ops[ops + 1].what, '!');
	cr_expect_eq(fake.ops[ops + 2].what, 'C');
	cr_expect_eq(fake.ops[ops + 3].what, '+');
	cr_expect_eq(fake.tiers & large, large);
}

/* Each request is answered before the next begins, and all of them before the first merge has ended. */
Test(runs, nobody_waits_for_a_merge_while_there_are_tiers)
{
	char text[16];

	subs->patterns_max = 1000;
	subs->compilers[CP_COMPILER_FIRST].helper.check_ms = 20000;
	add_many(0, 300);
	settle();
	/* Merges begin and do not end. */
	for (unsigned level = 0; level < CP_LEVELS; level++)
		subs->compilers[CP_COMPILER_MERGES + level].busy = true;
	for (unsigned i = 0; i < 40; i++) {
		(void)snprintf(text, sizeof(text), "burst%u", i);
		cr_assert_eq(added(2, entry_with("b", text), &a), RH_SUB_OK, "%u: %s", i, a.outcomes[0].text);
	}
	cr_expect_eq(__builtin_popcountll(fake.tiers), 41);
	for (unsigned level = 0; level < CP_LEVELS; level++)
		subs->compilers[CP_COMPILER_MERGES + level].busy = false;
	settle();
	cr_expect_eq(only_run()->count, 340);
}

Test(runs, all_become_one_when_it_is_quiet_and_in_one_publish)
{
	uint32_t at;

	add_many(0, 20);
	settle();
	add_many(20, 21);
	cr_assert_eq(__builtin_popcountll(fake.tiers), 2);
	settle();
	cr_expect_eq(only_run()->count, 21);
	cr_expect_eq(only_run()->used, 21);
	/* From the last database on: what it replaces ended before the publish. */
	for (at = fake.count; fake.ops[at - 1].what != 'P'; at--)
		cr_assert_neq(fake.ops[at - 1].what, '+');
	for (; fake.ops[at].what == 'E'; at++)
		;
	cr_expect_eq(fake.ops[at].what, '!');
	cr_expect_eq(at + 1, fake.count);
}

Test(runs, what_the_table_cannot_take_away_keeps_its_numbers)
{
	add_many(0, 3);
	cr_assert_eq(deleted(1, entry_with("a", "pattern1"), &a), RH_SUB_OK);
	fake.empty_error = ENOMEM;
	subs->quiet_ns = 0;
	cp_tenant_compile(subs->tenants[0]);
	for (unsigned i = 0; i < 1000 && !subs->stats.compiles; i++)
		run_for(1);
	subs->quiet_ns = UINT64_MAX;
	run_for(20);
	/* Number 2 left the merged one, but its own is still there. */
	cr_assert_eq(fake.tiers, 7);
	cr_assert_not_null(subs->tenants[0]->by_id[2]);
	cr_assert_eq(added(1, entry_with("a", "pattern1"), &a), RH_SUB_OK);
	cr_assert_eq(fake.ops[fake.count - 2].pattern, 2);
	fake.empty_error = 0;
	settle();
	cr_expect_eq(only_run()->count, 3);
}

Test(runs, those_too_dear_to_be_scanned_one_after_the_other_wait_for_one_of_all)
{
	uint32_t larger;

	subs->patterns_max = 1000;
	add_many(0, 130);
	settle();
	larger = asked(CP_COMPILER_MERGES + CP_LEVELS - 1);
	subs->centicycles_most = 0;
	cr_assert_eq(added(2, entry_with("b", "one more"), &a), RH_SUB_OK, "%s", a.outcomes[0].text);
	cr_assert_eq(__builtin_popcountll(fake.tiers), 1);
	cr_expect_eq(only_run()->count, 131);
	cr_expect_eq(asked(CP_COMPILER_MERGES + CP_LEVELS - 1), larger + 1);
}

Test(runs, those_too_dear_wait_for_no_large_one_when_the_medium_ones_will_do)
{
	const struct cp_tenant *t;
	uint32_t larger;

	subs->patterns_max = 1000;
	add_many(0, 130);
	settle();
	t = subs->tenants[0];
	/* Twelve beside them are a medium run, whose scan costs, and that of the large one nothing. */
	add_many(130, 142);
	for (unsigned i = 0; i < 1000 && __builtin_popcountll(fake.tiers) > 2; i++)
		run_for(10);
	run_for(20);
	cr_assert_eq(__builtin_popcountll(fake.tiers), 2);
	for (unsigned i = 0; i < CP_RUNS; i++)
		subs->tenants[0]->runs[i].centicycles = t->runs[i].count > 100 ? 0 : t->runs[i].count ? 100000 : 0;
	subs->centicycles_most = 99999;
	larger = asked(CP_COMPILER_MERGES + CP_LEVELS - 1);
	cr_assert_eq(added(2, entry_with("b", "one more"), &a), RH_SUB_OK, "%s", a.outcomes[0].text);
	cr_expect_eq(asked(CP_COMPILER_MERGES + CP_LEVELS - 1), larger);
	cr_expect_eq(__builtin_popcountll(fake.tiers), 2);
}

Test(runs, nobody_uses_end_with_the_next_change)
{
	add_many(0, 10);
	settle();
	drop(1, &a);
	run_until(&a);
	cr_expect_eq(only_run()->used, 0);
	cr_assert_eq(added(1, entry_with("a", "other"), &a), RH_SUB_OK);
	cr_assert_eq(__builtin_popcountll(fake.tiers), 1);
	cr_expect_eq(only_run()->count, 1);
	cr_expect_eq(subs->tenants[0]->patterns.count, 1);
}

Test(runs, that_are_all_unused_end_when_it_is_quiet)
{
	add_many(0, 6);
	drop(1, &a);
	run_until(&a);
	subs->quiet_ns = 0;
	cp_tenant_compile(subs->tenants[0]);
	for (unsigned i = 0; i < 1000 && fake.tiers; i++)
		run_for(10);
	run_for(20);
	cr_expect_eq(fake.tiers, 0);
	cr_expect_eq(subs->tenants[0]->patterns.count, 0);
}
