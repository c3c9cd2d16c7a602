#include "dataplane/frame/event.h"
#include "dataplane/match/table_priv.h"
#include "tests/lib/patterns.h"
#include "tests/unit/dataplane/match/fixture.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t scans(void)
{
	struct dp_match_counters now;

	dp_match_counters(match, &now);
	return now.scans;
}

/* @patterns with ids from @first. */
static void install_tier(
	uint32_t tier, uint32_t first, const char *const *patterns, uint32_t count)
{
	size_t len = 0;
	void *bytes = test_patterns_compile_from(first, patterns, count, &len);
	struct rh_error err = {""};

	cr_assert_not_null(bytes);
	cr_assert_eq(dp_table_patterns_set(table, 0, tier, bytes, len, first + count - 1, &err), 0,
		"%s", err.text);
	free(bytes);
}

static void install(const char *const *patterns, uint32_t count)
{
	install_tier(0, 1, patterns, count);
}

static void empty_tier(uint32_t tier)
{
	cr_assert_eq(dp_table_patterns_set(table, 0, tier, NULL, 0, 0, NULL), 0);
}

static const char *const three[] = {"CVE-[0-9]{4}-[0-9]{4,}", "urgent", "a.b"};

static void start(void)
{
	fixture_start(256);
	install(three, 3);
}

TestSuite(content, .init = start, .fini = fixture_stop);

Test(content, conditional_subscriptions_need_topic_and_payload)
{
	(void)fixture_add(0, "d/#", 1, 1);
	(void)fixture_add(0, "d/+", 2, 2);
	(void)fixture_add(0, "d/x", 3, 0);
	(void)fixture_publish();
	for (unsigned i = 0; i < 2; i++) {
		cr_expect_str_eq(fixture_sessions("d/x", "fixes CVE-2024-12345"), "1 3");
		cr_expect_str_eq(fixture_sessions("d/x", "urgent CVE-2024-1234"), "1 2 3");
		cr_expect_str_eq(fixture_sessions("d/x", "CVE-2024-123"), "3");
		cr_expect_str_eq(fixture_sessions("e/x", "urgent CVE-2024-1234"), "");
		cr_expect_str_eq(fixture_sessions("d/x", ""), "3");
	}
}

Test(content, one_copy_for_a_session_with_several_reasons)
{
	(void)fixture_add(0, "d/#", 1, 1);
	(void)fixture_add(0, "d/+", 1, 2);
	(void)fixture_add(0, "#", 2, 1);
	(void)fixture_add(0, "d/y", 2, 0);
	(void)fixture_publish();
	cr_expect_str_eq(fixture_sessions("d/x", "urgent CVE-2024-1234"), "1 2");
	cr_expect_str_eq(fixture_sessions("d/y", "urgent"), "1 2");
	cr_expect_str_eq(fixture_sessions("d/y", "-"), "2");
}

Test(content, topics_without_candidates_are_never_scanned)
{
	(void)fixture_add(0, "d/#", 1, 1);
	(void)fixture_add(0, "e/#", 2, 0);
	(void)fixture_add(0, "f/x", 3, 0);
	(void)fixture_add(0, "f/+", 3, 1);
	(void)fixture_publish();
	(void)fixture_sessions("e/x", "CVE-2024-1234");
	(void)fixture_sessions("e/x", "CVE-2024-1234");
	/* The session gets its copy whatever the payload says. */
	cr_expect_str_eq(fixture_sessions("f/x", "CVE-2024-1234"), "3");
	cr_expect_eq(scans(), 0);
	(void)fixture_sessions("d/x", "CVE-2024-1234");
	cr_expect_eq(scans(), 1);
	(void)fixture_sessions("d/x", "CVE-2024-1234");
	cr_expect_eq(scans(), 2);
}

