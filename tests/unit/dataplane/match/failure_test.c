/*
 * Every allocation of an update made to fail, one after the other.
 */

#include "dataplane/base/rcu.h"
#include "dataplane/match/table_priv.h"
#include "tests/lib/patterns.h"
#include "tests/unit/dataplane/match/fixture.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void start(void)
{
	fixture_start(256);
}

TestSuite(failure, .init = start, .fini = fixture_stop);

/* Add with ever more memory until it succeeds; returns how often it failed. */
static unsigned add_with_growing_memory(const char *text, dp_session_id_t session, dp_sub_id_t *sub)
{
	struct dp_table_stats before = fixture_stats(), after;
	struct rh_filter filter;
	struct rh_error err;
	unsigned failures = 0;
	uint64_t room = 0;
	int ret;

	cr_assert_eq(rh_filter_parse(RH_DIALECT_MQTT, text, strlen(text), &filter, NULL), 0);
	do {
		(void)fixture_publish();
		rh_rcu_barrier();
		table->memory.limit = fixture_stats().bytes + room;
		room += 8;
		ret = dp_table_sub_add(table, 0, &filter, session, 0, sub, &err);
		if (ret == 0)
			break;
		failures++;
		after = fixture_stats();
		cr_assert_eq(ret, -ENOMEM);
		cr_assert(strstr(err.text, "memory"), "%s", err.text);
		cr_assert_eq(after.shapes, before.shapes);
		cr_assert_eq(after.sets, before.sets);
		cr_assert_eq(after.filters, before.filters);
		cr_assert_eq(after.subscriptions, before.subscriptions);
	} while (room < 1u << 20);
	table->memory.limit = UINT64_MAX;
	cr_assert_eq(ret, 0);
	(void)fixture_publish();
	return failures;
}

Test(failure, an_add_without_memory_leaves_no_trace)
{
	dp_sub_id_t sub;

	(void)fixture_add(0, "z", 9, 0);
	cr_expect_gt(add_with_growing_memory("a/+/b/#", 1, &sub), 3);
	cr_expect_str_eq(fixture_sessions("a/x/b", NULL), "1");
	cr_expect_gt(add_with_growing_memory("a/+/b/c", 2, &sub), 1);
	cr_expect_str_eq(fixture_sessions("a/x/b/c", NULL), "1 2");
}

Test(failure, the_first_add_of_all_without_memory_leaves_no_trace)
{
	dp_sub_id_t sub;

	cr_expect_gt(add_with_growing_memory("a", 1, &sub), 3);
	cr_expect_str_eq(fixture_sessions("a", NULL), "1");
}

Test(failure, growing_sets_and_tables_survive_it)
{
	char text[16];
	dp_sub_id_t sub;

	for (uint32_t i = 0; i < 64; i++)
		(void)fixture_add(0, "a", i, 0);
	cr_expect_gt(add_with_growing_memory("a", 64, &sub), 1);
	for (uint32_t i = 65; i < 256; i++)
		(void)fixture_add(0, "a", i, 0);
	cr_expect_gt(add_with_growing_memory("a", 256, &sub), 1);
	(void)fixture_sessions("a", NULL);
	cr_expect_eq(fixture_result.count, 257);
	for (uint32_t i = 0; i < 31; i++) {
		(void)snprintf(text, sizeof(text), "t/%u", i);
		(void)fixture_add(0, text, i, 0);
	}
	for (uint32_t i = 31; i < 64; i++) {
		(void)snprintf(text, sizeof(text), "t/%u", i);
		(void)add_with_growing_memory(text, i, &sub);
	}
	cr_expect_str_eq(fixture_sessions("t/3", NULL), "3");
	cr_expect_str_eq(fixture_sessions("t/63", NULL), "63");
}

static void no_memory(void)
{
	(void)fixture_publish();
	rh_rcu_barrier();
	table->memory.limit = fixture_stats().bytes;
}

Test(failure, removal_needs_no_memory)
{
	static dp_sub_id_t subs[300];

	for (uint32_t i = 0; i < 300; i++)
		subs[i] = fixture_add(0, "a", i, 0);
	no_memory();
	for (uint32_t i = 0; i < 300; i += 2) {
		table->memory.limit = 0;
		cr_assert_eq(dp_table_sub_del(table, subs[i]), 0);
	}
	(void)fixture_publish();
	(void)fixture_sessions("a", NULL);
	cr_assert_eq(fixture_result.count, 150);
	for (uint32_t i = 0; i < 150; i++)
		cr_expect_eq(fixture_result.receivers[i].session % 2, 1);
	table->memory.limit = UINT64_MAX;
	for (uint32_t i = 1; i < 299; i += 2)
		cr_assert_eq(dp_table_sub_del(table, subs[i]), 0);
	(void)fixture_publish();
	cr_expect_str_eq(fixture_sessions("a", NULL), "299");
	cr_assert_eq(dp_table_sub_del(table, subs[299]), 0);
	cr_expect_eq(fixture_stats().shapes, 0);
}

/* Allocations that Hyperscan may still make. */
static unsigned hs_left;

static void *hs_alloc_some(size_t bytes)
{
	if (hs_left == 0)
		return NULL;
	hs_left--;
	return malloc(bytes);
}

static int set_patterns(const char *pattern)
{
	struct rh_error err;
	size_t len = 0;
	void *bytes = test_patterns_compile(&pattern, 1, &len);
	int ret;

	cr_assert_not_null(bytes);
	cr_assert_eq(hs_set_allocator(hs_alloc_some, free), HS_SUCCESS);
	ret = dp_table_patterns_set(table, 0, 0, bytes, len, 1, &err);
	cr_assert_eq(hs_set_allocator(NULL, NULL), HS_SUCCESS);
	cr_assert(ret == 0 || strstr(err.text, "memory"), "%s", err.text);
	free(bytes);
	return ret;
}

Test(failure, patterns_without_memory_leave_the_old_ones_in_force)
{
	unsigned failures = 0;

	hs_left = 100;
	cr_assert_eq(set_patterns("old"), 0);
	(void)fixture_add(0, "a", 1, 1);
	(void)fixture_publish();
	/* A database, a scratch for each of two workers and one for the builder: each fails once.
	 */
	for (hs_left = 0; set_patterns("new"); hs_left = ++failures) {
		(void)fixture_publish();
		cr_expect_str_eq(fixture_sessions("a", "old"), "1");
		cr_expect_str_eq(fixture_sessions("a", "new"), "");
		cr_assert_lt(failures, 50);
	}
	cr_expect_geq(failures, 4);
	(void)fixture_publish();
	cr_expect_str_eq(fixture_sessions("a", "new"), "1");
}

Test(failure, a_snapshot_without_memory_is_refused)
{
	hs_left = 100;
	no_memory();
	cr_expect_eq(set_patterns("x"), -ENOMEM);
	table->memory.limit = UINT64_MAX;
	cr_expect_eq(set_patterns("x"), 0);
}
