#include "tests/unit/dataplane/match/fixture.h"

#include "dataplane/base/compiler.h"
#include "dataplane/base/rcu.h"
#include "dataplane/match/match_priv.h"
#include "tests/lib/random.h"

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

Test(index, a_subscription_tells_what_it_was_added_with_while_it_lives)
{
	dp_sub_id_t sub = fixture_add(3, "a/+/#", 9, 0), except = fixture_except(3, "a/b", 9);
	struct dp_sub_info info;

	cr_assert_eq(dp_table_sub_info(table, sub, &info), 0);
	cr_expect_eq(info.len, 3);
	cr_expect_arr_eq(info.filter, "a/\xfa", 3);
	cr_expect_eq(info.tenant, 3);
	cr_expect_eq(info.session, 9);
	cr_expect_eq(info.content, 0);
	cr_expect_not(info.except);
	cr_assert_eq(dp_table_sub_info(table, except, &info), 0);
	cr_expect_arr_eq(info.filter, "a/b", 3);
	cr_expect(info.except);
	cr_assert_eq(dp_table_sub_del(table, sub), 0);
	cr_expect_eq(dp_table_sub_info(table, sub, &info), -ENOENT);
	cr_expect_eq(dp_table_sub_info(table, DP_LIMIT_SUBSCRIPTIONS - 1, &info), -ENOENT);
	cr_expect_eq(dp_table_sub_info(table, DP_SUB_NONE, &info), -ENOENT);
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

Test(index, an_exception_takes_its_sessions_copy_away_and_no_other)
{
	dp_sub_id_t sub;

	(void)fixture_add(0, "a/#", 1, 0);
	(void)fixture_add(0, "a/+", 2, 0);
	(void)fixture_add(0, "a/b", 1, 0);
	sub = fixture_except(0, "+/b/#", 1);
	(void)fixture_except(0, "z", 2);
	(void)fixture_publish();
	cr_expect_str_eq(fixture_sessions("a/b", NULL), "2");
	cr_expect_str_eq(fixture_sessions("a/b/c", NULL), "");
	cr_expect_str_eq(fixture_sessions("a/c", NULL), "1 2");
	cr_expect_str_eq(fixture_sessions("z", NULL), "");
	cr_expect_eq(dp_table_sub_del(table, sub), 0);
	(void)fixture_publish();
	cr_expect_str_eq(fixture_sessions("a/b", NULL), "1 2");
	cr_expect_str_eq(fixture_sessions("a/b/c", NULL), "1");
}

/* A burst of topics that each match a thousand filters: more than a search keeps at once. */
Test(index, no_match_is_lost_when_there_are_very_many)
{
	static struct dp_match_result results[DP_MATCH_BURST_MAX];
	struct dp_match_key keys[DP_MATCH_BURST_MAX];
	char text[64];

	for (unsigned shape = 0; shape < 1024; shape++) {
		for (unsigned i = 0; i < 10; i++) {
			text[2 * i] = shape >> i & 1 ? '+' : 'x';
			text[2 * i + 1] = i < 9 ? '/' : '\0';
		}
		(void)fixture_add(0, text, shape, 0);
	}
	(void)fixture_except(0, "x/x/x/x/x/x/x/x/x/x", 5);
	(void)fixture_publish();
	for (unsigned i = 0; i < DP_MATCH_BURST_MAX; i++)
		keys[i] = (struct dp_match_key){.topic = "x/x/x/x/x/x/x/x/x/x", .topic_len = 19, .profile = (uint16_t)i};
	dp_match_burst(match, keys, DP_MATCH_BURST_MAX, results);
	for (unsigned i = 0; i < DP_MATCH_BURST_MAX; i++) {
		cr_assert_eq(results[i].count, 1023);
		for (unsigned k = 0; k < 1023; k++)
			cr_assert_neq(results[i].receivers[k].session, 5);
	}
}

/* A worker may still have the list of the shape before: under that number it must not take a filter of another. */
Test(index, the_number_of_a_shape_does_not_return_with_the_tenant)
{
	dp_sub_id_t sub = fixture_add(0, "a/b", 1, 0);
	uint32_t id = table->index.rows[0]->row[0].id;

	cr_assert_eq(dp_table_sub_del(table, sub), 0);
	cr_assert_null(table->index.rows[0]);
	(void)fixture_add(0, "a", 1, 0);
	cr_expect_neq(table->index.rows[0]->row[0].id, id);
	(void)fixture_add(1, "a", 1, 0);
	cr_expect_neq(table->index.rows[1]->row[0].id, table->index.rows[0]->row[0].id);
	/* Where the numbers end they go on from the first that is free. */
	table->index.shape_serial = DP_SHAPE_NONE - 1;
	for (unsigned i = 0; i < 3; i++)
		(void)fixture_add(0, i == 0 ? "+" : i == 1 ? "+/a" : "a/+", 1, 0);
	cr_expect_eq(table->index.rows[0]->count, 4);
	for (uint32_t i = 0; i < 4; i++)
		for (uint32_t k = 0; k < i; k++)
			cr_expect_neq(table->index.rows[0]->row[i].id, table->index.rows[0]->row[k].id);
	cr_expect_neq(table->index.rows[0]->row[2].id, DP_SHAPE_NONE);
}

Test(index, one_wildcard_shape_too_many_is_refused_by_name)
{
	struct rh_filter filter;
	struct rh_error err;
	char text[64];
	dp_sub_id_t sub;
	int ret = 0;

	for (unsigned shape = 0; shape < 2048 && ret == 0; shape++) {
		for (unsigned i = 0; i < 11; i++) {
			text[2 * i] = shape >> i & 1 ? '+' : 'x';
			text[2 * i + 1] = i < 10 ? '/' : '\0';
		}
		cr_assert_eq(rh_filter_parse(RH_DIALECT_MQTT, text, 21, &filter, NULL), 0);
		ret = dp_table_sub_add(table, 0, &filter, 1, 0, &sub, &err);
		cr_assert(ret == 0 || shape == DP_LIMIT_SHAPES);
	}
	cr_expect_eq(ret, -EMLINK);
	cr_expect(strstr(err.text, "1024 wildcard shapes"), "%s", err.text);
	cr_expect_eq(fixture_stats().shapes, DP_LIMIT_SHAPES);
	cr_expect_eq(fixture_stats().subscriptions, DP_LIMIT_SHAPES);
	/* Another tenant is not concerned, nor is a filter of a shape that is there. */
	cr_expect_eq(dp_table_sub_add(table, 1, &filter, 1, 0, &sub, &err), 0);
	(void)fixture_add(0, "a/b/c/d/e/f/g/h/i/j/k", 2, 0);
}

Test(index, equal_filters_are_one_filter_and_one_set)
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
	cr_expect_eq(fixture_stats().shapes, 1);
	cr_expect_lt(fixture_stats().bytes - before, 10000 * 80);
	(void)fixture_match(0, "one/filter/x/for/all", NULL, (uint32_t[10000]){0}, 10000);
	cr_expect_eq(fixture_result.count, 10000);
	/* From the middle outwards, so that members move. */
	for (uint32_t i = 0; i < 9999; i++)
		cr_assert_eq(dp_table_sub_del(table, subs[(i + 5000) % 10000]), 0);
	(void)fixture_publish();
	cr_expect_str_eq(fixture_sessions("one/filter/x/for/all", NULL), "4999");
}

