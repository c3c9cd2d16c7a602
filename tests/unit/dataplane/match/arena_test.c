#include "dataplane/match/arena.h"
#include "tests/lib/random.h"

#include <criterion/criterion.h>
#include <string.h>

#define OBJECTS 20000

static struct dp_arena arena;

struct object {
	unsigned char *bytes;
	size_t size;
	unsigned char mark;
};

static struct object objects[OBJECTS];

static void take(struct rnd *rnd, struct object *object)
{
	object->size = rnd_below(rnd, 200) ? 1 + rnd_below(rnd, DP_ARENA_LARGEST) : DP_ARENA_BLOCK;
	object->mark = (unsigned char)rnd_below(rnd, 256);
	object->bytes = dp_arena_take(&arena, object->size);
	cr_assert_not_null(object->bytes);
	cr_assert_eq((uintptr_t)object->bytes % (object->size == DP_ARENA_BLOCK ? DP_ARENA_BLOCK : DP_ARENA_STEP), 0);
	cr_assert_geq(dp_arena_bytes(object->bytes), object->size);
	cr_assert_lt(dp_arena_bytes(object->bytes), object->size + DP_ARENA_STEP);
	cr_assert_gt(dp_arena_number(object->bytes), 0);
	cr_assert_eq(dp_arena_object(&arena, dp_arena_number(object->bytes)), object->bytes);
	memset(object->bytes, object->mark, object->size);
}

static void give(struct object *object)
{
	for (size_t i = 0; i < object->size; i++)
		cr_assert_eq(object->bytes[i], object->mark, "an object was written by another");
	dp_arena_give(&arena, object->bytes);
	object->bytes = NULL;
}

Test(arena, objects_do_not_touch_and_memory_goes_back)
{
	size_t rounds = rnd_cases(100000, 5000000);
	struct rnd rnd;

	rnd_init(&rnd, "arena");
	for (size_t i = 0; i < rounds; i++) {
		/* Grow for a while, then shrink. */
		uint32_t growing = i / 20000 % 2 ? 3 : 7;
		struct object *object = &objects[rnd_below(&rnd, OBJECTS)];

		if (object->bytes && rnd_below(&rnd, 10) >= growing)
			give(object);
		else if (!object->bytes && rnd_below(&rnd, 10) < growing)
			take(&rnd, object);
	}
	cr_expect_gt(arena.held, DP_ARENA_REGION);
	for (unsigned i = 0; i < OBJECTS; i++)
		if (objects[i].bytes)
			give(&objects[i]);
	cr_expect_eq(arena.held, DP_ARENA_REGION, "one region is kept, %lu bytes are held", arena.held);
	dp_arena_fini(&arena);
}

Test(arena, what_was_given_is_taken_again)
{
	void *first = dp_arena_take(&arena, 48), *second = dp_arena_take(&arena, 40);

	cr_expect_neq(first, second);
	dp_arena_give(&arena, first);
	cr_expect_eq(dp_arena_take(&arena, 41), first);
	dp_arena_give(&arena, first);
	dp_arena_give(&arena, second);
	cr_expect_not(dp_arena_serves(DP_ARENA_LARGEST + 1));
	cr_expect(dp_arena_serves(DP_ARENA_BLOCK));
	dp_arena_fini(&arena);
}
