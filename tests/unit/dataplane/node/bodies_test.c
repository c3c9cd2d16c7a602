/*
 * What is written for an instruction set says what its plain body says: random bytes, nearly right ones, seed printed. Each is checked against other
 * references in tests of its own; that of topics' cutting, whose plain body is the parser, in match/cut_test.c.
 */

#include "tests/unit/dataplane/node/bodies.h"

#include "dataplane/frame/attribute.h"
#include "dataplane/match/group.h"
#include "dataplane/match/text.h"
#include "dataplane/match/ways.h"
#include "dataplane/node/usual.h"
#include "tests/lib/random.h"

#include <criterion/criterion.h>
#include <string.h>

#define CASES rnd_cases(200000, 20000000)

static const struct bodies *const built = &bodies_built, *const plain = &bodies_plain;
static struct rnd rnd;

static void start(void)
{
	rnd_init(&rnd, "bodies");
}

TestSuite(bodies, .init = start);

static void fill(void *to, size_t bytes)
{
	for (uint8_t *at = to; bytes--; at++)
		*at = (uint8_t)rnd_u64(&rnd);
}

Test(bodies, the_plain_ones_are_plain)
{
	cr_assert_not(plain->avx2);
	cr_assert_not(plain->sse4);
	cr_assert_not(plain->bmi2);
}

Test(bodies, the_usual_head_of_a_frame)
{
	size_t usual = 0;

	for (size_t n = CASES; n; n--) {
		uint8_t frame[DP_USUAL_IPV4 + 2 * DP_USUAL_WORDS];
		uint16_t port = (uint16_t)rnd_u64(&rnd), len = (uint16_t)rnd_u64(&rnd);
		struct dp_usual like = dp_usual_to(port, NULL);

		fill(frame, sizeof(frame));
		/* What does not count stays as it is. */
		for (size_t i = 0; i < DP_USUAL_WORDS; i++) {
			uint8_t *at = frame + DP_USUAL_IPV4 + 2 * i;
			uint16_t word = (uint16_t)(like.words[i] + (len & dp_usual_lengths[i]));

			rh_store_be16(at, (uint16_t)((rh_load_be16(at) & ~dp_usual_mask[i]) | word));
		}
		if (rnd_below(&rnd, 2))
			frame[rnd_below(&rnd, sizeof(frame))] ^= (uint8_t)(1u << rnd_below(&rnd, 8));
		cr_assert_eq(built->usual_head(port, frame, len), plain->usual_head(port, frame, len));
		usual += plain->usual_head(port, frame, len);
	}
	cr_assert(usual > 1000);
}

Test(bodies, plain_bytes_before_an_end)
{
	uint8_t bytes[RH_ATTRIBUTE_WINDOW + 8];

	for (size_t n = CASES; n; n--) {
		memset(bytes, 'a', sizeof(bytes));
		for (uint32_t i = rnd_below(&rnd, 4); i; i--)
			bytes[rnd_below(&rnd, sizeof(bytes))] = rnd_below(&rnd, 2) ? (uint8_t)rnd_u64(&rnd) : (uint8_t[]){0, 1, 0x7f, 0x80, 0xff}[rnd_below(&rnd, 5)];
		for (size_t end = RH_ATTRIBUTE_WINDOW; end <= sizeof(bytes); end++)
			cr_assert_eq(built->plain_before(bytes + end), plain->plain_before(bytes + end));
	}
}

Test(bodies, words_of_a_set)
{
	for (size_t n = CASES; n; n--) {
		uint32_t words[DP_WAYS] __attribute__((aligned(32)));
		uint32_t word;

		fill(words, sizeof(words));
		word = words[rnd_below(&rnd, DP_WAYS)];
		for (uint32_t i = rnd_below(&rnd, 4); i; i--)
			words[rnd_below(&rnd, DP_WAYS)] = rnd_below(&rnd, 2) ? word : word ^ 1u << rnd_below(&rnd, 32);
		cr_assert_eq(built->ways_with(words, word), plain->ways_with(words, word));
		cr_assert_eq(built->ways_least(words), plain->ways_least(words));
	}
}

