#pragma once

/*
 * What the registry keeps of each subscription beside the table's slot: its place in the session's
 * list and since when it is. Live ones stand in one array by the table's number; those the builder
 * has yet to answer for in another, with all that the table will know of them. Both are reserved at
 * start, touched as they are needed and given back by chunks of three pages. Ctx: control loop, but
 * for what is said to be the builder's.
 */

#include "controlplane/subs/keys.h"
#include "dataplane/api/table.h"

#include <stddef.h>

/* A reference: 0 none, from CP_REF_LIVE on the table's numbers, then places among the others. */
#define CP_REF_LIVE   CP_KEYS_REF_LEAST
#define CP_REF_ADDING (CP_REF_LIVE + DP_LIMIT_SUBSCRIPTIONS)

#define CP_ADDING_MOST 1048576u /* more than open requests can hold */
_Static_assert(CP_REF_ADDING + CP_ADDING_MOST <= 1u << CP_KEYS_REF_BITS, "a word holds any reference");

/* Zeroed: nobody's. The time is in ms, 46 bits of it. */
struct cp_record {
	uint32_t next : CP_KEYS_REF_BITS, since_high : 7;
	uint32_t prev : CP_KEYS_REF_BITS, since_middle : 7;
	uint32_t since_low;
};
_Static_assert(sizeof(struct cp_record) == 12, "ten million of them");

/* Of each subscription that is there, its reference in the keys included. */
#define CP_RECORD_BYTES (sizeof(struct cp_record) + 8)

struct cp_content;

/* A subscription that the builder has yet to answer for. */
struct cp_adding {
	struct cp_record record;
	struct cp_content *content;
	/* Filter, len, tenant, except: read by the builder, not changed while it may. */
	const char *filter; /* the request's, which lives until the builder has answered */
	uint64_t hash;
	dp_session_id_t slot;
	dp_sub_id_t table_id; /* the builder's: DP_SUB_NONE until it is added, and once removed */
	uint32_t changes;     /* with the builder; of a free one: the next free, + 1 */
	uint16_t len, tenant;
	int16_t refused; /* the builder's: why it was not added */
	bool except;
	bool settled; /* no longer in the registry, or there as a live one: free with its last change */
};

#define CP_RECORDS_CHUNK  1024
#define CP_RECORDS_CHUNKS (DP_LIMIT_SUBSCRIPTIONS / CP_RECORDS_CHUNK)
_Static_assert(CP_RECORDS_CHUNK * sizeof(struct cp_record) % RH_PAGE == 0, "a chunk is pages");

struct cp_records {
	struct cp_record *live; /* [DP_LIMIT_SUBSCRIPTIONS] */
	uint16_t used[CP_RECORDS_CHUNKS];
	uint32_t chunks; /* with used ones */
	struct cp_adding *adding; /* [CP_ADDING_MOST] */
	uint32_t adding_fresh, adding_used;
	uint32_t adding_free; /* place + 1; 0: none */
};

/* 0 or -ENOMEM. */
int cp_records_init(struct cp_records *records);
/* Accepts a zeroed or half-made one. */
void cp_records_fini(struct cp_records *records);

static inline bool cp_ref_is_live(uint32_t ref)
{
	return ref < CP_REF_ADDING;
}

static inline uint32_t cp_ref_of_live(dp_sub_id_t sub)
{
	return CP_REF_LIVE + sub;
}

static inline dp_sub_id_t cp_ref_sub(uint32_t ref)
{
	return ref - CP_REF_LIVE;
}

static inline uint32_t cp_ref_of_adding(const struct cp_records *records, const struct cp_adding *a)
{
	return CP_REF_ADDING + (uint32_t)(a - records->adding);
}

static inline struct cp_adding *cp_ref_adding(const struct cp_records *records, uint32_t ref)
{
	return &records->adding[ref - CP_REF_ADDING];
}

static inline struct cp_record *cp_record_at(const struct cp_records *records, uint32_t ref)
{
	return cp_ref_is_live(ref) ? &records->live[cp_ref_sub(ref)]
				   : &cp_ref_adding(records, ref)->record;
}

static inline uint64_t cp_record_since_ms(const struct cp_record *record)
{
	return (uint64_t)record->since_high << 39 | (uint64_t)record->since_middle << 32 |
	       record->since_low;
}

/* Never 0, so that a used record is told from a free one. */
static inline void cp_record_set_since_ms(struct cp_record *record, uint64_t ms)
{
	ms = ms ? ms : 1;
	record->since_high = ms >> 39 & 0x7f;
	record->since_middle = ms >> 32 & 0x7f;
	record->since_low = (uint32_t)ms;
}

/* Is @sub anybody's? */
static inline bool cp_records_has(const struct cp_records *records, dp_sub_id_t sub)
{
	return sub < DP_LIMIT_SUBSCRIPTIONS && records->used[sub / CP_RECORDS_CHUNK] &&
	       cp_record_since_ms(&records->live[sub]);
}

/* @sub becomes used, as @from. */
void cp_records_take(struct cp_records *records, dp_sub_id_t sub, const struct cp_record *from);
void cp_records_give(struct cp_records *records, dp_sub_id_t sub);

/* Zeroed, without a table's number; NULL: CP_ADDING_MOST are in use. */
struct cp_adding *cp_adding_take(struct cp_records *records);
void cp_adding_give(struct cp_records *records, struct cp_adding *adding);
