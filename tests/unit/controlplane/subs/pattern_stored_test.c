/* A router that starts again and finds the patterns that it had compiled. */
#include "tests/unit/controlplane/subs/fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEPT 20

static struct answer a;
static char above[64], path[320];

static uint32_t asked(enum cp_compiler_kind kind)
{
	return subs->compilers[kind].helper.request;
}

static void open_again(void)
{
	fixture_start();
	subs->store.least_ns = 0;
}

static void add_one(const char *form, unsigned i)
{
	char text[32];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	(void)snprintf(text, sizeof(text), form, i);
#pragma GCC diagnostic pop
	cr_assert_eq(added(1, entry_with("a", text), &a), RH_SUB_OK, "%s", a.outcomes[0].text);
}

static void settle(void)
{
	subs->quiet_ns = 0;
	cp_tenant_compile(subs->tenants[0]);
	for (unsigned i = 0; i < 1000 && __builtin_popcountll(fake.tiers) != 1; i++)
		run_for(10);
	subs->quiet_ns = UINT64_MAX;
	/* The builder was seen at work: let the loop hear of it. */
	run_for(20);
	cr_assert_eq(__builtin_popcountll(fake.tiers), 1);
}

/* The first life: patterns of numbers 2 to KEPT, and number 1 left. */
static void start(void)
{
	strcpy(above, "/tmp/rhumb-stored-test-XXXXXX");
	cr_assert_not_null(mkdtemp(above));
	(void)snprintf(conf.pattern_store, sizeof(conf.pattern_store), "%s/patterns", above);
	(void)snprintf(path, sizeof(path), "%s/tenant-0.patterns", conf.pattern_store);
	open_again();
	for (unsigned i = 1; i <= KEPT; i++)
		add_one("pattern%u", i);
	cr_assert_eq(deleted(1, entry_with("a", "pattern1"), &a), RH_SUB_OK);
	settle();
	cr_assert_eq(access(path, F_OK), 0);
	fixture_stop();
}

static void stop(void)
{
	char command[128];

	fixture_stop();
	(void)snprintf(command, sizeof(command), "rm -rf %s", above);
	cr_assert_eq(system(command), 0);
}

TestSuite(stored, .init = start, .fini = stop, .timeout = 60);

Test(stored, patterns_come_back_without_being_compiled)
{
	open_again();
	for (unsigned i = 2; i <= KEPT; i++)
		add_one("pattern%u", i);
	for (int i = 0; i < CP_COMPILER_COUNT; i++)
		cr_expect_eq(asked((enum cp_compiler_kind)i), 0, "compiler %d", i);
	cr_expect_eq(__builtin_popcountll(fake.tiers), 1);
	cr_expect_eq(fake.max_pattern, KEPT);
	cr_expect_eq(subs->tenants[0]->used, KEPT - 1);
	/* The numbers between are free. */
	add_one("another%u", 1);
	cr_expect_not_null(cp_pattern_find(subs->tenants[0], "another1", 8));
	cr_expect_eq(cp_pattern_find(subs->tenants[0], "another1", 8)->id, 1);
}

Test(stored, patterns_stay_for_a_while_although_nobody_uses_them)
{
	open_again();
	add_one("another%u", 1);
	cr_expect_eq(__builtin_popcountll(fake.tiers), 2);
	settle();
	cr_expect_eq(subs->tenants[0]->patterns.count, KEPT);
	subs->tenants[0]->keep_until_ns = 1;
	add_one("another%u", 2);
	settle();
	cr_expect_eq(subs->tenants[0]->patterns.count, 2);
}

Test(stored, patterns_count_for_no_limit_until_they_are_used)
{
	open_again();
	subs->patterns_max = 1;
	add_one("another%u", 1);
	cr_assert_eq(added(1, entry_with("a", "pattern2"), &a), RH_SUB_LIMIT);
}

Test(stored, patterns_of_another_engine_are_compiled_anew)
{
	fake_database_kind = "another";
	open_again();
	cr_expect_null(subs->tenants[0]);
	add_one("pattern%u", 2);
	cr_expect_eq(asked(CP_COMPILER_FIRST), 1);
}

Test(stored, a_database_that_the_table_refuses_is_told_to_those_who_wait_and_compiled_anew)
{
	fake_first_error = 1;
	open_again();
	add(1, entry_with("a", "pattern2"), &a);
	run_until(&a);
	cr_expect_eq(a.outcomes[0].code, RH_SUB_INTERNAL);
	cr_expect_not_null(strstr(a.outcomes[0].text, "not this one"));
	add_one("pattern%u", 2);
	cr_expect_eq(asked(CP_COMPILER_FIRST), 1);
	cr_expect_eq(subs->tenants[0]->patterns.count, 1);
}

Test(stored, what_is_quick_to_compile_is_not_kept)
{
	cr_assert_eq(unlink(path), 0);
	fixture_start();
	subs->store.least_ns = UINT64_MAX;
	for (unsigned i = 1; i <= 3; i++)
		add_one("pattern%u", i);
	settle();
	cr_expect_eq(access(path, F_OK), -1);
}