Test(bodies, products_folded)
{
	static const uint64_t edges[] = {0, 1, UINT32_MAX, 1ULL << 32, 1ULL << 63, UINT64_MAX};

	for (size_t i = 0; i < RH_ARRAY_LEN(edges); i++)
		for (size_t k = 0; k < RH_ARRAY_LEN(edges); k++)
			cr_assert_eq(built->key_fold(edges[i], edges[k]), plain->key_fold(edges[i], edges[k]));
	for (size_t n = CASES; n; n--) {
		uint64_t x = rnd_u64(&rnd), y = rnd_u64(&rnd);

		cr_assert_eq(built->key_fold(x, y), plain->key_fold(x, y));
	}
}

/* Longer than what is compared at once, twice. */
#define TEXT_MAX 100

Test(bodies, texts_compared)
{
	size_t equal = 0, different = 0;

	for (size_t n = CASES; n; n--) {
		char a[DP_TEXT_BEFORE + TEXT_MAX + 8], b[DP_TEXT_BEFORE + TEXT_MAX + 8];
		size_t len = rnd_below(&rnd, TEXT_MAX + 1);
		char *from = a + DP_TEXT_BEFORE + rnd_below(&rnd, 8), *other = b + DP_TEXT_BEFORE + rnd_below(&rnd, 8);
		bool same;

		fill(a, sizeof(a));
		fill(b, sizeof(b));
		memcpy(other, from, len);
		if (len && rnd_below(&rnd, 2))
			other[rnd_below(&rnd, (uint32_t)len)] ^= (char)(1u << rnd_below(&rnd, 8));
		same = memcmp(from, other, len) == 0;
		cr_assert_eq(built->text_equal(from, other, len), same, "%zu bytes", len);
		cr_assert_eq(plain->text_equal(from, other, len), same, "%zu bytes", len);
		cr_assert_eq(built->text_ends_equal(from + len, other + len, len), same, "%zu bytes", len);
		cr_assert_eq(plain->text_ends_equal(from + len, other + len, len), same, "%zu bytes", len);
		equal += same;
		different += !same;
	}
	cr_assert(equal > 1000 && different > 1000);
}

/* Words with a tag of a few, so that several have the same; some empty, some removed. */
static void bucket_roll(uint64_t *bucket, const uint64_t *tags, uint32_t count)
{
	for (uint32_t i = 0; i < DP_BUCKET_SLOTS; i++) {
		uint64_t word = (rnd_u64(&rnd) & DP_SLOT_ADDRESS) | tags[rnd_below(&rnd, count)];

		bucket[i] = rnd_below(&rnd, 4) ? word : rnd_below(&rnd, 2);
	}
}

Test(bodies, words_of_buckets)
{
	size_t found = 0;

	for (size_t n = CASES; n; n--) {
		uint64_t bucket[DP_PROBES_WIDE][DP_BUCKET_SLOTS] rh_cache_aligned, tag[DP_PROBES_WIDE];
		const uint64_t *at[DP_PROBES_WIDE];
		uint32_t places = 0;

		for (uint32_t i = 0; i < DP_PROBES_WIDE; i++)
			tag[i] = DP_SLOT_TAG(rnd_u64(&rnd));
		/* One bit beside another. */
		tag[1] = tag[0] ^ 1ULL << (49 + rnd_below(&rnd, 15));
		for (uint32_t i = 0; i < DP_PROBES_WIDE; i++) {
			bucket_roll(bucket[i], tag, DP_PROBES_WIDE);
			at[i] = bucket[i];
			cr_assert_eq(built->bucket_places(at[i], tag[i]), plain->bucket_places(at[i], tag[i]));
			places |= plain->bucket_places(at[i], tag[i]) << i * DP_BUCKET_SLOTS;
		}
		cr_assert_eq(built->group_places(at, tag), places);
		cr_assert_eq(plain->group_places(at, tag), places);
		found += places != 0;
	}
	cr_assert(found > 1000);
}