Test(content, payload_bytes_are_any_bytes)
{
	struct dp_match_key key = {.topic = "d", .topic_len = 1, .payload_len = 3};
	struct dp_match_result result;

	(void)fixture_add(0, "d", 1, 3);
	(void)fixture_publish();
	key.payload = (const uint8_t *)"a\0b";
	dp_match_burst(match, &key, 1, &result);
	cr_expect_eq(result.count, 1);
	key.payload = (const uint8_t *)"a\nb";
	dp_match_burst(match, &key, 1, &result);
	cr_expect_eq(result.count, 1);
	key.payload_len = 2;
	dp_match_burst(match, &key, 1, &result);
	cr_expect_eq(result.count, 0);
	key.payload = NULL;
	key.payload_len = 0;
	dp_match_burst(match, &key, 1, &result);
	cr_expect_eq(result.count, 0);
}

Test(content, more_candidates_than_are_remembered_are_decided_exactly)
{
	static uint32_t sessions[6000];

	for (uint32_t i = 0; i < 6000; i++)
		(void)fixture_add(0, i % 2 ? "many/#" : "many/+", i, 1 + i % 3);
	(void)fixture_add(0, "many/x", 5, 0);
	(void)fixture_publish();
	cr_expect_eq(fixture_match(0, "many/x", "urgent", sessions, 6000), 2001);
	cr_expect_eq(sessions[0], 1);
	cr_expect_eq(sessions[1], 4);
	cr_expect_eq(sessions[2], 5);
	cr_expect_eq(fixture_match(0, "many/x", "nothing", sessions, 6000), 1);
	cr_expect_eq(scans(), 2);
}

Test(content, new_ids_mean_nothing_to_the_published_database)
{
	static const char *const other[] = {"green", "red", "blue"};

	(void)fixture_publish();
	install(other, 3);
	/* A worker may find it before the publish, but must not decide it by the old database. */
	(void)fixture_add(0, "d", 1, 2);
	cr_expect_str_eq(fixture_sessions("d", "urgent"), "");
	(void)fixture_publish();
	cr_expect_str_eq(fixture_sessions("d", "urgent"), "");
	cr_expect_str_eq(fixture_sessions("d", "red"), "1");
}

Test(content, receivers_are_not_sure_where_conditions_decide)
{
	(void)fixture_add(0, "d", 1, 0);
	(void)fixture_add(0, "e", 1, 0);
	(void)fixture_add(0, "d", 2, 2);
	(void)fixture_publish();
	for (int i = 0; i < 2; i++) {
		(void)fixture_sessions("e", "urgent");
		cr_expect_eq(dp_match_sure_copies(match), (uint64_t)i);
	}
	for (int i = 0; i < 2; i++) {
		(void)fixture_sessions("d", "urgent");
		cr_expect_eq(dp_match_sure_copies(match), 0);
	}
	cr_expect(fixture_result.cache_hit);
}

Test(content, a_new_database_serves_cached_topics)
{
	static const char *const more[] = {"CVE-[0-9]{4}-[0-9]{4,}", "urgent", "a.b", "zebra"};

	(void)fixture_add(0, "d", 1, 2);
	(void)fixture_publish();
	cr_expect_str_eq(fixture_sessions("d", "urgent"), "1");
	install(more, 4);
	(void)fixture_add(0, "e", 2, 4);
	(void)fixture_publish();
	cr_expect_str_eq(fixture_sessions("d", "urgent"), "1");
	cr_expect(fixture_result.cache_hit);
	cr_expect_str_eq(fixture_sessions("e", "a zebra"), "2");
	cr_expect_eq(fixture_stats().patterns, 4);
}

Test(content, databases_that_were_never_published_go_quietly)
{
	for (unsigned i = 0; i < 5; i++)
		install(three, 3);
	cr_assert_eq(dp_table_patterns_set(table, 700, 0, NULL, 0, 0, NULL), 0);
	install(three, 2);
	(void)fixture_publish();
	cr_expect_eq(fixture_stats().patterns, 2);
	cr_assert_eq(dp_table_patterns_set(table, 0, 0, NULL, 0, 0, NULL), 0);
	(void)fixture_publish();
	cr_expect_eq(fixture_stats().patterns, 0);
}

