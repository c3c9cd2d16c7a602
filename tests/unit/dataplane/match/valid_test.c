/* Which cached results are told to be valid, and until when (valid.h, parts.h). */

#include "dataplane/api/topics.h"
#include "dataplane/match/match_priv.h"
#include "dataplane/match/valid.h"
#include "tests/unit/dataplane/match/fixture.h"

#include <criterion/criterion.h>
#include <inttypes.h>

static void start(void)
{
	/* Parts are hashed: with some seeds filters that differ share one. */
	fixture_seed = 1;
	fixture_start(256);
}

TestSuite(valid, .init = start, .fini = fixture_stop);

Test(valid, what_nobody_looked_at_for_minutes_is_outdated)
{
	uint64_t now = dp_look_stamp(match->cache.look);

	(void)fixture_add(0, "a", 1, 0);
	(void)fixture_publish();
	(void)fixture_sessions("a", NULL);
	dp_match_tick(match, (now + DP_CACHE_AGE) << DP_TOPIC_STAMP_SHIFT);
	(void)fixture_add(0, "q", 2, 0);
	(void)fixture_sessions("a", NULL);
	cr_expect(fixture_result.cache_hit);
	dp_match_tick(match, (now + 2 * DP_CACHE_AGE + 1) << DP_TOPIC_STAMP_SHIFT);
	(void)fixture_add(0, "r", 2, 0);
	(void)fixture_sessions("a", NULL);
	cr_expect_not(fixture_result.cache_hit);
}

Test(valid, what_nobody_looked_at_for_minutes_stands_if_nothing_changed)
{
	uint64_t now = dp_look_stamp(match->cache.look);

	(void)fixture_add(0, "a", 1, 0);
	(void)fixture_publish();
	(void)fixture_sessions("a", NULL);
	dp_match_tick(match, (now + DP_CACHE_AGE + 1) << DP_TOPIC_STAMP_SHIFT);
	(void)fixture_sessions("a", NULL);
	cr_expect(fixture_result.cache_hit);
}

static struct dp_entry *entry_of_result(void)
{
	return (struct dp_entry *)((uintptr_t)fixture_result.receivers - offsetof(struct dp_entry, only));
}

/* The entry of @topic, for which session 1 alone asked by the same text. */
static struct dp_entry *cached(const char *topic)
{
	(void)fixture_add(0, topic, 1, 0);
	(void)fixture_publish();
	(void)fixture_sessions(topic, NULL);
	(void)fixture_sessions(topic, NULL);
	return entry_of_result();
}

/* What a change elsewhere leaves valid is valid as of that change, so that a later one is not missed, nor looked for twice. */
Test(valid, one_change_after_the_other_is_seen)
{
	struct dp_match_counters counters;
	struct dp_entry *entry;

	(void)fixture_add(0, "a/b", 1, 0);
	(void)fixture_publish();
	(void)fixture_sessions("a/b", NULL);
	for (unsigned i = 0; i < 3; i++) {
		(void)fixture_add(0, "q", 10 + i, 0);
		(void)fixture_publish();
		cr_expect_str_eq(fixture_sessions("a/b", NULL), "1");
		cr_expect(fixture_result.cache_hit);
	}
	entry = entry_of_result();
	cr_expect_eq(entry->as_of, dp_part_changes(match->table->parts));
	(void)fixture_add(0, "a/b", 2, 0);
	(void)fixture_publish();
	cr_expect_str_eq(fixture_sessions("a/b", NULL), "1 2");
	cr_expect_not(fixture_result.cache_hit);
	dp_match_counters(match, &counters);
	cr_expect_eq(counters.stale, 1);
}

/* As a change to a filter that shares with "a/b/c" what is stamped, and nothing else: is the result kept? */
static bool stands_after(uint32_t *stamp, uint32_t *other)
{
	struct dp_parts *parts = match->table->parts;

	*stamp = *other = (uint32_t)++parts->changes;
	cr_expect_str_eq(fixture_sessions("a/b/c", NULL), "1");
	return fixture_result.cache_hit;
}

Test(valid, a_level_s_two_hashes_have_to_agree_that_it_changed)
{
	struct dp_parts *parts;
	struct dp_entry *entry;
	uint32_t *coarse, *fine;

	entry = cached("a/b/c");
	parts = match->table->parts;
	coarse = &parts->level[entry->at.second];
	fine = &parts->fine[entry->fine_at.second];
	cr_assert_neq(entry->at.second, entry->fine_at.second, "both hashes are one");
	for (unsigned i = 0; i < 2; i++)
		cr_expect(stands_after(coarse, coarse), "the coarse one rose");
	cr_expect(stands_after(fine, fine), "the fine one rose");
	cr_expect(stands_after(coarse, coarse), "the coarse one again, and the fine one before the last look");
	cr_expect(stands_after(fine, &parts->wild[entry->tenant].all), "the fine one, and another coarse one");
	cr_expect_not(stands_after(coarse, fine), "both");
}

/* As after so many changes elsewhere: every stamp is as old as one is made. */
static void changes_were(struct dp_parts *parts, uint64_t changes)
{
	uint32_t *end = (uint32_t *)(void *)(parts + 1);

	parts->changes = changes;
	for (uint32_t *stamp = (uint32_t *)(void *)parts->wild; stamp < end; stamp++)
		*stamp = (uint32_t)changes - DP_PART_OLD;
}

