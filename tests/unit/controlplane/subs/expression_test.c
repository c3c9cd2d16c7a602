/* Subscriptions with content: what the table is told, in which order, and what clients read. */
#include "tests/unit/controlplane/subs/fixture.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

TestSuite(expression, .init = fixture_start, .fini = fixture_stop, .timeout = 60);

static struct answer a, b;

/* What the table was told, without publications. */
static const char *told(void)
{
	static char text[64];
	size_t len = 0;

	for (unsigned i = 0; i < fake.count && len < sizeof(text) - 1; i++)
		if (fake.ops[i].what != '!')
			text[len++] = fake.ops[i].what;
	text[len] = '\0';
	return text;
}

static void rest(void)
{
	run_for(5);
}

Test(expression, is_added_before_its_first_subscription_and_deleted_behind_its_last)
{
	cr_assert_eq(added(1, entry_cesql("a", "n = 1"), &a), RH_SUB_OK, "%s", a.outcomes[0].text);
	cr_assert_eq(added(2, entry_cesql("b", "n = 1"), &a), RH_SUB_OK);
	cr_assert_eq(added(1, entry_cesql("a", "n = 2"), &a), RH_SUB_OK);
	cr_assert_str_eq(told(), "C++C+");
	cr_assert_eq(fake.contents[1].nodes, 3);
	cr_assert_eq(deleted(1, entry_cesql("a", "n = 1"), &a), RH_SUB_OK);
	rest();
	cr_assert_str_eq(told(), "C++C+-");
	cr_assert_eq(deleted(2, entry_cesql("b", "n = 1"), &a), RH_SUB_OK);
	rest();
	cr_assert_str_eq(told(), "C++C+--D");
	/* Its number is free, and is given again. */
	cr_assert_eq(added(1, entry_cesql("c", "n = 3"), &a), RH_SUB_OK);
	cr_assert_str_eq(told(), "C++C+--DC+");
	cr_assert(fake.contents[1].used && fake.contents[1].subs == 1);
}

Test(expression, is_one_however_it_is_written)
{
	struct cp_subs_stats stats;
	struct cp_sub_row row;

	cr_assert_eq(added(1, entry_cesql("a", "type like 'a%' and N<>1"), &a), RH_SUB_OK);
	cr_assert_eq(added(1, entry_cesql("a", "(type LIKE \"a%\") AND (n != +1)"), &a), RH_SUB_OK);
	cp_subs_stats(subs, &stats);
	cr_assert_eq(stats.subscriptions, 1);
	cr_assert_eq(stats.contents, 1);
	cr_assert_eq(cp_subs_find(subs, 0, &row), 0);
	cr_assert_str_eq(row.content, "((type LIKE 'a%') AND (n != 1))");
	cr_assert_eq(deleted(1, entry_cesql("a", "n != 1 AND type LIKE 'a%'"), &a),
		RH_SUB_NOT_SUBSCRIBED, "another order is another expression");
	cr_assert_str_eq(
		a.outcomes[0].text, "this session has no subscription with that filter and expression");
	cr_assert_eq(deleted(1, entry_cesql("a", "((type) LIKE 'a%') AND n!=1"), &a), RH_SUB_OK);
	rest();
	cr_assert_eq(fake.live + fake.live_contents, 0);
}

/* Filters in JSON mean an expression: either names the subscription. */
Test(expression, is_one_with_the_filters_that_mean_it)
{
	struct rh_sub_entry e = entry_cesql("a", "[{\"prefix\": {\"type\": \"a\"}}, {\"sql\": \"n <> 1\"}]");
	struct cp_sub_row row;

	e.content_kind = RH_CONTENT_FILTERS;
	cr_assert_eq(added(1, e, &a), RH_SUB_OK, "%s", a.outcomes[0].text);
	cr_assert_eq(cp_subs_find(subs, 0, &row), 0);
	cr_assert_str_eq(row.content, "((type LIKE 'a%') AND (n != 1))");
	cr_assert_eq(deleted(1, entry_cesql("a", row.content), &a), RH_SUB_OK);
	e.content = (struct rh_text){"[{\"exact\": 1}]", 14};
	cr_assert_eq(added(1, e, &a), RH_SUB_INVALID_CONTENT);
	cr_assert_eq(strncmp(a.outcomes[0].text, "filters: at 11: ", 16), 0, "%s", a.outcomes[0].text);
}

