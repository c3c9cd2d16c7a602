/*
 * Bursts of several topics, some of which nobody may publish: each event has its own answer, whatever is beside it.
 */

#include "dataplane/api/limits.h"
#include "tests/lib/random.h"
#include "tests/unit/dataplane/match/fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define TOPICS 12

/* What is published and how many get it: session 1, 2, ... ; -1: it is refused. */
struct topic {
	const char *text;
	uint16_t tenant;
	int receivers;
};

static struct topic topics[TOPICS] = {
	{"nobody/asks", 0, 0},
	{"one/a", 0, 1},
	{"one/b/c", 0, 1},
	{"two/a", 0, 2},
	{"$two/a", 0, 1},
	{"many/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", 0, 2},
	{"one/a", 1, 0},
	{"", 0, -1},
	{"one/#", 0, -1},
	{"one/+/c", 0, -1},
	{"one/\xff", 0, -1},
	{"one/a", DP_LIMIT_TENANTS, -1},
};

static void subscribe(void)
{
	(void)fixture_add(0, "one/a", 1, 0);
	(void)fixture_add(0, "one/+/c", 1, 0);
	(void)fixture_add(0, "two/#", 1, 0);
	(void)fixture_add(0, "+/a", 2, 0);
	(void)fixture_except(0, "one/a", 2);
	(void)fixture_add(0, "$two/a", 1, 0);
	(void)fixture_add(0, "many/#", 1, 0);
	(void)fixture_add(0, "many/+/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", 2, 0);
	(void)fixture_publish();
}

static size_t told; /* bursts of which the receivers were told at once */

static void expect_result(const struct topic *topic, const struct dp_match_result *result)
{
	cr_assert_eq(result->verdict, topic->receivers < 0 ? DP_MATCH_BAD_TOPIC : DP_MATCH_OK, "%s", topic->text);
	cr_assert_eq(result->count, topic->receivers < 0 ? 0 : (uint32_t)topic->receivers, "%s", topic->text);
	for (uint32_t i = 0; i < result->count; i++)
		for (uint32_t k = 0; k < i; k++)
			cr_assert_neq(result->receivers[i].session, result->receivers[k].session);
}

/* Told at once when the cache had receivers for all of them; @sure is the number told. */
static void expect_sure(const struct dp_match_result *results, uint32_t count, uint64_t sure)
{
	bool all = count > 0;
	uint64_t copies = 0;

	for (uint32_t i = 0; i < count; i++) {
		all &= results[i].cache_hit && results[i].count;
		copies += results[i].count;
	}
	cr_assert_eq(sure, all ? copies : 0, "%u events", count);
	told += sure != 0;
}

static void burst(struct rnd *rnd, uint64_t *events)
{
	struct dp_match_result results[DP_MATCH_BURST_MAX];
	struct dp_match_key keys[DP_MATCH_BURST_MAX] = {0};
	const struct topic *chosen[DP_MATCH_BURST_MAX];
	char text[DP_MATCH_BURST_MAX][64];
	uint32_t count = rnd_below(rnd, DP_MATCH_BURST_MAX + 1);
	uint32_t from = rnd_below(rnd, TOPICS), spread = 1 + rnd_below(rnd, TOPICS);
	bool repeated = rnd_below(rnd, 2);

	for (uint32_t i = 0; i < count; i++) {
		chosen[i] = &topics[(from + rnd_below(rnd, spread)) % TOPICS];
		keys[i].topic = strcpy(text[i], chosen[i]->text);
		keys[i].topic_len = (uint16_t)strlen(text[i]);
		keys[i].tenant = chosen[i]->tenant;
		keys[i].same = repeated && i && chosen[i] == chosen[i - 1] && rnd_below(rnd, 2);
	}
	memset(results, 0xa5, sizeof(results));
	(void)dp_match_begin(match);
	(void)dp_match_events(match, (struct dp_match_keys){keys, sizeof(*keys)}, count, repeated, results);
	expect_sure(results, count, dp_match_sure_copies(match));
	for (uint32_t i = 0; i < count; i++)
		expect_result(chosen[i], &results[i]);
	*events += count;
}

/* One more subscriber of the first topic, or none of it. */
static void change(void)
{
	static dp_sub_id_t sub;

	if (topics[0].receivers)
		cr_assert_eq(dp_table_sub_del(table, sub), 0);
	else
		sub = fixture_add(0, topics[0].text, 3, 0);
	topics[0].receivers ^= 1;
	(void)fixture_publish();
}

static void bursts(uint32_t cache_entries)
{
	struct dp_match_counters counters;
	uint64_t events = 0;
	struct rnd rnd;

	rnd_init(&rnd, "burst");
	fixture_start(cache_entries);
	subscribe();
	for (size_t i = 0; i < rnd_cases(2000, 200000); i++) {
		burst(&rnd, &events);
		if (rnd_below(&rnd, 4) == 0)
			change();
	}
	dp_match_counters(match, &counters);
	cr_expect_eq(counters.hits + counters.misses, events);
	cr_expect_eq(told > 0, cache_entries > 0);
	fixture_stop();
}

Test(burst, every_event_has_its_own_answer_without_a_cache)
{
	bursts(0);
}

Test(burst, every_event_has_its_own_answer_beside_a_cache)
{
	bursts(256);
}
