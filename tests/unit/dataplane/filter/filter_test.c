#include "dataplane/filter/filter.h"

#include "tests/lib/random.h"
#include "tests/lib/reference.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct rh_filter filter;
static struct rh_topic topic;
static struct rh_error why;

static int parse(const char *text)
{
	why.text[0] = '\0';
	return rh_filter_parse(RH_DIALECT_MQTT, text, strlen(text), &filter, &why);
}

static void expect(const char *filter_text, const char *topic_text, bool want)
{
	cr_assert_eq(parse(filter_text), 0, "%s: %s", filter_text, why.text);
	cr_assert_eq(rh_topic_parse(topic_text, strlen(topic_text), &topic, &why), 0, "%s: %s",
		topic_text, why.text);
	cr_expect_eq(
		rh_filter_matches(&filter, &topic), want, "%s against %s", filter_text, topic_text);
	cr_expect_eq(ref_matches(filter_text, strlen(filter_text), topic_text, strlen(topic_text)),
		want, "reference: %s against %s", filter_text, topic_text);
}

static void refuse(const char *text, int errnum, const char *position)
{
	cr_expect_eq(parse(text), -errnum, "%s", text);
	cr_expect(strstr(why.text, position), "'%s' lacks '%s' (filter %s)", why.text, position,
		text);
	cr_expect_null(strchr(why.text, '\n'));
	cr_expect_not(ref_filter_valid(text, strlen(text)), "reference takes %s", text);
}

