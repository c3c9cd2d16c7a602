/*
 * Filters as sets of topics, against brute force: every filter over a small alphabet of levels is
 * held against every topic over a small alphabet by the reference, and what the room says of
 * matching, covering, meeting and being equal must be what those sets say.
 */

#include "dataplane/filter/filter.h"

#include "tests/lib/random.h"
#include "tests/lib/reference_dialect.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 64

struct entry {
	enum rh_dialect dialect;
	char text[TEXT_MAX];
	struct rh_filter filter;
	uint64_t *topics; /* a bit for each that it matches */
};

/* Topics in native text; the first is that of no level. */
struct world {
	size_t topics, entries, room, words;
	char (*topic)[TEXT_MAX];
	struct entry *entry;
};

static struct world world;

static void topic_add(const char *text)
{
	if ((world.topics & (world.topics - 1)) == 0) {
		world.topic = realloc(world.topic, (world.topics * 2 + 1) * TEXT_MAX);
		cr_assert(world.topic);
	}
	strcpy(world.topic[world.topics++], text);
}

/* All texts of up to @most of @pieces, @separator between them. */
static void each_text(const char *const *pieces, const char *separator, unsigned most,
	const char *so_far, bool any, void (*add)(const char *text))
{
	char text[TEXT_MAX];

	if (any && *so_far)
		add(so_far);
	for (size_t i = 0; pieces[i] && most; i++) {
		cr_assert_lt(strlen(so_far) + strlen(pieces[i]) + 2, TEXT_MAX);
		(void)snprintf(
			text, sizeof(text), "%s%s%s", so_far, any ? separator : "", pieces[i]);
		each_text(pieces, separator, most - 1, text, true, add);
	}
}

static void topics_make(const char *const *levels, unsigned most)
{
	world = (struct world){.topics = 0};
	topic_add("");
	each_text(levels, "/", most, "", false, topic_add);
	world.words = (world.topics + 63) / 64;
}

static bool topic_matches(const struct rh_filter *filter, const char *text)
{
	struct rh_topic topic = {.text = text};

	if (*text)
		cr_assert_eq(rh_topic_parse(text, strlen(text), &topic, NULL), 0, "%s", text);
	return rh_filter_matches(filter, &topic);
}

static void entry_add(enum rh_dialect dialect, const char *text)
{
	size_t len = strlen(text);
	struct entry *e;
	struct rh_error why;

	if (world.entries == world.room) {
		world.room = world.room ? world.room * 2 : 64;
		world.entry = realloc(world.entry, world.room * sizeof(*world.entry));
		cr_assert(world.entry);
	}
	e = &world.entry[world.entries];
	if (!ref_dialect_filter_valid((enum ref_dialect)dialect, text, len)) {
		cr_assert(rh_filter_parse(dialect, text, len, &e->filter, &why) < 0 ||
				  rh_filter_is_plain(&e->filter, NULL) < 0,
			"%s taken as %s", text, rh_dialect_name(dialect));
		return;
	}
	cr_assert_eq(rh_filter_parse(dialect, text, len, &e->filter, &why), 0, "%s", why.text);
	world.entries++;
	e->dialect = dialect;
	strcpy(e->text, text);
	e->topics = calloc(world.words, sizeof(*e->topics));
	cr_assert(e->topics);
	for (size_t t = 0; t < world.topics; t++) {
		const char *topic = world.topic[t];
		bool want = ref_dialect_matches(
			(enum ref_dialect)dialect, text, len, topic, strlen(topic));

		e->topics[t / 64] |= (uint64_t)want << (t % 64);
		cr_assert_eq(topic_matches(&e->filter, topic), want, "%s %s against '%s': want %d",
			rh_dialect_name(dialect), text, topic, want);
	}
}

static enum rh_dialect adding;

static void entry_add_text(const char *text)
{
	entry_add(adding, text);
}

static void filters_make(
	enum rh_dialect dialect, const char *separator, const char *const *levels, unsigned most)
{
	adding = dialect;
	each_text(levels, separator, most, "", false, entry_add_text);
}

