#include "dataplane/match/memory.h"

#include "dataplane/base/atomic.h"

#include <stdlib.h>
#include <string.h>

/* Without publishes in between, so much may wait before the reclaimer is asked. */
#define RETIRED_BYTES_MAX (1u << 20)
/* Objects given to the arena with each allocation: more than one allocates, so that they never pile up. */
#define RETURNED_AT_ONCE 8

void dp_memory_init(struct dp_memory *memory)
{
	*memory = (struct dp_memory){.limit = UINT64_MAX,
		.retired_slots = DP_SLOT_END,
		.retired_slots_last = DP_SLOT_END};
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

static struct dp_large *large_of(void *object)
{
	return (struct dp_large *)object - 1;
}

/* A block lies at a multiple of its size, so what is in front of it takes a block too. */
static void *large_memory(struct dp_large *large)
{
	return large->bytes == DP_MEMORY_BLOCK ? (char *)(large + 1) - DP_MEMORY_BLOCK : (void *)large;
}

static struct dp_obj *large_take(size_t bytes)
{
	struct dp_large *large;
	char *memory;

	if (bytes == DP_MEMORY_BLOCK) {
		memory = aligned_alloc(DP_MEMORY_BLOCK, 2 * DP_MEMORY_BLOCK);
		large = memory ? (struct dp_large *)(void *)(memory + DP_MEMORY_BLOCK) - 1 : NULL;
	} else {
		large = malloc(sizeof(*large) + bytes);
	}
	if (!large)
		return NULL;
	large->next = NULL;
	large->bytes = bytes;
	return (struct dp_obj *)(large + 1);
}

static size_t bytes_of(struct dp_obj *obj)
{
	return obj->large ? large_of(obj)->bytes : dp_arena_bytes(obj);
}

static void chain_push(struct dp_chain *chain, struct dp_obj *obj)
{
	obj->link = chain->first & INT32_MAX;
	chain->first = dp_arena_number(obj);
	if (!chain->last)
		chain->last = obj;
}

/* All of @more in front of @chain. */
static void chain_join(struct dp_chain *chain, const struct dp_chain *more)
{
	if (!more->first)
		return;
	more->last->link = chain->first & INT32_MAX;
	chain->first = more->first;
	if (!chain->last)
		chain->last = more->last;
}

void dp_memory_return(struct dp_memory *memory, unsigned most)
{
	struct dp_chain *chain = &memory->returning;

	for (; chain->first && most > 0; most--) {
		struct dp_obj *obj = dp_arena_object(&memory->arena, chain->first);

		chain->first = obj->link;
		dp_arena_give(&memory->arena, obj);
	}
	if (!chain->first)
		chain->last = NULL;
}

bool dp_memory_charge(struct dp_memory *memory, size_t bytes)
{
	if (rh_load_relaxed(&memory->bytes) + bytes > memory->limit)
		return false;
	__atomic_add_fetch(&memory->bytes, bytes, __ATOMIC_RELAXED);
	return true;
}

void dp_memory_discharge(struct dp_memory *memory, size_t bytes)
{
	__atomic_sub_fetch(&memory->bytes, bytes, __ATOMIC_RELAXED);
}

void *dp_memory_alloc(struct dp_memory *memory, size_t bytes)
{
	bool large = !in_arena(bytes);
	struct dp_obj *obj;

	if (rh_load_relaxed(&memory->bytes) + bytes > memory->limit)
		return NULL;
	dp_memory_return(memory, RETURNED_AT_ONCE);
	obj = large ? large_take(bytes) : dp_arena_take(&memory->arena, bytes);
	if (!obj)
		return NULL;
	memset(obj, 0, bytes);
	obj->large = large;
	__atomic_add_fetch(&memory->bytes, bytes_of(obj), __ATOMIC_RELAXED);
	return obj;
}

void dp_memory_free(struct dp_memory *memory, void *object)
{
	struct dp_obj *obj = object;

	if (!obj)
		return;
	dp_memory_discharge(memory, bytes_of(obj));
	if (obj->large)
		free(large_memory(large_of(obj)));
	else
		dp_arena_give(&memory->arena, obj);
}

void dp_memory_retire(struct dp_memory *memory, void *object)
{
	struct dp_obj *obj = object;

	if (!obj)
		return;
	memory->retired_bytes += bytes_of(obj);
	if (obj->large) {
		large_of(obj)->next = memory->retired_large;
		memory->retired_large = large_of(obj);
	} else {
		chain_push(&memory->retired, obj);
	}
	if (memory->retired_bytes > RETIRED_BYTES_MAX)
		dp_memory_flush(memory);
}

static void large_free_all(struct dp_large *large)
{
	while (large) {
		struct dp_large *next = large->next;

		free(large_memory(large));
		large = next;
	}
}

/* Ctx: reclaim. Frees what is malloc's; the rest goes to the builder. */
static void batch_run(struct rh_rcu_head *head)
{
	struct dp_batch *batch = caa_container_of(head, struct dp_batch, head);
	struct dp_memory *memory = batch->memory;

	large_free_all(batch->large);
	dp_memory_discharge(memory, batch->bytes);
	batch->next = rh_load_relaxed(&memory->reclaimed);
	/* Pairs with the exchange in dp_memory_take_reclaimed. */
	while (!__atomic_compare_exchange_n(
		&memory->reclaimed, &batch->next, batch, true, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
}

static bool is_any_retired(const struct dp_memory *memory)
{
	return memory->retired.first || memory->retired_large ||
	       memory->retired_slots != DP_SLOT_END;
}

void dp_memory_flush(struct dp_memory *memory)
{
	struct dp_batch *batch;

	if (!is_any_retired(memory))
		return;
	batch = calloc(1, sizeof(*batch));
	if (!batch)
		return;
	batch->memory = memory;
	batch->objects = memory->retired;
	batch->large = memory->retired_large;
	batch->bytes = memory->retired_bytes;
	batch->slots = memory->retired_slots;
	batch->slots_last = memory->retired_slots_last;
	memory->retired = (struct dp_chain){0};
	memory->retired_large = NULL;
	memory->retired_bytes = 0;
	memory->retired_slots = memory->retired_slots_last = DP_SLOT_END;
	memory->batches++;
	rh_rcu_call(&batch->head, batch_run);
}

struct dp_batch *dp_memory_take_reclaimed(struct dp_memory *memory)
{
	struct dp_batch *batches;

	if (!rh_load_relaxed(&memory->reclaimed))
		return NULL;
	batches = __atomic_exchange_n(&memory->reclaimed, NULL, __ATOMIC_ACQUIRE);
	for (struct dp_batch *batch = batches; batch; batch = batch->next) {
		memory->batches--;
		chain_join(&memory->returning, &batch->objects);
	}
	return batches;
}

bool dp_memory_is_settled(const struct dp_memory *memory)
{
	return !is_any_retired(memory) && !memory->batches && !memory->returning.first;
}

void dp_memory_fini(struct dp_memory *memory)
{
	struct dp_batch *batch = dp_memory_take_reclaimed(memory);

	while (batch) {
		struct dp_batch *next = batch->next;

		free(batch);
		batch = next;
	}
	large_free_all(memory->retired_large);
	dp_arena_fini(&memory->arena);
}
