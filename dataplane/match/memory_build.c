#include "dataplane/match/memory.h"

#include "dataplane/base/atomic.h"

#include <stdlib.h>

/* Without publishes in between, so much may wait before the reclaimer is asked. */
#define RETIRED_BYTES_MAX (1u << 20)

void dp_memory_init(struct dp_memory *memory)
{
	*memory = (struct dp_memory){.limit = UINT64_MAX, .retired_slots = DP_SLOT_END};
}

void *dp_memory_alloc(struct dp_memory *memory, size_t bytes)
{
	struct dp_obj *obj;

	if (rh_load_relaxed(&memory->bytes) + bytes > memory->limit)
		return NULL;
	obj = calloc(1, bytes);
	if (!obj)
		return NULL;
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
	free(obj);
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

/* Ctx: reclaim. */
static void batch_run(struct rh_rcu_head *head)
{
	struct dp_batch *batch = caa_container_of(head, struct dp_batch, head);
	struct dp_memory *memory = batch->memory;

	free_list(memory, batch->objects);
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
}
