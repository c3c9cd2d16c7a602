#include "dataplane/match/table_priv.h"

#include <errno.h>
#include <stdlib.h>

static struct dp_slots *chunk_create(struct dp_table *table, uint32_t index)
{
	struct dp_slots *slots = dp_memory_alloc(&table->memory, sizeof(*slots));

	if (!slots)
		return NULL;
	for (uint32_t i = 0; i < DP_SLOTS_CHUNK; i++)
		slots->slot[i].pos = i + 1 < DP_SLOTS_CHUNK ? i + 1 : DP_SLOT_END;
	rh_rcu_assign(table->slots[index], slots);
	return slots;
}

static void give_back(struct dp_table *table, dp_sub_id_t sub)
{
	uint32_t index = sub / DP_SLOTS_CHUNK;
	struct dp_slots *slots = table->slots[index];

	slots->slot[sub % DP_SLOTS_CHUNK].pos = slots->free;
	slots->free = sub % DP_SLOTS_CHUNK;
	if (index < table->slots_hint)
		table->slots_hint = index;
	if (--slots->used == 0) {
		rh_rcu_assign(table->slots[index], NULL);
		dp_memory_retire(&table->memory, slots);
	}
}

/* Slots whose grace period is over become free. */
static void collect(struct dp_table *table)
{
	struct dp_batch *batch = dp_memory_take_reclaimed(&table->memory);

	while (batch) {
		struct dp_batch *next = batch->next;
		dp_sub_id_t sub = batch->slots;

		while (sub != DP_SLOT_END) {
			dp_sub_id_t after = dp_slot_at(table, sub)->pos;

			give_back(table, sub);
			sub = after;
		}
		free(batch);
		batch = next;
	}
}

int dp_slot_take(struct dp_table *table, dp_sub_id_t *out)
{
	struct dp_slots *slots = NULL;
	uint32_t index;

	collect(table);
	for (index = table->slots_hint; index < DP_SLOTS_CHUNKS; index++) {
		slots = table->slots[index];
		if (!slots || slots->free != DP_SLOT_END)
			break;
	}
	table->slots_hint = index;
	if (index == DP_SLOTS_CHUNKS)
		return -ENOSPC;
	if (!slots)
		slots = chunk_create(table, index);
	if (!slots)
		return -ENOMEM;
	*out = index * DP_SLOTS_CHUNK + slots->free;
	slots->free = slots->slot[slots->free].pos;
	slots->used++;
	return 0;
}

void dp_slot_return(struct dp_table *table, dp_sub_id_t sub)
{
	give_back(table, sub);
}

void dp_slot_retire(struct dp_table *table, dp_sub_id_t sub)
{
	struct dp_slot *slot = dp_slot_at(table, sub);

	rh_store_release(&slot->tag, 0);
	slot->pos = table->memory.retired_slots;
	table->memory.retired_slots = sub;
}