/* Every text that a dialect prints for it is the same filter; there is always one. */
static void check_print(const struct entry *e)
{
	static char text[RH_FILTER_TEXT_MAX];
	static struct rh_filter again;
	enum rh_dialect shown = RH_DIALECT_COUNT;

	for (unsigned d = 0; d < RH_DIALECT_COUNT; d++) {
		int n = rh_filter_print(&e->filter, d, text, sizeof(text), NULL);

		if (n < 0)
			continue;
		cr_assert_eq(n, strlen(text));
		cr_assert_eq(rh_filter_parse(d, text, (size_t)n, &again, NULL), 0);
		cr_assert_str_eq(again.canon, e->filter.canon, "%s printed as %s", e->text, text);
	}
	cr_assert_geq(rh_filter_print(&e->filter, e->dialect, text, sizeof(text), NULL), 0,
		"%s does not print in its own dialect %s", e->text, rh_dialect_name(e->dialect));
	cr_assert_geq(rh_filter_show(&e->filter, text, sizeof(text), &shown), 0);
	cr_assert_neq(shown, RH_DIALECT_COUNT);
	cr_assert_eq(
		rh_filter_from_canon(e->filter.canon, e->filter.len, &again), 0, "%s", e->text);
	cr_assert_eq(memcmp(again.token, e->filter.token, again.tokens * sizeof(*again.token)), 0,
		"%s %s", rh_dialect_name(e->dialect), e->text);
}

static void check_pair(const struct entry *a, const struct entry *b)
{
	bool covers = true, meets = false, equal = true;
	const char *of_a = rh_dialect_name(a->dialect), *of_b = rh_dialect_name(b->dialect);

	for (size_t w = 0; w < world.words; w++) {
		covers &= (b->topics[w] & ~a->topics[w]) == 0;
		meets |= (b->topics[w] & a->topics[w]) != 0;
		equal &= b->topics[w] == a->topics[w];
	}
	cr_assert_eq(rh_filter_covers(&a->filter, &b->filter), covers,
		"%s %s covers %s %s: want %d", of_a, a->text, of_b, b->text, covers);
	cr_assert_eq(rh_filter_intersects(&a->filter, &b->filter), meets,
		"%s %s meets %s %s: want %d", of_a, a->text, of_b, b->text, meets);
	cr_assert_eq(strcmp(a->filter.canon, b->filter.canon) == 0, equal,
		"%s %s equals %s %s: want %d", of_a, a->text, of_b, b->text, equal);
}

static void check_all(size_t least)
{
	cr_assert_geq(world.entries, least, "only %zu filters", world.entries);
	for (size_t i = 0; i < world.entries; i++) {
		check_print(&world.entry[i]);
		for (size_t j = 0; j < world.entries; j++)
			check_pair(&world.entry[i], &world.entry[j]);
	}
	for (size_t i = 0; i < world.entries; i++)
		free(world.entry[i].topics);
	free(world.entry);
	free(world.topic);
}

Test(sets, mqtt, .timeout = 3000)
{
	static const char *const levels[] = {"", "a", "z", "$a", NULL};
	static const char *const tokens[] = {"", "a", "$a", "+", "#", NULL};

	topics_make(levels, rnd_cases(5, 6));
	filters_make(RH_DIALECT_MQTT, "/", tokens, rnd_cases(3, 4));
	check_all(100);
}

Test(sets, amqp, .timeout = 3000)
{
	static const char *const levels[] = {"", "a", "b", "z", NULL};
	static const char *const tokens[] = {"", "a", "b", "*", "#", NULL};

	topics_make(levels, 7);
	entry_add(RH_DIALECT_AMQP, "");
	filters_make(RH_DIALECT_AMQP, ".", tokens, rnd_cases(3, 4));
	check_all(150);
}

/* Longer filters over fewer words: gaps on both sides of runs with holes. */
Test(sets, amqp_runs, .timeout = 3000)
{
	static const char *const levels[] = {"a", "z", NULL};
	static const char *const tokens[] = {"a", "*", "#", NULL};

	topics_make(levels, rnd_cases(10, 12));
	filters_make(RH_DIALECT_AMQP, ".", tokens, rnd_cases(5, 6));
	check_all(300);
}