Test(content, bytes_that_are_no_database_are_refused)
{
	struct rh_error err;
	size_t len = 0;
	char *bytes = test_patterns_compile(three, 3, &len);

	cr_expect_eq(dp_table_patterns_set(table, 0, 0, "garbage", 7, 1, &err), -EINVAL);
	cr_expect(strstr(err.text, "Hyperscan"));
	cr_expect_eq(dp_table_patterns_set(table, 0, 0, bytes, len - 1, 3, &err), -EINVAL);
	bytes[len / 2] ^= 1;
	cr_expect_eq(dp_table_patterns_set(table, 0, 0, bytes, len, 3, &err), -EINVAL);
	cr_expect_eq(dp_table_patterns_set(table, 1024, 0, bytes, len, 3, &err), -EINVAL);
	cr_expect_eq(dp_table_patterns_set(table, 0, 0, bytes, len, 10001, &err), -EINVAL);
	cr_expect_eq(fixture_stats().patterns, 3);
	free(bytes);
}

static const char *const zebra[] = {"zebra"};

Test(content, a_payload_meets_the_patterns_of_every_tier)
{
	install_tier(DP_LIMIT_PATTERN_TIERS - 1, 4, zebra, 1);
	(void)fixture_add(0, "d", 1, 2);
	(void)fixture_add(0, "d", 2, 4);
	(void)fixture_publish();
	cr_expect_str_eq(fixture_sessions("d", "urgent zebra"), "1 2");
	cr_expect_str_eq(fixture_sessions("d", "a zebra"), "2");
	cr_expect_str_eq(fixture_sessions("d", "urgent"), "1");
	cr_expect_eq(scans(), 3);
	cr_expect_eq(fixture_stats().patterns, 4);
}

Test(content, a_tier_that_comes_leaves_the_others_where_they_are)
{
	const struct dp_pattern_tier *large = dp_patterns_pending(table, 0)->tier[0];

	(void)fixture_publish();
	install_tier(1, 4, zebra, 1);
	cr_expect_eq(dp_patterns_pending(table, 0)->tier[0], large);
	(void)fixture_publish();
	install_tier(1, 5, zebra, 1);
	empty_tier(1);
	(void)fixture_publish();
	cr_expect_eq(dp_patterns_pending(table, 0)->tier[0], large);
	(void)fixture_add(0, "d", 1, 2);
	(void)fixture_publish();
	cr_expect_str_eq(fixture_sessions("d", "urgent"), "1");
}

Test(content, tiers_that_become_one_do_so_in_one_publish)
{
	static const char *const all[] = {"CVE-[0-9]{4}-[0-9]{4,}", "urgent", "a.b", "zebra"};

	install_tier(1, 4, zebra, 1);
	(void)fixture_add(0, "d", 1, 2);
	(void)fixture_add(0, "d", 2, 4);
	(void)fixture_publish();
	install(all, 4);
	empty_tier(1);
	cr_expect_str_eq(fixture_sessions("d", "urgent zebra"), "1 2");
	(void)fixture_publish();
	cr_expect_str_eq(fixture_sessions("d", "urgent zebra"), "1 2");
	cr_expect_eq(dp_patterns_pending(table, 0)->used, 1);
}

Test(content, new_ids_in_another_tier_mean_nothing_to_the_published_ones)
{
	static const char *const red[] = {"red"};

	(void)fixture_publish();
	empty_tier(0);
	install_tier(2, 2, red, 1);
	(void)fixture_add(0, "d", 1, 2);
	cr_expect_str_eq(fixture_sessions("d", "urgent"), "");
	(void)fixture_publish();
	cr_expect_str_eq(fixture_sessions("d", "urgent"), "");
	cr_expect_str_eq(fixture_sessions("d", "red"), "1");
}

Test(content, what_an_old_id_means_does_not_change_with_a_tier_beside_it)
{
	(void)fixture_add(0, "d", 1, 2);
	(void)fixture_publish();
	install_tier(1, 4, zebra, 1);
	cr_expect_str_eq(fixture_sessions("d", "urgent"), "1");
	(void)fixture_publish();
	cr_expect_str_eq(fixture_sessions("d", "urgent"), "1");
}

Test(content, a_tier_beyond_the_last_is_refused)
{
	struct rh_error err;

	cr_expect_eq(dp_table_patterns_set(table, 0, DP_LIMIT_PATTERN_TIERS, NULL, 0, 0, &err), -EINVAL);
	cr_expect_str_eq(err.text, "patterns: tier 64 of tenant 0: tiers run to 63");
}