Test(expression, with_and_without_are_different_subscriptions)
{
	cr_assert_eq(added(1, entry("a"), &a), RH_SUB_OK);
	cr_assert_eq(added(1, entry_cesql("a", "TRUE"), &a), RH_SUB_OK);
	cr_assert_eq(fake.live, 2);
	cr_assert_eq(deleted(1, entry_cesql("a", "FALSE"), &a), RH_SUB_NOT_SUBSCRIBED);
	cr_assert_eq(deleted(1, entry("a"), &a), RH_SUB_OK);
	cr_assert_eq(deleted(1, entry("a"), &a), RH_SUB_NOT_SUBSCRIBED);
	cr_assert_eq(deleted(1, entry_cesql("a", "TRUE"), &a), RH_SUB_OK);
}

Test(expression, of_another_tenant_is_another_one)
{
	struct rh_sub_entry e = entry_cesql("a", "n = 1");

	cr_assert_eq(added(1, e, &a), RH_SUB_OK);
	b = (struct answer){0};
	cr_assert_eq(cp_subs_add(subs, 2, 5, &e, 1, on_done, &b), 0);
	run_until(&b);
	cr_assert_eq(b.outcomes[0].code, RH_SUB_OK);
	cr_assert_eq(fake.live_contents, 2);
	cr_assert_eq(fake.contents[2].tenant, 5);
}

Test(expression, refusals_say_where_and_leave_the_others_standing)
{
	static const struct {
		const char *expression, *sentence;
	} refused[] = {
		{"", "cesql: at 0: expected a value, found the end"},
		{"n =", "cesql: at 3: expected a value after '=', found the end"},
		{"n = 1 AND b OR c", "cesql: at 12: 'OR' follows 'AND' without parentheses"},
		{"n = 'x", "cesql: at 4: the string has no end"},
		{"COLOUR(n)", "cesql: at 0: there is no function 'COLOUR'"},
		{"LENGTH(n, n)", "cesql: at 0: there is no function LENGTH of 2 arguments"},
		{"n = 99999999999", "cesql: at 4: "},
	};
	struct rh_sub_entry entries[RH_ARRAY_LEN(refused) + 1];

	for (size_t i = 0; i < RH_ARRAY_LEN(refused); i++)
		entries[i] = entry_cesql("a", refused[i].expression);
	entries[RH_ARRAY_LEN(refused)] = entry_cesql("a", "n = 1");
	cr_assert_eq(cp_subs_add(subs, 1, 0, entries, RH_ARRAY_LEN(entries), on_done, &a), 0);
	run_until(&a);
	for (size_t i = 0; i < RH_ARRAY_LEN(refused); i++) {
		cr_assert_eq(a.outcomes[i].code, RH_SUB_INVALID_CONTENT, "%zu", i);
		cr_assert_eq(strncmp(a.outcomes[i].text, refused[i].sentence, strlen(refused[i].sentence)), 0,
			"%s", a.outcomes[i].text);
	}
	cr_assert_eq(a.outcomes[RH_ARRAY_LEN(refused)].code, RH_SUB_OK);
	cr_assert_eq(fake.live, 1);
	cr_assert_eq(fake.live_contents, 1);
	cr_assert_eq(deleted(1, entry_cesql("a", "n ="), &a), RH_SUB_INVALID_CONTENT);
}

Test(expression, a_payload_pattern_is_one_with_the_expression_that_means_it)
{
	struct cp_sub_row row;

	cr_assert_eq(added(1, entry_with("a", "it's [0-9]"), &a), RH_SUB_OK, "%s", a.outcomes[0].text);
	cr_assert_eq(cp_subs_find(subs, 0, &row), 0);
	cr_assert_str_eq(row.content, "MATCHES(payload, 'it\\'s [0-9]')");
	cr_assert_eq(added(1, entry_cesql("a", "matches ( payload , \"it's [0-9]\" )"), &a), RH_SUB_OK);
	cr_assert_eq(fake.live, 1);
	cr_assert_eq(fake.contents[1].nodes, 0, "the table gets no tree for it");
	cr_assert_eq(deleted(1, entry_cesql("a", row.content), &a), RH_SUB_OK);
	cr_assert_eq(deleted(1, entry_with("a", "it's [0-9]"), &a), RH_SUB_NOT_SUBSCRIBED);
}

