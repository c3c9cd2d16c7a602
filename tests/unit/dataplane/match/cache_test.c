#include "dataplane/api/topics.h"
#include "dataplane/match/match_priv.h"
#include "tests/unit/dataplane/match/fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct dp_match_counters counters(void)
{
	struct dp_match_counters now;

	dp_match_counters(match, &now);
	return now;
}

static void start(void)
{
	fixture_start(256);
}

TestSuite(cache, .init = start, .fini = fixture_stop);

Test(cache, second_look_is_a_hit_with_the_same_answer)
{
	(void)fixture_add(0, "a/#", 1, 0);
	(void)fixture_publish();
	cr_expect_str_eq(fixture_sessions("a/b", NULL), "1");
	cr_expect_not(fixture_result.cache_hit);
	cr_expect_str_eq(fixture_sessions("a/b", NULL), "1");
	cr_expect(fixture_result.cache_hit);
	cr_expect_eq(counters().hits, 1);
	cr_expect_eq(counters().misses, 1);
}

Test(cache, changes_elsewhere_leave_results_valid)
{
	(void)fixture_add(0, "a/b/c", 1, 0);
	(void)fixture_publish();
	(void)fixture_sessions("a/b/c", NULL);
	(void)fixture_add(0, "a/x/c", 2, 0);
	(void)fixture_add(0, "q", 3, 0);
	(void)fixture_add(0, "r/+/c", 4, 0);
	(void)fixture_add(1, "#", 5, 0);
	(void)fixture_publish();
	cr_expect_str_eq(fixture_sessions("a/b/c", NULL), "1");
	cr_expect(fixture_result.cache_hit);
	cr_expect_eq(counters().stale, 0);
}

static void change_is_seen(const char *filter, const char *topic)
{
	dp_sub_id_t sub;

	(void)fixture_publish();
	cr_expect_str_eq(fixture_sessions(topic, NULL), "");
	sub = fixture_add(0, filter, 9, 0);
	(void)fixture_publish();
	cr_expect_str_eq(fixture_sessions(topic, NULL), "9", "%s after adding %s", topic, filter);
	cr_expect_str_eq(fixture_sessions(topic, NULL), "9");
	cr_expect_eq(dp_table_sub_del(table, sub), 0);
	(void)fixture_publish();
	cr_expect_str_eq(fixture_sessions(topic, NULL), "", "%s after removing %s", topic, filter);
}

Test(cache, every_kind_of_filter_outdates_what_it_changes)
{
	change_is_seen("a", "a");
	change_is_seen("a/#", "a");
	change_is_seen("a/+", "a/b");
	change_is_seen("a/b", "a/b");
	change_is_seen("a/b/#", "a/b");
	change_is_seen("a/b/c", "a/b/c");
	change_is_seen("+", "a");
	change_is_seen("#", "a/b/c");
	change_is_seen("+/b", "a/b");
	change_is_seen("/#", "/");
	change_is_seen("//", "//");
	change_is_seen("$SYS/#", "$SYS");
}

Test(cache, long_topics_are_compared_in_full)
{
	char topic[RH_TOPIC_MAX + 1], other[RH_TOPIC_MAX + 1];

	memset(topic, 'a', RH_TOPIC_MAX);
	topic[RH_TOPIC_MAX] = '\0';
	memcpy(other, topic, sizeof(topic));
	other[RH_TOPIC_MAX - 1] = 'b';
	(void)fixture_add(0, topic, 1, 0);
	(void)fixture_publish();
	for (unsigned i = 0; i < 2; i++) {
		cr_expect_str_eq(fixture_sessions(topic, NULL), "1");
		cr_expect_str_eq(fixture_sessions(other, NULL), "");
		cr_expect_eq(fixture_result.cache_hit, i > 0);
	}
}

static void fan_out(const char *filter, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		(void)fixture_add(0, filter, i, 0);
	(void)fixture_publish();
}

static void expect_all(const char *topic, uint32_t count)
{
	uint32_t *sessions = calloc(count, sizeof(*sessions));

	cr_assert_eq(fixture_match(0, topic, NULL, sessions, count), (int)count);
	for (uint32_t i = 0; i < count; i++)
		cr_assert_eq(sessions[i], i);
	free(sessions);
}