#define MANY 40000

/* A probe looks at a bucket's last word alone to know whether it ends there. Returns in how many it does not. */
static uint32_t expect_last_words_to_tell(void)
{
	const struct dp_directory *directory = table->index.words.directory;
	uint32_t full = 0;

	for (uint64_t i = 0; i < 1ULL << directory->depth; i++)
		for (uint32_t at = 0; at < DP_SEGMENT_BUCKETS; at++) {
			const uint64_t *bucket = directory->segment[i]->bucket[at];
			bool ends = false;

			for (uint32_t k = 0; k < DP_BUCKET_SLOTS; k++)
				ends |= !bucket[k];
			cr_assert_eq(dp_bucket_ends_probes(bucket), ends);
			full += !ends;
		}
	return full;
}

static void expect_live(const dp_sub_id_t *subs)
{
	char text[64], want[16];

	(void)fixture_publish();
	for (uint32_t i = 0; i < MANY; i++) {
		(void)snprintf(text, sizeof(text), "a/%u/x", i);
		want[0] = '\0';
		if (subs[i] != DP_SUB_NONE)
			(void)snprintf(want, sizeof(want), "%u", i);
		cr_assert_str_eq(fixture_sessions(text, NULL), want, "topic %s", text);
	}
}

/* Segments split, fill up with marks of what was removed, are rewritten and merge. */
Test(index, filters_stay_found_while_the_table_changes, .timeout = 600)
{
	static dp_sub_id_t subs[MANY];
	static const uint32_t shares[] = {9, 6, 3, 8, 1};
	uint32_t full = 0;
	struct rnd rnd;
	char text[64];

	rnd_init(&rnd, "table");
	memset(subs, 0xff, sizeof(subs));
	for (unsigned phase = 0; phase < RH_ARRAY_LEN(shares); phase++) {
		for (uint32_t n = 0; n < 6 * MANY; n++) {
			uint32_t i = rnd_below(&rnd, MANY);
			bool want = rnd_below(&rnd, 10) < shares[phase];

			if (want == (subs[i] != DP_SUB_NONE))
				continue;
			(void)snprintf(text, sizeof(text), i % 2 ? "a/%u/x" : "+/%u/+", i);
			if (!want) {
				cr_assert_eq(dp_table_sub_del(table, subs[i]), 0);
				subs[i] = DP_SUB_NONE;
			} else {
				subs[i] = fixture_add(0, text, i, 0);
			}
			if (n % 1000 == 0)
				(void)fixture_publish();
		}
		full += expect_last_words_to_tell();
		expect_live(subs);
	}
	cr_expect_gt(full, 0);
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
		cr_expect_eq(fixture_stats().bytes, before, "%lu bytes, %lu before",
			fixture_stats().bytes, before);
		cr_expect_eq(fixture_stats().shapes, 0);
	}
}

