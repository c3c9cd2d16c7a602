#pragma once

/*
 * Subscribers of one filter, or conditions of one key: an immutable array of receivers or records (record.h), replaced as a
 * whole by one store. Large sets are a list of chunks shared between versions, so that one change copies a chunk and
 * the list, not the set (100,000 equal filters: 3 KiB + 3 KiB).
 */

#include "dataplane/base/atomic.h"
#include "dataplane/match/match_lookup.h"
#include "dataplane/match/memory.h"
#include "dataplane/match/record.h"

/* Bytes that live in the set itself, 64 receivers: one load less for the usual small set. */
#define DP_SET_INLINE_BYTES 512
/* Of a chunk, 256 receivers: chunk and list of a set of 100,000 are about equally long. */
#define DP_SET_CHUNK_BYTES 2048
#define DP_SET_INLINE	   (DP_SET_INLINE_BYTES / sizeof(struct dp_receiver))
#define DP_SET_CHUNK	   (DP_SET_CHUNK_BYTES / sizeof(struct dp_receiver))
#define DP_RECORDS_CHUNK   (DP_SET_CHUNK_BYTES / sizeof(struct dp_record))
/* In place of a session: member removed while no memory was left to copy the chunk. */
#define DP_SESSION_NONE UINT32_MAX
#define DP_RECEIVER_NONE ((struct dp_receiver){DP_SESSION_NONE, DP_SUB_NONE})

struct dp_chunk {
	struct dp_obj obj;
	union {
		struct dp_receiver member[DP_SET_CHUNK];
		struct dp_record record[DP_RECORDS_CHUNK];
	};
};

struct dp_set {
	struct dp_obj obj; /* its link, until the set is retired: removed members that are still there */
	uint32_t count;
	union {
		struct dp_receiver member[0];
		struct dp_record record[0];
		struct dp_chunk *chunk[0];
	};
};
_Static_assert(sizeof(struct dp_set) == 8, "two million of them");

/* Items of @unit bytes each: sizeof(struct dp_receiver) or that of struct dp_record; all of a set are of one kind. */
static inline uint32_t dp_items_inline(uint32_t unit)
{
	return DP_SET_INLINE_BYTES / unit;
}

static inline uint32_t dp_items_a_chunk(uint32_t unit)
{
	return DP_SET_CHUNK_BYTES / unit;
}

/* 0: they stand in the set. */
static inline uint32_t dp_items_chunks(uint32_t unit, uint32_t count)
{
	return count > dp_items_inline(unit) ? (count + dp_items_a_chunk(unit) - 1) / dp_items_a_chunk(unit) : 0;
}

/* Of @count items those in chunk number @i. */
static inline uint32_t dp_items_of_chunk(uint32_t unit, uint32_t count, uint32_t i)
{
	uint32_t rest = count - i * dp_items_a_chunk(unit);

	return rest < dp_items_a_chunk(unit) ? rest : dp_items_a_chunk(unit);
}

static inline uint32_t dp_set_spans(const struct dp_set *set)
{
	return rh_likely(set->count <= DP_SET_INLINE) ? 1 : dp_items_chunks(sizeof(struct dp_receiver), set->count);
}

/* The @i-th contiguous run of members. */
static inline const struct dp_receiver *dp_set_span(
	const struct dp_set *set, uint32_t i, uint32_t *count)
{
	if (rh_likely(set->count <= DP_SET_INLINE)) {
		*count = set->count;
		return set->member;
	}
	*count = dp_items_of_chunk(sizeof(struct dp_receiver), set->count, i);
	return set->chunk[i]->member;
}

static inline dp_session_id_t dp_member_session(const struct dp_receiver *member)
{
	return rh_load_relaxed(&member->session);
}

/* Ctx of all that follow: builder. */
/* Put a version of *@at with @item at the end in its place; *@pos is where it stands. -ENOMEM leaves all as it was. */
int dp_items_add(struct dp_memory *memory, struct dp_set **at, uint32_t unit, const void *item, uint32_t *pos);
enum dp_item_gone {
	DP_ITEM_GONE,
	DP_ITEM_REPLACED, /* by the last one */
	DP_ITEM_HOLE,	  /* no memory: it still stands there, and the caller makes it mean nothing */
};
/* Take the item at @pos out. *@at becomes NULL with the last. */
enum dp_item_gone dp_items_del(struct dp_memory *memory, struct dp_set **at, uint32_t unit, uint32_t pos);
/* Where the item at @pos stands. */
void *dp_item_at(struct dp_set *set, uint32_t unit, uint32_t pos);
/* A set of @count of them that stand in it. NULL: no memory. */
struct dp_set *dp_items_of(struct dp_memory *memory, uint32_t unit, const void *items, uint32_t count);
/* Free at once, without readers. Accepts NULL. */
void dp_items_free(struct dp_memory *memory, uint32_t unit, struct dp_set *set);

/*
 * The same of receivers. The last one may move to @pos: *@moved is that one, else DP_RECEIVER_NONE. Cannot fail: without memory
 * a hole stays.
 */
void dp_set_del(struct dp_memory *memory, struct dp_set **at, uint32_t pos, struct dp_receiver *moved);

static inline int dp_set_add(
	struct dp_memory *memory, struct dp_set **at, const struct dp_receiver *member, uint32_t *pos)
{
	return dp_items_add(memory, at, sizeof(*member), member, pos);
}
