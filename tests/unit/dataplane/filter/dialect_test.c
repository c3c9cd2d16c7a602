/* Each dialect's own rules: what is read, what is refused and where, what has no image elsewhere.
 */

#include "dataplane/filter/filter.h"

#include "tests/lib/random.h"
#include "tests/lib/reference_dialect.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define M RH_DIALECT_MQTT
#define S RH_DIALECT_SOLACE
#define N RH_DIALECT_NATS
#define Z RH_DIALECT_ZENOH
#define A RH_DIALECT_AMQP

static struct rh_filter filter, other;
static struct rh_error why;

static int parse(enum rh_dialect dialect, const char *text)
{
	return rh_filter_parse(dialect, text, strlen(text), &filter, &why);
}

static void canon(enum rh_dialect dialect, const char *text, const char *want)
{
	cr_assert_eq(parse(dialect, text), 0, "%s: %s", text, why.text);
	cr_expect_str_eq(filter.canon, want, "%s %s", rh_dialect_name(dialect), text);
	cr_expect_eq(filter.len, strlen(want));
	cr_expect_eq(rh_filter_from_canon(want, strlen(want), &other), 0, "%s", text);
	cr_expect_eq(other.tokens, filter.tokens);
}

Test(dialect, equal_filters_have_equal_bytes)
{
	canon(M, "a/b", "a/b");
	canon(M, "a/+/#", "a/\xfa");
	canon(S, "a/>", "a/\xfa");
	canon(N, "a.>", "a/\xfa");
	canon(A, "a.*.#", "a/\xfa");
	canon(A, "a.#.*", "a/\xfa");
	canon(M, "a/#", "a/\xf9");
	canon(A, "a.#", "a/\xf9");
	canon(A, "a.#.#", "a/\xf9");
	canon(Z, "a/**",
		"\xfe"
		"a/\xf9");
	canon(Z, "a/**/*",
		"\xfe"
		"a/\xfa");
	canon(Z, "a/**/*/b",
		"\xfe"
		"a/\xf8/\xfb/b");
	canon(A, "#.*.#.*.b", "\xf8/\xf8/\xfb/b");
	canon(M, "+/x", "\xfd\xf8/x");
	canon(S, "+/x", "+/x");
	canon(S, "*/x", "\xf8/x");
	canon(M, "#", "\xfd\xf9");
	canon(M, "+/#", "\xfd\xf9");
	canon(A, "#", "\xf9");
	canon(N, ">", "\xfa");
	canon(Z, "**", "\xfe\xf9");
	canon(M, "/#", "/\xfa");
	canon(S, "/>", "/\xfa");
	canon(A, "#.", "\xf8/\xfb/");
	canon(A, "", "");
	canon(A, ".", "/");
	canon(S, "red*", "red\xfc");
	canon(Z, "red$*", "red\xfc");
	canon(Z, "red$*$*", "red\xfc");
	canon(Z, "a$*b/$*c",
		"\xfe"
		"a\xfc"
		"b/\xfc"
		"c");
	canon(Z, "$*", "\xfe\xf8");
	canon(Z, "@a$*$*/b", "@a$*/b");
	canon(S, "*bro/br*wn/>/a*b*", "*bro/br*wn/>/a*b\xfc");
	canon(N, "foo.b*r.>x", "foo/b*r/>x");
}

static void refuse(enum rh_dialect dialect, const char *text, const char *position)
{
	int ret = parse(dialect, text);

	cr_expect(ret == -EINVAL || ret == -ENOTSUP, "%s %s", rh_dialect_name(dialect), text);
	cr_expect(strstr(why.text, position), "'%s' lacks '%s'", why.text, position);
	cr_expect_null(strchr(why.text, '\n'));
	cr_expect_not(ref_dialect_filter_valid((enum ref_dialect)dialect, text, strlen(text)),
		"reference takes %s", text);
}