/* Without an update in between: a builder that has nothing to do calls it. */
Test(index, memory_comes_back_without_another_update_some_at_a_time)
{
	static dp_sub_id_t subs[20000];
	unsigned calls = 0;
	uint64_t before;
	char text[64];

	fixture_reclaim();
	before = fixture_stats().bytes;
	for (uint32_t i = 0; i < RH_ARRAY_LEN(subs); i++) {
		(void)snprintf(text, sizeof(text), "a/%u/b", i / 2);
		subs[i] = fixture_add(0, text, i, 0);
	}
	for (uint32_t i = 0; i < RH_ARRAY_LEN(subs); i++)
		cr_assert_eq(dp_table_sub_del(table, subs[i]), 0);
	cr_expect_neq(dp_table_collect(table), DP_COLLECT_DONE);
	rh_rcu_barrier();
	for (; dp_table_collect(table) == DP_COLLECT_MORE && calls < 1000; calls++)
		;
	cr_expect_geq(calls, RH_ARRAY_LEN(subs) / 1024 - 1, "bounded work: only %u calls", calls);
	cr_expect_lt(calls, 1000);
	fixture_reclaim();
	cr_expect_eq(fixture_stats().bytes, before, "%lu bytes, %lu before", fixture_stats().bytes, before);
	cr_expect_eq(dp_table_collect(table), DP_COLLECT_DONE);
	/* Slots as well. */
	cr_expect_lt(fixture_add(0, "a", 0, 0), 1024u);
}