/* A burst whose payloads hold more patterns together than are remembered ahead: those behind are looked at by themselves. */
Test(content, bursts_with_very_many_hits_are_decided_exactly)
{
	static char words[100][8], payload[1024];
	static const char *list[100];
	struct dp_match_key keys[DP_MATCH_BURST_MAX];
	struct dp_match_result results[DP_MATCH_BURST_MAX];

	for (unsigned i = 0; i < 100; i++) {
		(void)snprintf(words[i], sizeof(words[i]), "<%02u>", i);
		list[i] = words[i];
		strcat(payload, words[i]);
	}
	install(list, 100);
	for (unsigned i = 0; i < 100; i++)
		(void)fixture_add(0, "d/#", i, 1 + i);
	(void)fixture_add(0, "d/x", 200, 0);
	(void)fixture_publish();
	for (unsigned i = 0; i < DP_MATCH_BURST_MAX; i++)
		keys[i] = (struct dp_match_key){
			.topic = "d/x", .topic_len = 3, .payload = (const uint8_t *)payload, .payload_len = i % 9 ? 400 : 4};
	for (unsigned round = 0; round < 2; round++) {
		dp_match_burst(match, keys, DP_MATCH_BURST_MAX, results);
		for (unsigned i = 0; i < DP_MATCH_BURST_MAX; i++)
			cr_assert_eq(results[i].count, i % 9 ? 101 : 2, "event %u: %u receivers", i, results[i].count);
	}
}

#define CROWD (DP_ACCESS_LIST + 4)

/* Patterns 1 to CROWD, each asked for by a session of its own: found by keys. */
static void crowd(void)
{
	static char words[CROWD][8];
	static const char *list[CROWD];

	for (unsigned i = 0; i < CROWD; i++) {
		(void)snprintf(words[i], sizeof(words[i]), "<%02u>", i);
		list[i] = words[i];
	}
	install(list, CROWD);
	for (unsigned i = 0; i < CROWD; i++)
		(void)fixture_add(0, "d/#", i, 1 + i);
}

/* A burst of events of d/x with n = 5 and without a pattern: twice, so that the topic is in the cache. */
static void expect_only(dp_session_id_t session)
{
	static uint8_t attributes[64];
	const struct rh_attribute five = {.name = "n", .name_len = 1, .type = RH_ATTR_INTEGER, .value = "5", .value_len = 1};
	int len = rh_attribute_put(attributes, sizeof(attributes), 0, &five);
	struct dp_match_key keys[4];
	struct dp_match_result results[4];

	cr_assert_gt(len, 0);
	for (unsigned i = 0; i < 4; i++)
		keys[i] = (struct dp_match_key){.topic = "d/x",
			.topic_len = 3,
			.payload = (const uint8_t *)"nothing",
			.payload_len = 7,
			.attributes = attributes,
			.attributes_len = (uint16_t)len};
	(void)fixture_publish();
	for (unsigned round = 0; round < 2; round++) {
		dp_match_burst(match, keys, 4, results);
		for (unsigned i = 0; i < 4; i++)
			cr_assert(results[i].count == 1 && results[i].receivers[0].session == session, "event %u: %u receivers", i,
				results[i].count);
	}
}

Test(content, a_payload_without_patterns_leaves_conditions_beside_the_keyed)
{
	crowd();
	fixture_content(1000, "n = 5");
	(void)fixture_subscribe("d/x", 300, 1000);
	expect_only(300);
}

Test(content, a_payload_without_patterns_leaves_those_found_by_attributes)
{
	char text[16];

	crowd();
	(void)fixture_publish();
	/* In the cache while there are patterns alone. */
	cr_expect_str_eq(fixture_sessions("d/x", "<03>"), "3");
	for (unsigned i = 0; i < CROWD; i++) {
		(void)snprintf(text, sizeof(text), "n = %u", i);
		fixture_content(1000 + i, text);
		(void)fixture_subscribe("d/#", 300 + i, 1000 + i);
	}
	expect_only(305);
}