static unsigned added_patterns(void)
{
	for (unsigned i = fake.count; i-- > 0;)
		if (fake.ops[i].what == 'C')
			return fake.contents[fake.ops[i].content].patterns;
	return 0;
}

Test(expression, waits_for_all_of_its_patterns)
{
	struct cp_subs_stats stats;

	cr_assert_eq(added(1, entry_cesql("a", "MATCHES(payload, 'one') AND (CONTAINS(payload, 'two') OR NOT MATCHES(n, 'one'))"), &a), RH_SUB_OK,
		"%s", a.outcomes[0].text);
	cr_assert_eq(added_patterns(), 3);
	cp_subs_stats(subs, &stats);
	cr_assert_eq(stats.patterns, 2, "equal ones are one");
	/* Another one shares them and brings its own. */
	cr_assert_eq(added(2, entry_cesql("a", "CONTAINS(payload, 'three') OR MATCHES(payload, 'one')"), &a), RH_SUB_OK);
	drop(1, &a);
	run_until(&a);
	cp_subs_stats(subs, &stats);
	cr_assert_eq(stats.patterns, 2);
	drop(2, &a);
	run_until(&a);
	rest();
	cp_subs_stats(subs, &stats);
	cr_assert_eq(stats.patterns + fake.live_contents + subs->contents.used, 0);
}

Test(expression, with_a_pattern_that_is_refused_lets_the_others_go)
{
	struct cp_subs_stats stats;

	cr_assert_eq(added(1, entry_cesql("a", "MATCHES(payload, 'good') OR MATCHES(payload, 'x*') OR MATCHES(payload, 'x*') OR MATCHES(payload, 'fine')"),
			     &a), RH_SUB_INVALID_CONTENT);
	cr_assert_not_null(strstr(a.outcomes[0].text, "matches the empty payload"), "%s", a.outcomes[0].text);
	cr_assert_eq(cp_pattern_find(subs->tenants[0], "x*", 2)->refs, 0);
	/* Refused at once from now on, in whatever place. */
	cr_assert_eq(added(1, entry_cesql("a", "MATCHES(payload, 'good') OR MATCHES(payload, 'x*')"), &a), RH_SUB_INVALID_CONTENT);
	cp_subs_stats(subs, &stats);
	cr_assert_eq(stats.patterns, 0);
	cr_assert_eq(fake.live + fake.live_contents, 0);
	cr_assert_eq(added(1, entry_with("a", "good"), &a), RH_SUB_OK);
}

Test(expression, of_a_session_that_is_dropped_while_its_patterns_compile_leaves_nothing)
{
	struct answer c;

	add(1, entry_cesql("a", "MATCHES(payload, 'one') OR MATCHES(payload, 'two')"), &a);
	add(2, entry_cesql("a", "MATCHES(payload, 'two') OR MATCHES(payload, 'one')"), &b);
	drop(1, &c);
	run_until(&c);
	run_until(&b);
	cr_assert_eq(a.outcomes[0].code, RH_SUB_INTERNAL);
	cr_assert_eq(b.outcomes[0].code, RH_SUB_OK);
	cr_assert_eq(subs->tenants[0]->used, 2);
	cr_assert_eq(fake.live, 1);
}

Test(expression, has_patterns_within_the_limit_of_its_tenant)
{
	struct cp_subs_stats stats;

	subs->patterns_max = 2;
	cr_assert_eq(added(1, entry_cesql("a", "MATCHES(payload, 'a') OR MATCHES(payload, 'b') OR MATCHES(payload, 'c')"), &a), RH_SUB_LIMIT);
	cp_subs_stats(subs, &stats);
	cr_assert_eq(stats.patterns, 0);
	cr_assert_eq(added(1, entry_cesql("a", "MATCHES(payload, 'a') OR MATCHES(payload, 'b')"), &a), RH_SUB_OK);
}

/* Five times 31 values are needed at once. */
Test(expression, that_needs_more_values_at_once_than_there_are_is_refused)
{
	static char text[RH_CONTENT_MAX];
	size_t len = 0;

	for (unsigned depth = 0; depth < 5; depth++) {
		len += (size_t)sprintf(text + len, "CONCAT(");
		for (unsigned i = 0; i < 31; i++)
			len += (size_t)sprintf(text + len, "a, ");
	}
	len += (size_t)sprintf(text + len, "a)))))");
	cr_assert_eq(added(1, entry_cesql("t", text), &a), RH_SUB_INVALID_CONTENT);
	cr_assert_not_null(strstr(a.outcomes[0].text, "values are needed at once"), "%s", a.outcomes[0].text);
}

