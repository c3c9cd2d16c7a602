/*
 * Subscriptions with CESQL against a judge that asks every one of them: does its filter match (tests/lib/reference.h), and
 * does its whole expression hold, evaluated alone?
 */

#include "dataplane/base/rcu.h"
#include "dataplane/cesql/program.h"
#include "dataplane/frame/event.h"
#include "dataplane/match/match_priv.h"
#include "tests/lib/random.h"
#include "tests/lib/reference.h"
#include "tests/unit/dataplane/match/fixture.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUBS	 400
#define CONTENTS 300

/* The event under test. */
static uint8_t attributes[RH_ATTRIBUTES_MAX];
static uint16_t attributes_len;

static void attribute(const char *name, enum rh_attribute_type type, const char *value)
{
	struct rh_attribute attr = {
		.name = name, .name_len = (uint8_t)strlen(name), .type = type, .value = value, .value_len = (uint16_t)strlen(value)};
	int len = rh_attribute_put(attributes, sizeof(attributes), attributes_len, &attr);

	cr_assert_gt(len, 0, "%s: %d", name, len);
	attributes_len = (uint16_t)len;
}

static struct dp_match_result match_event(const char *topic)
{
	struct dp_match_key key = {.topic = topic,
		.topic_len = (uint16_t)strlen(topic),
		.attributes = attributes,
		.attributes_len = attributes_len};
	struct dp_match_result result;

	dp_match_burst(match, &key, 1, &result);
	return result;
}

static bool gets(const struct dp_match_result *result, dp_session_id_t session)
{
	for (uint32_t i = 0; i < result->count; i++)
		if (result->receivers[i].session == session)
			return true;
	return false;
}

static void start(void)
{
	fixture_start(256);
	attributes_len = 0;
}

TestSuite(expression, .init = start, .fini = fixture_stop);

Test(expression, attributes_decide_with_the_topic)
{
	struct dp_match_result result;

	fixture_content(1, "type = 'made' AND size > 10");
	fixture_content(2, "EXISTS subject");
	(void)fixture_subscribe("plant/#", 1, 1);
	(void)fixture_subscribe("plant/7", 2, 2);
	(void)fixture_subscribe("plant/7", 3, 0);
	(void)fixture_publish();
	attribute("type", RH_ATTR_STRING, "made");
	attribute("size", RH_ATTR_INTEGER, "11");
	for (int cached = 0; cached < 2; cached++) {
		result = match_event("plant/7");
		cr_expect_eq(result.count, 2);
		cr_expect(gets(&result, 1) && gets(&result, 3));
	}
	result = match_event("other");
	cr_expect_eq(result.count, 0);
	attributes_len = 0;
	result = match_event("plant/7");
	cr_expect_eq(result.count, 1);
}

/* What one event's payload was found to hold says nothing of the next one's. */
Test(expression, payloads_of_a_burst_are_read_each)
{
	static const char *const payloads[] = {"{\"n\":1}", "{\"n\":2}", "{\"n\":1", "{\"n\":2}", "{\"n\":1}"};
	static const unsigned want[] = {1, 2, 0, 2, 1};
	struct dp_match_key key[5];
	struct dp_match_result result[5];

	fixture_content(1, "JSON(payload, '/n') = 1");
	fixture_content(2, "JSON(payload, '/n') > 1");
	(void)fixture_subscribe("a", 1, 1);
	(void)fixture_subscribe("a", 2, 2);
	(void)fixture_publish();
	for (unsigned i = 0; i < 5; i++)
		key[i] = (struct dp_match_key){
			.topic = "a", .topic_len = 1, .payload = (const uint8_t *)payloads[i], .payload_len = (uint32_t)strlen(payloads[i])};
	dp_match_burst(match, key, 5, result);
	for (unsigned i = 0; i < 5; i++) {
		cr_expect_eq(result[i].count, want[i] != 0, "%u", i);
		cr_expect(!want[i] || gets(&result[i], want[i]), "%u", i);
	}
}

