#include "dataplane/match/set.h"

#include <errno.h>
#include <string.h>

static void *item_of(void *items, uint32_t unit, uint32_t pos)
{
	return (char *)items + (size_t)pos * unit;
}

void *dp_item_at(struct dp_set *set, uint32_t unit, uint32_t pos)
{
	if (!dp_items_chunks(unit, set->count))
		return item_of(set->member, unit, pos);
	return item_of(set->chunk[pos / dp_items_a_chunk(unit)]->member, unit, pos % dp_items_a_chunk(unit));
}

static struct dp_set *set_alloc(struct dp_memory *memory, uint32_t count, uint32_t unit)
{
	uint32_t chunks = dp_items_chunks(unit, count);
	size_t body = chunks ? chunks * sizeof(struct dp_chunk *) : (size_t)count * unit;
	struct dp_set *set = dp_memory_alloc(memory, sizeof(*set) + body);

	if (set)
		set->count = count;
	return set;
}

struct dp_set *dp_items_of(struct dp_memory *memory, uint32_t unit, const void *items, uint32_t count)
{
	struct dp_set *set = set_alloc(memory, count, unit);

	if (set)
		memcpy(set->member, items, (size_t)count * unit);
	return set;
}

/* A new chunk with the first @bytes of @from. */
static struct dp_chunk *chunk_copy(struct dp_memory *memory, const void *from, size_t bytes)
{
	struct dp_chunk *chunk = dp_memory_alloc(memory, sizeof(*chunk));

	if (chunk && bytes)
		memcpy(chunk->member, from, bytes);
	return chunk;
}

static void put(
	struct dp_memory *memory, struct dp_set **at, struct dp_set *next, struct dp_chunk *unused)
{
	struct dp_set *old = *at;

	rh_rcu_assign(*at, next);
	dp_memory_retire(memory, unused);
	dp_memory_retire(memory, old);
}

static int add_inline(struct dp_memory *memory, struct dp_set **at, uint32_t unit, const void *item, uint32_t count)
{
	struct dp_set *next = set_alloc(memory, count + 1, unit);

	if (!next)
		return -ENOMEM;
	if (count)
		memcpy(next->member, (*at)->member, (size_t)count * unit);
	memcpy(item_of(next->member, unit, count), item, unit);
	next->obj.link = *at ? (*at)->obj.link : 0;
	put(memory, at, next, NULL);
	return 0;
}

static int add_chunked(struct dp_memory *memory, struct dp_set **at, uint32_t unit, const void *item, uint32_t count)
{
	struct dp_set *old = *at, *next = set_alloc(memory, count + 1, unit);
	uint32_t chunks = dp_items_chunks(unit, count), at_chunk = count / dp_items_a_chunk(unit), at_item = count % dp_items_a_chunk(unit);
	struct dp_chunk *replaced = NULL, *chunk;
	const void *from = NULL;

	if (chunks && at_item)
		replaced = old->chunk[at_chunk];
	if (at_item)
		from = replaced ? replaced->member : old->member;
	chunk = next ? chunk_copy(memory, from, (size_t)at_item * unit) : NULL;
	if (!chunk) {
		dp_memory_free(memory, next);
		return -ENOMEM;
	}
	memcpy(item_of(chunk->member, unit, at_item), item, unit);
	memcpy(next->chunk, old->chunk, chunks ? at_chunk * sizeof(chunk) : 0);
	next->chunk[at_chunk] = chunk;
	next->obj.link = old->obj.link;
	put(memory, at, next, replaced);
	return 0;
}

int dp_items_add(struct dp_memory *memory, struct dp_set **at, uint32_t unit, const void *item, uint32_t *pos)
{
	uint32_t count = *at ? (*at)->count : 0;
	int ret = count < dp_items_inline(unit) ? add_inline(memory, at, unit, item, count)
					    : add_chunked(memory, at, unit, item, count);

	if (ret == 0)
		*pos = count;
	return ret;
}

/* Copy @count items, of which the one at @pos is replaced by the last. */
static void copy_without(void *to, struct dp_set *set, uint32_t unit, uint32_t count, uint32_t pos)
{
	for (uint32_t i = 0; i < count; i++)
		memcpy(item_of(to, unit, i), dp_item_at(set, unit, i == pos ? count : i), unit);
}