/* MQTT 5.0 section 4.7.1.2 */
Test(filter, tail_wildcard_matches_parent_and_all_below)
{
	expect("sport/tennis/player1/#", "sport/tennis/player1", true);
	expect("sport/tennis/player1/#", "sport/tennis/player1/ranking", true);
	expect("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true);
	expect("sport/#", "sport", true);
	expect("sport/#", "sport/", true);
	expect("sport/#", "sports", false);
	expect("#", "a", true);
	expect("#", "/", true);
	expect("#", "a//b", true);
	expect("/#", "/", true);
	expect("/#", "a", false);
	expect("+/#", "a", true);
	expect("a/#", "b", false);
}

/* Section 4.7.1.3 */
Test(filter, one_level_wildcard_fills_exactly_one_level)
{
	expect("sport/tennis/+", "sport/tennis/player1", true);
	expect("sport/tennis/+", "sport/tennis/player2", true);
	expect("sport/tennis/+", "sport/tennis/player1/ranking", false);
	expect("sport/+", "sport", false);
	expect("sport/+", "sport/", true);
	expect("+", "sport", true);
	expect("+/tennis/#", "x/tennis", true);
	expect("sport/+/player1", "sport/a/player1", true);
	expect("+/+", "/finance", true);
	expect("/+", "/finance", true);
	expect("+", "/finance", false);
	expect("+/+/+", "//", true);
	expect("+/+", "//", false);
}

/* Section 4.7.2 */
Test(filter, leading_wildcard_hides_dollar_topics)
{
	expect("#", "$SYS/a", false);
	expect("+/monitor/Clients", "$SYS/monitor/Clients", false);
	expect("$SYS/#", "$SYS/", true);
	expect("$SYS/#", "$SYS", true);
	expect("$SYS/monitor/+", "$SYS/monitor/Clients", true);
	expect("+", "$", false);
	expect("a/+", "a/$x", true);
	expect("a/#", "a/$x", true);
	expect("/#", "/$SYS", true);
	expect("$SYS", "$SYS", true);
}

/* Section 4.7.3 */
Test(filter, names_are_compared_byte_for_byte)
{
	expect("ACCOUNTS", "Accounts", false);
	expect("Accounts payable", "Accounts payable", true);
	expect("/finance", "finance", false);
	expect("a", "a/", false);
	expect("a/", "a", false);
	expect("a//b", "a/b", false);
	expect("a//b", "a//b", true);
	expect("\xc3\xa9", "e\xcc\x81", false);
	expect("$share", "$share", true);
	expect("$shared/a", "$shared/a", true);
}

Test(filter, refusals_name_the_position)
{
	refuse("", EINVAL, "empty");
	refuse("sport/tennis#", EINVAL, "byte 12");
	refuse("sport/tennis/#/ranking", EINVAL, "byte 13");
	refuse("sport+", EINVAL, "byte 5");
	refuse("+a", EINVAL, "byte 0");
	refuse("a/#b", EINVAL, "byte 2");
	refuse("##", EINVAL, "byte 0");
	refuse("#/", EINVAL, "byte 0");
	refuse("a/++/b", EINVAL, "byte 2");
	refuse("a/\xff/b", EINVAL, "byte 2");
	refuse("a/\xed\xa0\x80", EINVAL, "byte 2");
	refuse("a\xc0\xaf", EINVAL, "byte 1");
}

static void expect_prefix(const char *text, const char *plain, bool except, const char *group)
{
	static struct rh_filter other;

	cr_assert_eq(parse(text), 0, "%s: %s", text, why.text);
	cr_expect_eq(rh_filter_parse(RH_DIALECT_MQTT, plain, strlen(plain), &other, &why), 0);
	cr_expect_str_eq(filter.canon, other.canon, "%s", text);
	cr_expect_eq(filter.except, except, "%s", text);
	cr_expect_eq(filter.grouped, group != NULL, "%s", text);
	cr_expect_str_eq(filter.group, group ? group : "", "%s", text);
	cr_expect_eq(filter.group_len, strlen(filter.group));
	cr_expect_eq(rh_filter_is_plain(&filter, &why), -ENOTSUP);
}

/* Section 4.8.2; the rule of '$' is for what follows the group. */
Test(filter, groups_and_exceptions_are_told_from_the_filter)
{
	expect_prefix("$share/group/a/b", "a/b", false, "group");
	expect_prefix("$share/g//finance", "/finance", false, "g");
	expect_prefix("$share/consumer1/sport/tennis/+", "sport/tennis/+", false, "consumer1");
	expect_prefix("$share/g/#", "#", false, "g");
	expect_prefix("$queue/a", "a", false, "");
	expect_prefix("!a/#", "a/#", true, NULL);
	cr_assert_eq(parse("$share/g/+/a"), 0);
	cr_expect(filter.hides_dollar);
	cr_assert_eq(parse("$shared/a"), 0);
	cr_expect_eq(rh_filter_is_plain(&filter, &why), 0);
	refuse("$share//a", EINVAL, "byte 7");
	refuse("$share/", EINVAL, "byte 7");
	refuse("$share/g", EINVAL, "byte 8");
	refuse("$share/g/", EINVAL, "byte 9");
	refuse("$share/g+/a", EINVAL, "byte 8");
	refuse("$share/#/a", EINVAL, "byte 7");
	refuse("$share/g/a#", EINVAL, "byte 10");
	refuse("$queue/", EINVAL, "byte 7");
	refuse("!", EINVAL, "byte 1");
	refuse("!$share/g/a", EINVAL, "byte 1");
	refuse("!$queue/a", EINVAL, "byte 1");
	refuse("$share/g/!a", EINVAL, "byte 9");
}

Test(filter, zero_byte_is_refused)
{
	cr_expect_eq(rh_filter_parse(RH_DIALECT_MQTT, "a\0b", 3, &filter, &why), -EINVAL);
	cr_expect(strstr(why.text, "byte 1"));
}

Test(filter, limits_are_exact)
{
	static char text[RH_FILTER_MAX + 2];

	memset(text, 'a', sizeof(text));
	cr_expect_eq(rh_filter_parse(RH_DIALECT_MQTT, text, RH_FILTER_MAX, &filter, &why), 0);
	cr_expect_eq(filter.len, RH_FILTER_MAX);
	cr_expect_eq(
		rh_filter_parse(RH_DIALECT_MQTT, text, RH_FILTER_MAX + 1, &filter, &why), -EINVAL);
	memset(text, '/', sizeof(text));
	cr_expect_eq(rh_filter_parse(RH_DIALECT_MQTT, text, RH_LEVELS_MAX - 1, &filter, &why), 0);
	cr_expect_eq(filter.tokens, RH_LEVELS_MAX);
	cr_expect_eq(rh_filter_parse(RH_DIALECT_MQTT, text, RH_LEVELS_MAX, &filter, &why), -EINVAL);
	cr_expect(strstr(why.text, "level 129"), "%s", why.text);
	cr_expect_not(ref_filter_valid(text, RH_LEVELS_MAX));
}

Test(filter, canonical_bytes_are_read_back)
{
	static struct rh_filter again;

	cr_assert_eq(parse("+//\xc3\xa9/#"), 0);
	cr_expect_str_eq(filter.canon, "\xfd\xf8//\xc3\xa9/\xf9");
	cr_expect_eq(filter.tokens, 4);
	cr_expect(filter.hides_dollar);
	cr_assert_eq(rh_filter_from_canon(filter.canon, filter.len, &again), 0);
	cr_expect_str_eq(again.canon, filter.canon);
	cr_expect(again.hides_dollar);
	cr_expect_eq(memcmp(again.token, filter.token, sizeof(*filter.token) * filter.tokens), 0);
}

Test(filter, dialects_have_names)
{
	enum rh_dialect dialect;

	cr_expect_eq(rh_dialect_from_name("mqtt", &dialect), 0);
	cr_expect_eq(dialect, RH_DIALECT_MQTT);
	cr_expect_eq(rh_dialect_from_name("smf", &dialect), -ENOENT);
	cr_expect_str_eq(rh_dialect_name(RH_DIALECT_MQTT), "mqtt");
	cr_expect_eq(rh_dialect_from_name("amqp", &dialect), 0);
	cr_expect_eq(dialect, RH_DIALECT_AMQP);
	cr_expect_str_eq(rh_dialect_name(RH_DIALECT_COUNT), "unknown");
	cr_expect_eq(rh_filter_parse(RH_DIALECT_COUNT, "a", 1, &filter, &why), -EINVAL);
}

static void show(const char *text, size_t len, char *out)
{
	for (size_t i = 0; i < len; i++)
		out += sprintf(out, text[i] > 0x20 && text[i] < 0x7f ? "%c" : "\\x%02x",
			(unsigned char)text[i]);
	*out = '\0';
}

Test(filter, agrees_with_the_reference_on_random_pairs, .timeout = 3000)
{
	static char f[256], t[256], fs[1024], ts[1024];
	size_t cases = rnd_cases(50000, 5000000), matches = 0;
	struct rnd rnd;

	rnd_init(&rnd, "filter");
	for (size_t i = 0; i < cases; i++) {
		size_t flen = rnd_topic_text(&rnd, 5, true, 10, f);
		size_t tlen = rnd_topic_text(&rnd, 5, false, 5, t);
		bool f_ok = rh_filter_parse(RH_DIALECT_MQTT, f, flen, &filter, &why) == 0;
		bool t_ok = rh_topic_parse(t, tlen, &topic, &why) == 0;

		show(f, flen, fs);
		show(t, tlen, ts);
		cr_assert_eq(f_ok, ref_filter_valid(f, flen), "filter %s", fs);
		cr_assert_eq(t_ok, ref_topic_valid(t, tlen), "topic %s", ts);
		if (!f_ok || !t_ok)
			continue;
		cr_assert_eq(rh_filter_matches(&filter, &topic), ref_matches(f, flen, t, tlen),
			"filter %s topic %s", fs, ts);
		matches += ref_matches(f, flen, t, tlen);
	}
	cr_expect_gt(matches, cases / 50, "only %zu of %zu pairs matched", matches, cases);
}

static void expect_why(const char *filter_text, const char *topic_text, const char *want)
{
	char out[256] = "untouched";

	cr_assert_eq(parse(filter_text), 0, "%s: %s", filter_text, why.text);
	cr_assert_eq(rh_topic_parse(topic_text, strlen(topic_text), &topic, &why), 0);
	cr_expect_eq(rh_filter_why_not(&filter, &topic, out, sizeof(out)),
		!rh_filter_matches(&filter, &topic));
	cr_expect_str_eq(out, want);
}

Test(filter, says_why_it_does_not_match)
{
	expect_why("a/+/#", "a/b", "untouched");
	expect_why("a/b", "a/c", "level 2 is 'c', the filter wants 'b'");
	expect_why("a/b/#", "a", "levels: the topic has 1, the filter wants at least 2");
	expect_why("a/b", "a/b/c", "levels: the topic has 3, the filter wants 2");
	expect_why("+/b", "/", "level 2 is '', the filter wants 'b'");
	expect_why("#", "$SYS/a",
		"a wildcard in the first level does not match topics that start with $");
	/* 22 letters and a character of three bytes */
	expect_why("b", "aaaaaaaaaaaaaaaaaaaaaa\xe2\x82\xac",
		"level 1 is 'aaaaaaaaaaaaaaaaaaaaaa', the filter wants 'b'");
}
