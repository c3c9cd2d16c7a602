/*
 * The whole index against the slow reference, under random adds and removals.
 */

#include "dataplane/base/rcu.h"
#include "tests/lib/patterns.h"
#include "tests/lib/random.h"
#include "tests/lib/reference.h"
#include "tests/unit/dataplane/match/fixture.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUBS_MAX 400
#define SESSIONS 24
#define TENANTS	 2

static const char *const patterns[] = {"needle", "x[0-9]+y", "end$"};
static const struct {
	const char *bytes;
	unsigned truth; /* bit i: patterns[i] */
} payloads[] = {
	{"", 0},
	{"nothing", 0},
	{"a needle", 1},
	{"x12y", 2},
	{"needle x9y", 3},
	{"the end", 4},
	{"x0y needle end", 7},
	{"x y", 0},
};

static bool truth(void *arg, uint32_t pattern)
{
	return *(const unsigned *)arg >> (pattern - 1) & 1;
}

struct model {
	struct rnd rnd;
	struct ref_set *ref;
	uint32_t live;
	struct {
		dp_sub_id_t sub;
		size_t handle;
	} subs[SUBS_MAX];
};

static void add(struct model *m)
{
	char text[256];
	struct rh_filter filter;
	uint16_t tenant = (uint16_t)rnd_below(&m->rnd, TENANTS);
	uint32_t session = rnd_below(&m->rnd, SESSIONS);
	uint32_t pattern = rnd_below(&m->rnd, 3) ? 0 : 1 + rnd_below(&m->rnd, 3);
	size_t len = rnd_topic_text(&m->rnd, 4, true, 0, text);

	if (rh_filter_parse(RH_DIALECT_MQTT, text, len, &filter, NULL) || m->live == SUBS_MAX)
		return;
	filter.except = rnd_below(&m->rnd, 8) == 0;
	pattern = filter.except ? 0 : pattern;
	cr_assert_eq(dp_table_sub_add(
			     table, tenant, &filter, session,
			     test_pattern_content(table, tenant, pattern), &m->subs[m->live].sub, NULL),
		0);
	m->subs[m->live].handle = ref_set_add(m->ref, tenant, text, len, session, pattern);
	if (filter.except)
		ref_set_except(m->ref, m->subs[m->live].handle);
	m->live++;
}

static void del(struct model *m)
{
	uint32_t at;

	if (m->live == 0)
		return;
	at = rnd_below(&m->rnd, m->live);
	cr_assert_eq(dp_table_sub_del(table, m->subs[at].sub), 0);
	ref_set_del(m->ref, m->subs[at].handle);
	m->subs[at] = m->subs[--m->live];
}

static bool is_live(const struct model *m, dp_sub_id_t sub)
{
	for (uint32_t i = 0; i < m->live; i++)
		if (m->subs[i].sub == sub)
			return true;
	return false;
}

static void compare(const struct model *m, const struct dp_match_key *key, unsigned payload_truth,
	const struct dp_match_result *result)
{
	uint32_t want[SESSIONS], seen = 0;
	size_t count = ref_set_receivers(m->ref, key->tenant, key->topic, key->topic_len, truth,
		&payload_truth, want, SESSIONS);

	cr_assert_eq(result->verdict, DP_MATCH_OK);
	cr_assert_eq(result->count, count, "topic %.*s: %u receivers, reference %zu",
		key->topic_len, key->topic, result->count, count);
	for (uint32_t i = 0; i < result->count; i++) {
		const struct dp_receiver *to = &result->receivers[i];
		bool due = false;

		for (size_t k = 0; k < count; k++)
			due |= want[k] == to->session;
		cr_assert(due, "session %u is not due", to->session);
		cr_assert_not(seen >> to->session & 1, "session %u twice", to->session);
		seen |= 1u << to->session;
		cr_assert(is_live(m, to->sub));
		cr_assert(dp_match_sub_alive(match, to->sub, dp_match_sub_tag(match, to->sub)));
	}
}

static void burst(struct model *m)
{
	static char topics[DP_MATCH_BURST_MAX][256];
	struct dp_match_key keys[DP_MATCH_BURST_MAX];
	struct dp_match_result results[DP_MATCH_BURST_MAX];
	unsigned truths[DP_MATCH_BURST_MAX];
	uint32_t count = 1 + rnd_below(&m->rnd, DP_MATCH_BURST_MAX);

	for (uint32_t i = 0; i < count; i++) {
		uint32_t pick = rnd_below(&m->rnd, sizeof(payloads) / sizeof(payloads[0]));
		size_t len;

		do {
			len = rnd_topic_text(&m->rnd, 4, false, 0, topics[i]);
		} while (!ref_topic_valid(topics[i], len));
		truths[i] = payloads[pick].truth;
		keys[i] = (struct dp_match_key){
			.topic = topics[i],
			.topic_len = (uint16_t)len,
			.payload = (const uint8_t *)payloads[pick].bytes,
			.payload_len = (uint32_t)strlen(payloads[pick].bytes),
			.tenant = (uint16_t)rnd_below(&m->rnd, TENANTS),
		};
	}
	dp_match_burst(match, keys, count, results);
	for (uint32_t i = 0; i < count; i++)
		compare(m, &keys[i], truths[i], &results[i]);
}

static void set_patterns(uint16_t tenant)
{
	size_t len = 0;
	void *bytes = test_patterns_compile(patterns, 3, &len);
	struct rh_error err = {""};

	cr_assert_not_null(bytes);
	cr_assert_eq(dp_table_patterns_set(table, tenant, 0, bytes, len, 3, &err), 0, "%s", err.text);
	free(bytes);
}

static void run(const char *what, uint32_t cache_entries)
{
	static struct model m;
	size_t rounds = rnd_cases(1500, 30000);

	rnd_init(&m.rnd, what);
	m.ref = ref_set_create();
	fixture_seed = rnd_u64(&m.rnd);
	fixture_start(cache_entries);
	for (uint16_t tenant = 0; tenant < TENANTS; tenant++)
		set_patterns(tenant);
	for (size_t i = 0; i < rounds; i++) {
		/* Grow for a while, then shrink, so that every size is met. */
		uint32_t growing = (i / 300) % 2 ? 3 : 7;

		for (uint32_t k = rnd_below(&m.rnd, 6); k > 0; k--)
			rnd_below(&m.rnd, 10) < growing ? add(&m) : del(&m);
		if (rnd_below(&m.rnd, 100) == 0)
			set_patterns((uint16_t)rnd_below(&m.rnd, TENANTS));
		(void)fixture_publish();
		burst(&m);
	}
	while (m.live)
		del(&m);
	fixture_reclaim();
	cr_expect_eq(fixture_stats().shapes, 0);
	cr_expect_eq(fixture_stats().sets, 0);
	cr_expect_eq(fixture_stats().filters, 0);
	ref_set_destroy(m.ref);
	fixture_stop();
}

Test(model, agrees_with_the_reference_without_a_cache, .timeout = 3000)
{
	run("no cache", 0);
}

Test(model, agrees_with_the_reference_with_a_cache, .timeout = 3000)
{
	run("cache", 4096);
}

Test(model, agrees_with_the_reference_when_the_cache_is_tiny, .timeout = 3000)
{
	run("tiny cache", 8);
}
