#pragma once

/*
 * Subscribers of one filter: an immutable array of receivers, replaced as a whole by one store.
 * Large sets are a list of chunks shared between versions, so that one change copies a chunk and
 * the list, not the set (100,000 equal filters: 3 KiB + 3 KiB).
 */

#include "dataplane/base/atomic.h"
#include "dataplane/match/match_lookup.h"
#include "dataplane/match/memory.h"

/* Up to this many live in the set itself: one load less for the usual small set. */
#define DP_SET_INLINE 64
/* 256: chunk and list of a set of 100,000 are about equally long. */
#define DP_SET_CHUNK 256
/* In place of a session: member removed while no memory was left to copy the chunk. */
#define DP_SESSION_NONE UINT32_MAX
#define DP_RECEIVER_NONE ((struct dp_receiver){DP_SESSION_NONE, DP_SUB_NONE})

struct dp_chunk {
	struct dp_obj obj;
	struct dp_receiver member[DP_SET_CHUNK];
};

struct dp_set {
	struct dp_obj obj; /* its link, until the set is retired: removed members that are still there */
	uint32_t count;
	union {
		struct dp_receiver member[0];
		struct dp_chunk *chunk[0];
	};
};
_Static_assert(sizeof(struct dp_set) == 8, "two million of them");

/* 0: members stand in the set. */
static inline uint32_t dp_set_chunks(uint32_t count)
{
	return count > DP_SET_INLINE ? (count + DP_SET_CHUNK - 1) / DP_SET_CHUNK : 0;
}

static inline uint32_t dp_set_spans(const struct dp_set *set)
{
	return rh_likely(set->count <= DP_SET_INLINE) ? 1 : dp_set_chunks(set->count);
}

/* The @i-th contiguous run of members. */
static inline const struct dp_receiver *dp_set_span(
	const struct dp_set *set, uint32_t i, uint32_t *count)
{
	if (rh_likely(set->count <= DP_SET_INLINE)) {
		*count = set->count;
		return set->member;
	}
	*count = set->count - i * DP_SET_CHUNK;
	if (*count > DP_SET_CHUNK)
		*count = DP_SET_CHUNK;
	return set->chunk[i]->member;
}

static inline dp_session_id_t dp_member_session(const struct dp_receiver *member)
{
	return rh_load_relaxed(&member->session);
}

/*
 * Put a version of *@at with @member at the end in its place; *@pos is where it stands. -ENOMEM
 * leaves all as it was. Ctx: builder.
 */
int dp_set_add(struct dp_memory *memory, struct dp_set **at, const struct dp_receiver *member,
	uint32_t *pos);
/*
 * Take the member at @pos out. The last member may move to @pos: *@moved is that one, else
 * DP_RECEIVER_NONE. *@at becomes NULL with the last member. Cannot fail: without memory a hole stays.
 * Ctx: builder.
 */
void dp_set_del(struct dp_memory *memory, struct dp_set **at, uint32_t pos, struct dp_receiver *moved);
/* A set of @count members, 1 to DP_SET_INLINE. NULL: no memory. Ctx: builder. */
struct dp_set *dp_set_of(
	struct dp_memory *memory, const struct dp_receiver *members, uint32_t count);
/* Free at once, without readers. Accepts NULL. */
void dp_set_free(struct dp_memory *memory, struct dp_set *set);
