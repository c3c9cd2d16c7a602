/*
 * Patterns come and go by the hundred while their databases merge: what is subscribed is matched at every moment, and
 * nothing else is.
 */
#include "tests/unit/controlplane/subs/table_fixture.h"

#include "dataplane/base/rcu.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXTS  200
#define ROUNDS 1500

static struct answer a;
static bool wanted[TEXTS];
static uint64_t seed;

TestSuite(churn, .init = table_fixture_start, .fini = table_fixture_stop, .timeout = 100);

static uint32_t dice(uint32_t sides)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(seed >> 33) % sides;
}

static struct rh_sub_entry entry_of(uint32_t i)
{
	static char text[32];

	(void)snprintf(text, sizeof(text), "<%u>[a-z]", i);
	return entry_with("t", text);
}

static uint32_t matched_by(const char *payload)
{
	struct dp_match_key key = {.topic = "t",
		.topic_len = 1,
		.payload = (const uint8_t *)payload,
		.payload_len = (uint32_t)strlen(payload)};
	struct dp_match_result result;

	rh_rcu_quiescent();
	(void)dp_match_begin(match);
	dp_match_burst(match, &key, 1, &result);
	cr_assert_eq(result.verdict, DP_MATCH_OK);
	return result.count;
}

/* Session i + 1 wants the payload of text i. */
static void look_at(uint32_t i)
{
	char payload[32];

	(void)snprintf(payload, sizeof(payload), "<%u>x", i);
	cr_assert_eq(matched_by(payload), wanted[i], "text %u is %swanted", i, wanted[i] ? "" : "not ");
}

static void look_at_all(void)
{
	for (uint32_t i = 0; i < TEXTS; i++)
		look_at(i);
}

static void toggle(uint32_t i)
{
	struct rh_sub_entry e = entry_of(i);
	uint8_t code = wanted[i] ? deleted((dp_session_id_t)(i + 1), e, &a)
				 : added((dp_session_id_t)(i + 1), e, &a);

	cr_assert_eq(code, RH_SUB_OK, "%s", a.outcomes[0].text);
	wanted[i] = !wanted[i];
}

Test(churn, what_is_subscribed_is_matched_at_every_moment)
{
	seed = 5;
	subs->patterns_max = TEXTS;
	for (unsigned round = 0; round < ROUNDS; round++) {
		/* Waves: mostly additions, then mostly removals, and at times quiet. */
		uint32_t i = dice(TEXTS);

		subs->quiet_ns = dice(50) ? UINT64_MAX : 0;
		if (wanted[i] != (round / 200 % 2) && dice(4))
			continue;
		toggle(i);
		look_at(i);
		for (unsigned k = 0; k < 8; k++)
			look_at(dice(TEXTS));
	}
	look_at_all();
	subs->quiet_ns = 0;
	/* Until one merge has all that are used, and those that are not have left: by chance a run may have as many before. */
	for (unsigned i = 0; i < 2000 && (subs->tenants[0]->runs[0].count != subs->tenants[0]->used ||
						 subs->tenants[0]->patterns.count != subs->tenants[0]->used);
		i++) {
		run_for(10);
		look_at(dice(TEXTS));
	}
	look_at_all();
	cr_expect_gt(subs->stats.compiles, 10);
	cr_expect_eq(subs->stats.compile_failures, 0);
	cr_expect_eq(subs->tenants[0]->patterns.count, subs->tenants[0]->used);
}
