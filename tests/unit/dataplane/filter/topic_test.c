#include "dataplane/filter/topic.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

static struct rh_topic topic;
static struct rh_error why;

static int parse(const char *text)
{
	return rh_topic_parse(text, strlen(text), &topic, &why);
}

static void refuse(const char *text, const char *position)
{
	cr_expect_eq(parse(text), -EINVAL, "%s", text);
	cr_expect(strstr(why.text, position), "'%s' lacks '%s'", why.text, position);
}

Test(topic, is_cut_into_levels_that_may_be_empty)
{
	cr_assert_eq(parse("/a//bc/"), 0);
	cr_assert_eq(topic.levels, 5);
	cr_expect_eq(topic.size[0], 0);
	cr_expect_eq(topic.start[1], 1);
	cr_expect_eq(topic.size[1], 1);
	cr_expect_eq(topic.size[2], 0);
	cr_expect_eq(topic.start[3], 4);
	cr_expect_eq(topic.size[3], 2);
	cr_expect_eq(topic.start[4], 7);
	cr_expect_eq(topic.size[4], 0);
}

Test(topic, wildcards_cannot_be_published)
{
	refuse("a/+/b", "byte 2");
	refuse("a/b#", "byte 3");
	refuse("+", "%2B");
	refuse("#", "%23");
}

Test(topic, bad_text_is_refused_with_its_position)
{
	refuse("", "empty");
	refuse("ab\xf5", "byte 2");
	refuse("ab\xe2\x82", "byte 2");
	cr_expect_eq(rh_topic_parse("abc\0", 4, &topic, &why), -EINVAL);
	cr_expect(strstr(why.text, "byte 3"));
	cr_expect_eq(rh_topic_parse("a+", 2, &topic, NULL), -EINVAL);
}

Test(topic, limits_are_exact)
{
	static char text[65536];

	memset(text, 'x', sizeof(text));
	cr_expect_eq(rh_topic_parse(text, RH_TOPIC_MAX, &topic, &why), 0);
	cr_expect_eq(rh_topic_parse(text, RH_TOPIC_MAX + 1, &topic, &why), -EINVAL);
	memset(text, '/', sizeof(text));
	cr_expect_eq(rh_topic_parse(text, RH_LEVELS_MAX - 1, &topic, &why), 0);
	cr_expect_eq(topic.levels, RH_LEVELS_MAX);
	cr_expect_eq(rh_topic_parse(text, RH_LEVELS_MAX, &topic, &why), -EINVAL);
	cr_expect_eq(rh_topic_parse(text, sizeof(text) - 1, &topic, &why), -EINVAL);
}

static void encode(const void *bytes, size_t len, const char *want)
{
	char out[64];

	cr_assert_eq(rh_topic_encode_level(bytes, len, out, sizeof(out)), (int)strlen(want));
	cr_expect_str_eq(out, want);
}

Test(topic, level_encoding_keeps_what_a_level_holds)
{
	encode("", 0, "");
	encode("libstdc++6", 10, "libstdc%2B%2B6");
	encode("a/b#c%d", 7, "a%2Fb%23c%25d");
	encode("\0\x1f\x7f\n", 4, "%00%1F%7F%0A");
	encode("Stra\xc3\x9f"
	       "e \xf0\x9f\x98\x80",
		12,
		"Stra\xc3\x9f"
		"e \xf0\x9f\x98\x80");
	encode("\xc3(\xff\xe2\x82", 5, "%C3(%FF%E2%82");
	encode("\xed\xa0\x80", 3, "%ED%A0%80");
	encode("$SYS 1:2~3", 10, "$SYS 1:2~3");
}

Test(topic, level_encoding_never_writes_past_its_room)
{
	char out[8];

	memset(out, '!', sizeof(out));
	cr_expect_eq(rh_topic_encode_level("abcd", 4, out, 4), -EMSGSIZE);
	cr_expect_eq(rh_topic_encode_level("a+", 2, out, 4), -EMSGSIZE);
	cr_expect_eq(out[4], '!');
	cr_expect_eq(rh_topic_encode_level("a+", 2, out, 5), 4);
	cr_expect_eq(rh_topic_encode_level("", 0, out, 0), -EMSGSIZE);
	cr_expect_eq(rh_topic_encode_level("", 0, out, 1), 0);
}