Test(dialect, refusals_name_the_position)
{
	refuse(S, "", "empty");
	refuse(S, "a/\xff", "byte 2");
	refuse(S, "#noexport/a", "byte 0");
	refuse(S, "#share//a", "byte 7");
	refuse(S, "#share/g", "byte 8");
	refuse(N, "", "'>' for all");
	refuse(N, "a..b", "byte 2");
	refuse(N, ".a", "byte 0");
	refuse(N, "a.", "byte 2");
	refuse(N, "a.b c", "byte 3");
	refuse(N, "a.\t", "byte 2");
	refuse(N, "a.>.b", "byte 2");
	refuse(N, "a/b", "byte 1");
	refuse(N, "!", "byte 1");
	refuse(Z, "", "'**' for all");
	refuse(Z, "/a/b", "byte 0");
	refuse(Z, "a/b/", "byte 4");
	refuse(Z, "a//b", "byte 2");
	refuse(Z, "a/b/*$*", "byte 4");
	refuse(Z, "a/b/$**", "byte 6");
	refuse(Z, "a/b/**$*", "byte 4");
	refuse(Z, "a/b*", "byte 3");
	refuse(Z, "a/***", "byte 2");
	refuse(Z, "a/$b", "byte 2");
	refuse(Z, "a/b$", "byte 3");
	refuse(Z, "a/#", "byte 2");
	refuse(Z, "a?b", "byte 1");
	refuse(A, "a.b/c", "byte 3");
	refuse(A, "a.\xc3", "byte 2");
}

static void limit(enum rh_dialect dialect, size_t most)
{
	static char text[RH_FILTER_MAX + 2];

	memset(text, 'a', sizeof(text));
	cr_expect_eq(rh_filter_parse(dialect, text, most, &filter, &why), 0, "%s", why.text);
	cr_expect_eq(rh_filter_parse(dialect, text, most + 1, &filter, &why), -EINVAL);
	cr_expect(strstr(why.text, "at most"), "%s", why.text);
}

Test(dialect, limits_are_exact)
{
	static char text[RH_FILTER_MAX];

	limit(S, 250);
	limit(N, RH_FILTER_MAX);
	limit(Z, RH_FILTER_MAX);
	limit(A, 255);
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = i % 2 ? '/' : '*';
	cr_expect_eq(rh_filter_parse(Z, text, 255, &filter, &why), 0);
	cr_expect_eq(filter.tokens, RH_LEVELS_MAX);
	cr_expect_eq(rh_filter_parse(Z, text, 257, &filter, &why), -EINVAL);
	cr_expect(strstr(why.text, "level 129"), "%s", why.text);
}

static void no_image(enum rh_dialect from, const char *text, enum rh_dialect to, const char *what)
{
	char out[RH_FILTER_TEXT_MAX];

	cr_assert_eq(parse(from, text), 0, "%s", why.text);
	cr_expect_eq(rh_filter_print(&filter, to, out, sizeof(out), &why), -ENOTSUP, "%s as %s: %s",
		text, rh_dialect_name(to), out);
	cr_expect(strstr(why.text, what), "'%s' lacks '%s'", why.text, what);
	cr_expect(strstr(why.text, rh_dialect_name(to)), "%s", why.text);
}

static void image(enum rh_dialect from, const char *text, enum rh_dialect to, const char *want)
{
	char out[RH_FILTER_TEXT_MAX];

	cr_assert_eq(parse(from, text), 0, "%s", why.text);
	cr_expect_eq(rh_filter_print(&filter, to, out, sizeof(out), &why), strlen(want), "%s: %s",
		text, why.text);
	cr_expect_str_eq(out, want);
}