Test(sets, zenoh, .timeout = 3000)
{
	static const char *const levels[] = {"a", "ab", "az", "z", "zb", "@a", "@z", NULL};
	static const char *const tokens[] = {"a", "a$*", "$*b", "*", "**", "@a", NULL};

	topics_make(levels, rnd_cases(5, 6));
	filters_make(RH_DIALECT_ZENOH, "/", tokens, rnd_cases(3, 4));
	check_all(250);
}

/* Verbatim chunks between gaps: the place of a run is decided by what no wildcard passes. */
Test(sets, zenoh_verbatim, .timeout = 3000)
{
	static const char *const levels[] = {"a", "z", "@a", NULL};
	static const char *const tokens[] = {"a", "*", "**", "@a", NULL};

	topics_make(levels, rnd_cases(7, 9));
	filters_make(RH_DIALECT_ZENOH, "/", tokens, rnd_cases(4, 5));
	check_all(300);
}

/* One chunk, every glob: the alphabet needs a character that no filter has. */
Test(sets, zenoh_globs, .timeout = 3000)
{
	static const char *const chars[] = {"a", "b", "z", NULL};
	static const char *const tokens[] = {"a", "b", "$*", NULL};

	world = (struct world){.topics = 0};
	topic_add("");
	each_text(chars, "", rnd_cases(7, 8), "", false, topic_add);
	world.words = (world.topics + 63) / 64;
	filters_make(RH_DIALECT_ZENOH, "", tokens, rnd_cases(4, 5));
	check_all(100);
}

Test(sets, solace_and_nats, .timeout = 3000)
{
	static const char *const levels[] = {"", "a", "ab", "z", "a*", "a*b", ">", NULL};
	static const char *const solace[] = {"", "a", "a*", "*", ">", "a*b", NULL};
	static const char *const nats[] = {"a", "ab", "*", ">", "a*", NULL};

	topics_make(levels, 5);
	filters_make(RH_DIALECT_SOLACE, "/", solace, 3);
	filters_make(RH_DIALECT_NATS, ".", nats, 3);
	check_all(300);
}

static void random_filter(struct rnd *rnd)
{
	static const char *const tokens[RH_DIALECT_COUNT][10] = {
		{"", "a", "$a", "@a", "+", "+", "#", "#", "ab", "a"},
		{"", "a", "a*", "@*", "*", "*", ">", ">", "$a", "@a"},
		{"ab", "a", "$a", "@a", "*", "*", ">", ">", "a", "*"},
		{"**", "a$*", "$*b", "@a", "*", "**", "a", "**", "ab", "a$*b"},
		{"", "a", "#", "@a", "*", "#", "#", "$a", "ab", "a"},
	};
	enum rh_dialect dialect = rnd_below(rnd, RH_DIALECT_COUNT);
	bool dots = dialect == RH_DIALECT_NATS || dialect == RH_DIALECT_AMQP;
	unsigned levels = 1 + rnd_below(rnd, 3);
	char text[TEXT_MAX] = "";

	for (unsigned i = 0; i < levels; i++) {
		if (i)
			strcat(text, dots ? "." : "/");
		strcat(text, tokens[dialect][rnd_below(
				     rnd, dialect == RH_DIALECT_NATS || i + 1 == levels ? 10 : 6)]);
	}
	entry_add(dialect, text);
}

Test(sets, of_all_dialects, .timeout = 3000)
{
	static const char *const levels[] = {
		"", "a", "ab", "az", "azb", "zb", "z", "@a", "@z", "$a", "$zb", NULL};
	struct rnd rnd;

	rnd_init(&rnd, "sets");
	topics_make(levels, 5);
	entry_add(RH_DIALECT_AMQP, "");
	entry_add(RH_DIALECT_AMQP, "#");
	entry_add(RH_DIALECT_MQTT, "#");
	entry_add(RH_DIALECT_ZENOH, "**");
	for (size_t i = 0; i < rnd_cases(120, 2000); i++)
		random_filter(&rnd);
	check_all(60);
}
