#pragma once

/*
 * Memory of the index. Everything a worker may be looking at begins with struct dp_obj and is freed
 * in two steps: the builder unlinks and retires it, and one callback per publish frees all that was
 * retired before, a grace period later. The link is inside the object, so that retiring never needs
 * memory.
 */

#include "dataplane/base/rcu.h"
#include "dataplane/match/arena.h"

#include <stddef.h>
#include <stdint.h>

struct dp_obj {
	struct dp_obj *next; /* builder and reclaimer, after the object was unlinked */
	size_t bytes;
};

struct dp_batch;

struct dp_memory {
	uint64_t bytes; /* held, with what waits for a grace period; written by builder and
			   reclaimer */
	uint64_t limit; /* allocations beyond fail as if malloc had */
	/* Builder only. */
	struct dp_obj *retired;
	size_t retired_bytes;
	uint32_t retired_slots; /* head of a chain of subscription slots, linked by their pos
				 */
	struct dp_batch *reclaimed; /* reclaimer pushes, builder takes all: batches whose slots may
				       be reused */
	struct dp_obj *returned;    /* likewise: the arena's objects */
	/* Builder only. */
	struct dp_obj *returning; /* taken from there, not yet given to the arena */
	struct dp_arena arena;
};

/* What one callback frees. */
struct dp_batch {
	struct rh_rcu_head head;
	struct dp_memory *memory;
	struct dp_obj *objects;
	uint32_t slots;
	struct dp_batch *next;
};

#define DP_SLOT_END UINT32_MAX

/* Objects of this size lie at a multiple of it. */
#define DP_MEMORY_BLOCK DP_ARENA_BLOCK

/* Ctx of all: builder. */
void dp_memory_init(struct dp_memory *memory);
/* Frees what was retired; the caller has made sure that no reader is left and ran rh_rcu_barrier.
 */
void dp_memory_fini(struct dp_memory *memory);
/* Zeroed, and beginning with its dp_obj. NULL when there is none. */
void *dp_memory_alloc(struct dp_memory *memory, size_t bytes);
/* For objects that no reader can have seen, or without readers. Accepts NULL. */
void dp_memory_free(struct dp_memory *memory, void *object);
/* Unlinked before the call. Accepts NULL. */
void dp_memory_retire(struct dp_memory *memory, void *object);
/* Hand what was retired to the reclaimer. Out of memory: it waits for the next call. */
void dp_memory_flush(struct dp_memory *memory);
/* Batches whose slots may be used again; the caller frees each with free(). */
struct dp_batch *dp_memory_take_reclaimed(struct dp_memory *memory);