Test(dialect, what_has_an_image_is_printed)
{
	image(M, "a/+/#", S, "a/>");
	image(M, "a/+/b", N, "a.*.b");
	image(M, "/#", M, "/#");
	image(S, "/>", M, "/#");
	image(S, "//>", M, "//+/#");
	image(M, "a/+/#", A, "a.*.#");
	image(S, "a/red*/b", Z, "a/red$*/b");
	image(N, "$JS.API.>", M, "$JS/API/+/#");
	image(A, "a.#", M, "a/#");
	image(Z, "a/b", A, "a.b");
	image(M, "!a/+", S, "!a/*");
	image(M, "$share/g/a/+", S, "#share/g/a/*");
	image(S, "#share/g/a/*", M, "$share/g/a/+");
	image(M, "$queue/a/+", N, "$queue/a.*");
}

Test(dialect, what_has_no_image_is_refused_by_name)
{
	no_image(M, "#", S, "'$'");
	no_image(M, "+/a", N, "'$'");
	no_image(S, ">", M, "'$'");
	no_image(Z, "a/*", M, "'@'");
	no_image(S, "a/*", Z, "'@'");
	no_image(M, "a/#", S, "level 2");
	no_image(M, "a/#", N, "subscribe twice");
	no_image(A, "a.#.b", M, "in between");
	no_image(S, "red*", M, "solace has it");
	no_image(Z, "a$*b", S, "zenoh has it");
	no_image(M, "a//b", N, "empty level");
	no_image(M, "/", Z, "empty level");
	no_image(A, "", M, "empty key");
	no_image(S, "+/a", M, "'+'");
	no_image(M, "a/*", S, "'*'");
	no_image(M, "a/>", S, "'>'");
	no_image(M, "a/*", N, "wildcard");
	no_image(M, "a.b", N, "'.'");
	no_image(M, "a.b", A, "'.'");
	no_image(M, "$SYS/a", Z, "'$'");
	no_image(S, "@a*", Z, "'@'");
	no_image(S, "$share/g/a", M, "begins with");
}

Test(dialect, print_needs_room)
{
	char out[4] = "xxx";

	cr_assert_eq(parse(M, "a/b"), 0);
	cr_expect_eq(rh_filter_print(&filter, M, out, 3, &why), -EMSGSIZE);
	cr_expect_eq(rh_filter_print(&filter, M, out, 0, &why), -EMSGSIZE);
	cr_expect_eq(rh_filter_print(&filter, M, out, 4, &why), 3);
	cr_expect_eq(rh_filter_show(&filter, out, 2, NULL), -EMSGSIZE);
}

static void not_canonical(const char *bytes)
{
	cr_expect_eq(rh_filter_from_canon(bytes, strlen(bytes), &filter), -EINVAL, "%s", bytes);
}

Test(dialect, bytes_that_are_not_canonical_are_refused)
{
	not_canonical("\xfd"
		      "a");
	not_canonical("\xfe"
		      "a");
	not_canonical("\xfd");
	not_canonical("\xfe\xfd\xf8");
	not_canonical("a/\xf8/\xf9");
	not_canonical("a/\xf9/b");
	not_canonical("a/\xfa/b");
	not_canonical("a/\xfb");
	not_canonical("\xfb/\xf8/a");
	not_canonical("\xfb/\xfb/a");
	not_canonical("\xfc");
	not_canonical("a\xfc\xfc");
	not_canonical("a\xf8");
	not_canonical("a\xff");
	not_canonical("a\xc3\xfc");
	not_canonical("/\xf9");
	not_canonical("\xfd\xfa");
	cr_expect_eq(rh_filter_from_canon("a\0b", 3, &filter), -EINVAL);
}

static void topic_refused(enum rh_dialect dialect, const char *text, const char *position)
{
	char buffer[RH_TOPIC_MAX + 1];
	struct rh_topic topic;

	cr_expect_eq(rh_topic_parse_dialect(dialect, text, strlen(text), buffer, &topic, &why),
		-EINVAL, "%s", text);
	cr_expect(strstr(why.text, position), "'%s' lacks '%s'", why.text, position);
}

