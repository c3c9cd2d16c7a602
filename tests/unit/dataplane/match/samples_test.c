/* What workers keep of payloads, and what they do not. */

#include "dataplane/match/match_priv.h"
#include "tests/unit/dataplane/match/fixture.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PLACES (DP_SAMPLES / 2) /* the fixture's table has two workers, of which one runs */

static struct dp_samples got;
static uint64_t now;

static void start(void)
{
	fixture_start(64);
	(void)fixture_add(0, "a", 1, 0);
	(void)fixture_publish();
	now = 1ull << 40;
}

TestSuite(samples, .init = start, .fini = fixture_stop, .timeout = 30);

static void burst(uint16_t tenant, const void *payload, uint32_t len)
{
	struct dp_match_key key = {.topic = "a", .topic_len = 1, .tenant = tenant, .payload = payload, .payload_len = len};
	struct dp_match_result result;

	dp_match_burst(match, &key, 1, &result);
}

/* One event each @cycles, of which the samples say what came when. */
static void publish(uint16_t tenant, uint32_t count, uint64_t cycles)
{
	char payload[16];

	for (uint32_t i = 0; i < count; i++) {
		now += cycles;
		dp_match_tick(match, now);
		burst(tenant, payload, (uint32_t)snprintf(payload, sizeof(payload), "event %u", i));
	}
}

static uint32_t kept(uint16_t tenant)
{
	dp_samples_read(table, tenant, &got);
	return got.count;
}

static bool has(const char *text)
{
	for (uint32_t i = 0; i < got.count; i++)
		if (got.len[i] == strlen(text) && !memcmp(got.bytes[i], text, got.len[i]))
			return true;
	return false;
}

Test(samples, nothing_is_kept_of_a_tenant_that_nobody_wants)
{
	publish(0, 100, DP_SAMPLE_NEXT);
	cr_expect_eq(kept(0), 0);
	cr_assert_eq(dp_samples_want(table, 1), 0);
	publish(0, 100, DP_SAMPLE_NEXT);
	cr_expect_eq(kept(0), 0);
	cr_expect_eq(kept(1), 0);
}

Test(samples, the_newest_are_kept_and_each_tenant_has_its_own)
{
	cr_assert_eq(dp_samples_want(table, 3), 0);
	cr_assert_eq(dp_samples_want(table, 4), 0);
	publish(3, PLACES + 5, DP_SAMPLE_NEXT);
	cr_expect_eq(kept(4), 0);
	cr_expect_eq(kept(3), PLACES);
	cr_expect_eq(got.taken, PLACES + 5);
	for (uint32_t i = 0; i < PLACES + 5; i++) {
		char text[16];

		(void)snprintf(text, sizeof(text), "event %u", i);
		cr_expect_eq(has(text), i >= 5, "%s", text);
	}
}

Test(samples, empty_places_fill_at_once_and_full_ones_change_seldom)
{
	cr_assert_eq(dp_samples_want(table, 0), 0);
	publish(0, PLACES, DP_SAMPLE_FIRST);
	cr_expect_eq(kept(0), PLACES);
	/* As many again in the time in which one is due, and one more look in each of them. */
	publish(0, 256, DP_SAMPLE_NEXT / 256);
	cr_expect_eq(kept(0), PLACES);
	cr_expect_eq(got.taken, PLACES + 1);
}

Test(samples, a_burst_without_a_look_due_gives_nothing)
{
	cr_assert_eq(dp_samples_want(table, 0), 0);
	dp_match_tick(match, now);
	burst(0, "one", 3);
	burst(0, "two", 3);
	cr_expect_eq(kept(0), 1);
	cr_expect(has("one"));
}

Test(samples, a_look_takes_one_event_of_the_burst_whichever_tenants_it_has)
{
	struct dp_match_key keys[32];
	struct dp_match_result results[32];
	uint32_t sum = 0;

	for (uint16_t i = 0; i < 32; i++) {
		keys[i] = (struct dp_match_key){.topic = "a", .topic_len = 1, .tenant = i, .payload = (const uint8_t *)"x", .payload_len = 1};
		cr_assert_eq(dp_samples_want(table, i), 0);
	}
	dp_match_tick(match, now);
	dp_match_burst(match, keys, 32, results);
	for (uint16_t i = 0; i < 32; i++)
		sum += kept(i);
	cr_expect_eq(sum, 1);
	/* Each has its turn: those that had it are not due for a while. */
	for (unsigned i = 0; i < 32 * PLACES * 4; i++) {
		dp_match_tick(match, now += DP_SAMPLE_LOOK);
		dp_match_burst(match, keys, 32, results);
	}
	for (uint16_t i = 0; i < 32; i++)
		cr_expect_geq(kept(i), 1, "tenant %u", i);
}

Test(samples, no_more_than_the_beginning_of_a_payload_is_kept_and_none_of_an_empty_one)
{
	static uint8_t large[DP_SAMPLE_BYTES + 100];

	cr_assert_eq(dp_samples_want(table, 0), 0);
	memset(large, 'x', sizeof(large));
	large[DP_SAMPLE_BYTES - 1] = 'y';
	dp_match_tick(match, now);
	burst(0, "", 0);
	cr_expect_eq(kept(0), 0);
	dp_match_tick(match, now += DP_SAMPLE_LOOK);
	burst(0, large, sizeof(large));
	cr_assert_eq(kept(0), 1);
	cr_expect_eq(got.len[0], DP_SAMPLE_BYTES);
	cr_expect_arr_eq(got.bytes[0], large, DP_SAMPLE_BYTES);
}

Test(samples, an_event_that_is_matched_again_is_none)
{
	struct dp_match_key key = {.topic = "a", .topic_len = 1, .payload = (const uint8_t *)"old", .payload_len = 3};
	struct dp_match_result result;

	cr_assert_eq(dp_samples_want(table, 0), 0);
	dp_match_tick(match, now);
	dp_match_again(match, &key, &result);
	cr_expect_eq(kept(0), 0);
	burst(0, "new", 3);
	cr_expect_eq(kept(0), 1);
}

Test(samples, what_is_forgotten_is_gone_and_may_be_wanted_again)
{
	cr_assert_eq(dp_samples_want(table, 0), 0);
	publish(0, 3, DP_SAMPLE_NEXT);
	cr_assert_eq(dp_samples_want(table, 0), 0);
	cr_expect_eq(kept(0), 3);
	dp_samples_forget(table, 0);
	cr_expect_eq(kept(0), 0);
	cr_expect_eq(got.taken, 0);
	publish(0, 3, DP_SAMPLE_NEXT);
	dp_samples_forget(table, 0);
	cr_assert_eq(dp_samples_want(table, 0), 0);
	cr_expect_eq(kept(0), 0);
	publish(0, 3, DP_SAMPLE_NEXT);
	cr_expect_eq(kept(0), 3);
}

Test(samples, a_tenant_that_cannot_be_is_refused)
{
	cr_expect_eq(dp_samples_want(table, DP_LIMIT_TENANTS), -EINVAL);
	dp_samples_forget(table, DP_LIMIT_TENANTS);
	cr_expect_eq(kept(DP_LIMIT_TENANTS), 0);
}