/* Old chunks go with a set that becomes inline. */
static void retire_chunks(struct dp_memory *memory, struct dp_chunk *const *chunk, uint32_t chunks)
{
	for (uint32_t i = 0; i < chunks; i++)
		dp_memory_retire(memory, chunk[i]);
}

static int del_to_inline(struct dp_memory *memory, struct dp_set **at, uint32_t unit, uint32_t pos)
{
	struct dp_set *old = *at, *next = set_alloc(memory, old->count - 1, unit);

	if (!next)
		return -ENOMEM;
	copy_without(next->member, old, unit, next->count, pos);
	next->obj.link = old->obj.link;
	rh_rcu_assign(*at, next);
	retire_chunks(memory, old->chunk, dp_items_chunks(unit, old->count));
	dp_memory_retire(memory, old);
	return 0;
}

static int del_chunked(struct dp_memory *memory, struct dp_set **at, uint32_t unit, uint32_t pos)
{
	struct dp_set *old = *at, *next = set_alloc(memory, old->count - 1, unit);
	uint32_t last = old->count - 1, c = pos / dp_items_a_chunk(unit), chunks = dp_items_chunks(unit, old->count);
	struct dp_chunk *replaced = NULL, *chunk = NULL, *dropped = NULL;

	if (next && pos != last) {
		replaced = old->chunk[c];
		chunk = chunk_copy(memory, replaced->member, DP_SET_CHUNK_BYTES);
	}
	if (!next || (pos != last && !chunk)) {
		dp_memory_free(memory, next);
		return -ENOMEM;
	}
	memcpy(next->chunk, old->chunk, dp_items_chunks(unit, last) * sizeof(chunk));
	if (chunk) {
		memcpy(item_of(chunk->member, unit, pos % dp_items_a_chunk(unit)), dp_item_at(old, unit, last), unit);
		next->chunk[c] = chunk;
	}
	if (dp_items_chunks(unit, last) < chunks)
		dropped = old->chunk[chunks - 1];
	next->obj.link = old->obj.link;
	put(memory, at, next, replaced);
	dp_memory_retire(memory, dropped);
	return 0;
}

/* The set as a whole goes: nobody is left in it. */
static void drop(struct dp_memory *memory, struct dp_set **at, uint32_t unit)
{
	struct dp_set *old = *at;

	rh_rcu_assign(*at, NULL);
	retire_chunks(memory, old->chunk, dp_items_chunks(unit, old->count));
	dp_memory_retire(memory, old);
}

enum dp_item_gone dp_items_del(struct dp_memory *memory, struct dp_set **at, uint32_t unit, uint32_t pos)
{
	struct dp_set *old = *at;
	uint32_t last = old->count - 1;
	int ret;

	if (last == old->obj.link) {
		drop(memory, at, unit);
		return DP_ITEM_GONE;
	}
	ret = last <= dp_items_inline(unit) ? del_to_inline(memory, at, unit, pos) : del_chunked(memory, at, unit, pos);
	if (ret == 0)
		return pos != last ? DP_ITEM_REPLACED : DP_ITEM_GONE;
	old->obj.link++;
	return DP_ITEM_HOLE;
}

void dp_set_del(struct dp_memory *memory, struct dp_set **at, uint32_t pos, struct dp_receiver *moved)
{
	struct dp_receiver *member = dp_item_at(*at, sizeof(*member), pos),
			   last = *(struct dp_receiver *)dp_item_at(*at, sizeof(*member), (*at)->count - 1);
	enum dp_item_gone gone = dp_items_del(memory, at, sizeof(*member), pos);

	*moved = gone == DP_ITEM_REPLACED ? last : DP_RECEIVER_NONE;
	if (gone == DP_ITEM_HOLE)
		rh_store_relaxed(&member->session, DP_SESSION_NONE);
}

void dp_items_free(struct dp_memory *memory, uint32_t unit, struct dp_set *set)
{
	for (uint32_t i = 0; set && i < dp_items_chunks(unit, set->count); i++)
		dp_memory_free(memory, set->chunk[i]);
	dp_memory_free(memory, set);
}
