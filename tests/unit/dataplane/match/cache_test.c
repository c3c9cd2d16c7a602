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
	/* Parts are hashed: with some seeds filters that differ share one. */
	fixture_seed = 1;
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

/* Filters that have no first level of the topic's, its second or its third, or not both of the first two. */
Test(cache, changes_beside_a_topic_leave_its_result_valid)
{
	static const char *const beside[] = {"a/b/d", "a/x/#", "a/b/c/d", "+/x/#", "+/+/d", "+/+/d/#",
		"x/+/c", "x/#", "+/x/c", "a/x/+", "a"};
	dp_sub_id_t sub;

	(void)fixture_add(0, "a/b/c", 1, 0);
	(void)fixture_publish();
	(void)fixture_sessions("a/b/c", NULL);
	for (unsigned i = 0; i < RH_ARRAY_LEN(beside); i++) {
		sub = fixture_add(0, beside[i], 2, 0);
		(void)fixture_publish();
		cr_expect_str_eq(fixture_sessions("a/b/c", NULL), "1");
		cr_expect(fixture_result.cache_hit, "after adding %s", beside[i]);
		cr_expect_eq(dp_table_sub_del(table, sub), 0);
		(void)fixture_publish();
		cr_expect_str_eq(fixture_sessions("a/b/c", NULL), "1");
		cr_expect(fixture_result.cache_hit, "after removing %s", beside[i]);
	}
	cr_expect_eq(counters().stale, 0);
}

static uint32_t hits_of(const char *what, unsigned from, unsigned to)
{
	uint64_t before = counters().hits;
	char topic[32];

	for (unsigned i = from; i < to; i++) {
		(void)snprintf(topic, sizeof(topic), "%s/%u", what, i);
		(void)fixture_sessions(topic, NULL);
	}
	return (uint32_t)(counters().hits - before);
}

/* 256 entries; 4,096 topics that come once displace one in DP_CACHE_ADMIT of what they could. */
Test(cache, topics_that_come_once_leave_the_others_in)
{
	uint32_t first, last;

	(void)fixture_publish();
	(void)hits_of("often", 0, 128);
	first = hits_of("often", 0, 128);
	for (unsigned round = 0; round < 16; round++) {
		(void)hits_of("once", round * 256, round * 256 + 256);
		last = hits_of("often", 0, 128);
	}
	cr_expect_gt(first, 100);
	cr_expect_gt(last, 48, "%u of %u", last, first);
	cr_expect_gt(counters().declined, 3000);
	cr_expect_gt(counters().evictions, 100);
}

Test(cache, what_comes_again_and_again_gets_in)
{
	(void)fixture_publish();
	for (unsigned round = 0; round < 16; round++)
		(void)hits_of("before", 0, 512);
	for (unsigned round = 0; round < 200; round++)
		(void)hits_of("now", 0, 64);
	cr_expect_gt(hits_of("now", 0, 64), 56);
}

Test(cache, outdated_results_are_renewed_at_once_however_full_it_is)
{
	uint32_t before, after;

	(void)fixture_publish();
	for (unsigned round = 0; round < 64; round++)
		(void)hits_of("t", 0, 1024);
	before = hits_of("t", 0, 1024);
	(void)fixture_add(0, "#", 1, 0);
	(void)fixture_publish();
	cr_expect_eq(hits_of("t", 0, 1024), 0);
	after = hits_of("t", 0, 1024);
	cr_expect_gt(before, 200);
	cr_expect_gt(after, before * 3 / 4, "%u of %u", after, before);
}

/* Of @len bytes, the last of which differs. */
static void compared_in_full(uint32_t len)
{
	char topic[RH_TOPIC_MAX + 1], other[RH_TOPIC_MAX + 1];

	memset(topic, 'a', len);
	topic[len] = '\0';
	memcpy(other, topic, len + 1);
	other[len - 1] = 'b';
	(void)fixture_add(0, topic, 1, 0);
	(void)fixture_publish();
	for (unsigned i = 0; i < 2; i++) {
		cr_expect_str_eq(fixture_sessions(topic, NULL), "1");
		cr_expect_str_eq(fixture_sessions(other, NULL), "");
		cr_expect_eq(fixture_result.cache_hit, i > 0, "%u bytes", len);
	}
}

Test(cache, long_topics_are_compared_in_full)
{
	compared_in_full(DP_CACHE_TOPIC_BYTES);
	compared_in_full(DP_CACHE_TOPIC_BYTES + 1);
	compared_in_full(RH_TOPIC_MAX);
}

#define TWIN_TEXTS (1u << 20)

/* Where a topic stands in the cache, and which it is of. */
struct twin {
	uint64_t place; /* bucket above, tag below */
	uint32_t number;
};

static int by_place(const void *a, const void *b)
{
	const struct twin *x = a, *y = b;

	return (x->place > y->place) - (x->place < y->place);
}

static uint64_t place_of(const char *topic)
{
	struct dp_match_key key = {.topic = topic, .topic_len = (uint16_t)strlen(topic)};
	uint64_t hash = dp_match_key_hash(match, &key);

	return (uint64_t)((uint32_t)hash & match->cache.mask) << 32 | dp_cache_tag(hash);
}

/* Two topics of a million that have bucket and tag in common; with 32 buckets there are eight such pairs. */
static bool twins_find(char *one, char *other, size_t room)
{
	struct twin *twins = calloc(TWIN_TEXTS, sizeof(*twins));
	uint32_t i;

	for (i = 0; i < TWIN_TEXTS; i++) {
		(void)snprintf(one, room, "twin/%u", i);
		twins[i] = (struct twin){place_of(one), i};
	}
	qsort(twins, TWIN_TEXTS, sizeof(*twins), by_place);
	for (i = 1; i < TWIN_TEXTS && twins[i].place != twins[i - 1].place; i++)
		;
	if (i < TWIN_TEXTS) {
		(void)snprintf(one, room, "twin/%u", twins[i - 1].number);
		(void)snprintf(other, room, "twin/%u", twins[i].number);
	}
	free(twins);
	return i < TWIN_TEXTS;
}

Test(cache, topics_of_one_bucket_and_tag_are_told_apart)
{
	char one[32], other[32];

	cr_assert(twins_find(one, other, sizeof(one)));
	(void)fixture_add(0, one, 1, 0);
	(void)fixture_add(0, other, 2, 0);
	(void)fixture_publish();
	for (unsigned round = 0; round < 3; round++) {
		cr_expect_str_eq(fixture_sessions(one, NULL), "1");
		cr_expect_eq(fixture_result.cache_hit, round > 0);
		cr_expect_str_eq(fixture_sessions(other, NULL), "2");
		cr_expect_eq(fixture_result.cache_hit, round > 0);
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
	static const uint32_t sizes[] = {1, 2, DP_CACHE_RECEIVERS, DP_CACHE_RECEIVERS + 1, 64, 65, 256, 257, 1000, 8192, 8193, 65536};
	char topic[16];

	for (unsigned i = 0; i < RH_ARRAY_LEN(sizes); i++) {
		(void)snprintf(topic, sizeof(topic), "size/%u", sizes[i]);
		fan_out(topic, sizes[i]);
		expect_all(topic, sizes[i]);
		expect_all(topic, sizes[i]);
		cr_expect_eq(fixture_result.cache_hit, sizes[i] <= 8192, "size %u", sizes[i]);
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
