#pragma once

/*
 * Memory for the index's many small objects: no header in front of each, sizes in steps of 8
 * bytes, huge pages where the kernel gives them, and blocks that go back to it. An object has a
 * number of 31 bits beside its address. Builder only.
 */

#include "dataplane/base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DP_ARENA_BLOCK	 32768
#define DP_ARENA_REGION	 (2u << 20)
#define DP_ARENA_BLOCKS	 (DP_ARENA_REGION / DP_ARENA_BLOCK - 1) /* the first holds the region's own */
#define DP_ARENA_STEP	 8
#define DP_ARENA_LARGEST 1024 /* other sizes than up to here, and DP_ARENA_BLOCK, are not served */
#define DP_ARENA_CLASSES (DP_ARENA_LARGEST / DP_ARENA_STEP + 1)
/* Of an object's number: its place in the region, and the region. */
#define DP_ARENA_PLACE_BITS 18
#define DP_ARENA_REGIONS    (1u << (31 - DP_ARENA_PLACE_BITS)) /* 16 GiB */
_Static_assert(DP_ARENA_REGION / DP_ARENA_STEP == 1 << DP_ARENA_PLACE_BITS, "a number for each step");

/* What a block holds; free objects are linked through themselves. */
struct dp_arena_block {
	struct dp_arena_block *prev, *next; /* of its class with room, or of its region's free */
	void *free;
	uint16_t used, carved, most; /* objects */
	uint16_t class;		     /* 0: one object, the block */
};

struct dp_arena_region {
	struct dp_arena_region *prev, *next; /* with free blocks */
	struct dp_arena_block *free;
	uint32_t used;
	uint32_t number; /* in the arena's list */
	struct dp_arena_block block[DP_ARENA_BLOCKS];
};

struct dp_arena {
	struct dp_arena_block *partial[DP_ARENA_CLASSES];
	struct dp_arena_region *room; /* regions with free blocks */
	uint32_t empty;		      /* of them without any used */
	uint64_t held;		      /* bytes taken from the system; read relaxed by anyone */
	uint32_t region_hint;	      /* no number below is free */
	struct dp_arena_region *region[DP_ARENA_REGIONS];
};

static inline bool dp_arena_serves(size_t bytes)
{
	return bytes <= DP_ARENA_LARGEST || bytes == DP_ARENA_BLOCK;
}

/* What an object of @bytes takes, as far as the arena serves it. */
static inline size_t dp_arena_size(size_t bytes)
{
	return RH_ALIGN_UP(bytes, (size_t)DP_ARENA_STEP);
}

/* @bytes: above 0, one that is served. Not zeroed. A DP_ARENA_BLOCK lies at a multiple of its size.
 * NULL: no memory. */
void *dp_arena_take(struct dp_arena *arena, size_t bytes);
void dp_arena_give(struct dp_arena *arena, void *object);
/* What @object takes of the arena. */
size_t dp_arena_bytes(const void *object);
/* Its number, above 0, and the way back. */
uint32_t dp_arena_number(const void *object);
void *dp_arena_object(const struct dp_arena *arena, uint32_t number);
/* All goes, used or not. */
void dp_arena_fini(struct dp_arena *arena);
