/*
 * Every allocation of an update with content made to fail: one alone, and one with all behind it. What was refused leaves
 * no trace, and who is there gets exactly their events whatever could not be made.
 */

#include "dataplane/api/samples.h"
#include "dataplane/base/rcu.h"
#include "dataplane/cesql/program.h"
#include "dataplane/frame/event.h"
#include "dataplane/match/judge.h"
#include "tests/lib/patterns.h"
#include "tests/unit/dataplane/match/fixture.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Allocations, by the linker: these are the test's own of what the table calls. */

#define NEVER UINT32_MAX

static uint32_t made, fail_at = NEVER; /* allocations so far; the one that fails */
static bool fail_on;		       /* and all behind it */

static bool fails(void)
{
	uint32_t number = made++;

	return number == fail_at || (fail_on && number > fail_at);
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__real_dp_memory_alloc(struct dp_memory *memory, size_t bytes);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_dp_memory_alloc(struct dp_memory *memory, size_t bytes);

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	return fails() ? NULL : __real_aligned_alloc(alignment, size);
}

void *__wrap_dp_memory_alloc(struct dp_memory *memory, size_t bytes)
{
	return fails() ? NULL : __real_dp_memory_alloc(memory, bytes);
}

static void memory_ends(uint32_t at, bool on)
{
	made = 0;
	fail_at = at;
	fail_on = on;
}

/* True: one has failed. */
static bool memory_is_back(void)
{
	bool failed = made > fail_at;

	fail_at = NEVER;
	fail_on = false;
	return failed;
}

/* Expressions: condition i asks content i + 1. */

#define CONDS	 (2 * DP_ACCESS_LIST + 8)
#define PATTERN	 "needle"
#define TEXT_MAX 96

static struct rh_cesql_tree tree;
static struct rh_cesql_program *programs[CONDS];
static const dp_pattern_id_t pattern = 1;

/* One key for several, for one alone, two keys, the payload's, none. */
static void ask(unsigned i, char *out)
{
	static const char *const forms[] = {"n = %u AND k < %u", "word = 'w%u' AND n < %u", "word = 'w%u' OR n = %u",
		"n IN (%u, %u) AND MATCHES(payload, '" PATTERN "')", "MATCHES(payload, '" PATTERN "') AND k != %u AND k != 1%u",
		"(n = %u XOR EXISTS word) AND k != 1%u", "word LIKE 'w%u%%' AND NOT (n = %u)"};

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	(void)snprintf(out, TEXT_MAX, forms[i % 7], i % 4, i / 2);
#pragma GCC diagnostic pop
}

static void tree_of(unsigned i)
{
	struct rh_error err = {""};
	char text[TEXT_MAX];

	ask(i, text);
	cr_assert_eq(rh_cesql_parse(text, strlen(text), &tree, NULL, &err), 0, "%s: %s", text, err.text);
}

static void start(void)
{
	const char *const patterns[] = {PATTERN};
	size_t len = 0;
	void *bytes = test_patterns_compile(patterns, 1, &len);

	fixture_start(64);
	cr_assert_not_null(bytes);
	cr_assert_eq(dp_table_patterns_set(table, 0, 0, bytes, len, 1, NULL), 0);
	free(bytes);
	fixture_reclaim();
}

TestSuite(content_failure, .init = start, .fini = fixture_stop, .timeout = 60);

static void contents_add(void)
{
	struct rh_error err = {""};

	for (unsigned i = 0; i < CONDS; i++) {
		tree_of(i);
		cr_assert_eq(rh_cesql_compile(&tree, &programs[i], NULL), 0);
		cr_assert_eq(dp_table_content_add(table, 0, i + 1, &tree, &pattern, &err), 0, "%s", err.text);
	}
}

static void contents_del(void)
{
	for (unsigned i = 0; i < CONDS; i++) {
		rh_cesql_destroy(programs[i]);
		cr_assert_eq(dp_table_content_del(table, i + 1), 0);
	}
}

/* Who is there, and who gets what. */

static dp_sub_id_t subs[CONDS];
static bool is_there[CONDS];

static int add(unsigned i, struct rh_error *err)
{
	struct rh_filter filter;
	int ret;

	cr_assert_eq(rh_filter_parse(RH_DIALECT_MQTT, "t/#", 3, &filter, NULL), 0);
	ret = dp_table_sub_add(table, 0, &filter, i, i + 1, &subs[i], err);
	is_there[i] = ret == 0;
	return ret;
}

static void del(unsigned i)
{
	if (is_there[i])
		cr_assert_eq(dp_table_sub_del(table, subs[i]), 0);
	is_there[i] = false;
}

