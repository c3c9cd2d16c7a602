#pragma once

/*
 * A worker's memory for cached results that do not fit their entry: one arena, split by halves
 * (buddy system), so that blocks of every size come out of the same memory. Taking and giving back
 * are a few steps, never more than DP_SLAB_ORDERS.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DP_SLAB_BLOCK_MIN 256u
#define DP_SLAB_ORDERS	  9 /* 256 B to 64 KiB: 8,192 receivers */
#define DP_SLAB_BLOCK_MAX (DP_SLAB_BLOCK_MIN << (DP_SLAB_ORDERS - 1))
#define DP_SLAB_NONE	  UINT32_MAX

/* One for each smallest block; what is free is linked through here and not through the block, which
 * a reader may look at. */
struct dp_slab_unit {
	uint32_t prev, next;
	uint8_t order; /* of the block that begins here */
	bool free;     /* a free block begins here */
};

struct dp_slab {
	uint8_t *arena;
	struct dp_slab_unit *unit;
	uint32_t units;
	uint32_t head[DP_SLAB_ORDERS];
};

/* @bytes: a multiple of DP_SLAB_BLOCK_MAX. Ctx: control. -ENOMEM. */
int dp_slab_init(struct dp_slab *slab, size_t bytes);
void dp_slab_fini(struct dp_slab *slab);

/* Ctx: worker. DP_SLAB_NONE when nothing that large is left. */
uint32_t dp_slab_take(struct dp_slab *slab, size_t bytes);
void dp_slab_give(struct dp_slab *slab, uint32_t unit);

static inline void *dp_slab_at(const struct dp_slab *slab, uint32_t unit)
{
	return slab->arena + (size_t)unit * DP_SLAB_BLOCK_MIN;
}
