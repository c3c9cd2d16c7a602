/*
 * The registry against a plain list: random requests of many sessions, some of them on their way
 * while others come, over a table that gives a number away again at once.
 */
#include "tests/unit/controlplane/subs/fixture.h"

#include "dataplane/base/hash.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SESSIONS 24
#define FILTERS	 40 /* the last ones are refused by the table */
#define REFUSED	 4
#define CONTENTS 7 /* 0: none */
#define EXCEPT	 CONTENTS /* as one more of them */
#define MOST	 ((REFUSED + 3) * (EXCEPT + 1) + 1) /* subscriptions of a session; see filter_choose */
#define STEPS	 20000
#define EITHER	 0xff

static bool want[SESSIONS][FILTERS][EXCEPT + 1];
static uint32_t count[SESSIONS];
static unsigned open_requests;

#define SPELLINGS 3

/* One expression in the ways it can be written, and as it is shown. */
static const struct {
	uint8_t kind;
	const char *shown, *spelling[SPELLINGS];
} contents[CONTENTS] = {
	{0, NULL, {0}},
	{RH_CONTENT_PAYLOAD_REGEX, "MATCHES(payload, 'one')", {"one", "one", "one"}},
	{RH_CONTENT_PAYLOAD_REGEX, "MATCHES(payload, 'two[0-9]')", {"two[0-9]", "two[0-9]", "two[0-9]"}},
	{RH_CONTENT_CESQL, "(MATCHES(payload, 'two[0-9]') OR CONTAINS(payload, 'three'))",
		{"matches(payload, 'two[0-9]') or contains(payload, 'three')",
			"(MATCHES (payload, \"two[0-9]\")) OR CONTAINS(payload,'three')",
			"MATCHES(payload, 'two[0-9]') OR (CONTAINS(payload, \"three\"))"}},
	{RH_CONTENT_CESQL, "(n = 1)", {"n = 1", "(n=1)", "N = +1"}},
	{RH_CONTENT_CESQL, "((a != 'x') AND EXISTS b)",
		{"a <> 'x' and exists b", "(a != \"x\") AND exists B", "a!='x' AND (EXISTS b)"}},
	{RH_CONTENT_CESQL, "TRUE", {"true", "(TRUE)", "((True))"}},
};

TestSuite(registry, .init = fixture_start, .fini = fixture_stop, .timeout = 110);

struct asked {
	uint16_t count;
	bool drop;
	uint8_t codes[4];
};

static void on_answer(
	void *arg, const struct cp_sub_outcome *outcomes, uint16_t n, uint64_t generation)
{
	struct asked *asked = arg;

	(void)generation;
	open_requests--;
	cr_assert_eq(n, asked->count);
	for (uint16_t i = 0; i < n; i++)
		cr_assert(asked->codes[i] == EITHER || outcomes[i].code == asked->codes[i],
			"%u instead of %u: %s", outcomes[i].code, asked->codes[i], outcomes[i].text);
	free(asked);
}

/* One filter in the dialects that can say it. */
static const struct {
	const char *wanted, *refused;
	enum rh_dialect dialect;
} writings[] = {
	{"%sf/%u/+/x", "%srefused/%u", RH_DIALECT_MQTT},
	{"%sf/%u/*/x", "%srefused/%u", RH_DIALECT_SOLACE},
	{"%sf.%u.*.x", "%srefused.%u", RH_DIALECT_NATS},
	{"%sf.%u.*.x", "%srefused.%u", RH_DIALECT_AMQP},
};

static struct rh_sub_entry entry_of(unsigned f, unsigned p, char *text, size_t room)
{
	size_t w = (size_t)random() % RH_ARRAY_LEN(writings);
	struct rh_sub_entry e;

	/* No filter of a refused name is ever live. */
	(void)snprintf(text, room,
		f >= FILTERS - REFUSED ? writings[w].refused : writings[w].wanted,
		p == EXCEPT ? "!" : "", f);
	if (p && p != EXCEPT) {
		e = entry_with(text, contents[p].spelling[random() % SPELLINGS]);
		e.content_kind = contents[p].kind;
	} else {
		e = entry(text);
	}
	e.dialect = (uint8_t)writings[w].dialect;
	return e;
}

static uint8_t model_add(unsigned s, unsigned f, unsigned p)
{
	if (f >= FILTERS - REFUSED)
		return RH_SUB_LIMIT;
	if (want[s][f][p])
		return RH_SUB_OK;
	if (count[s] == MOST)
		return RH_SUB_LIMIT;
	want[s][f][p] = true;
	count[s]++;
	return RH_SUB_OK;
}