static int contains(void *arg, uint32_t number, struct rh_cesql_text text)
{
	(void)arg;
	(void)number;
	return memmem(text.bytes, text.size, PATTERN, sizeof(PATTERN) - 1) != NULL;
}

static uint8_t attributes[64];
static uint16_t attributes_len;

static void attribute(const char *name, enum rh_attribute_type type, const char *value)
{
	struct rh_attribute put = {
		.name = name, .name_len = (uint8_t)strlen(name), .type = type, .value = value, .value_len = (uint16_t)strlen(value)};
	int len = rh_attribute_put(attributes, sizeof(attributes), attributes_len, &put);

	cr_assert_gt(len, 0);
	attributes_len = (uint16_t)len;
}

static void event_make(unsigned number)
{
	char n[2] = {(char)('0' + number % 4), '\0'}, word[3] = {'w', (char)('0' + number / 4 % 4), '\0'};

	attributes_len = 0;
	attribute("n", RH_ATTR_INTEGER, n);
	attribute("k", RH_ATTR_INTEGER, "7");
	if (number % 5)
		attribute("word", RH_ATTR_STRING, word);
}

static void event_check(const char *payload)
{
	static struct rh_cesql_attribute list[DP_ATTRIBUTES_MAX];
	static struct rh_cesql_scratch scratch;
	const struct rh_cesql_event event = {.attribute = list,
		.count = dp_attributes_read(attributes, attributes_len, list),
		.payload = {payload, (uint32_t)strlen(payload)},
		.matches = contains};
	const struct dp_match_key key = {.topic = "t/x",
		.topic_len = 3,
		.attributes = attributes,
		.attributes_len = attributes_len,
		.payload = (const uint8_t *)payload,
		.payload_len = (uint32_t)strlen(payload)};
	struct dp_match_result result;
	bool gets[CONDS] = {false};

	dp_match_burst(match, &key, 1, &result);
	for (uint32_t i = 0; i < result.count; i++)
		gets[result.receivers[i].session] = true;
	for (unsigned i = 0; i < CONDS; i++)
		cr_assert_eq(gets[i], is_there[i] && rh_cesql_matches(programs[i], &event, &scratch), "condition %u, payload %s", i,
			payload);
}

static void check(void)
{
	(void)fixture_publish();
	for (unsigned i = 0; i < 16; i++) {
		event_make(i);
		event_check("nothing");
		event_check("a needle");
	}
}

static uint32_t lists(void)
{
	return table->contents.lists.directory->segment[0]->live;
}

/* Without memory every second time. */
static void all_go(bool memory)
{
	if (!memory)
		memory_ends(0, true);
	for (unsigned i = 0; i < CONDS; i += 2)
		del(i);
	(void)memory_is_back();
	check();
	if (!memory)
		memory_ends(0, true);
	for (unsigned i = 1; i < CONDS; i += 2)
		del(i);
	(void)memory_is_back();
	check();
	cr_assert_eq(lists(), 0);
	cr_assert_eq(table->contents.conds.count, 0);
	cr_assert_eq(fixture_stats().filters, 0);
	cr_assert_eq(fixture_stats().subscriptions, 0);
}

/* The subscription behind @before others, allocation @at of it failing. False: it does not make so many. */
static bool add_failing(unsigned before, uint32_t at, bool on, unsigned *refused)
{
	struct dp_table_stats was;
	struct rh_error err = {""};
	uint32_t conds, listed;
	bool failed;
	int ret;

	for (unsigned i = 0; i < before; i++)
		cr_assert_eq(add(i, &err), 0);
	check();
	was = fixture_stats();
	conds = (uint32_t)table->contents.conds.count;
	listed = lists();
	memory_ends(at, on);
	ret = add(before, &err);
	failed = memory_is_back();
	if (ret) {
		++*refused;
		cr_assert_eq(ret, -ENOMEM);
		cr_assert(failed && strstr(err.text, "memory"), "%s", err.text);
		cr_assert_eq(table->contents.conds.count, conds);
		cr_assert_eq(lists(), listed);
		cr_assert_eq(fixture_stats().subscriptions, was.subscriptions);
		cr_assert_eq(fixture_stats().filters, was.filters);
		cr_assert_eq(fixture_stats().sets, was.sets);
		cr_assert_eq(fixture_stats().shapes, was.shapes);
	}
	check();
	/* It goes in now, if it did not; and so do others. */
	for (unsigned i = before; i < CONDS; i++)
		if (!is_there[i])
			cr_assert_eq(add(i, &err), 0);
	check();
	all_go(at % 2);
	return failed;
}

