/*
 * The registry, the helper and the real table together: what was asked for is what a worker's
 * lookup finds.
 */
#include "tests/unit/controlplane/subs/table_fixture.h"

#include "dataplane/base/rcu.h"
#include "dataplane/frame/event.h"
#include "dataplane/match/cond.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct answer a, b;

TestSuite(table, .init = table_fixture_start, .fini = table_fixture_stop, .timeout = 60);

/* @n: value of the one attribute, of that name. */
static unsigned receivers_of(const char *topic, const char *payload, const char *n)
{
	uint8_t attributes[RH_PUBLISH_HDR + 64] = {0};
	struct rh_attribute attr = {.name = "n", .name_len = 1, .value = n, .value_len = (uint16_t)strlen(n)};
	struct dp_match_key key = {.topic = topic,
		.topic_len = (uint16_t)strlen(topic),
		.payload = (const uint8_t *)payload,
		.payload_len = (uint32_t)strlen(payload),
		.attributes = attributes + RH_PUBLISH_HDR};
	struct dp_match_result result;
	int len = rh_attribute_put(attributes + RH_PUBLISH_HDR, 64, 0, &attr);

	cr_assert_gt(len, 0);
	key.attributes_len = (uint16_t)len;

	rh_rcu_quiescent();
	(void)dp_match_begin(match);
	dp_match_burst(match, &key, 1, &result);
	return result.verdict == DP_MATCH_OK ? result.count : UINT32_MAX;
}

static unsigned receivers(const char *topic, const char *payload)
{
	return receivers_of(topic, payload, "0");
}

Test(table, expressions_select_by_attributes)
{
	cr_assert_eq(added(1, entry_cesql("a/+", "n > 5"), &a), RH_SUB_OK);
	cr_assert_eq(added(2, entry_cesql("a/+", "n != '7'"), &a), RH_SUB_OK);
	cr_assert_eq(added(3, entry_cesql("a/+", "EXISTS m OR n = 6"), &a), RH_SUB_OK);
	cr_assert_eq(receivers_of("a/b", "", "5"), 1);
	cr_assert_eq(receivers_of("a/b", "", "6"), 3);
	cr_assert_eq(receivers_of("a/b", "", "7"), 1);
	cr_assert_eq(receivers_of("a/b", "", "x"), 1, "no integer is no error where it is compared as text");
	drop(2, &a);
	run_until(&a);
	cr_assert_eq(deleted(1, entry_cesql("a/+", "(n > 5)"), &a), RH_SUB_OK);
	cr_assert_eq(receivers_of("a/b", "", "6"), 1);
	cr_assert_eq(receivers_of("a/b", "", "7"), 0);
}

Test(table, an_acknowledged_subscription_is_found_and_a_removed_one_is_not)
{
	cr_assert_eq(added(1, entry("a/+"), &a), RH_SUB_OK);
	cr_assert_eq(added(2, entry("a/#"), &a), RH_SUB_OK);
	cr_assert_eq(receivers("a/b", ""), 2);
	cr_assert_eq(receivers("a", ""), 1);
	cr_assert_eq(deleted(2, entry("a/#"), &a), RH_SUB_OK);
	cr_assert_eq(receivers("a/b", ""), 1);
	drop(1, &a);
	run_until(&a);
	cr_assert_eq(receivers("a/b", ""), 0);
}

Test(table, an_exception_subtracts_what_other_filters_of_its_session_bring)
{
	struct rh_sub_entry exception = entry("!a.*.private.>");

	exception.dialect = RH_DIALECT_NATS;
	cr_assert_eq(added(1, entry("a/#"), &a), RH_SUB_OK);
	cr_assert_eq(added(1, entry_with("a/#", "needle"), &a), RH_SUB_OK);
	cr_assert_eq(added(2, entry_with("#", "needle"), &a), RH_SUB_OK);
	cr_assert_eq(receivers("a/b/private/c", "needle"), 2);
	cr_assert_eq(added(1, exception, &a), RH_SUB_OK);
	cr_assert_eq(added(3, exception, &a), RH_SUB_OK);
	cr_assert_eq(receivers("a/b/private/c", "needle"), 1);
	cr_assert_eq(receivers("a/b/private/c", ""), 0);
	cr_assert_eq(receivers("a/b/private", "needle"), 2);
	cr_assert_eq(receivers("a/b/public/c", ""), 1);
	cr_assert_eq(deleted(1, entry("a/#"), &a), RH_SUB_OK);
	cr_assert_eq(receivers("a/b/private/c", "needle"), 1);
	cr_assert_eq(receivers("a/b/public/c", "needle"), 2);
	cr_assert_eq(deleted(1, entry("!a/+/private/+/#"), &a), RH_SUB_OK);
	cr_assert_eq(receivers("a/b/private/c", "needle"), 2);
}