static void topic_taken(
	enum rh_dialect dialect, const char *text, const char *native, unsigned levels)
{
	char buffer[RH_TOPIC_MAX + 1];
	struct rh_topic topic;

	cr_assert_eq(rh_topic_parse_dialect(dialect, text, strlen(text), buffer, &topic, &why), 0,
		"%s", why.text);
	cr_expect_eq(topic.levels, levels);
	cr_expect_eq(topic.len, strlen(native));
	cr_expect_eq(strncmp(topic.text, native, topic.len), 0);
}

Test(dialect, topics_follow_their_dialect)
{
	topic_taken(M, "a/b", "a/b", 2);
	topic_taken(S, "!a/*/>/+", "!a/*/>/+", 4);
	topic_taken(N, "a.b*.c", "a/b*/c", 3);
	topic_taken(Z, "a/@b", "a/@b", 2);
	topic_taken(A, "a..#", "a//#", 3);
	topic_taken(A, "", "", 0);
	topic_refused(M, "a/+", "byte 2");
	topic_refused(S, "", "empty");
	topic_refused(N, "a.*", "byte 2");
	topic_refused(N, "a.>", "byte 2");
	topic_refused(N, "a..b", "byte 2");
	topic_refused(N, "a/b", "byte 1");
	topic_refused(N, "a b", "byte 1");
	topic_refused(Z, "a/*", "byte 2");
	topic_refused(Z, "a/$*", "byte 2");
	topic_refused(Z, "a//b", "byte 2");
	topic_refused(Z, "a/b#", "byte 3");
	topic_refused(A, "a.b/c", "byte 3");
	topic_refused(A, "\xff", "byte 0");
	topic_refused(RH_DIALECT_COUNT, "a", "unknown");
}

/* Texts of a dialect's own characters, most of them well placed. */
static size_t random_text(struct rnd *rnd, enum rh_dialect dialect, char *out)
{
	static const char *const pieces[] = {"", "a", "b", "ab", "a", "+", "#", "*", "**", ">",
		"$*", "a$*", "$*b", "a*", "@a", "@a$*", "$a", "\xc3\xa9", "?", " ", "\xff", "*",
		"**", "#"};
	bool dots = dialect == N || dialect == A;
	size_t levels = 1 + rnd_below(rnd, 5), len = 0;

	for (size_t i = 0; i < levels; i++) {
		const char *piece = pieces[rnd_below(rnd, sizeof(pieces) / sizeof(*pieces))];

		if (i)
			out[len++] = rnd_below(rnd, 40) == 0 ? "/."[!dots] : "/."[dots];
		memcpy(out + len, piece, strlen(piece));
		len += strlen(piece);
	}
	out[len] = '\0';
	return len;
}

Test(dialect, agrees_with_the_reference_on_random_pairs, .timeout = 3000)
{
	static char f[256], t[256], buffer[RH_TOPIC_MAX + 1];
	size_t cases = rnd_cases(100000, 10000000), valid = 0, matches = 0;
	struct rh_topic topic;
	struct rnd rnd;

	rnd_init(&rnd, "dialect");
	for (size_t i = 0; i < cases; i++) {
		enum rh_dialect d = rnd_below(&rnd, RH_DIALECT_COUNT);
		size_t flen = random_text(&rnd, d, f), tlen = random_text(&rnd, d, t);
		bool ok = rh_filter_parse(d, f, flen, &filter, &why) == 0;

		cr_assert_eq(ok, ref_dialect_filter_valid((enum ref_dialect)d, f, flen), "%s '%s'",
			rh_dialect_name(d), f);
		if (!ok || rh_topic_parse_dialect(d, t, tlen, buffer, &topic, NULL) < 0)
			continue;
		valid++;
		cr_assert_eq(rh_filter_matches(&filter, &topic),
			ref_dialect_matches((enum ref_dialect)d, f, flen, topic.text, topic.len),
			"%s '%s' against '%s'", rh_dialect_name(d), f, t);
		matches += rh_filter_matches(&filter, &topic);
	}
	cr_expect_gt(valid, cases / 50, "%zu", valid);
	cr_expect_gt(matches, cases / 500, "%zu", matches);
}

