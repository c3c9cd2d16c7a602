#include "perf/gen/pattern_set.h"

#include "perf/gen/prose.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define LEN 512

static struct pattern_set made(enum pattern_kind kind, uint32_t count)
{
	struct pattern_set set;

	cr_assert_eq(pattern_set_init(&set, kind, count), 0);
	return set;
}

Test(pattern_set, every_pattern_is_another_one)
{
	struct pattern_set set = made(PATTERN_LITERAL, PATTERN_COUNT_MAX);
	uint32_t ids[4];

	for (uint32_t i = 0; i < set.count; i++) {
		char text[PATTERN_TEXT_MAX];
		uint32_t len = pattern_set_text(&set, i, text);

		cr_assert_eq(pattern_set_find(&set, (const uint8_t *)text, len, ids, 4), 1, "%s", text);
		cr_assert_eq(ids[0], i);
	}
	pattern_set_fini(&set);
}

Test(pattern_set, an_occurrence_is_found_wherever_it_stands_and_a_near_one_is_not)
{
	struct perf_random rnd;

	perf_random_init(&rnd, 1);
	for (int kind = PATTERN_LITERAL; kind <= PATTERN_REGEX; kind++) {
		struct pattern_set set = made((enum pattern_kind)kind, 1000);

		for (uint32_t i = 0; i < set.count; i++) {
			char text[PATTERN_TEXT_MAX];
			uint8_t payload[LEN];
			uint32_t near = i % 2, len = pattern_set_occurrence(&set, i, near, &rnd, text), ids[4] = {0};

			prose_fill(&rnd, payload, LEN);
			memcpy(payload + perf_random_below(&rnd, LEN - len + 1), text, len);
			cr_assert_eq(pattern_set_find(&set, payload, LEN, ids, 4), near ? 0 : 1, "%s", text);
			cr_assert(near || ids[0] == i);
		}
		pattern_set_fini(&set);
	}
}

Test(pattern_set, one_pattern_that_stands_twice_counts_once_and_two_count_twice)
{
	struct pattern_set set = made(PATTERN_REGEX, 100);
	char payload[4 * PATTERN_TEXT_MAX] = "", one[PATTERN_TEXT_MAX];
	struct perf_random rnd;
	uint32_t ids[4];

	perf_random_init(&rnd, 2);
	for (int i = 0; i < 2; i++) {
		(void)pattern_set_occurrence(&set, 7, false, &rnd, one);
		strcat(payload, one);
		strcat(payload, " ");
	}
	cr_assert_eq(pattern_set_find(&set, (const uint8_t *)payload, strlen(payload), ids, 4), 1);
	(void)pattern_set_occurrence(&set, 8, false, &rnd, one);
	strcat(payload, one);
	cr_assert_eq(pattern_set_find(&set, (const uint8_t *)payload, strlen(payload), ids, 4), 2);
	cr_assert_eq(pattern_set_find(&set, (const uint8_t *)payload, strlen(payload), ids, 1), 2, "what has no room is counted");
	pattern_set_fini(&set);
}

Test(pattern_set, more_than_a_tenant_may_have_are_refused)
{
	struct pattern_set set;

	cr_assert_eq(pattern_set_init(&set, PATTERN_LITERAL, PATTERN_COUNT_MAX + 1), -EINVAL);
}

Test(prose, is_text_of_the_length_asked_for_that_follows_from_the_seed)
{
	uint8_t a[LEN + 1], b[LEN + 1];
	struct perf_random one, other;

	for (size_t len = 0; len <= LEN; len += 61) {
		perf_random_init(&one, len);
		perf_random_init(&other, len);
		memset(a, 0xee, sizeof(a));
		prose_fill(&one, a, len);
		prose_fill(&other, b, len);
		cr_assert_eq(memcmp(a, b, len), 0);
		cr_assert_eq(a[len], 0xee, "nothing is written beyond");
		for (size_t i = 0; i < len; i++)
			cr_assert(a[i] == '\n' || (a[i] >= ' ' && a[i] < 0x7f));
	}
}
