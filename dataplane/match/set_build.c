#include "dataplane/match/set.h"

#include <errno.h>
#include <string.h>

static struct dp_set *set_alloc(struct dp_memory *memory, uint32_t count)
{
	uint32_t chunks = dp_set_chunks(count);
	size_t body =
		chunks ? chunks * sizeof(struct dp_chunk *) : count * sizeof(struct dp_receiver);
	struct dp_set *set = dp_memory_alloc(memory, sizeof(*set) + body);

	if (set)
		set->count = count;
	return set;
}

struct dp_set *dp_set_of(
	struct dp_memory *memory, const struct dp_receiver *members, uint32_t count)
{
	struct dp_set *set = set_alloc(memory, count);

	if (set)
		memcpy(set->member, members, count * sizeof(*members));
	return set;
}

static uint32_t chunks_of(const struct dp_set *set)
{
	return dp_set_chunks(set->count);
}

/* A new chunk with the first @count members of @from. */
static struct dp_chunk *chunk_copy(
	struct dp_memory *memory, const struct dp_receiver *from, uint32_t count)
{
	struct dp_chunk *chunk = dp_memory_alloc(memory, sizeof(*chunk));

	if (chunk && count)
		memcpy(chunk->member, from, count * sizeof(*from));
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

static int add_inline(struct dp_memory *memory, struct dp_set **at,
	const struct dp_receiver *member, uint32_t count)
{
	struct dp_set *next = set_alloc(memory, count + 1);

	if (!next)
		return -ENOMEM;
	if (count)
		memcpy(next->member, (*at)->member, count * sizeof(*member));
	next->member[count] = *member;
	next->obj.link = *at ? (*at)->obj.link : 0;
	put(memory, at, next, NULL);
	return 0;
}

static int add_chunked(struct dp_memory *memory, struct dp_set **at,
	const struct dp_receiver *member, uint32_t count)
{
	struct dp_set *old = *at, *next = set_alloc(memory, count + 1);
	uint32_t at_chunk = count / DP_SET_CHUNK, at_member = count % DP_SET_CHUNK;
	struct dp_chunk *replaced = NULL, *chunk;
	const struct dp_receiver *from = NULL;

	if (chunks_of(old) && at_member)
		replaced = old->chunk[at_chunk];
	if (at_member)
		from = replaced ? replaced->member : old->member;
	chunk = next ? chunk_copy(memory, from, at_member) : NULL;
	if (!chunk) {
		dp_memory_free(memory, next);
		return -ENOMEM;
	}
	chunk->member[at_member] = *member;
	memcpy(next->chunk, old->chunk, chunks_of(old) ? at_chunk * sizeof(chunk) : 0);
	next->chunk[at_chunk] = chunk;
	next->obj.link = old->obj.link;
	put(memory, at, next, replaced);
	return 0;
}

int dp_set_add(struct dp_memory *memory, struct dp_set **at, const struct dp_receiver *member,
	uint32_t *pos)
{
	uint32_t count = *at ? (*at)->count : 0;
	int ret = count < DP_SET_INLINE ? add_inline(memory, at, member, count)
					: add_chunked(memory, at, member, count);

	if (ret == 0)
		*pos = count;
	return ret;
}

static struct dp_receiver *member_at(struct dp_set *set, uint32_t pos)
{
	return chunks_of(set) ? &set->chunk[pos / DP_SET_CHUNK]->member[pos % DP_SET_CHUNK]
			   : &set->member[pos];
}

/* Copy @count members, of which the one at @pos is replaced by @last. */
static void copy_without(struct dp_receiver *to, struct dp_set *set, uint32_t count, uint32_t pos)
{
	for (uint32_t i = 0; i < count; i++)
		to[i] = *member_at(set, i == pos ? count : i);
}

/* Old chunks go with a set that becomes inline. */
static void retire_chunks(struct dp_memory *memory, struct dp_chunk *const *chunk, uint32_t chunks)
{
	for (uint32_t i = 0; i < chunks; i++)
		dp_memory_retire(memory, chunk[i]);
}

static int del_to_inline(struct dp_memory *memory, struct dp_set **at, uint32_t pos)
{
	struct dp_set *old = *at, *next = set_alloc(memory, old->count - 1);

	if (!next)
		return -ENOMEM;
	copy_without(next->member, old, next->count, pos);
	next->obj.link = old->obj.link;
	rh_rcu_assign(*at, next);
	retire_chunks(memory, old->chunk, chunks_of(old));
	dp_memory_retire(memory, old);
	return 0;
}

static int del_chunked(struct dp_memory *memory, struct dp_set **at, uint32_t pos)
{
	struct dp_set *old = *at, *next = set_alloc(memory, old->count - 1);
	uint32_t last = old->count - 1, c = pos / DP_SET_CHUNK;
	struct dp_chunk *replaced = NULL, *chunk = NULL, *dropped = NULL;

	if (next && pos != last) {
		replaced = old->chunk[c];
		chunk = chunk_copy(memory, replaced->member, DP_SET_CHUNK);
	}
	if (!next || (pos != last && !chunk)) {
		dp_memory_free(memory, next);
		return -ENOMEM;
	}
	memcpy(next->chunk, old->chunk, chunks_of(next) * sizeof(chunk));
	if (chunk) {
		chunk->member[pos % DP_SET_CHUNK] = *member_at(old, last);
		next->chunk[c] = chunk;
	}
	if (chunks_of(next) < chunks_of(old))
		dropped = old->chunk[chunks_of(old) - 1];
	next->obj.link = old->obj.link;
	put(memory, at, next, replaced);
	dp_memory_retire(memory, dropped);
	return 0;
}

/* The set as a whole goes: nobody is left in it. */
static void drop(struct dp_memory *memory, struct dp_set **at)
{
	struct dp_set *old = *at;

	rh_rcu_assign(*at, NULL);
	retire_chunks(memory, old->chunk, chunks_of(old));
	dp_memory_retire(memory, old);
}

void dp_set_del(struct dp_memory *memory, struct dp_set **at, uint32_t pos, struct dp_receiver *moved)
{
	struct dp_set *old = *at;
	uint32_t last = old->count - 1;
	const struct dp_receiver mover = *member_at(old, last);
	int ret;

	*moved = DP_RECEIVER_NONE;
	if (last == old->obj.link) {
		drop(memory, at);
		return;
	}
	ret = last <= DP_SET_INLINE ? del_to_inline(memory, at, pos) : del_chunked(memory, at, pos);
	if (ret == 0) {
		*moved = pos != last ? mover : DP_RECEIVER_NONE;
		return;
	}
	rh_store_relaxed(&member_at(old, pos)->session, DP_SESSION_NONE);
	old->obj.link++;
}

void dp_set_free(struct dp_memory *memory, struct dp_set *set)
{
	for (uint32_t i = 0; set && i < chunks_of(set); i++)
		dp_memory_free(memory, set->chunk[i]);
	dp_memory_free(memory, set);
}
