#pragma once

/*
 * Memory of the index. Everything a worker may be looking at begins with struct dp_obj and is freed
 * in two steps: the builder unlinks and retires it, and one callback per publish tells, a grace
 * period later, that nobody looks at what was retired before. The link is inside the object, so
 * that retiring never needs memory; it is a number of the arena's, which makes it half as long.
 *
 * Small objects are the arena's and go back to it by the builder, some at a time (dp_memory_return);
 * others are malloc's, with a struct dp_large in front that workers do not see.
 */

#include "dataplane/base/rcu.h"
#include "dataplane/match/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dp_obj {
	/* Builder only. Of a retired object of the arena: the next one; of a live one its owner's. */
	uint32_t link : 31;
	uint32_t large : 1;
};

/* In front of an object that is not the arena's. */
struct dp_large {
	struct dp_large *next; /* builder and reclaimer, after the object was unlinked */
	size_t bytes;
};

struct dp_batch;

/* A chain of the arena's objects by their links. */
struct dp_chain {
	uint32_t first; /* number; 0: none */
	struct dp_obj *last;
};

struct dp_memory {
	uint64_t bytes; /* held, with what waits for a grace period; written by builder and
			   reclaimer */
	uint64_t limit; /* allocations beyond fail as if malloc had */
	/* Builder only. */
	struct dp_chain retired;
	struct dp_large *retired_large;
	size_t retired_bytes;
	uint32_t retired_slots; /* head of a chain of subscription slots, linked by their pos
				 */
	uint32_t retired_slots_last;
	uint32_t batches;	    /* with the reclaimer, or pushed by it and not yet taken */
	struct dp_batch *reclaimed; /* reclaimer pushes, builder takes all: what may be used again */
	/* Builder only. */
	struct dp_chain returning; /* taken from there, not yet given to the arena */
	struct dp_arena arena;
};

/* What one callback sees out. */
struct dp_batch {
	struct rh_rcu_head head;
	struct dp_memory *memory;
	struct dp_chain objects;
	struct dp_large *large;
	size_t bytes;
	uint32_t slots, slots_last;
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
/* @bytes that the caller takes elsewhere count as held. False: beyond the limit. */
bool dp_memory_charge(struct dp_memory *memory, size_t bytes);
void dp_memory_discharge(struct dp_memory *memory, size_t bytes);
/* Hand what was retired to the reclaimer. Out of memory: it waits for the next call. */
void dp_memory_flush(struct dp_memory *memory);
/*
 * Batches whose grace period is over: their objects wait for dp_memory_return, their slots may be
 * used again; the caller frees each with free().
 */
struct dp_batch *dp_memory_take_reclaimed(struct dp_memory *memory);
/* Give up to @most objects back to the arena. */
void dp_memory_return(struct dp_memory *memory, unsigned most);
/* Nothing is retired, with readers, or waits to be given back. */
bool dp_memory_is_settled(const struct dp_memory *memory);
