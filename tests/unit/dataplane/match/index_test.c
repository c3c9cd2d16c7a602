#include "tests/unit/dataplane/match/fixture.h"

#include "dataplane/base/rcu.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void start(void)
{
	fixture_start(1024);
}

TestSuite(index, .init = start, .fini = fixture_stop);

Test(index, every_matching_filter_counts_and_each_session_once)
{
	(void)fixture_add(0, "a/b/c", 1, 0);
	(void)fixture_add(0, "a/+/c", 2, 0);
	(void)fixture_add(0, "a/#", 3, 0);
	(void)fixture_add(0, "#", 4, 0);
	(void)fixture_add(0, "+/+/+", 2, 0);
	(void)fixture_add(0, "a/b", 5, 0);
	(void)fixture_publish();
	cr_expect_str_eq(fixture_sessions("a/b/c", NULL), "1 2 3 4");
	cr_expect_str_eq(fixture_sessions("a", NULL), "3 4");
	cr_expect_str_eq(fixture_sessions("a/b", NULL), "3 4 5");
	cr_expect_str_eq(fixture_sessions("x/b/c", NULL), "2 4");
	cr_expect_str_eq(fixture_sessions("$a/b/c", NULL), "");
}

Test(index, topics_nobody_may_publish_are_told_apart)
{
	(void)fixture_add(0, "#", 1, 0);
	(void)fixture_publish();
	cr_expect_str_eq(fixture_sessions("a/+", NULL), "-");
	cr_expect_str_eq(fixture_sessions("a/#", NULL), "-");
	cr_expect_str_eq(fixture_sessions("", NULL), "-");
	cr_expect_str_eq(fixture_sessions("a\xff", NULL), "-");
	cr_expect_str_eq(fixture_sessions("a", NULL), "1");
}

Test(index, tenants_do_not_see_each_other)
{
	uint32_t session;

	(void)fixture_add(0, "#", 1, 0);
	(void)fixture_add(9, "#", 2, 0);
	(void)fixture_publish();
	cr_expect_eq(fixture_match(0, "a", NULL, &session, 1), 1);
	cr_expect_eq(session, 1);
	cr_expect_eq(fixture_match(9, "a", NULL, &session, 1), 1);
	cr_expect_eq(session, 2);
	cr_expect_eq(fixture_match(5, "a", NULL, &session, 1), 0);
	cr_expect_eq(fixture_match(1024, "a", NULL, &session, 1), -1);
}

Test(index, a_tenant_without_subscriptions_is_seen_once_it_has_one)
{
	cr_expect_str_eq(fixture_sessions("a/b", NULL), "");
	(void)fixture_add(0, "a/b", 1, 0);
	(void)fixture_publish();
	cr_expect_str_eq(fixture_sessions("a/b", NULL), "1");
}

Test(index, deepest_filters_and_topics_work)
{
	static char text[2 * RH_LEVELS_MAX];
	static char deep[2 * RH_LEVELS_MAX];

	for (unsigned i = 0; i < RH_LEVELS_MAX; i++) {
		text[2 * i] = '+';
		deep[2 * i] = 'a';
		text[2 * i + 1] = deep[2 * i + 1] = i + 1 < RH_LEVELS_MAX ? '/' : '\0';
	}
	(void)fixture_add(0, text, 1, 0);
	(void)fixture_add(0, deep, 2, 0);
	text[2 * RH_LEVELS_MAX - 2] = '#';
	(void)fixture_add(0, text, 3, 0);
	(void)fixture_publish();
	cr_expect_str_eq(fixture_sessions(deep, NULL), "1 2 3");
	deep[2 * RH_LEVELS_MAX - 3] = '\0';
	cr_expect_str_eq(fixture_sessions(deep, NULL), "3");
}

Test(index, all_wildcard_shapes_at_once_are_found)
{
	char text[64];

	for (unsigned shape = 0; shape < 1024; shape++) {
		for (unsigned i = 0; i < 10; i++) {
			text[2 * i] = shape >> i & 1 ? '+' : 'x';
			text[2 * i + 1] = i < 9 ? '/' : '\0';
		}
		(void)fixture_add(0, text, shape % 100, 0);
	}
	(void)fixture_publish();
	(void)fixture_sessions("x/x/x/x/x/x/x/x/x/x", NULL);
	cr_expect_eq(fixture_result.count, 100);
	(void)fixture_sessions("x/x/x/x/x/y/y/y/y/y", NULL);
	cr_expect_eq(fixture_result.count, 32);
}

