#include "tests/unit/dataplane/match/fixture.h"

#include "dataplane/base/rcu.h"
#include "tests/lib/patterns.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct dp_table *table;
struct dp_match *match;
uint64_t fixture_seed;
struct dp_match_result fixture_result;

void fixture_start(uint32_t cache_entries)
{
	struct dp_table_conf conf = {
		.seed = fixture_seed, .cache_entries = cache_entries, .max_workers = 2};
	struct rh_error err = {""};

	rh_rcu_register();
	cr_assert_eq(dp_table_create(&conf, &table, &err), 0, "%s", err.text);
	cr_assert_eq(dp_match_create(table, 0, &match), 0);
	(void)dp_match_begin(match);
}

void fixture_stop(void)
{
	dp_match_destroy(match);
	dp_table_destroy(table);
	rh_rcu_barrier();
	rh_rcu_unregister();
}

static dp_sub_id_t add(uint16_t tenant, const char *filter, bool except, dp_session_id_t session,
	dp_content_id_t content)
{
	struct rh_filter parsed;
	struct rh_error err = {""};
	dp_sub_id_t sub = DP_SUB_NONE;

	cr_assert_eq(rh_filter_parse(RH_DIALECT_MQTT, filter, strlen(filter), &parsed, &err), 0,
		"%s", err.text);
	parsed.except = except;
	cr_assert_eq(dp_table_sub_add(table, tenant, &parsed, session, content, &sub, &err), 0, "%s", err.text);
	return sub;
}

dp_sub_id_t fixture_add(
	uint16_t tenant, const char *filter, dp_session_id_t session, dp_pattern_id_t pattern)
{
	return add(tenant, filter, false, session, test_pattern_content(table, tenant, pattern));
}

dp_sub_id_t fixture_subscribe(const char *filter, dp_session_id_t session, dp_content_id_t content)
{
	return add(0, filter, false, session, content);
}

void fixture_content(dp_content_id_t id, const char *cesql)
{
	static struct rh_cesql_tree tree;
	struct rh_error err = {""};

	cr_assert_eq(rh_cesql_parse(cesql, strlen(cesql), &tree, NULL, &err), 0, "%s: %s", cesql, err.text);
	cr_assert_eq(dp_table_content_add(table, 0, id, &tree, NULL, &err), 0, "%s: %s", cesql, err.text);
}

dp_sub_id_t fixture_except(uint16_t tenant, const char *filter, dp_session_id_t session)
{
	return add(tenant, filter, true, session, 0);
}

uint64_t fixture_publish(void)
{
	uint64_t generation = dp_table_publish(table);

	rh_rcu_quiescent();
	cr_assert_eq(dp_match_begin(match), generation);
	return generation;
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

int fixture_match(
	uint16_t tenant, const char *topic, const char *payload, uint32_t *sessions, uint32_t room)
{
	struct dp_match_key key = {
		.topic = topic,
		.topic_len = (uint16_t)strlen(topic),
		.payload = (const uint8_t *)payload,
		.payload_len = payload ? (uint32_t)strlen(payload) : 0,
		.tenant = tenant,
	};

	memset(&fixture_result, 0xee, sizeof(fixture_result));
	dp_match_burst(match, &key, 1, &fixture_result);
	if (fixture_result.verdict == DP_MATCH_BAD_TOPIC)
		return -1;
	cr_assert_leq(fixture_result.count, room);
	for (uint32_t i = 0; i < fixture_result.count; i++)
		sessions[i] = fixture_result.receivers[i].session;
	qsort(sessions, fixture_result.count, sizeof(*sessions), by_number);
	return (int)fixture_result.count;
}

const char *fixture_sessions(const char *topic, const char *payload)
{
	static char text[4096];
	static uint32_t sessions[512];
	int count = fixture_match(0, topic, payload, sessions, 512);
	size_t at = 0;

	text[0] = '\0';
	if (count < 0)
		return "-";
	for (int i = 0; i < count; i++)
		at += (size_t)sprintf(text + at, i ? " %u" : "%u", sessions[i]);
	return text;
}

struct dp_table_stats fixture_stats(void)
{
	struct dp_table_stats stats;

	dp_table_stats(table, &stats);
	return stats;
}

void fixture_reclaim(void)
{
	(void)fixture_publish();
	do
		rh_rcu_barrier();
	while (dp_table_collect(table) != DP_COLLECT_DONE);
}
