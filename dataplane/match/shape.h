#pragma once

/*
 * A shape is what a filter is without its literal bytes: which levels are compared, how many there
 * must be, whether more may follow. Filters of one shape stand in one hash table under keys made
 * of their literal levels, so that an event costs one probe for each live shape that its number of
 * levels allows, however many filters there are (tuple space search; docs/topic-index.md).
 *
 * The key may know less than the filter (what stands between two `**`, the rest of a glob): then
 * filters share a key, and each is compared whole.
 */

#include "dataplane/filter/filter.h"
#include "dataplane/match/key.h"
#include "dataplane/match/memory.h"

/* Parts of the key that are no whole level counted from the front within DP_KEY_LEVELS. */
#define DP_SHAPE_PARTS 4

struct dp_part {
	uint8_t from_end; /* count levels from the last, 0 */
	uint8_t level;
	uint16_t prefix; /* bytes that count; 0: the whole level */
};

/* Two shapes are equal when all their bytes are: no padding, unused parts are zero. */
struct dp_shape {
	uint64_t mask; /* bit i: level i is in the key */
	uint8_t least; /* levels that a topic must have */
	uint8_t open;  /* it may have more */
	uint8_t hides_dollar;
	uint8_t parts;
	struct dp_part part[DP_SHAPE_PARTS];
	uint32_t zero;
};

/* A live shape of one tenant. */
struct dp_shape_row {
	struct dp_shape shape;
	uint64_t seed; /* of its keys, the tenant's included */
	uint32_t id;
	uint32_t filters; /* builder only */
};

/* Topics of so many levels or fewer find their probes listed. */
#define DP_SHAPE_LISTED 16
#define DP_PROBES_WIDE	4

/* No shape's id. */
#define DP_SHAPE_NONE UINT32_MAX

/* What the probes of so many shapes without parts need, for a topic of at most DP_SHAPE_LISTED levels; behind a list's last any, of DP_SHAPE_NONE. */
struct dp_probes {
	uint64_t seed[DP_PROBES_WIDE];
	uint64_t mask[DP_PROBES_WIDE]; /* bit 63 - i: level i is in the key, so that each is a sign in its turn */
	uint32_t id[DP_PROBES_WIDE];
};

/* Shapes that fit so many levels: [1] those that see topics which begin with '$'. */
struct dp_shape_list {
	uint16_t at[2];	   /* into probes[] */
	uint16_t count[2]; /* from there on */
};

/* A tenant's live shapes: immutable, replaced as a whole. */
struct dp_shapes {
	struct dp_obj obj;
	uint16_t odd;	/* the first rows: shapes with parts; every topic asks them one by one */
	uint16_t count; /* rows */
	struct dp_shape_list list[DP_SHAPE_LISTED + 1];
	const struct dp_shape_row *row;
	struct dp_probes probes[];
};

/* Which keys @filter has. *@partial: a filter found by its key must still be compared by
 * rh_filter_matches. Ctx: any. */
void dp_shape_of(const struct rh_filter *filter, struct dp_shape *out, bool *partial);
/* Key of @filter, which has @shape with @seed. Ctx: builder. */
uint64_t dp_shape_key(const struct dp_secret *secret, const struct dp_shape *shape, uint64_t seed,
	const struct rh_filter *filter);
/* Seed of @shape's keys in the tenant with hash @tenant. */
uint64_t dp_shape_seed(const struct dp_secret *secret, const struct dp_shape *shape, uint64_t tenant);
/* Lists for workers of those of @count rows that have filters. NULL: no memory. Ctx: builder. */
struct dp_shapes *dp_shapes_make(
	struct dp_memory *memory, const struct dp_shape_row *rows, uint32_t count);

static inline uint64_t dp_part_hash(const struct dp_secret *secret, const struct dp_part *part,
	const char *bytes, size_t size)
{
	uint64_t which = (uint64_t)part->from_end << 32 | (uint64_t)part->level << 16 | part->prefix;

	return rh_hash(bytes, size, secret->seed + (which + 1) * 0x9e3779b97f4a7c15ULL);
}

/* May a topic of @levels levels, which begins with '$' or not, be found under @shape? */
static inline bool dp_shape_fits(const struct dp_shape *shape, uint32_t levels, bool dollar)
{
	return levels >= shape->least && (shape->open || levels == shape->least) &&
	       !(dollar && shape->hides_dollar);
}