static bool same_price(const struct answer *x, const struct answer *y)
{
	const struct dp_sub_price *p = &x->outcomes[0].price, *q = &y->outcomes[0].price;

	return p->every_cycles == q->every_cycles && p->match_cycles == q->match_cycles &&
	       p->bytes == q->bytes;
}

Test(table, an_answer_tells_what_the_subscription_costs)
{
	const struct dp_sub_price *price = &a.outcomes[0].price;

	cr_assert_eq(added(1, entry("a/+"), &a), RH_SUB_OK);
	cr_assert(price->every_cycles && price->match_cycles && price->bytes > 64);
	cr_assert_eq(added(1, entry("a/+"), &b), RH_SUB_OK);
	cr_assert(same_price(&a, &b), "asked for again");
	cr_assert_eq(added(1, entry("b/+"), &b), RH_SUB_OK);
	cr_assert_eq(b.outcomes[0].price.every_cycles, 0);
	cr_assert_eq(added(1, entry("a/+"), &a), RH_SUB_OK);
	cr_assert_eq(price->every_cycles, 0, "the present price");
	cr_assert_eq(deleted(1, entry("b/+"), &b), RH_SUB_OK);
	cr_assert_eq(b.outcomes[0].price.match_cycles, 0);
	cr_assert_eq(added(1, entry("a/#/b"), &b), RH_SUB_INVALID_FILTER);
	cr_assert_eq(b.outcomes[0].price.match_cycles, 0);
}

/* The second request relies on what the builder has yet to do. */
Test(table, what_is_asked_for_twice_at_once_has_one_price)
{
	add(1, entry("a/+"), &a);
	add(1, entry("a/+"), &b);
	run_until(&b);
	cr_assert_eq(a.outcomes[0].code, RH_SUB_OK);
	cr_assert(a.outcomes[0].price.bytes > 64 && same_price(&a, &b));
}

static uint64_t content_bytes(void)
{
	struct cp_subs_stats stats;

	cp_subs_stats(subs, &stats);
	return stats.content_bytes;
}

/* What the table holds more with the expression @text than for the same topic without, but for the condition. */
static uint64_t held_by(const char *text)
{
	uint32_t plain;

	cr_assert_eq(added(1, entry("a"), &a), RH_SUB_OK);
	plain = a.outcomes[0].price.bytes;
	cr_assert_eq(added(1, entry_cesql("b", text), &a), RH_SUB_OK, "%s", a.outcomes[0].text);
	return a.outcomes[0].price.bytes - plain - sizeof(struct dp_cond);
}

/* By their form, before the table has them: so that a bound on memory is one. */
Test(table, expressions_count_for_what_the_table_holds_of_them)
{
	static const char *const texts[] = {"n = 1", "EXISTS a", "a LIKE 'x%'", "n IN (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)",
		"region IN ('eu-west', 'eu-east', 'us-west', 'us-east')", "a = 'x' OR b = 'y' OR c = 'z'",
		"source LIKE '/debian/lib%' AND NOT EXISTS closes", "UPPER(a) = 'X' XOR n > 3", "JSON(payload, '/level') > 5 AND n < 9",
		"a = 'x' AND b = 'y' AND c = 'z' AND n > 3 AND n < 7"};
	uint64_t counted, held;

	for (unsigned i = 0; i < RH_ARRAY_LEN(texts); i++) {
		held = held_by(texts[i]);
		counted = content_bytes();
		cr_expect(counted * 5 >= held * 4 && counted * 4 <= held * 5, "%s: counts for %lu bytes, the table holds %lu", texts[i],
			counted, held);
		cr_assert_eq(deleted(1, entry_cesql("b", texts[i]), &a), RH_SUB_OK);
		cr_assert_eq(content_bytes(), 0);
	}
}

