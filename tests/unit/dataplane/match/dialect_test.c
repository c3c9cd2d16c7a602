/*
 * Every kind of wildcard through the index, against the reference that knows filters as text only.
 */

#include "tests/lib/dialect_text.h"
#include "tests/unit/dataplane/match/fixture.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SUBS 150

struct sub {
	dp_sub_id_t id;
	char text[DIALECT_TEXT_MAX];
	size_t len;
	enum ref_dialect dialect;
};

static bool subscribe(struct rnd *rnd, struct sub *sub, dp_session_id_t session)
{
	struct rh_filter filter;

	sub->dialect = rnd_below(rnd, REF_DIALECT_COUNT);
	sub->len = dialect_filter_text(rnd, sub->dialect, sub->text);
	if (rh_filter_parse((enum rh_dialect)sub->dialect, sub->text, sub->len, &filter, NULL))
		return false;
	return dp_table_sub_add(table, 0, &filter, session, 0, &sub->id, NULL) == 0;
}

static void expect_answer(const struct sub *subs, const char *topic, size_t len)
{
	static uint32_t got[SUBS];
	int count = fixture_match(0, topic, NULL, got, SUBS), want = 0;

	for (uint32_t i = 0; i < SUBS; i++) {
		if (subs[i].id == DP_SUB_NONE ||
			!ref_dialect_matches(subs[i].dialect, subs[i].text, subs[i].len, topic, len))
			continue;
		cr_assert(want < count && got[want] == i, "topic %s: dialect %d filter %s is missing", topic,
			subs[i].dialect, subs[i].text);
		want++;
	}
	cr_assert_eq(count, want, "topic %s: %d receivers, reference %d", topic, count, want);
}

static void run(struct rnd *rnd, size_t rounds)
{
	static struct sub subs[SUBS];
	char topic[DIALECT_TEXT_MAX];

	for (uint32_t i = 0; i < SUBS; i++)
		subs[i].id = DP_SUB_NONE;
	for (size_t round = 0; round < rounds; round++) {
		for (unsigned n = 0; n < 30; n++) {
			uint32_t i = rnd_below(rnd, SUBS);

			if (subs[i].id != DP_SUB_NONE)
				cr_assert_eq(dp_table_sub_del(table, subs[i].id), 0);
			subs[i].id = DP_SUB_NONE;
			if (rnd_below(rnd, 4) && !subscribe(rnd, &subs[i], i))
				subs[i].id = DP_SUB_NONE;
		}
		(void)fixture_publish();
		for (unsigned n = 0; n < 40; n++)
			expect_answer(subs, topic, dialect_topic_text(rnd, topic));
	}
	for (uint32_t i = 0; i < SUBS; i++)
		if (subs[i].id != DP_SUB_NONE)
			(void)dp_table_sub_del(table, subs[i].id);
	cr_expect_eq(fixture_stats().shapes, 0);
	cr_expect_eq(fixture_stats().filters, 0);
}

static void run_with(const char *what, uint32_t cache_entries)
{
	struct rnd rnd;

	rnd_init(&rnd, what);
	fixture_seed = rnd_u64(&rnd);
	fixture_start(cache_entries);
	run(&rnd, rnd_cases(500, 30000));
	fixture_stop();
}

Test(dialect, every_wildcard_agrees_with_the_reference, .timeout = 3000)
{
	run_with("no cache", 0);
}

Test(dialect, so_it_does_behind_the_cache, .timeout = 3000)
{
	run_with("cache", 1024);
}

/* A topic that @sub's filter matches, by the reference; 0: none was found. */
static size_t topic_for(struct rnd *rnd, const struct sub *sub, char *topic)
{
	for (unsigned tries = 0; tries < 200; tries++) {
		size_t len = dialect_topic_text(rnd, topic);

		if (ref_dialect_matches(sub->dialect, sub->text, sub->len, topic, len))
			return len;
	}
	return 0;
}

static bool change_is_seen(struct rnd *rnd)
{
	struct sub sub;
	char topic[DIALECT_TEXT_MAX];
	uint32_t got[2];
	size_t len;

	if (!subscribe(rnd, &sub, 1))
		return false;
	len = topic_for(rnd, &sub, topic);
	topic[len] = '\0';
	for (int there = 1; len && there >= 0; there--) {
		(void)fixture_publish();
		for (unsigned look = 0; look < 2; look++)
			cr_assert_eq(fixture_match(0, topic, NULL, got, 2), there,
				"topic %s, look %u: dialect %d filter %s is %s", topic, look,
				sub.dialect, sub.text, there ? "missing" : "still there");
		if (there)
			cr_assert_eq(dp_table_sub_del(table, sub.id), 0);
	}
	if (!len)
		cr_assert_eq(dp_table_sub_del(table, sub.id), 0);
	return len > 0;
}

Test(dialect, a_change_of_every_wildcard_is_seen_behind_the_cache, .timeout = 3000)
{
	size_t cases = rnd_cases(20000, 1000000), seen = 0;
	struct rnd rnd;

	rnd_init(&rnd, "changes");
	fixture_seed = rnd_u64(&rnd);
	fixture_start(1024);
	for (size_t i = 0; i < cases; i++)
		seen += change_is_seen(&rnd);
	cr_expect_gt(seen, cases / 4, "%zu of %zu had a topic", seen, cases);
	fixture_stop();
}

Test(dialect, filters_that_share_a_key_are_told_apart_and_limited)
{
	struct rh_filter filter;
	struct rh_error err;
	dp_sub_id_t sub;
	char text[64];
	int ret = 0;

	fixture_start(0);
	for (unsigned i = 0; i <= DP_LIMIT_SAME_KEY && ret == 0; i++) {
		int len = snprintf(text, sizeof(text), "a/**/m%u/**/z", i);

		cr_assert_eq(rh_filter_parse(RH_DIALECT_ZENOH, text, (size_t)len, &filter, NULL), 0);
		ret = dp_table_sub_add(table, 0, &filter, i, 0, &sub, &err);
	}
	cr_expect_eq(ret, -E2BIG);
	cr_expect(strstr(err.text, "64 filters"), "%s", err.text);
	(void)fixture_publish();
	cr_expect_str_eq(fixture_sessions("a/m7/z", NULL), "7");
	cr_expect_str_eq(fixture_sessions("a/x/m7/m63/z", NULL), "7 63");
	cr_expect_str_eq(fixture_sessions("a/m64/z", NULL), "");
	fixture_stop();
}