Test(expression, equal_predicates_are_one)
{
	fixture_content(1, "a = 'x' AND n > 3");
	fixture_content(2, "n > 3 OR a != 'x'");
	fixture_content(3, "NOT (b LIKE 'q%')");
	fixture_content(4, "b NOT LIKE 'q%' AND n   >   3");
	cr_expect_eq(table->contents.predicates.count, 3);
	cr_assert_eq(dp_table_content_del(table, 3), 0);
	cr_expect_eq(table->contents.predicates.count, 3);
	cr_assert_eq(dp_table_content_del(table, 4), 0);
	cr_expect_eq(table->contents.predicates.count, 2);
	cr_assert_eq(dp_table_content_del(table, 1), 0);
	cr_assert_eq(dp_table_content_del(table, 2), 0);
	cr_expect_eq(table->contents.predicates.count, 0);
}

Test(expression, numbers_are_checked)
{
	static struct rh_cesql_tree tree;
	struct rh_error err;
	dp_sub_id_t sub;

	cr_assert_eq(rh_cesql_parse("a = 'x'", 7, &tree, NULL, &err), 0);
	cr_assert_eq(dp_table_content_add(table, 0, 1, &tree, NULL, &err), 0);
	cr_expect_eq(dp_table_content_add(table, 0, 1, &tree, NULL, &err), -EEXIST);
	cr_expect(strstr(err.text, "number 1 has an expression"));
	cr_expect_eq(dp_table_content_add(table, 0, 0, &tree, NULL, &err), -EINVAL);
	cr_expect_eq(dp_table_content_add(table, 0, DP_LIMIT_CONTENTS + 1, &tree, NULL, &err), -EINVAL);
	cr_expect(strstr(err.text, "1 to 4194304"));
	cr_expect_eq(dp_table_content_add(table, 1024, 2, &tree, NULL, &err), -EINVAL);
	cr_expect(strstr(err.text, "tenant 1024"));
	cr_expect_eq(dp_table_content_add(table, 0, 2, NULL, &(dp_pattern_id_t){1}, &err), -EINVAL);
	cr_expect(strstr(err.text, "pattern 1 is not installed"));
	sub = fixture_subscribe("t", 1, 1);
	cr_expect_eq(dp_table_content_del(table, 1), -EBUSY);
	cr_assert_eq(dp_table_sub_del(table, sub), 0);
	cr_expect_eq(dp_table_content_del(table, 1), 0);
	cr_expect_eq(dp_table_content_del(table, 1), -ENOENT);
}

/* Wire types (CloudEvents 1.0, Type System): a number or truth value that is none in its canonical form is text. */
Test(expression, values_have_their_types)
{
	static const struct {
		enum rh_attribute_type type;
		const char *value, *holds;
	} rows[] = {{RH_ATTR_INTEGER, "7", "x = 7 AND x + 1 = 8"}, {RH_ATTR_INTEGER, "-2147483648", "x < -2147483647"},
		{RH_ATTR_INTEGER, "2147483648", "LENGTH(x) = 10 AND x LIKE '2147%'"}, {RH_ATTR_INTEGER, "", "x = ''"},
		{RH_ATTR_INTEGER, "-", "x = '-'"}, {RH_ATTR_STRING, "7", "x = 7 AND x = '7'"},
		{RH_ATTR_BOOLEAN, "true", "x"}, {RH_ATTR_BOOLEAN, "false", "NOT x"}, {RH_ATTR_BOOLEAN, "yes", "x = 'yes'"},
		{RH_ATTR_TIMESTAMP, "2026-11-22T00:00:00Z", "x LIKE '2026-%'"}};

	for (dp_content_id_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dp_match_result result;

		fixture_content(i + 1, rows[i].holds);
		(void)fixture_subscribe("t", i + 1, i + 1);
		(void)fixture_publish();
		attributes_len = 0;
		attribute("x", rows[i].type, rows[i].value);
		result = match_event("t");
		cr_expect(gets(&result, i + 1), "%s", rows[i].holds);
	}
}