static void expect_bytes_fall_to(uint64_t want)
{
	struct dp_table_stats stats;

	for (unsigned ms = 0; ms < 20000; ms++) {
		dp_table_stats(table, &stats);
		if (stats.bytes <= want)
			return;
		rh_rcu_quiescent();
		(void)usleep(1000);
	}
	cr_assert_fail("%lu bytes are held, %lu were before", stats.bytes, want);
}

Test(table, memory_of_a_dropped_session_comes_back_although_nothing_follows)
{
	struct dp_table_stats before;
	char text[32];

	dp_table_stats(table, &before);
	for (unsigned i = 0; i < 3000; i++) {
		(void)snprintf(text, sizeof(text), "a/%u/+", i);
		cr_assert_eq(added(1, entry(text), &a), RH_SUB_OK);
	}
	drop(1, &a);
	run_until(&a);
	expect_bytes_fall_to(before.bytes);
}

Test(table, payload_patterns_select_through_every_change_of_the_set)
{
	char text[32], payload[64];

	for (unsigned i = 0; i < 20; i++) {
		(void)snprintf(text, sizeof(text), "needle%u[^0-9]", i);
		cr_assert_eq(
			added(i, entry_with("t", text), &a), RH_SUB_OK, "%s", a.outcomes[0].text);
		(void)snprintf(payload, sizeof(payload), "some\nneedle%u in hay", i);
		cr_assert_eq(receivers("t", payload), 1, "%u", i);
		cr_assert_eq(receivers("t", "nothing here"), 0);
		if (i % 3 == 2) {
			drop(i - 1, &b);
			run_until(&b);
		}
	}
	(void)snprintf(payload, sizeof(payload), "needle%u. needle%u. needle%u.", 0, 1, 2);
	cr_assert_eq(receivers("t", payload), 2);
}

Test(table, ten_thousand_of_one_client_are_active_when_acknowledged)
{
	static char texts[64][32];
	struct rh_sub_entry entries[64];
	struct answer *answers = calloc(157, sizeof(*answers));

	for (unsigned r = 0; r < 157; r++) {
		for (unsigned i = 0; i < 64; i++) {
			(void)snprintf(texts[i], sizeof(texts[i]), "r%u/%u/#", r, i);
			entries[i] = entry(texts[i]);
		}
		cr_assert_eq(cp_subs_add(subs, 5, 0, entries, 64, on_done, &answers[r]), 0);
	}
	run_until(&answers[156]);
	for (unsigned r = 0; r < 157; r++) {
		(void)snprintf(texts[0], sizeof(texts[0]), "r%u/%u/x", r, r % 64);
		cr_assert_eq(receivers(texts[0], ""), 1);
	}
	free(answers);
}

/* Numbers come back after their grace period, while the loop goes on. */
Test(table, what_is_shown_is_what_the_table_has_through_churn)
{
	static char texts[64][32];
	struct rh_sub_entry entries[64];
	struct cp_sub_row row;
	char want[32];

	for (unsigned round = 0; round < 60; round++) {
		for (unsigned i = 0; i < 64; i++) {
			(void)snprintf(texts[i], sizeof(texts[i]), "r%u/%u", round, i);
			entries[i] = entry(texts[i]);
		}
		cr_assert_eq(cp_subs_add(subs, round % 7, 0, entries, 64, on_done, &a), 0);
		drop((round + 1) % 7, &b);
		run_until(&b);
		run_for(2);
		for (dp_sub_id_t sub = 0; sub < 64 * 7; sub++) {
			if (cp_subs_find(subs, sub, &row) < 0)
				continue;
			cr_assert_eq(sscanf(row.filter, "r%31[0-9]/", want), 1);
			cr_assert_eq((unsigned)atoi(want) % 7, row.slot);
		}
		a = (struct answer){0};
		rh_rcu_quiescent();
	}
}

