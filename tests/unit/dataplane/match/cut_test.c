/*
 * A worker's cutting of topics against the plain parser's, on random bytes.
 */

#include "dataplane/match/cut.h"
#include "tests/lib/random.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct dp_secret secret;
static struct dp_cut cut;

static void expect_same(const char *text, size_t len)
{
	/* malloc's, so that ASAN sees a byte read behind it. */
	char *copy = malloc(len ? len : 1);
	struct rh_topic topic;
	bool valid;

	memcpy(copy, text, len);
	valid = rh_topic_parse(copy, len, &topic, NULL) == 0;
	cr_assert_eq(dp_cut_make(&cut, &secret, copy, len), valid, "%zu bytes: %.*s", len, (int)len,
		text);
	if (valid) {
		cr_assert_eq(cut.topic.len, len);
		cr_assert_eq(cut.topic.levels, topic.levels);
		for (uint32_t i = 0; i < topic.levels; i++) {
			cr_assert_eq(cut.topic.start[i], topic.start[i]);
			cr_assert_eq(cut.topic.size[i], topic.size[i]);
			if (i < DP_KEY_LEVELS)
				cr_assert_eq(cut.hash[i],
					dp_level_hash_at_edge(&secret, i, copy + topic.start[i],
						topic.size[i]));
		}
	}
	free(copy);
}

Test(cut, agrees_with_the_parser_on_random_topics)
{
	static const char alphabet[] = "ab/////cdefghijklmnop+#\xc3\xa4\x80";
	size_t cases = rnd_cases(20000, 2000000);
	char text[1100];
	struct rnd rnd;

	rnd_init(&rnd, "cut");
	dp_secret_init(&secret, rnd_u64(&rnd));
	for (size_t i = 0; i < cases; i++) {
		/* Most without what makes a topic invalid. */
		uint32_t letters = rnd_below(&rnd, 8) ? 20 : sizeof(alphabet);
		size_t len = rnd_below(&rnd, rnd_below(&rnd, 16) ? 100 : sizeof(text));

		for (size_t k = 0; k < len; k++)
			text[k] = alphabet[rnd_below(&rnd, letters)];
		expect_same(text, len);
	}
}

Test(cut, borders)
{
	char text[RH_TOPIC_MAX + 2];

	dp_secret_init(&secret, 7);
	for (size_t len = 0; len <= sizeof(text); len++) {
		memset(text, 'x', sizeof(text));
		expect_same(text, len);
		if (len)
			text[len - 1] = '/';
		expect_same(text, len);
		if (len)
			text[len - 1] = '#';
		expect_same(text, len);
	}
	memset(text, '/', sizeof(text));
	expect_same(text, RH_LEVELS_MAX - 1);
	expect_same(text, RH_LEVELS_MAX);
	expect_same(text, RH_LEVELS_MAX + 1);
}

Test(cut, a_level_hashes_by_its_bytes_and_its_place)
{
	static const char bytes[] = "abcdefghijklmnopqrstuvwxyz0123456789";

	dp_secret_init(&secret, 7);
	for (size_t size = 0; size <= 36; size++) {
		uint64_t hash = dp_level_hash_at_edge(&secret, 3, bytes, size);

		cr_expect_neq(hash, dp_level_hash_at_edge(&secret, 4, bytes, size));
		cr_expect(size == 0 || hash != dp_level_hash_at_edge(&secret, 3, bytes, size - 1));
	}
}