static void adds_failing(unsigned before, bool on, unsigned refusals, unsigned tolerated)
{
	unsigned refused = 0, at = 0;
	uint64_t bytes;

	contents_add();
	/* Tables that have grown stay so. */
	(void)add_failing(before, NEVER, false, &refused);
	fixture_reclaim();
	bytes = fixture_stats().bytes;
	while (add_failing(before, at, on, &refused))
		at++;
	cr_expect_geq(refused, refusals);
	cr_expect_geq(at - refused, tolerated);
	fixture_reclaim();
	cr_expect_eq(fixture_stats().bytes, bytes);
	contents_del();
	cr_expect_eq(table->contents.predicates.count, 0);
}

Test(content_failure, the_first_condition_of_a_filter)
{
	adds_failing(0, false, 4, 0);
	adds_failing(0, true, 4, 0);
}

Test(content_failure, a_condition_among_few)
{
	adds_failing(1, false, 2, 0);
	adds_failing(DP_ACCESS_LIST - 1, true, 2, 0);
}

/* Each of the others is found by keys afterwards, or looked at as before. */
Test(content_failure, the_condition_that_makes_them_many)
{
	adds_failing(DP_ACCESS_LIST, false, 2, DP_ACCESS_LIST);
	adds_failing(DP_ACCESS_LIST, true, 2, DP_ACCESS_LIST);
}

Test(content_failure, a_condition_that_is_found_by_keys)
{
	for (unsigned before = DP_ACCESS_LIST + 1; before < DP_ACCESS_LIST + 8; before++)
		adds_failing(before, before % 2, 2, 0);
}

/* Contents */

static bool content_failing(unsigned i, uint32_t at, bool on, unsigned *refused)
{
	struct rh_error err = {""};
	uint32_t predicates = (uint32_t)table->contents.predicates.count;
	const struct rh_cesql_tree *from = i % 8 == 7 ? NULL : &tree;
	bool failed;
	int ret;

	tree_of(i);
	memory_ends(at, on);
	ret = dp_table_content_add(table, 0, CONDS + 1, from, &pattern, &err);
	failed = memory_is_back();
	if (ret) {
		++*refused;
		cr_assert_eq(ret, -ENOMEM);
		cr_assert(failed && strstr(err.text, "memory"), "%s", err.text);
		cr_assert_eq(dp_table_content_del(table, CONDS + 1), -ENOENT);
	} else {
		memory_ends(0, true);
		cr_assert_eq(dp_table_content_del(table, CONDS + 1), 0);
		(void)memory_is_back();
	}
	cr_assert_eq(table->contents.predicates.count, predicates);
	return failed;
}

/* Of predicates that are new, and of some that others have. */
Test(content_failure, an_expression_leaves_no_trace)
{
	for (unsigned i = 0; i < 2 * CONDS; i++) {
		uint64_t bytes;
		unsigned refused = 0, at = 0;

		if (i == CONDS) {
			contents_add();
			check();
		}
		fixture_reclaim();
		bytes = fixture_stats().bytes;
		while (content_failing(i % CONDS, at, i % 3, &refused))
			at++;
		cr_expect_geq(refused, 2, "expression %u", i);
		fixture_reclaim();
		cr_expect_eq(fixture_stats().bytes, bytes, "expression %u", i);
	}
	contents_del();
	cr_expect_eq(table->contents.predicates.count, 0);
}

/* The names of a condition's expression and of its predicates are free at once, and with others. */
Test(content_failure, removal_needs_no_memory)
{
	struct rh_error err;
	uint64_t bytes;

	fixture_reclaim();
	bytes = fixture_stats().bytes;
	contents_add();
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < CONDS; i++)
			if (!is_there[i])
				cr_assert_eq(add(i, &err), 0);
		check();
		/* Where some were, others come, and the rest goes. */
		memory_ends(0, true);
		for (unsigned i = round; i < CONDS; i += 1 + round)
			del(i);
		(void)memory_is_back();
		check();
	}
	all_go(false);
	memory_ends(0, true);
	contents_del();
	(void)memory_is_back();
	cr_expect_eq(table->contents.predicates.count, 0);
	fixture_reclaim();
	cr_expect_eq(fixture_stats().bytes, bytes);
}

Test(content_failure, samples_without_memory_are_not_wanted)
{
	static struct dp_samples got;

	for (uint32_t at = 0; at < 2; at++) {
		memory_ends(at, false);
		cr_expect_eq(dp_samples_want(table, 0), -ENOMEM);
		cr_expect(memory_is_back());
		cr_expect_eq(table->samples_wanted, 0);
	}
	memory_ends(2, false);
	cr_expect_eq(dp_samples_want(table, 0), 0);
	cr_expect_not(memory_is_back());
	dp_samples_read(table, 0, &got);
	cr_expect_eq(got.count, 0);
}
