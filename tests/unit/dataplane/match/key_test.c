/*
 * The hash of a topic's whole text: of its bytes, its size and its tenant, and of nothing else.
 */

#include "dataplane/match/key.h"
#include "tests/lib/random.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT_MAX 100

static struct dp_secret secret;

static void start(void)
{
	dp_secret_init(&secret, 42);
}

TestSuite(key, .init = start);

/* From memory of its own, so that a sanitizer sees each byte read outside. */
static uint64_t hash_of(const char *text, size_t len, uint64_t tenant)
{
	char *copy = malloc(len ? len : 1);
	uint64_t hash;

	memcpy(copy, text, len);
	hash = dp_topic_hash(&secret, tenant, copy, len);
	free(copy);
	return hash;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void expect_all_different(uint64_t *hash, size_t count, const char *what)
{
	qsort(hash, count, sizeof(*hash), by_number);
	for (size_t i = 1; i < count; i++)
		cr_assert_neq(hash[i], hash[i - 1], "%s: two of %zu are equal", what, count);
}

Test(key, the_same_text_has_the_same_hash_wherever_it_stands)
{
	char text[2 * TEXT_MAX];

	memset(text, 'x', sizeof(text));
	for (size_t len = 0; len <= TEXT_MAX; len++)
		for (size_t at = 0; at < 20; at++) {
			uint64_t before = dp_topic_hash(&secret, 1, text + at, len);

			/* What stands around it does not count. */
			text[at + len] = 'y';
			if (at)
				text[at - 1] = 'y';
			cr_assert_eq(dp_topic_hash(&secret, 1, text + at, len), before);
			cr_assert_eq(hash_of(text + at, len, 1), before);
			memset(text, 'x', sizeof(text));
		}
}

Test(key, every_byte_of_every_size_counts)
{
	static uint64_t hash[1 + TEXT_MAX * 8];
	char text[TEXT_MAX];

	for (size_t len = 1; len <= TEXT_MAX; len++) {
		size_t count = 0;

		memset(text, 'a', sizeof(text));
		hash[count++] = hash_of(text, len, 1);
		for (size_t at = 0; at < len; at++)
			for (unsigned bit = 0; bit < 8; bit++) {
				text[at] = (char)('a' ^ 1 << bit);
				hash[count++] = hash_of(text, len, 1);
				text[at] = 'a';
			}
		expect_all_different(hash, count, "one bit changed");
	}
}

/* Of equal bytes, whose first and last sixteen are the same whatever the size. */
Test(key, the_size_counts)
{
	static uint64_t hash[1024];
	char text[1024];

	memset(text, 'a', sizeof(text));
	for (size_t len = 0; len < sizeof(text); len++)
		hash[len] = hash_of(text, len, 1);
	expect_all_different(hash, sizeof(text), "sizes");
}

Test(key, tenants_and_secrets_count)
{
	static uint64_t hash[2000];
	struct rnd rnd;

	rnd_init(&rnd, "key");
	for (uint32_t i = 0; i < 1000; i++)
		hash[i] = hash_of("plant/3/temperature", 19, rnd_u64(&rnd));
	for (uint32_t i = 1000; i < 2000; i++) {
		dp_secret_init(&secret, rnd_u64(&rnd));
		hash[i] = hash_of("plant/3/temperature", 19, 1);
	}
	expect_all_different(hash, 2000, "tenants and secrets");
}

/* Both halves serve alone: one finds the bucket, the other tells entries apart. */
Test(key, numbered_topics_are_spread_in_every_bit)
{
	uint32_t ones[64] = {0};
	char text[32];

	for (int i = 0; i < 100000; i++) {
		int len = snprintf(text, sizeof(text), "plant/e%d/line/a/temp", i);
		uint64_t hash = hash_of(text, (size_t)len, 1);

		for (unsigned bit = 0; bit < 64; bit++)
			ones[bit] += hash >> bit & 1;
	}
	/* 50,000 and eight standard deviations. */
	for (unsigned bit = 0; bit < 64; bit++) {
		cr_expect_gt(ones[bit], 48735, "bit %u", bit);
		cr_expect_lt(ones[bit], 51265, "bit %u", bit);
	}
}
