#pragma once

/*
 * Which of a filter's many conditions may hold for an event (docs/decisions/0011): each is found by keys, one of which
 * any event has for which its expression holds. A key is a value of an attribute, or a part of it: the whole string, its
 * first or last bytes, an integer or the power of two of integers that it is in, the attribute being there at all, or a
 * pattern in the payload. An
 * event is asked about once for each attribute it has and each way in which the filter's conditions look at that one;
 * what is found is evaluated whole. So keys may be shared by chance: they narrow, they do not decide.
 */

#include "dataplane/base/hash.h"
#include "dataplane/cesql/tree.h"
#include "dataplane/cesql/value.h"
#include "dataplane/match/key.h"
#include "dataplane/match/words.h"

/* Conditions of a filter that are all looked at; with more, those that have keys are found by them. */
#define DP_ACCESS_LIST 16
/* Keys of one expression among which one choice is made, and of one choice. */
#define DP_ACCESS_KEYS 32
#define DP_ACCESS_ANY  8
/* Ways of one filter, all attributes together; beyond, other keys are chosen, or none. A new one copies them all: 0.5 MiB. */
#define DP_ACCESS_WAYS 16384
/* First or last bytes that a way may look at: powers of two. */
#define DP_ACCESS_BYTES 64

enum dp_access_how {
	DP_ACCESS_STRING,
	DP_ACCESS_PREFIX,  /* that many bytes */
	DP_ACCESS_SUFFIX,
	DP_ACCESS_INTEGER, /* without that many bits */
	DP_ACCESS_BOOLEAN,
	DP_ACCESS_EXISTS,
	DP_ACCESS_PATTERN, /* of no attribute, but the payload: that pattern is in it */
};
/* In place of an attribute's hash. */
#define DP_ACCESS_PAYLOAD 0

struct dp_access_key {
	uint64_t attribute, value; /* hashes */
	uint8_t how, param;
	uint8_t rank; /* how little it narrows: in powers of two */
	bool last;    /* of its choice; those of one choice are needed together */
};

/* One way of looking at an attribute. */
struct dp_way {
	uint64_t attribute;
	uint64_t salt; /* of its keys */
	uint32_t refs; /* builder only: keys */
	uint8_t how, param;
};

/* Behind a filter. Ways by ascending attribute. */
struct dp_access {
	struct dp_obj obj;
	uint32_t ways;
	struct dp_way way[];
};

/* The first way of @attribute or of one behind it. */
static inline uint32_t dp_access_first(const struct dp_access *access, uint64_t attribute)
{
	uint32_t low = 0, high = access->ways;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (access->way[middle].attribute < attribute)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Does it ask for patterns in the payload? Their only way is the first. */
static inline bool dp_access_scans(const struct dp_access *access)
{
	return access->ways && access->way[0].attribute == DP_ACCESS_PAYLOAD;
}

/* The conditions with one key, of all filters whose keys fall together. */
struct dp_list {
	struct dp_obj obj;
	uint32_t own;
	uint64_t key;
	struct dp_set *set; /* R; members are conditions */
};
_Static_assert(offsetof(struct dp_list, key) == offsetof(struct dp_keyed, key), "a word finds its key");

static inline uint64_t dp_access_bytes(uint64_t seed, const char *bytes, size_t size)
{
	return rh_hash(bytes, size, seed);
}

/* The block of 1 << @bits integers that @integer is in. */
static inline uint64_t dp_access_integer(int32_t integer, unsigned bits)
{
	return ((uint64_t)((int64_t)integer - INT32_MIN) >> bits) + 1;
}

static inline uint64_t dp_way_salt(uint64_t filter_key, uint64_t attribute, uint8_t how, uint8_t param)
{
	return dp_key_fold(filter_key ^ ((uint64_t)how << 8 | param) * 0x9e3779b97f4a7c15ULL, attribute | 1);
}

static inline uint64_t dp_way_key(uint64_t salt, uint64_t value)
{
	return dp_key_fold(salt ^ value, salt | 1);
}

/*
 * The choices of keys of @tree, whose patterns @pattern are by their order in it, one behind the other, at most
 * DP_ACCESS_KEYS; returns how many keys. 0: an event may satisfy it whatever it has. Ctx: builder.
 */
uint32_t dp_access_keys(
	const struct rh_cesql_tree *tree, const uint32_t *pattern, uint64_t seed, struct dp_access_key *out);
/* That of one payload pattern alone. */
struct dp_access_key dp_access_pattern_key(uint32_t pattern);

struct dp_cond;
struct dp_contents;
struct dp_filter;
struct dp_judge;

/* Lists asked for at once. */
#define DP_ACCESS_BATCH 64
/* Conditions of them looked at together. */
#define DP_ACCESS_CONDS 64

/* Under way; a worker's. */
struct dp_access_batch {
	uint32_t keys, conds;
	uint64_t key[DP_ACCESS_BATCH];
	const struct dp_list *list[DP_ACCESS_BATCH];
	const struct dp_cond *cond[DP_ACCESS_CONDS];
};

typedef void (*dp_access_visit)(void *arg, const struct dp_cond *cond);
/*
 * Visit the conditions of @filter, whose ways @access are, with a key that the event of @judge has; some more than once.
 * Every line is asked for before the first is read. Ctx: worker, under RCU.
 */
void dp_access_each(const struct dp_contents *contents, struct dp_access_batch *batch, const struct dp_filter *filter,
	const struct dp_access *access, struct dp_judge *judge, dp_access_visit visit, void *arg);

/* Where a condition stands: builder only. */
struct dp_places {
	struct dp_obj obj;
	uint32_t count;
	struct dp_place {
		uint64_t key;
		uint32_t pos;
		uint8_t choice; /* of its expression's keys */
	} place[];
};

/*
 * Put @cond, whose filter has a dp_more, into the lists of the choice of keys that narrows most. False: it has none, or
 * there is no room for its ways. -ENOMEM leaves no trace. Ctx: builder.
 */
int dp_access_place(struct dp_contents *contents, struct dp_memory *memory, struct dp_cond *cond, bool *placed);
/* Out of them. Cannot fail. */
void dp_access_unplace(struct dp_contents *contents, struct dp_memory *memory, struct dp_cond *cond);