static void expect_why(
	enum rh_dialect dialect, const char *text, const char *topic_text, const char *want)
{
	char buffer[RH_TOPIC_MAX + 1], out[256] = "untouched";
	struct rh_topic topic;

	cr_assert_eq(parse(dialect, text), 0, "%s", why.text);
	cr_assert_eq(rh_topic_parse_dialect(
			     dialect, topic_text, strlen(topic_text), buffer, &topic, &why),
		0);
	cr_expect_eq(rh_filter_why_not(&filter, &topic, out, sizeof(out)),
		!rh_filter_matches(&filter, &topic));
	cr_expect_str_eq(out, want);
}

Test(dialect, says_why_it_does_not_match)
{
	expect_why(S, "a/>", "a", "levels: the topic has 1, the filter wants at least 2");
	expect_why(S, "a/red*", "a/blue", "level 2 is 'blue', the filter wants 'red*'");
	expect_why(Z, "a$*b", "ac", "level 1 is 'ac', the filter wants 'a*b'");
	expect_why(Z, "a/*", "a/@b",
		"level 2 is '@b': what begins with '@' no wildcard of zenoh takes");
	expect_why(Z, "a/**", "a/b/@c",
		"levels behind the first 1: one begins with '@', which no wildcard of zenoh takes");
	expect_why(
		A, "a.#.b", "a.c", "no levels behind the first 1 fit what the filter wants there");
	expect_why(A, "*", "", "levels: the topic has 0, the filter wants 1");
	expect_why(A, "", "a", "levels: the topic has 1, the filter wants 0");
	expect_why(A, "#", "", "untouched");
}

/* 128 levels of the worst: what would take a backtracking matcher longer than the universe. */
Test(dialect, hostile_filters_are_answered_soon)
{
	static char f[2 * RH_FILTER_MAX], g[2 * RH_FILTER_MAX], t[RH_TOPIC_MAX + 1];
	static struct rh_filter again;
	struct rh_topic topic;

	for (unsigned i = 0; i < 63; i++)
		strcat(f, "**/a/"), strcat(t, "a/a/");
	strcpy(g, f);
	strcat(f, "b"), strcat(g, "a"), strcat(t, "a");
	cr_assert_eq(rh_topic_parse(t, strlen(t), &topic, &why), 0);
	cr_assert_eq(parse(Z, f), 0, "%s", why.text);
	cr_assert_eq(rh_filter_parse(Z, g, strlen(g), &again, &why), 0);
	cr_expect_not(rh_filter_matches(&filter, &topic));
	cr_expect(rh_filter_matches(&again, &topic));
	for (unsigned i = 0; i < 100; i++) {
		cr_expect_not(rh_filter_intersects(&filter, &again));
		cr_expect_not(rh_filter_covers(&again, &filter));
		cr_expect(rh_filter_covers(&again, &again));
	}
	for (f[0] = '\0'; strlen(f) < RH_FILTER_MAX - 4;)
		strcat(f, "a$*");
	strcpy(g, f);
	strcat(f, "b"), strcat(g, "c");
	memset(t, 'a', RH_TOPIC_MAX);
	cr_assert_eq(rh_topic_parse(t, RH_TOPIC_MAX, &topic, &why), 0);
	cr_assert_eq(parse(Z, f), 0, "%s", why.text);
	cr_assert_eq(rh_filter_parse(Z, g, strlen(g), &again, &why), 0);
	cr_expect_not(rh_filter_matches(&filter, &topic));
	cr_expect_not(rh_filter_intersects(&filter, &again));
	cr_expect_not(rh_filter_covers(&filter, &again));
}
