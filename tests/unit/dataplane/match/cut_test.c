/*
 * A worker's cutting of topics against the plain parser's, on random bytes.
 */

#include "dataplane/match/cut.h"
#include "tests/lib/random.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static struct dp_secret secret;
static struct dp_cut cut;

static void expect_same_at(const char *copy, size_t len)
{
	struct rh_topic topic;
	bool valid = rh_topic_parse(copy, len, &topic, NULL) == 0;

	memset(cut.text, '?', sizeof(cut.text));
	cr_assert_eq(dp_cut_make(&cut, &secret, copy, len), valid, "%zu bytes: %.*s", len, (int)len,
		copy);
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
		cr_assert_arr_eq(cut.topic.text, copy, len);
		/* What stands behind the hashes, of which there are no more than have room. */
		cr_assert(cut.topic.text == cut.text || cut.text[0] == '?');
	}
}

static void expect_same(const char *text, size_t len)
{
	/* malloc's, so that ASAN sees a byte read behind it. */
	char *copy = malloc(len ? len : 1);

	memcpy(copy, text, len);
	expect_same_at(copy, len);
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
	for (size_t len = DP_KEY_LEVELS - 2; len <= DP_KEY_LEVELS + 1; len++)
		expect_same(text, len);
	expect_same(text, RH_LEVELS_MAX - 1);
	expect_same(text, RH_LEVELS_MAX);
	expect_same(text, RH_LEVELS_MAX + 1);
}

/* Read what is promised to be readable around the topic that was cut last. */
static void read_around(size_t len)
{
	const volatile char *text = cut.topic.text;
	char sum = 0;

	for (size_t i = 0; i < DP_TEXT_BEFORE + len; i++)
		sum ^= text[(ptrdiff_t)i - DP_TEXT_BEFORE];
	(void)sum;
}

/* Nothing can be read before the second page. */
Test(cut, a_topic_may_begin_where_memory_does)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *room = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	cr_assert_neq(room, MAP_FAILED);
	cr_assert_eq(mprotect(room, page, PROT_NONE), 0);
	dp_secret_init(&secret, 7);
	for (size_t gap = 0; gap <= DP_TEXT_BEFORE + 1; gap++)
		for (size_t len = 1; len <= 80; len++) {
			memset(room + page + gap, 'x', len);
			expect_same_at(room + page + gap, len);
			read_around(len);
		}
	cr_assert_eq(munmap(room, 3 * page), 0);
}

Test(cut, a_burst_is_cut_as_each_of_its_topics)
{
	static struct dp_cut cuts[3];
	static const uint8_t event[] = {3, 0, 2};
	struct dp_match_key keys[4] = {0};
	static const char *const text[] = {"a/b", "never looked at/#", "c/+", "/d"};
	char room[4][128];

	dp_secret_init(&secret, 7);
	for (size_t i = 0; i < 4; i++) {
		keys[i].topic = strcpy(room[i], text[i]);
		keys[i].topic_len = (uint16_t)strlen(text[i]);
	}
	cr_expect_eq(dp_cut_burst(cuts, &secret, (struct dp_match_keys){keys, sizeof(keys[0])}, event, 3), 1 << 2);
	cr_expect_eq(cuts[0].topic.levels, 2);
	cr_expect_arr_eq(cuts[0].topic.text, "/d", 2);
	cr_expect_arr_eq(cuts[1].topic.text, "a/b", 3);
	cr_expect(dp_cut_make(&cut, &secret, "a/b", 3));
	cr_expect_arr_eq(cuts[1].hash, cut.hash, 2 * sizeof(*cut.hash));
}

/* Nothing can be read behind the second page. */
Test(cut, a_topic_may_end_where_memory_does)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *room = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *end = room + 2 * page;

	cr_assert_neq(room, MAP_FAILED);
	cr_assert_eq(mprotect(end, page, PROT_NONE), 0);
	dp_secret_init(&secret, 7);
	memset(room, '#', 2 * page);
	for (size_t gap = 0; gap <= DP_CUT_PAD + 1; gap++)
		for (size_t len = 1; len <= 80; len++) {
			char *text = end - gap - len;

			memset(text, 'x', len);
			for (size_t i = len % 7; i < len; i += 7)
				text[i] = '/';
			expect_same_at(text, len);
			memset(text, '#', len);
		}
	cr_assert_eq(munmap(room, 3 * page), 0);
}

Test(cut, many_levels_over_several_blocks)
{
	char text[RH_TOPIC_MAX];

	dp_secret_init(&secret, 7);
	/* As many levels as have a hash, one fewer and one more, the last '/' in any place of its 32 bytes. */
	for (uint32_t levels = DP_KEY_LEVELS - 1; levels <= DP_KEY_LEVELS + 1; levels++)
		for (size_t first = 1; first < 70; first++) {
			memset(text, 'x', sizeof(text));
			for (uint32_t i = 0; i + 1 < levels; i++)
				text[first + 2 * (size_t)i] = '/';
			expect_same(text, first + 2 * (size_t)levels);
		}
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