Test(cache, results_of_every_size_are_whole)
{
	static const uint32_t sizes[] = {1, 8, 9, 64, 65, 256, 257, 1000, 5400, 5500, 65536};
	char topic[16];

	for (unsigned i = 0; i < RH_ARRAY_LEN(sizes); i++) {
		(void)snprintf(topic, sizeof(topic), "size/%u", sizes[i]);
		fan_out(topic, sizes[i]);
		expect_all(topic, sizes[i]);
		expect_all(topic, sizes[i]);
		cr_expect_eq(fixture_result.cache_hit, sizes[i] < 5462, "size %u", sizes[i]);
	}
	cr_expect_gt(counters().uncacheable, 0);
}

Test(cache, large_results_take_turns_when_memory_is_short)
{
	char topic[16];

	fan_out("big/#", 3000);
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 100; i++) {
			(void)snprintf(topic, sizeof(topic), "big/%u", i);
			expect_all(topic, 3000);
			expect_all(topic, 3000);
		}
	}
	cr_expect_gt(counters().hits, 250, "%lu hits", counters().hits);
}

Test(cache, a_whole_burst_of_large_results_is_answered)
{
	static char topics[DP_MATCH_BURST_MAX][16];
	struct dp_match_key keys[DP_MATCH_BURST_MAX];
	struct dp_match_result results[DP_MATCH_BURST_MAX];

	fan_out("big/#", 4000);
	for (unsigned i = 0; i < DP_MATCH_BURST_MAX; i++) {
		(void)snprintf(topics[i], sizeof(topics[i]), "big/%u", i);
		keys[i] = (struct dp_match_key){
			.topic = topics[i], .topic_len = (uint16_t)strlen(topics[i])};
	}
	dp_match_burst(match, keys, DP_MATCH_BURST_MAX, results);
	for (unsigned i = 0; i < DP_MATCH_BURST_MAX; i++) {
		cr_assert_eq(results[i].count, 4000);
		for (uint32_t k = 0; k < 4000; k++)
			cr_assert_eq(results[i].receivers[k].session, k, "event %u", i);
	}
}

Test(cache, one_topic_many_times_in_a_burst_is_walked_once)
{
	struct dp_match_key keys[DP_MATCH_BURST_MAX];
	struct dp_match_result results[DP_MATCH_BURST_MAX];

	(void)fixture_add(0, "a", 3, 0);
	(void)fixture_publish();
	for (unsigned i = 0; i < DP_MATCH_BURST_MAX; i++)
		keys[i] = (struct dp_match_key){.topic = "a", .topic_len = 1};
	dp_match_burst(match, keys, DP_MATCH_BURST_MAX, results);
	for (unsigned i = 0; i < DP_MATCH_BURST_MAX; i++)
		cr_expect(results[i].count == 1 && results[i].receivers[0].session == 3);
	cr_expect_eq(counters().misses, 1);
}

Test(cache, profiles_and_tenants_have_entries_of_their_own)
{
	struct dp_match_key key = {.topic = "a", .topic_len = 1};
	struct dp_match_result result;

	(void)fixture_publish();
	for (uint16_t i = 0; i < 4; i++) {
		key.tenant = i & 1;
		key.profile = i >> 1;
		dp_match_burst(match, &key, 1, &result);
	}
	cr_expect_eq(counters().misses, 4);
}

static unsigned rows;
static uint64_t events;
static struct dp_topic_row longest;

static void on_row(void *arg, const struct dp_topic_row *row)
{
	(void)arg;
	rows++;
	events += row->events;
	if (strlen(row->topic) >= strlen(longest.topic))
		longest = *row;
}

Test(cache, topics_seen_are_listed_with_their_events)
{
	char topic[301];

	memset(topic, 't', 300);
	topic[300] = '\0';
	(void)fixture_add(0, "#", 1, 0);
	(void)fixture_publish();
	(void)fixture_sessions("a", NULL);
	(void)fixture_sessions("a", NULL);
	for (unsigned i = 0; i < 5; i++)
		(void)fixture_sessions(topic, NULL);
	dp_match_topics_each(match, on_row, NULL);
	cr_expect_eq(rows, 2);
	cr_expect_eq(events, 7);
	cr_expect_str_eq(longest.topic, topic);
	cr_expect_eq(longest.events, 5);
	cr_expect_eq(longest.receivers, 1);
	cr_expect_eq(longest.worker, 0);
}

Test(cache, a_row_that_is_being_written_is_skipped)
{
	struct dp_entry *entry = match->cache.entry;

	(void)fixture_publish();
	(void)fixture_sessions("a", NULL);
	while (!entry->used)
		entry++;
	entry->seq++;
	dp_match_topics_each(match, on_row, NULL);
	cr_expect_eq(rows, 0);
	entry->seq++;
	dp_match_topics_each(match, on_row, NULL);
	cr_expect_eq(rows, 1);
}