Test(index, equal_filters_are_one_path_and_one_set)
{
	static dp_sub_id_t subs[10000];
	uint64_t before = fixture_stats().bytes;

	for (uint32_t i = 0; i < 10000; i++)
		subs[i] = fixture_add(0, "one/filter/+/for/all", i, 0);
	(void)fixture_publish();
	rh_rcu_barrier();
	cr_expect_eq(fixture_stats().subscriptions, 10000);
	cr_expect_eq(fixture_stats().filters, 1);
	cr_expect_eq(fixture_stats().sets, 1);
	cr_expect_eq(fixture_stats().nodes, 5);
	cr_expect_lt(fixture_stats().bytes - before, 10000 * 80);
	(void)fixture_match(0, "one/filter/x/for/all", NULL, (uint32_t[10000]){0}, 10000);
	cr_expect_eq(fixture_result.count, 10000);
	/* From the middle outwards, so that members move. */
	for (uint32_t i = 0; i < 9999; i++)
		cr_assert_eq(dp_table_sub_del(table, subs[(i + 5000) % 10000]), 0);
	(void)fixture_publish();
	cr_expect_str_eq(fixture_sessions("one/filter/x/for/all", NULL), "4999");
}

Test(index, memory_comes_back_after_churn)
{
	static dp_sub_id_t subs[20000];
	uint64_t before;
	char text[64];

	fixture_reclaim();
	before = fixture_stats().bytes;
	for (unsigned round = 0; round < 3; round++) {
		for (uint32_t i = 0; i < 20000; i++) {
			(void)snprintf(
				text, sizeof(text), i % 3 ? "a/%u/b%u" : "+/%u/c/#", i / 4, i);
			subs[i] = fixture_add(0, text, i, 0);
		}
		(void)fixture_publish();
		for (uint32_t i = 0; i < 20000; i++)
			cr_assert_eq(dp_table_sub_del(table, subs[i]), 0);
		fixture_reclaim();
		fixture_reclaim();
		cr_expect_leq(fixture_stats().bytes, before + 4096, "%lu bytes, %lu before",
			fixture_stats().bytes, before);
		cr_expect_eq(fixture_stats().nodes, 0);
	}
}

Test(index, removed_subscriptions_are_dead_and_slots_return_with_another_tag)
{
	dp_sub_id_t sub = fixture_add(0, "a", 7, 0);
	uint32_t tag;

	(void)fixture_publish();
	cr_expect_str_eq(fixture_sessions("a", NULL), "7");
	tag = fixture_result.receivers[0].sub_tag;
	cr_expect(dp_match_sub_alive(match, sub, tag));
	cr_expect_eq(dp_table_sub_del(table, sub), 0);
	cr_expect_eq(dp_table_sub_del(table, sub), -ENOENT);
	cr_expect_not(dp_match_sub_alive(match, sub, tag));
	for (unsigned i = 0; i < 4; i++) {
		fixture_reclaim();
		(void)fixture_add(0, "b", 8, 0);
		cr_expect_not(dp_match_sub_alive(match, sub, tag));
	}
	cr_expect_not(dp_match_sub_alive(match, UINT32_MAX, tag));
	cr_expect_eq(dp_table_sub_del(table, 123456), -ENOENT);
}

Test(index, generations_only_grow)
{
	uint64_t first = dp_table_publish(table);

	cr_expect_eq(dp_table_publish(table), first + 1);
	cr_expect_eq(dp_table_generation(table), first + 1);
	cr_expect_eq(dp_match_begin(match), first + 1);
}

Test(index, impossible_requests_are_refused_with_a_sentence)
{
	struct dp_table_conf conf = {.cache_entries = 3, .max_workers = 1};
	struct dp_table *none = NULL;
	struct rh_filter filter;
	struct rh_error err;
	struct dp_match *other = NULL;
	dp_sub_id_t sub;

	cr_assert_eq(rh_filter_parse(RH_DIALECT_MQTT, "a", 1, &filter, NULL), 0);
	cr_expect_eq(dp_table_create(&conf, &none, &err), -EINVAL);
	cr_expect(strstr(err.text, "power of two"));
	conf = (struct dp_table_conf){.max_workers = 0};
	cr_expect_eq(dp_table_create(&conf, &none, &err), -EINVAL);
	cr_expect_eq(dp_table_sub_add(table, 1024, &filter, 0, 0, &sub, &err), -EINVAL);
	cr_expect(strstr(err.text, "tenant 1024"));
	cr_expect_eq(dp_table_sub_add(table, 0, &filter, 65536, 0, &sub, &err), -EINVAL);
	cr_expect(strstr(err.text, "session 65536"));
	cr_expect_eq(dp_table_sub_add(table, 0, &filter, 0, 1, &sub, &err), -EINVAL);
	cr_expect(strstr(err.text, "pattern 1"));
	cr_expect_eq(dp_match_create(table, 2, &other), -EINVAL);
}