/* One, two and back, in every kind and with another filter under the same key. */
Test(index, a_filters_sets_change_form_without_losing_anyone)
{
	dp_sub_id_t plain[3], except, twin;

	twin = fixture_add(0, "a/b", 9, 0);
	for (unsigned first = 0; first < 3; first++) {
		for (unsigned i = 0; i < 3; i++)
			plain[i] = fixture_add(0, "a/+", i, 0);
		(void)fixture_publish();
		cr_expect_str_eq(fixture_sessions("a/b", NULL), "0 1 2 9");
		cr_assert_eq(dp_table_sub_del(table, plain[first]), 0);
		cr_assert_eq(dp_table_sub_del(table, plain[(first + 1) % 3]), 0);
		(void)fixture_publish();
		(void)fixture_sessions("a/c", NULL);
		cr_assert_eq(fixture_result.count, 1);
		cr_expect_eq(fixture_result.receivers[0].session, (first + 2) % 3);
		cr_expect_eq(fixture_result.receivers[0].sub, plain[(first + 2) % 3]);
		except = fixture_except(0, "a/+", 9);
		(void)fixture_publish();
		(void)fixture_sessions("a/b", NULL);
		cr_assert_eq(fixture_result.count, 1);
		cr_expect_eq(fixture_result.receivers[0].session, (first + 2) % 3);
		cr_assert_eq(dp_table_sub_del(table, plain[(first + 2) % 3]), 0);
		(void)fixture_publish();
		cr_expect_str_eq(fixture_sessions("a/b", NULL), "");
		cr_assert_eq(dp_table_sub_del(table, except), 0);
		(void)fixture_publish();
		cr_expect_str_eq(fixture_sessions("a/b", NULL), "9");
	}
	cr_assert_eq(dp_table_sub_del(table, twin), 0);
	cr_expect_eq(fixture_stats().filters, 0);
}

Test(index, removed_subscriptions_are_dead_and_slots_return_with_another_tag)
{
	dp_sub_id_t sub = fixture_add(0, "a", 7, 0);
	uint32_t tag;

	(void)fixture_publish();
	cr_expect_str_eq(fixture_sessions("a", NULL), "7");
	tag = dp_match_sub_tag(match, sub);
	cr_expect(dp_match_sub_alive(match, sub, tag));
	cr_expect_eq(dp_table_sub_del(table, sub), 0);
	cr_expect_eq(dp_table_sub_del(table, sub), -ENOENT);
	cr_expect_not(dp_match_sub_alive(match, sub, tag));
	cr_expect_not(dp_match_sub_alive(match, sub, dp_match_sub_tag(match, sub)), "nor is one that was dead when it was asked");
	for (unsigned i = 0; i < 4; i++) {
		fixture_reclaim();
		(void)fixture_add(0, "b", 8, 0);
		cr_expect_not(dp_match_sub_alive(match, sub, tag));
	}
	cr_expect_not(dp_match_sub_alive(match, UINT32_MAX, tag));
	cr_expect_eq(dp_table_sub_del(table, 123456), -ENOENT);
}

Test(index, an_exception_is_younger_than_what_was_matched_before_its_generation)
{
	uint32_t before = (uint32_t)fixture_publish(), at;

	cr_expect_not(dp_match_excepted_since(match, 7, before));
	(void)fixture_except(0, "a/b", 7);
	at = (uint32_t)fixture_publish();
	cr_expect(dp_match_excepted_since(match, 7, before));
	cr_expect_not(dp_match_excepted_since(match, 7, at));
	cr_expect_not(dp_match_excepted_since(match, 8, before), "another's");
	(void)fixture_add(0, "a/c", 7, 0);
	(void)fixture_publish();
	cr_expect_not(dp_match_excepted_since(match, 7, at), "not an exception");
	cr_expect_not(dp_match_excepted_since(match, 7, at + 5), "matched elsewhere, under a later one");
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
	cr_expect_eq(dp_table_sub_add(table, 0, &filter, DP_LIMIT_SESSIONS, 0, &sub, &err), -EINVAL);
	cr_expect(strstr(err.text, "session 131072"));
	cr_expect_eq(dp_table_sub_add(table, 0, &filter, 0, 1, &sub, &err), -EINVAL);
	cr_expect(strstr(err.text, "content 1"));
	cr_expect_eq(dp_match_create(table, 2, &other), -EINVAL);
}