/* Written with all its parentheses an expression may be longer than one may be written. */
Test(expression, as_long_as_it_may_be_is_taken)
{
	static char text[RH_CONTENT_MAX + 16];
	struct cp_sub_row row;
	size_t len = 0;

	while (len < RH_CONTENT_MAX - 24)
		len += (size_t)sprintf(text + len, "%sattribute=%zu", len ? " OR " : "", len);
	cr_assert_leq(len, RH_CONTENT_MAX);
	cr_assert_eq(added(1, entry_cesql("t", text), &a), RH_SUB_OK, "%s", a.outcomes[0].text);
	cr_assert_eq(cp_subs_find(subs, 0, &row), 0);
	cr_assert_gt(strlen(row.content), RH_CONTENT_MAX);
	cr_assert_eq(deleted(1, entry_cesql("t", text), &a), RH_SUB_OK);
}

Test(expression, that_takes_away_is_not_supported)
{
	cr_assert_eq(added(1, entry_cesql("!a", "n = 1"), &a), RH_SUB_UNSUPPORTED);
	cr_assert_not_null(strstr(a.outcomes[0].text, "an exception (!) with a content expression"));
	cr_assert_eq(fake.live + fake.live_contents, 0);
}

Test(expression, a_tenant_has_at_most_its_expressions)
{
	struct cp_subs_stats stats;

	subs->contents_max = 2;
	cr_assert_eq(added(1, entry_cesql("a", "n = 1"), &a), RH_SUB_OK);
	cr_assert_eq(added(1, entry_with("a", "needle"), &a), RH_SUB_OK);
	cr_assert_eq(added(1, entry_cesql("a", "n = 2"), &a), RH_SUB_LIMIT);
	cr_assert_str_eq(a.outcomes[0].text,
		"this tenant has its 2 content expressions: reuse one or unsubscribe some");
	cr_assert_eq(added(1, entry_with("a", "hay"), &a), RH_SUB_LIMIT);
	cp_subs_stats(subs, &stats);
	cr_assert_eq(stats.contents_over_limit, 2);
	cr_assert_eq(added(2, entry_cesql("b", "(n = 1)"), &a), RH_SUB_OK);
	cr_assert_eq(deleted(1, entry_with("a", "needle"), &a), RH_SUB_OK);
	cr_assert_eq(added(1, entry_cesql("a", "n = 2"), &a), RH_SUB_OK);
}

/* What the registry says that it has, so that one more of the kind of @e does not fit. */
static void fill(struct rh_sub_entry e)
{
	struct cp_subs_stats stats;

	cr_assert_eq(added(1, e, &a), RH_SUB_OK);
	cp_subs_stats(subs, &stats);
	subs->content_bytes_max = stats.content_bytes * 2 - 1;
}

Test(expression, of_a_tenant_take_at_most_their_memory)
{
	struct rh_sub_entry other;
	struct cp_subs_stats stats;
	char want[256];

	fill(entry_cesql("a", "n = 1"));
	cp_subs_stats(subs, &stats);
	cr_assert_eq(stats.content_bytes_most, stats.content_bytes);
	(void)snprintf(want, sizeof(want),
		"this content expression takes %llu bytes, and this tenant's take %llu of their %llu: write it shorter, reuse one or "
		"unsubscribe some",
		(unsigned long long)stats.content_bytes, (unsigned long long)stats.content_bytes,
		(unsigned long long)subs->content_bytes_max);
	cr_assert_eq(added(1, entry_cesql("a", "n = 2"), &a), RH_SUB_LIMIT);
	cr_assert_str_eq(a.outcomes[0].text, want);
	cr_assert_eq(added(2, entry_cesql("b", "(n = 1)"), &a), RH_SUB_OK, "it is there");
	other = entry_cesql("a", "n = 2");
	cr_assert_eq(cp_subs_add(subs, 3, 1, &other, 1, on_done, memset(&a, 0, sizeof(a))), 0);
	run_until(&a);
	cr_assert_eq(a.outcomes[0].code, RH_SUB_OK, "another tenant's");
	subs->content_bytes_max++;
	cr_assert_eq(added(1, entry_cesql("a", "n = 2"), &a), RH_SUB_OK);
	cp_subs_stats(subs, &stats);
	cr_assert_eq(stats.content_bytes_over_limit, 1);
	cr_assert_eq(stats.contents_over_limit, 0);
	cr_assert_eq(stats.content_bytes_most, subs->content_bytes_max);
	cr_assert_eq(stats.content_bytes * 2, subs->content_bytes_max * 3);
}