/* The last of them is not true. */
Test(expression, more_operands_than_are_tested_are_all_asked)
{
	static char text[64 * (DP_OPERANDS_MOST + 1)];
	char one[16];
	size_t len = 0;

	for (unsigned i = 0; i < 2 * DP_ACCESS_LIST; i++) {
		(void)snprintf(one, sizeof(one), "n = %u", 100 + i);
		fixture_content(i + 1, one);
		(void)fixture_subscribe("t", i, i + 1);
	}
	for (unsigned i = 0; i <= DP_OPERANDS_MOST; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s%u", i ? " AND " : "", i ? "n != " : "n = ", i ? 100 + i : 7);
	fixture_content(1000, text);
	(void)fixture_subscribe("t", 1000, 1000);
	(void)snprintf(text + len, sizeof(text) - len, " AND n != 7");
	fixture_content(1001, text);
	(void)fixture_subscribe("t", 1001, 1001);
	(void)fixture_publish();
	attribute("n", RH_ATTR_INTEGER, "7");
	for (unsigned i = 0; i < 2; i++) {
		struct dp_match_result result = match_event("t");

		cr_assert_eq(result.count, 1);
		cr_assert(gets(&result, 1000));
	}
}

struct visited {
	uint32_t count;
	bool sure;
};

static void count_visit(void *arg, const uint64_t *target, uint32_t count, bool sure)
{
	struct visited *visited = arg;

	(void)target;
	visited->count += count;
	visited->sure = sure;
}

/* Facts are read before the lists: a string that came between is not the event's as far as they know. */
Test(expression, a_string_that_is_younger_than_the_facts_makes_them_unsure)
{
	struct dp_match_key key = {.topic = "t", .topic_len = 1, .attributes = attributes};
	static struct dp_access_batch batch;
	struct visited visited = {0, false};
	struct dp_filter *filter = NULL;
	char one[32];

	for (unsigned i = 0; i < 2 * DP_ACCESS_LIST; i++) {
		(void)snprintf(one, sizeof(one), "a = 'x' AND b != 'word%u'", i);
		fixture_content(i + 1, one);
		filter = dp_slot_filter_of(dp_slot_at(table, fixture_subscribe("t", i, i + 1)));
	}
	(void)fixture_publish();
	attribute("a", RH_ATTR_STRING, "x");
	attribute("b", RH_ATTR_STRING, "new");
	key.attributes_len = attributes_len;
	dp_judge_begin(table->judge, &key, NULL);
	dp_access_each(&table->contents, &batch, filter, table->judge, count_visit, &visited);
	cr_assert(visited.count == 2 * DP_ACCESS_LIST && visited.sure);
	fixture_content(1000, "a = 'x' AND b != 'new'");
	(void)fixture_subscribe("t", 1000, 1000);
	visited = (struct visited){0, true};
	dp_access_each(&table->contents, &batch, filter, table->judge, count_visit, &visited);
	cr_assert(visited.count == 2 * DP_ACCESS_LIST + 1 && !visited.sure);
}

/* Random ones */

static const char *const names[] = {"a", "b", "n", "m", "flag", "subject"};
static const char *const words[] = {"x", "y", "xyzzy", "xyzzy-plugh", "plugh", "", "5", "05", "+5", "true", "TRUE", "1", "0", "-3",
	"quite a long text whose beginning is as long as its end, which is long", "long", "zzy", "zyx"};
#define PICK(rnd, list) ((list)[rnd_below(rnd, sizeof(list) / sizeof((list)[0]))])

static void literal(struct rnd *rnd, char *out)
{
	if (rnd_below(rnd, 2))
		sprintf(out, "'%s'", PICK(rnd, words));
	else if (rnd_below(rnd, 4))
		sprintf(out, "%d", (int)rnd_below(rnd, 12) - 4);
	else
		strcpy(out, rnd_below(rnd, 2) ? "TRUE" : "FALSE");
}

static void predicate(struct rnd *rnd, char *out)
{
	static const char *const orders[] = {"<", "<=", ">", ">="};
	static const char *const likes[] = {"x%", "%gh", "xyzzy%plugh", "_", "%", "quite a long%is long", "%-%", "x\\%", "5", "%z%",
		"%zzy%", "%zy-pl%", "%yzzy_plu%", "xyzzy%", "x_zzy%", "%zzy", "%_zzy", "%a long text whose%", "xyzzy-plu%", "%%y%", "%lo%lo%"};
	const char *name = PICK(rnd, names);
	char one[128], two[128];
	int low;

	literal(rnd, one);
	literal(rnd, two);
	switch (rnd_below(rnd, 14)) {
	case 0:
	case 1:
	case 2:
		sprintf(out, "%s = %s", name, one);
		break;
	case 3:
		sprintf(out, "%s = %s", one, name);
		break;
	case 4:
		sprintf(out, "%s %s %d", name, PICK(rnd, orders), (int)rnd_below(rnd, 12) - 4);
		break;
	case 5:
		sprintf(out, "%d %s %s", (int)rnd_below(rnd, 12) - 4, PICK(rnd, orders), name);
		break;
	case 6:
		sprintf(out, "%s %sIN (%s, %s)", name, rnd_below(rnd, 4) ? "" : "NOT ", one, two);
		break;
	case 7:
		sprintf(out, "%s %sLIKE '%s'", name, rnd_below(rnd, 4) ? "" : "NOT ", PICK(rnd, likes));
		break;
	case 8:
		sprintf(out, "%sEXISTS %s", rnd_below(rnd, 3) ? "" : "NOT ", name);
		break;
	case 9:
		sprintf(out, "%s != %s", name, one);
		break;
	case 11:
	case 12:
		low = (int)rnd_below(rnd, 12) - 4;
		sprintf(out, "(%s >= %d AND %s < %d)", name, low, name, low + (int)rnd_below(rnd, 6));
		break;
	case 10:
		sprintf(out, "LENGTH(%s) > %u", name, rnd_below(rnd, 6));
		break;
	default:
		strcpy(out, name);
	}
}

static void expression(struct rnd *rnd, unsigned depth, char *out)
{
	static const char *const operators[] = {" AND ", " AND ", " AND ", " OR ", " XOR "};
	const char *joined_by = PICK(rnd, operators);
	unsigned count = 1 + rnd_below(rnd, 3);
	char one[1024];

	if (!depth || !rnd_below(rnd, 4)) {
		predicate(rnd, out);
		return;
	}
	out += sprintf(out, rnd_below(rnd, 8) ? "(" : "NOT (");
	for (unsigned i = 0; i < count; i++) {
		expression(rnd, depth - 1, one);
		out += sprintf(out, "%s%s", i ? joined_by : "", one);
	}
	strcpy(out, ")");
}

struct sub {
	bool live;
	dp_sub_id_t id;
	const char *filter;
	dp_session_id_t session;
	uint32_t content;
};

static struct sub subs[SUBS];
static struct rh_cesql_program *programs[CONTENTS + 1];
static char texts[CONTENTS + 1][4096];
static uint32_t uses[CONTENTS + 1];

static void content_draw(struct rnd *rnd, uint32_t id)
{
	static struct rh_cesql_tree tree;
	struct rh_error err;

	do
		expression(rnd, 2, texts[id]);
	while (rh_cesql_parse(texts[id], strlen(texts[id]), &tree, NULL, &err) != 0);
	cr_assert_eq(rh_cesql_compile(&tree, &programs[id], NULL), 0);
	fixture_content(id, texts[id]);
}

/* Like the rest of the world, most subscribe to the same. */
static void toggle(struct rnd *rnd)
{
	static const char *const filters[] = {"t/#", "t/#", "t/#", "t/#", "t/+", "t/x", "u"};
	struct sub *sub = &subs[rnd_below(rnd, SUBS)];

	if (sub->live) {
		cr_assert_eq(dp_table_sub_del(table, sub->id), 0);
		sub->live = false;
		if (sub->content && !--uses[sub->content]) {
			cr_assert_eq(dp_table_content_del(table, sub->content), 0);
			rh_cesql_destroy(programs[sub->content]);
		}
		return;
	}
	*sub = (struct sub){.live = true, .filter = PICK(rnd, filters), .session = rnd_below(rnd, 300)};
	sub->content = rnd_below(rnd, 20) ? 1 + rnd_below(rnd, CONTENTS) : 0;
	if (sub->content && !uses[sub->content]++)
		content_draw(rnd, sub->content);
	sub->id = fixture_subscribe(sub->filter, sub->session, sub->content);
}

static void event_draw(struct rnd *rnd)
{
	static const enum rh_attribute_type types[] = {RH_ATTR_STRING, RH_ATTR_STRING, RH_ATTR_INTEGER, RH_ATTR_BOOLEAN};

	attributes_len = 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (rnd_below(rnd, 3)) {
			enum rh_attribute_type type = PICK(rnd, types);
			char number[16];

			sprintf(number, "%d", (int)rnd_below(rnd, 12) - 4);
			attribute(names[i], type, type == RH_ATTR_INTEGER ? number : PICK(rnd, words));
		}
}

/* By asking everybody. */
static uint64_t compare(const char *topic, const struct dp_match_result *result, const char *when)
{
	static struct rh_cesql_attribute list[DP_ATTRIBUTES_MAX];
	static struct rh_cesql_scratch scratch;
	const struct rh_cesql_event event = {
		.attribute = list, .count = dp_attributes_read(attributes, attributes_len, list)};
	static bool due[DP_LIMIT_SESSIONS];
	uint64_t count = 0;

	memset(due, 0, sizeof(due));
	for (const struct sub *sub = subs; sub < subs + SUBS; sub++) {
		if (!sub->live || !ref_matches(sub->filter, strlen(sub->filter), topic, strlen(topic)) ||
			(sub->content && !rh_cesql_matches(programs[sub->content], &event, &scratch)))
			continue;
		cr_assert(gets(result, sub->session), "%s: session %u misses %s with %s", when, sub->session, sub->filter,
			sub->content ? texts[sub->content] : "nothing");
		count += !due[sub->session];
		due[sub->session] = true;
	}
	cr_assert_eq(result->count, count, "%s: %u receivers, %lu are due", when, result->count, count);
	return count;
}

static void run(const char *name, size_t rounds)
{
	static const char *const topics[] = {"t/x", "t/y", "t/x/z", "u"};
	uint64_t copies = 0;
	struct rnd rnd;

	rnd_init(&rnd, name);
	for (size_t i = 0; i < rounds; i++) {
		for (unsigned n = rnd_below(&rnd, i < 20 ? 60 : 8); n; n--)
			toggle(&rnd);
		(void)fixture_publish();
		for (unsigned n = 0; n < 8; n++) {
			const char *topic = PICK(&rnd, topics);
			struct dp_match_result result;

			event_draw(&rnd);
			result = match_event(topic);
			copies += compare(topic, &result, name);
		}
	}
	cr_expect_gt(copies, rounds * 8, "hardly anything is delivered");
	cr_expect_gt(table->contents.lists.directory->segment[0]->live, 50, "hardly any condition is found by keys");
	/* All go: nothing is left behind. */
	for (size_t i = 0; i < SUBS; i++)
		if (subs[i].live)
			cr_assert_eq(dp_table_sub_del(table, subs[i].id), 0);
	cr_expect_eq(table->contents.lists.directory->segment[0]->live, 0);
	cr_expect_eq(table->contents.conds.count, 0);
	for (uint32_t id = 1; id <= CONTENTS; id++)
		if (uses[id]) {
			cr_assert_eq(dp_table_content_del(table, id), 0);
			rh_cesql_destroy(programs[id]);
		}
	cr_expect_eq(table->contents.predicates.count, 0);
	cr_expect_eq(table->contents.ways.directory->segment[0]->live, 0);
	cr_expect_eq(table->contents.atoms.names.directory->segment[0]->live, 0);
	cr_expect_eq(table->contents.atoms.strings.directory->segment[0]->live, 0);
	fixture_reclaim();
	cr_expect_eq(fixture_stats().filters, 0);
}

Test(expression, random_ones_are_decided_exactly)
{
	run("expression", rnd_cases(1500, 20000));
}

Test(expression, random_ones_are_decided_exactly_without_a_cache)
{
	fixture_stop();
	fixture_start(0);
	run("expression, no cache", rnd_cases(1500, 20000));
}

/* As if strings were interned by somebody else all the time. */
static bool interning;

static void *intern(void *arg)
{
	uint64_t *made = arg;

	while (rh_load_relaxed(&interning))
		rh_store_relaxed(made, rh_load_relaxed(made) + 1);
	return NULL;
}

Test(expression, random_ones_are_decided_exactly_while_strings_come)
{
	pthread_t thread;

	rh_store_relaxed(&interning, true);
	cr_assert_eq(pthread_create(&thread, NULL, intern, &table->contents.atoms.strings_made), 0);
	run("expression, strings come", rnd_cases(500, 5000));
	rh_store_relaxed(&interning, false);
	(void)pthread_join(thread, NULL);
}