/* The masks of + over twelve levels are more shapes than a tenant may have. */
Test(table, the_quota_of_shapes_is_named)
{
	char text[64], *end;
	unsigned i;

	for (i = 0; i < 4096; i++) {
		end = text;
		for (unsigned level = 0; level < 12; level++)
			end += sprintf(end, "%s%s", level ? "/" : "", i >> level & 1 ? "+" : "a");
		if (added(1, entry(text), &a) != RH_SUB_OK)
			break;
	}
	cr_assert_eq(a.outcomes[0].code, RH_SUB_LIMIT);
	cr_assert_not_null(strstr(a.outcomes[0].text, "1024 wildcard shapes"), "%u: %s", i,
		a.outcomes[0].text);
	/* What is there goes on, and what fits is taken. */
	cr_assert_eq(added(1, entry("b/b/b/b/b/b/b/b/b/b/b/b"), &a), RH_SUB_OK);
}

struct explained {
	unsigned calls, deliver, missed;
};

static void on_explained(
	void *arg, int status, const char *why, const struct dp_explain_row *rows, uint32_t count,
	const struct dp_explain_cost *cost)
{
	struct explained *e = arg;

	cr_assert_eq(status, 0, "%s", why);
	e->calls++;
	cr_assert_eq(cost->copies, 2);
	cr_assert_eq(cost->scans, 1);
	for (uint32_t i = 0; i < count; i++) {
		e->deliver += rows[i].verdict == DP_EXPLAIN_DELIVER;
		e->missed += rows[i].verdict == DP_EXPLAIN_CONTENT_MISSED;
	}
}

Test(table, explain_tells_who_gets_it_and_who_does_not)
{
	struct dp_explain_event event = {.topic = "t", .topic_len = 1, .payload = "yes!", .payload_len = 4};
	struct explained e = {0};

	cr_assert_eq(added(1, entry("t"), &a), RH_SUB_OK);
	cr_assert_eq(added(2, entry_with("t", "yes"), &a), RH_SUB_OK);
	cr_assert_eq(added(3, entry_with("t", "no"), &a), RH_SUB_OK);
	cr_assert_eq(cp_subs_explain(subs, &event, on_explained, &e), 0);
	run_for(100);
	cr_assert_eq(e.calls, 1);
	cr_assert_eq(e.deliver, 2);
	cr_assert_eq(e.missed, 1);
}

/* Words that make the pattern below dear, which is not what is written to hurt it (tests/unit/tools/hsc). */
static void publish_words(void)
{
	static char words[DP_SAMPLE_BYTES];
	struct dp_match_key key = {.topic = "a", .topic_len = 1, .payload = (const uint8_t *)words, .payload_len = sizeof(words)};
	struct dp_match_result result;
	static uint64_t tsc = 1ull << 50;
	uint32_t dice = 1;

	for (size_t at = 0; at < sizeof(words); at += 2) {
		dice = dice * 1664525u + 1013904223u;
		memcpy(&words[at], &"abcdefgh"[dice >> 30 << 1], 2);
	}
	(void)dp_match_begin(match);
	for (unsigned i = 0; i < 4; i++) {
		dp_match_tick(match, tsc += 1ull << 31);
		dp_match_burst(match, &key, 1, &result);
	}
	rh_rcu_quiescent();
}

Test(table, what_is_dear_on_what_the_tenant_published_is_refused_and_what_became_so_is_known)
{
	static const char hidden[] = "(?x)( ab | cd | ef | gh ){30,200} .{100,300} z1", other[] = "(?x)( ab | cd | ef | gh ){30,200} .{100,300} z2";
	struct cp_tenant *t;

	for (unsigned i = 0; i < CP_COMPILER_COUNT; i++)
		subs->compilers[i].helper.cycles_per_byte = 20;
	subs->centicycles_most = 8000;
	cr_assert_eq(added(1, entry_with("a", hidden), &a), RH_SUB_OK, "%s", a.outcomes[0].text);
	t = subs->tenants[0];
	publish_words();
	for (unsigned i = 0; i < 50 && !t->dear; i++)
		run_for(100);
	cr_expect(t->dear);
	cr_expect_gt(t->typical_centicycles, 2000);
	cr_assert_eq(added(1, entry_with("a", other), &b), RH_SUB_TOO_DEAR, "%s", b.outcomes[0].text);
	cr_expect_not_null(strstr(b.outcomes[0].text, "on this tenant's recent payloads"));
}