Test(valid, results_stand_and_fall_while_numbers_of_changes_come_round)
{
	static const uint64_t starts[] = {DP_PART_OLD - 6, 2 * (uint64_t)DP_PART_OLD - 6, UINT32_MAX - 6ULL, 5 * (uint64_t)DP_PART_OLD - 6};

	for (unsigned i = 0; i < RH_ARRAY_LEN(starts); i++) {
		char topic[] = "a/0", others[] = "q/0/x";

		topic[2] = others[2] = (char)('0' + i);
		changes_were(match->table->parts, starts[i]);
		(void)fixture_add(0, topic, 1, 0);
		(void)fixture_publish();
		cr_expect_str_eq(fixture_sessions(topic, NULL), "1");
		for (unsigned n = 0; n < 9; n++) {
			dp_sub_id_t later;

			(void)fixture_add(0, others, 10 + n, 0);
			(void)fixture_publish();
			cr_expect_str_eq(fixture_sessions(topic, NULL), "1");
			cr_expect(fixture_result.cache_hit, "from %" PRIu64 ", change %u elsewhere", starts[i], n);
			if (n % 4 != 3)
				continue;
			later = fixture_add(0, topic, 2, 0);
			(void)fixture_publish();
			cr_expect_str_eq(fixture_sessions(topic, NULL), "1 2");
			cr_expect_not(fixture_result.cache_hit, "from %" PRIu64 ", change %u", starts[i], n);
			cr_expect_eq(dp_table_sub_del(table, later), 0);
			(void)fixture_publish();
			cr_expect_str_eq(fixture_sessions(topic, NULL), "1");
		}
	}
}

Test(valid, what_was_found_outdated_stays_so_whatever_stamps_say)
{
	struct dp_entry *entry = cached("a/b");

	cr_expect(dp_entry_still_valid(match, entry, 0));
	(void)fixture_add(0, "#", 2, 0);
	cr_expect_not(dp_entry_still_valid(match, entry, 0));
	changes_were(match->table->parts, match->table->parts->changes);
	cr_expect_not(dp_entry_still_valid(match, entry, 0));
}

/* Once in DP_PART_OLD changes: a stamp that would come round is raised, a young one stays. */
Test(valid, old_stamps_are_raised_before_they_come_round)
{
	struct dp_parts *parts = match->table->parts;
	uint64_t number = 7 * (uint64_t)DP_PART_OLD;
	struct dp_part_at nowhere = {.root = 5, .second = 9};

	changes_were(parts, number - DP_PART_OLD);
	parts->level[8] = (uint32_t)number - 1;
	parts->changes = number - 1;
	(void)fixture_add(0, "a/b", 1, 0);
	cr_expect_eq(parts->changes, number);
	cr_expect_eq(parts->level[8], (uint32_t)number - 1);
	cr_expect_eq(parts->level[9], (uint32_t)number - DP_PART_OLD);
	cr_expect_eq(parts->fine[9], (uint32_t)number - DP_PART_OLD);
	cr_expect_eq(parts->third[9], (uint32_t)number - DP_PART_OLD);
	cr_expect_eq(parts->pair[9], (uint32_t)number - DP_PART_OLD);
	cr_expect_eq(parts->topic[0], (uint32_t)number - DP_PART_OLD);
	cr_expect_eq(parts->wild[DP_LIMIT_TENANTS - 1].only, (uint32_t)number - DP_PART_OLD);
	cr_expect_eq(parts->root[(1U << DP_PART_ROOT_BITS) - 1].only, (uint32_t)number - DP_PART_OLD);
	cr_expect_geq(dp_part_age_coarse(parts, 1, &nowhere, number + DP_PART_OLD - 1), 0);
}

/* While entries turn out to be of before a change their stamps are fetched ahead, and no longer than that. */
Test(valid, after_a_change_bursts_expect_entries_of_before_it)
{
	(void)cached("a/b");
	cr_expect_eq(match->unsettled, 0);
	(void)fixture_add(0, "q", 2, 0);
	(void)fixture_publish();
	(void)fixture_sessions("a/b", NULL);
	cr_expect(fixture_result.cache_hit);
	cr_expect_eq(match->unsettled, DP_UNSETTLED_BURSTS);
	(void)fixture_sessions("a/b", NULL);
	cr_expect_eq(match->unsettled, DP_UNSETTLED_BURSTS - 1);
	(void)fixture_add(0, "q", 3, 0);
	(void)fixture_publish();
	(void)fixture_sessions("a/b", NULL);
	cr_expect(fixture_result.cache_hit);
	cr_expect_eq(match->unsettled, DP_UNSETTLED_BURSTS);
	for (unsigned i = 0; i < DP_UNSETTLED_BURSTS; i++)
		cr_expect_str_eq(fixture_sessions("a/b", NULL), "1");
	cr_expect_eq(match->unsettled, 0);
}

/* What an unsettled burst finds: an entry that was outdated stays so, whatever its stamps say. */
Test(valid, what_was_outdated_is_not_revived)
{
	struct dp_entry *entry = cached("a/b");

	entry->as_of = DP_PART_NEVER;
	changes_were(match->table->parts, match->table->parts->changes + 1);
	match->unsettled = DP_UNSETTLED_BURSTS;
	(void)fixture_sessions("a/b", NULL);
	cr_expect_not(fixture_result.cache_hit);
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

Test(valid, every_kind_of_filter_outdates_what_it_changes)
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
	change_is_seen("+/+/c", "a/b/c");
	change_is_seen("+/+/c/#", "a/b/c/d");
	change_is_seen("+/b/#", "a/b/c");
	change_is_seen("a/b/+", "a/b/c");
	change_is_seen("a/+/c", "a/b/c");
	change_is_seen("+/+/+", "a/b/c");
	change_is_seen("/#", "/");
	change_is_seen("//", "//");
	change_is_seen("$SYS/#", "$SYS");
}