static uint8_t model_del(unsigned s, unsigned f, unsigned p)
{
	/* Under way it is there, refused it is not. */
	if (f >= FILTERS - REFUSED)
		return EITHER;
	if (!want[s][f][p])
		return RH_SUB_NOT_SUBSCRIBED;
	want[s][f][p] = false;
	count[s]--;
	return RH_SUB_OK;
}

/* Those under way that will be refused count until they are: only sessions that stay below the
 * bound ask for them. */
static unsigned filter_choose(unsigned s)
{
	return s % 2 ? (unsigned)random() % (FILTERS - REFUSED)
		     : FILTERS - 1 - (unsigned)random() % (REFUSED + 3);
}

static void request(unsigned s)
{
	struct asked *asked = calloc(1, sizeof(*asked));
	struct rh_sub_entry entries[4];
	char texts[4][32];
	bool del = random() % 5 < 2;
	int ret;

	asked->count = (uint16_t)(1 + random() % 4);
	for (unsigned i = 0; i < asked->count; i++) {
		unsigned f = filter_choose(s);
		unsigned p = random() % 4 ? 0 : (unsigned)random() % (EXCEPT + 1);

		entries[i] = entry_of(f, p, texts[i], sizeof(texts[i]));
		asked->codes[i] = del ? model_del(s, f, p) : model_add(s, f, p);
	}
	ret = del ? cp_subs_del(subs, s, 0, entries, asked->count, on_answer, asked)
		  : cp_subs_add(subs, s, 0, entries, asked->count, on_answer, asked);
	cr_assert_eq(ret, 0);
	open_requests++;
}

static void settle(void)
{
	while (open_requests)
		run_for(1);
}

/* Whoever is dropped is answered first: what it asked for is not done otherwise. */
static void drop_one(unsigned s)
{
	struct asked *asked = calloc(1, sizeof(*asked));

	settle();
	cr_assert_eq(cp_subs_drop_session(subs, s, on_answer, asked), 0);
	open_requests++;
	memset(want[s], 0, sizeof(want[s]));
	count[s] = 0;
}

static bool row_check(void *arg, const struct cp_sub_row *row)
{
	char text[RH_FILTER_TEXT_MAX];
	struct rh_filter filter;
	unsigned f, p = 0;

	cr_assert_eq(rh_filter_from_canon(row->filter, row->filter_len, &filter), 0);
	cr_assert_geq(rh_filter_show(&filter, text, sizeof(text), NULL), 0);
	cr_assert_eq(sscanf(text, "f/%u/+/x", &f), 1, "%s", text);
	while (p < CONTENTS - 1 && row->content && (!p || strcmp(row->content, contents[p].shown) != 0))
		p++;
	p = row->except ? EXCEPT : p;
	cr_assert(want[row->slot][f][p], "session %u has %s and %s", row->slot, text,
		row->content ? row->content : "nothing");
	cr_assert_neq(row->since_wall_ns, 0);
	++*(uint32_t *)arg;
	return true;
}

static void expect_all(void)
{
	struct cp_subs_stats stats;
	uint32_t rows = 0, of = 0, sum = 0;

	settle();
	cp_subs_each(subs, row_check, &rows);
	for (unsigned s = 0; s < SESSIONS; s++) {
		sum += count[s];
		cr_assert_eq(cp_subs_session_count(subs, s), count[s]);
		cr_assert_eq(cp_subs_each_of(subs, s, row_check, &of), 0);
		cr_assert_eq(of, sum);
	}
	cp_subs_stats(subs, &stats);
	cr_assert_eq(rows, sum);
	cr_assert_eq(stats.subscriptions, sum);
	cr_assert_eq(fake.live, sum);
	cr_assert_eq(subs->records.adding_used, 0);
	/* The builder deletes expressions behind the answers. */
	run_for(2);
	cr_assert_eq(fake.live_contents, stats.contents);
}

Test(registry, does_what_a_plain_list_does)
{
	const char *given = getenv("RHUMB_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 0) : rh_random_seed();

	printf("registry: seed %llu (repeat with RHUMB_SEED)\n", (unsigned long long)seed);
	srandom((unsigned)seed);
	subs->subs_per_session = MOST;
	fake.refuse = "refused/";
	for (unsigned i = 0; i < STEPS; i++) {
		request((unsigned)random() % SESSIONS);
		if (random() % 64 == 0)
			(void)uv_run(&loop, UV_RUN_NOWAIT);
		if (random() % 512 == 0)
			drop_one((unsigned)random() % SESSIONS);
		if (random() % 1024 == 0)
			expect_all();
	}
	expect_all();
	for (unsigned s = 0; s < SESSIONS; s++)
		drop_one(s);
	expect_all();
	cr_assert_eq(subs->records.chunks, 0);
	cr_assert_eq(cp_keys_pages(&subs->keys), 1);
	cr_assert_eq(subs->contents.used, 0);
	cr_assert_eq(subs->contents.fresh, 0);
}
