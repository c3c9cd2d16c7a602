#include "dataplane/match/memory.h"

#include "dataplane/base/atomic.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Without publishes in between, so much may wait before the reclaimer is asked. */
#define RETIRED_BYTES_MAX (1u << 20)
/* Objects given to the arena with each allocation: more than one allocates, so that they never pile up. */
#define RETURNED_AT_ONCE 8

void dp_memory_init(struct dp_memory *memory)
{
	*memory = (struct dp_memory){.limit = UINT64_MAX, .retired_slots = DP_SLOT_END};
}

/* Under ASAN every object is malloc's, so that it sees what is used after its time. */
static bool in_arena(size_t bytes)
{
#ifdef __SANITIZE_ADDRESS__
	(void)bytes;
	return false;
#else
	return dp_arena_serves(bytes);
#endif
}

static void give_back(struct dp_memory *memory, struct dp_obj *obj)
{
	if (in_arena(obj->bytes))
		dp_arena_give(&memory->arena, obj);
	else
		free(obj);
}

/* What the reclaimer returned goes to the arena, @most at a time. */
static void returned_take(struct dp_memory *memory, unsigned most)
{
	if (!memory->returning && rh_load_relaxed(&memory->returned))
		memory->returning = __atomic_exchange_n(&memory->returned, NULL, __ATOMIC_ACQUIRE);
	for (; memory->returning && most > 0; most--) {
		struct dp_obj *obj = memory->returning;

		memory->returning = obj->next;
		dp_arena_give(&memory->arena, obj);
	}
}

static void *obtain(struct dp_memory *memory, size_t bytes)
{
	if (in_arena(bytes))
		return dp_arena_take(&memory->arena, bytes);
	return bytes == DP_MEMORY_BLOCK ? aligned_alloc(bytes, bytes) : malloc(bytes);
}

void *dp_memory_alloc(struct dp_memory *memory, size_t bytes)
{
	struct dp_obj *obj;

	if (rh_load_relaxed(&memory->bytes) + bytes > memory->limit)
		return NULL;
	returned_take(memory, RETURNED_AT_ONCE);
	obj = obtain(memory, bytes);
	if (!obj)
		return NULL;
	memset(obj, 0, bytes);
	obj->bytes = bytes;
	__atomic_add_fetch(&memory->bytes, bytes, __ATOMIC_RELAXED);
	return obj;
}

void dp_memory_free(struct dp_memory *memory, void *object)
{
	struct dp_obj *obj = object;

	if (!obj)
		return;
	__atomic_sub_fetch(&memory->bytes, obj->bytes, __ATOMIC_RELAXED);
	give_back(memory, obj);
}

void dp_memory_retire(struct dp_memory *memory, void *object)
{
	struct dp_obj *obj = object;

	if (!obj)
		return;
	obj->next = memory->retired;
	memory->retired = obj;
	memory->retired_bytes += obj->bytes;
	if (memory->retired_bytes > RETIRED_BYTES_MAX)
		dp_memory_flush(memory);
}

static void free_list(struct dp_memory *memory, struct dp_obj *obj)
{
	while (obj) {
		struct dp_obj *next = obj->next;

		dp_memory_free(memory, obj);
		obj = next;
	}
}

/* Ctx: reclaim. Frees what is malloc's; what is the arena's goes to the builder. */
static void return_list(struct dp_memory *memory, struct dp_obj *obj)
{
	struct dp_obj *first = NULL, *last = NULL;

	while (obj) {
		struct dp_obj *next = obj->next;

		__atomic_sub_fetch(&memory->bytes, obj->bytes, __ATOMIC_RELAXED);
		if (in_arena(obj->bytes)) {
			obj->next = first;
			first = obj;
			last = last ? last : obj;
		} else {
			free(obj);
		}
		obj = next;
	}
	if (!first)
		return;
	last->next = rh_load_relaxed(&memory->returned);
	/* Pairs with the exchange in returned_take. */
	while (!__atomic_compare_exchange_n(&memory->returned, &last->next, first, true,
		__ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
}

/* Ctx: reclaim. */
static void batch_run(struct rh_rcu_head *head)
{
	struct dp_batch *batch = caa_container_of(head, struct dp_batch, head);
	struct dp_memory *memory = batch->memory;

	return_list(memory, batch->objects);
	if (batch->slots == DP_SLOT_END) {
		free(batch);
		return;
	}
	batch->next = rh_load_relaxed(&memory->reclaimed);
	/* Pairs with the exchange in dp_memory_take_reclaimed. */
	while (!__atomic_compare_exchange_n(
		&memory->reclaimed, &batch->next, batch, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
}

void dp_memory_flush(struct dp_memory *memory)
{
	struct dp_batch *batch;

	if (!memory->retired && memory->retired_slots == DP_SLOT_END)
		return;
	batch = calloc(1, sizeof(*batch));
	if (!batch)
		return;
	batch->memory = memory;
	batch->objects = memory->retired;
	batch->slots = memory->retired_slots;
	memory->retired = NULL;
	memory->retired_bytes = 0;
	memory->retired_slots = DP_SLOT_END;
	rh_rcu_call(&batch->head, batch_run);
}

struct dp_batch *dp_memory_take_reclaimed(struct dp_memory *memory)
{
	if (!rh_load_relaxed(&memory->reclaimed))
		return NULL;
	return __atomic_exchange_n(&memory->reclaimed, NULL, __ATOMIC_ACQUIRE);
}

void dp_memory_fini(struct dp_memory *memory)
{
	struct dp_batch *batch = dp_memory_take_reclaimed(memory);

	while (batch) {
		struct dp_batch *next = batch->next;

		free(batch);
		batch = next;
	}
	free_list(memory, memory->retired);
	memory->retired = NULL;
	while (memory->returning || memory->returned)
		returned_take(memory, UINT_MAX);
	dp_arena_fini(&memory->arena);
}
