/*
 * Numbers of subscriptions. The lowest free one is taken, so that the chunks at the end empty and
 * their pages go back to the system.
 */

#include "dataplane/match/table_priv.h"

#include <errno.h>
#include <stdlib.h>

#define SLOT_BYTES  ((size_t)DP_LIMIT_SUBSCRIPTIONS * sizeof(struct dp_slot))
#define CHUNK_BYTES (DP_SLOTS_CHUNK * sizeof(struct dp_slot))
#define NONE	    UINT16_MAX
/* With each one taken: more than one, so that they never pile up. */
#define COLLECT_AT_ONCE 8

int dp_slots_init(struct dp_table *table)
{
	table->slots_returning = DP_SLOT_END;
	for (uint32_t i = 0; i < DP_SLOTS_CHUNKS; i++)
		table->chunks[i].free = NONE;
	table->slot = rh_pages_reserve_sparse(SLOT_BYTES);
	return table->slot ? 0 : -ENOMEM;
}

void dp_slots_fini(struct dp_table *table)
{
	rh_pages_release(table->slot, SLOT_BYTES);
}

static void chunk_release(struct dp_table *table, uint32_t index)
{
	struct dp_slots_chunk *chunk = &table->chunks[index];

	rh_pages_discard(&table->slot[index * DP_SLOTS_CHUNK], CHUNK_BYTES);
	dp_memory_discharge(&table->memory, CHUNK_BYTES);
	*chunk = (struct dp_slots_chunk){.free = NONE};
}

static void give_back(struct dp_table *table, dp_sub_id_t sub)
{
	uint32_t index = sub / DP_SLOTS_CHUNK;
	struct dp_slots_chunk *chunk = &table->chunks[index];

	table->slot[sub].pos = chunk->free;
	chunk->free = (uint16_t)(sub % DP_SLOTS_CHUNK);
	if (index < table->slots_hint)
		table->slots_hint = index;
	if (--chunk->used == 0)
		chunk_release(table, index);
}

/* What the reclaimer has seen out joins the slots that can be given back. */
static void take_reclaimed(struct dp_table *table)
{
	struct dp_batch *batch = dp_memory_take_reclaimed(&table->memory);

	while (batch) {
		struct dp_batch *next = batch->next;

		if (batch->slots != DP_SLOT_END) {
			table->slot[batch->slots_last].pos = table->slots_returning;
			table->slots_returning = batch->slots;
		}
		free(batch);
		batch = next;
	}
}

void dp_slots_collect(struct dp_table *table, uint32_t most)
{
	take_reclaimed(table);
	for (; table->slots_returning != DP_SLOT_END && most > 0; most--) {
		dp_sub_id_t sub = table->slots_returning;

		table->slots_returning = table->slot[sub].pos;
		give_back(table, sub);
	}
}

static bool has_room(const struct dp_slots_chunk *chunk)
{
	return chunk->free != NONE || chunk->fresh < DP_SLOTS_CHUNK;
}

/* The lowest chunk with a free slot; DP_SLOTS_CHUNKS: none. */
static uint32_t chunk_find(struct dp_table *table)
{
	uint32_t index = table->slots_hint;

	while (index < DP_SLOTS_CHUNKS && !has_room(&table->chunks[index]))
		index++;
	table->slots_hint = index;
	return index;
}

static dp_sub_id_t chunk_take(struct dp_table *table, uint32_t index)
{
	struct dp_slots_chunk *chunk = &table->chunks[index];
	dp_sub_id_t sub = index * DP_SLOTS_CHUNK + chunk->free;

	chunk->used++;
	if (chunk->free == NONE)
		return index * DP_SLOTS_CHUNK + chunk->fresh++;
	chunk->free = (uint16_t)table->slot[sub].pos;
	return sub;
}

int dp_slot_take(struct dp_table *table, dp_sub_id_t *out)
{
	uint32_t index;

	dp_slots_collect(table, COLLECT_AT_ONCE);
	index = chunk_find(table);
	if (index == DP_SLOTS_CHUNKS && table->slots_returning != DP_SLOT_END) {
		dp_slots_collect(table, 1);
		index = chunk_find(table);
	}
	if (index == DP_SLOTS_CHUNKS)
		return -ENOSPC;
	if (!table->chunks[index].used && !dp_memory_charge(&table->memory, CHUNK_BYTES))
		return -ENOMEM;
	*out = chunk_take(table, index);
	return 0;
}

void dp_slot_return(struct dp_table *table, dp_sub_id_t sub)
{
	give_back(table, sub);
}

void dp_slot_retire(struct dp_table *table, dp_sub_id_t sub)
{
	struct dp_slot *slot = dp_slot_at(table, sub);
	struct dp_memory *memory = &table->memory;

	rh_store_release(&slot->tag, 0);
	if (memory->retired_slots == DP_SLOT_END)
		memory->retired_slots_last = sub;
	slot->pos = memory->retired_slots;
	memory->retired_slots = sub;
}