Test(expression, that_leaves_gives_its_memory_back)
{
	struct cp_subs_stats stats;

	fill(entry_with("a", "needle"));
	cr_assert_eq(added(1, entry_with("a", "morsel"), &a), RH_SUB_LIMIT);
	cp_subs_stats(subs, &stats);
	cr_assert_eq(stats.patterns, 1, "nothing is compiled for it");
	cr_assert_eq(deleted(1, entry_with("a", "needle"), &a), RH_SUB_OK);
	cp_subs_stats(subs, &stats);
	cr_assert_eq(stats.content_bytes, 0);
	cr_assert_eq(added(1, entry_with("a", "morsel"), &a), RH_SUB_OK);
}

/* Both are looked at before either is there. */
Test(expression, of_one_request_take_memory_one_by_one)
{
	struct rh_sub_entry entries[] = {entry_cesql("a", "n = 2"), entry_cesql("a", "n = 3")};

	fill(entry_cesql("a", "n = 1"));
	cr_assert_eq(deleted(1, entry_cesql("a", "n = 1"), &a), RH_SUB_OK);
	a = (struct answer){0};
	cr_assert_eq(cp_subs_add(subs, 1, 0, entries, 2, on_done, &a), 0);
	run_until(&a);
	cr_assert_eq(a.outcomes[0].code, RH_SUB_OK);
	cr_assert_eq(a.outcomes[1].code, RH_SUB_LIMIT);
}

/* Two of one request become one too many only when they are entered. */
Test(expression, of_one_request_count_one_by_one)
{
	struct rh_sub_entry entries[] = {
		entry_cesql("a", "n = 1"), entry_cesql("a", "n = 2"), entry_cesql("b", "n = 1")};

	subs->contents_max = 1;
	cr_assert_eq(cp_subs_add(subs, 1, 0, entries, 3, on_done, &a), 0);
	run_until(&a);
	cr_assert_eq(a.outcomes[0].code, RH_SUB_OK);
	cr_assert_eq(a.outcomes[1].code, RH_SUB_LIMIT);
	cr_assert_eq(a.outcomes[2].code, RH_SUB_OK);
	cr_assert_eq(fake.live_contents, 1);
}

Test(expression, without_a_free_number_is_refused_and_counted)
{
	struct cp_subs_stats stats;

	subs->contents.fresh = DP_LIMIT_CONTENTS;
	cr_assert_eq(added(1, entry_cesql("a", "n = 1"), &a), RH_SUB_LIMIT);
	cr_assert_not_null(strstr(a.outcomes[0].text, "the router has its 4194304 content expressions"));
	cp_subs_stats(subs, &stats);
	cr_assert_eq(stats.contents_full, 1);
	cr_assert_eq(stats.contents, 0);
	subs->contents.fresh = 0;
}

Test(expression, that_the_table_refuses_is_told_and_leaves_nothing)
{
	fake.content_error = EINVAL;
	add(1, entry_cesql("a", "n = 1"), &a);
	cr_assert_eq(added(1, entry_cesql("a", "n = 1"), &b), RH_SUB_INVALID_CONTENT);
	cr_assert_eq(a.outcomes[0].code, RH_SUB_INVALID_CONTENT);
	cr_assert_str_eq(a.outcomes[0].text, "content refused");
	cr_assert_eq(a.outcomes[0].price.bytes, 0);
	fake.content_error = ENOMEM;
	cr_assert_eq(added(1, entry_cesql("a", "n = 1"), &a), RH_SUB_INTERNAL);
	fake.content_error = 0;
	rest();
	cr_assert_eq(subs->contents.used, 0);
	cr_assert_eq(added(1, entry_cesql("a", "n = 1"), &a), RH_SUB_OK);
}

