#include "dataplane/match/arena.h"

#include "dataplane/base/atomic.h"
#include "dataplane/base/pages.h"

#include <errno.h>

/* Empty regions kept for what comes next. */
#define SPARE 1

/* Push @x in front of the list @head; both kinds of list here have prev and next. */
#define LIST_PUSH(head, x)                                                                         \
	do {                                                                                       \
		(x)->prev = NULL;                                                                  \
		(x)->next = (head);                                                                \
		if (head)                                                                          \
			(head)->prev = (x);                                                        \
		(head) = (x);                                                                      \
	} while (0)

#define LIST_REMOVE(head, x)                                                                       \
	do {                                                                                       \
		if ((x)->prev)                                                                     \
			(x)->prev->next = (x)->next;                                               \
		else                                                                               \
			(head) = (x)->next;                                                        \
		if ((x)->next)                                                                     \
			(x)->next->prev = (x)->prev;                                               \
	} while (0)

static struct dp_arena_region *region_of(const void *object)
{
	return (void *)((uintptr_t)object & ~(uintptr_t)(DP_ARENA_REGION - 1));
}

static char *block_bytes(const struct dp_arena_block *block)
{
	struct dp_arena_region *region = region_of(block);

	return (char *)region + (size_t)(block - region->block + 1) * DP_ARENA_BLOCK;
}

static struct dp_arena_block *block_of(const void *object)
{
	struct dp_arena_region *region = region_of(object);
	size_t at = (size_t)((const char *)object - (const char *)region) / DP_ARENA_BLOCK;

	return &region->block[at - 1];
}

/* 0 or -ENOSPC. */
static int number_free(struct dp_arena *arena, uint32_t *out)
{
	for (uint32_t i = arena->region_hint; i < DP_ARENA_REGIONS; i++)
		if (!arena->region[i]) {
			arena->region_hint = *out = i;
			return 0;
		}
	arena->region_hint = DP_ARENA_REGIONS;
	return -ENOSPC;
}

static bool region_add(struct dp_arena *arena)
{
	struct dp_arena_region *region;
	uint32_t number;

	if (number_free(arena, &number))
		return false;
	region = rh_pages_reserve_aligned(DP_ARENA_REGION);
	if (!region)
		return false;
	region->number = number;
	arena->region[number] = region;
	for (uint32_t i = 0; i < DP_ARENA_BLOCKS; i++)
		LIST_PUSH(region->free, &region->block[i]);
	LIST_PUSH(arena->room, region);
	arena->empty++;
	rh_add_relaxed(&arena->held, DP_ARENA_REGION);
	return true;
}

static void region_remove(struct dp_arena *arena, struct dp_arena_region *region)
{
	arena->region[region->number] = NULL;
	if (region->number < arena->region_hint)
		arena->region_hint = region->number;
	rh_pages_release(region, DP_ARENA_REGION);
	rh_add_relaxed(&arena->held, (uint64_t)-(int64_t)DP_ARENA_REGION);
}

static struct dp_arena_block *block_take(struct dp_arena *arena, uint32_t class)
{
	struct dp_arena_region *region;
	struct dp_arena_block *block;

	if (!arena->room && !region_add(arena))
		return NULL;
	region = arena->room;
	block = region->free;
	LIST_REMOVE(region->free, block);
	if (!region->free)
		LIST_REMOVE(arena->room, region);
	arena->empty -= region->used++ == 0;
	block->free = NULL;
	block->used = block->carved = 0;
	block->class = (uint16_t)class;
	block->most = class ? (uint16_t)(DP_ARENA_BLOCK / (class * DP_ARENA_STEP)) : 1;
	return block;
}

static void block_give(struct dp_arena *arena, struct dp_arena_block *block)
{
	struct dp_arena_region *region = region_of(block);

	if (!region->free)
		LIST_PUSH(arena->room, region);
	LIST_PUSH(region->free, block);
	if (--region->used)
		return;
	if (arena->empty++ < SPARE)
		return;
	arena->empty--;
	LIST_REMOVE(arena->room, region);
	region_remove(arena, region);
}

static void *object_take(struct dp_arena_block *block)
{
	void *object = block->free;

	block->used++;
	if (object)
		block->free = *(void **)object;
	else
		object = block_bytes(block) + (size_t)block->carved++ * block->class * DP_ARENA_STEP;
	return object;
}

void *dp_arena_take(struct dp_arena *arena, size_t bytes)
{
	uint32_t class = bytes == DP_ARENA_BLOCK ? 0 : (uint32_t)((bytes + DP_ARENA_STEP - 1) / DP_ARENA_STEP);
	struct dp_arena_block *block = class ? arena->partial[class] : NULL;
	void *object;

	if (!block) {
		block = block_take(arena, class);
		if (!block)
			return NULL;
		if (class)
			LIST_PUSH(arena->partial[class], block);
	}
	object = object_take(block);
	if (class && block->used == block->most)
		LIST_REMOVE(arena->partial[class], block);
	return object;
}

void dp_arena_give(struct dp_arena *arena, void *object)
{
	struct dp_arena_block *block = block_of(object);

	if (block->class && block->used == block->most)
		LIST_PUSH(arena->partial[block->class], block);
	*(void **)object = block->free;
	block->free = object;
	if (--block->used)
		return;
	if (block->class)
		LIST_REMOVE(arena->partial[block->class], block);
	block_give(arena, block);
}

void dp_arena_fini(struct dp_arena *arena)
{
	for (uint32_t i = 0; i < DP_ARENA_REGIONS; i++)
		if (arena->region[i])
			region_remove(arena, arena->region[i]);
}

size_t dp_arena_bytes(const void *object)
{
	uint32_t class = block_of(object)->class;

	return class ? (size_t)class * DP_ARENA_STEP : DP_ARENA_BLOCK;
}

uint32_t dp_arena_number(const void *object)
{
	const struct dp_arena_region *region = region_of(object);
	size_t place = (size_t)((const char *)object - (const char *)region) / DP_ARENA_STEP;

	return region->number << DP_ARENA_PLACE_BITS | (uint32_t)place;
}

void *dp_arena_object(const struct dp_arena *arena, uint32_t number)
{
	char *region = (char *)arena->region[number >> DP_ARENA_PLACE_BITS];

	return region + (size_t)(number & ((1u << DP_ARENA_PLACE_BITS) - 1)) * DP_ARENA_STEP;
}