Test(expression, of_a_subscription_that_the_table_refuses_goes_again)
{
	fake.refuse = "a";
	cr_assert_eq(added(1, entry_cesql("a", "n = 1"), &a), RH_SUB_LIMIT);
	rest();
	cr_assert_str_eq(told(), "CD");
	cr_assert_eq(subs->contents.used, 0);
}

Test(expression, asked_for_again_while_it_is_deleted_is_a_new_one)
{
	cr_assert_eq(added(1, entry_cesql("a", "n = 1"), &a), RH_SUB_OK);
	del(1, entry_cesql("a", "n = 1"), &a);
	add(1, entry_cesql("a", "n = 1"), &b);
	run_until(&b);
	rest();
	cr_assert_eq(b.outcomes[0].code, RH_SUB_OK);
	cr_assert_eq(fake.live, 1);
	cr_assert_eq(fake.live_contents, 1);
	drop(1, &a);
	run_until(&a);
	rest();
	cr_assert_eq(fake.live + fake.live_contents, 0);
}

Test(expression, a_pattern_and_its_expression_leave_together)
{
	cr_assert_eq(added(1, entry_with("a", "needle"), &a), RH_SUB_OK);
	cr_assert_eq(added(2, entry_with("b", "needle"), &a), RH_SUB_OK);
	cr_assert_eq(subs->tenants[0]->used, 1);
	drop(1, &a);
	run_until(&a);
	cr_assert_eq(subs->tenants[0]->used, 1);
	drop(2, &a);
	run_until(&a);
	cr_assert_eq(subs->tenants[0]->used, 0);
	rest();
	cr_assert_str_eq(told(), "PC++--D");
}

Test(expression, costs_what_the_registry_keeps_of_it_alone)
{
	uint32_t alone;

	cr_assert_eq(added(1, entry_cesql("a", "n = 1"), &a), RH_SUB_OK);
	alone = a.outcomes[0].price.bytes;
	cr_assert_geq(alone, 3 + CP_RECORD_BYTES + CP_CONTENT_BYTES);
	cr_assert_eq(added(1, entry_cesql("a", "n = 1"), &a), RH_SUB_OK);
	cr_assert_eq(a.outcomes[0].price.bytes, alone, "asked for again");
	cr_assert_eq(added(2, entry_cesql("a", "n = 1"), &a), RH_SUB_OK);
	cr_assert_eq(a.outcomes[0].price.bytes, 3 + CP_RECORD_BYTES);
}

Test(expression, tells_which_part_is_dear)
{
	cr_assert_eq(added(1, entry_cesql("a", "n = 1"), &a), RH_SUB_OK);
	cr_assert_str_eq(a.outcomes[0].text, "", "the only one");
	cr_assert_eq(added(1, entry_cesql("a", "n = 1 AND JSON(payload, '/level') > 5"), &a), RH_SUB_OK);
	cr_assert_not_null(strstr(a.outcomes[0].text, " cycles: (JSON(payload, '/level') > 5)"), "%s", a.outcomes[0].text);
	cr_assert_gt(a.outcomes[0].price.match_cycles, 1000);
	cr_assert_eq(added(2, entry_cesql("b", "n = 1 AND JSON(payload, '/level') > 5"), &a), RH_SUB_OK);
	cr_assert_eq(a.outcomes[0].price.match_cycles, 2, "another one has it");
	fake.refuse = "c";
	cr_assert_eq(added(2, entry_cesql("c", "n = 2 AND JSON(payload, '/level') > 5"), &a), RH_SUB_LIMIT);
	cr_assert(!a.outcomes[0].price.match_cycles && !strstr(a.outcomes[0].text, "JSON"));
}

/* What an open request holds of parsed expressions counts as open. */
Test(expression, counts_among_open_bytes_while_it_is_asked_for)
{
	fake.seen_follows = false;
	add(1, entry_cesql("a", "n = 1"), &a);
	run_for(20);
	cr_assert_gt(subs->open_bytes, sizeof(struct cp_request) + sizeof(struct cp_expression));
	fake.seen_follows = true;
	run_until(&a);
	cr_assert_eq(subs->open_bytes, 0);
	subs->open_bytes = CP_OPEN_BYTES_MOST - 5000;
	cr_assert_eq(added(1, entry_cesql("b", "n = 1"), &a), RH_SUB_OK);
	subs->open_bytes = 0;
}
