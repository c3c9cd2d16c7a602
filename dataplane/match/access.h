#pragma once

/*
 * Which of a filter's many conditions may hold for an event (docs/decisions/0011): each is found by keys, one of which
 * any event has for which its expression holds. A key is a value of an attribute, or a part of it: the whole string, its
 * first or last bytes, some bytes anywhere, an integer or the power of two of integers that it is in, the attribute being
 * there at all, or a pattern in the payload. An event is asked about once for each attribute that it has and each way in
 * which the filter's conditions look at that one.
 *
 * A list is of one key alone, which is compared and not only hashed. So what a key says is true of all who are in its list,
 * and need not be asked again (record.h).
 */

#include "dataplane/cesql/tree.h"
#include "dataplane/match/facts.h"
#include "dataplane/match/key.h"
#include "dataplane/match/record.h"
#include "dataplane/match/words.h"

/* Conditions of a filter that are all looked at; with more, those that have keys are found by them. */
#define DP_ACCESS_LIST 16
/* Keys of one expression among which one choice is made, and of one choice. */
#define DP_ACCESS_KEYS 32
#define DP_ACCESS_ANY  8
/* Ways of one filter to look at one attribute; beyond, other keys are chosen, or none. */
#define DP_ACCESS_WAYS 128
/* First or last bytes that a way may look at: up to DP_ACCESS_WHOLE of them are the key itself, powers of two above. */
#define DP_ACCESS_BYTES 64
#define DP_ACCESS_WHOLE 8
/* Bytes anywhere: an event is asked for each place, so there are few such ways. */
#define DP_ACCESS_ANYWHERE 4

enum dp_access_how {
	DP_ACCESS_STRING,
	DP_ACCESS_PREFIX,  /* that many bytes */
	DP_ACCESS_SUFFIX,
	DP_ACCESS_PART,	   /* that many, anywhere */
	DP_ACCESS_INTEGER, /* without that many bits */
	DP_ACCESS_BOOLEAN,
	DP_ACCESS_EXISTS,
	DP_ACCESS_PATTERN, /* of no attribute, but the payload: that pattern is in it */
};

/* In which type an event's value has to be there for a key of that kind. */
static inline enum dp_fact_kind dp_access_fact(enum dp_access_how how)
{
	if (how <= DP_ACCESS_PART)
		return DP_FACT_STRING;
	if (how == DP_ACCESS_INTEGER)
		return DP_FACT_INTEGER;
	return how == DP_ACCESS_BOOLEAN ? DP_FACT_BOOLEAN : DP_FACT_THERE;
}

struct dp_access_key {
	struct dp_atom *name; /* NULL: the payload */
	/* Of STRING dp_fact_atom of it; of up to DP_ACCESS_WHOLE bytes these, of more their hash; the integer's block, ... */
	uint64_t value;
	uint8_t how, param;
	uint8_t rank;	 /* how little it narrows: in powers of two */
	uint8_t operand; /* of the outermost AND, to which it belongs */
	bool last;	 /* of its choice; those of one choice are needed together */
	bool proves;	 /* who has the key fulfils the operand */
};

/* One way of looking at an attribute. */
struct dp_way {
	uint64_t salt; /* of its keys */
	uint32_t refs; /* builder only: keys */
	uint8_t how, param;
};

/* The ways in which a filter's conditions look at one attribute. */
struct dp_ways {
	struct dp_obj obj;
	uint32_t count;
	uint64_t key;
	const struct dp_filter *filter;
	const struct dp_atom *name;
	struct dp_way way[];
};
_Static_assert(offsetof(struct dp_ways, key) == offsetof(struct dp_keyed, key), "a word finds its key");

/* The conditions with one key. */
struct dp_list {
	struct dp_obj obj;
	uint8_t how, param;
	uint64_t key;
	struct dp_set *set; /* R; records */
	const struct dp_filter *filter;
	const struct dp_atom *name;
	uint64_t value;
};
_Static_assert(offsetof(struct dp_list, key) == offsetof(struct dp_keyed, key), "a word finds its key");

/* Of that very key: hashes may agree by chance. */
static inline bool dp_list_is(const struct dp_list *list, const struct dp_filter *filter, const struct dp_atom *name, uint64_t value,
	uint8_t how, uint8_t param)
{
	return list->filter == filter && list->name == name && list->value == value && list->how == how && list->param == param;
}

static inline uint64_t dp_access_bytes(uint64_t seed, const char *bytes, size_t size)
{
	return rh_hash(bytes, size, seed);
}

/* As a key's value: @size bytes. */
static inline uint64_t dp_access_part(uint64_t seed, const char *bytes, size_t size)
{
	return size > DP_ACCESS_WHOLE ? dp_access_bytes(seed, bytes, size) : dp_fact_bytes(bytes, (uint32_t)size);
}

/* The block of 1 << @bits integers that @integer, as dp_fact_integer has it, is in. */
static inline uint64_t dp_access_integer(uint64_t integer, unsigned bits)
{
	return (integer >> bits) + 1;
}

/* Of a dp_ways. */
static inline uint64_t dp_ways_key(uint64_t filter_key, const struct dp_atom *name)
{
	return dp_key_fold(filter_key, name->key | 1);
}

static inline uint64_t dp_way_salt(uint64_t filter_key, const struct dp_atom *name, uint8_t how, uint8_t param)
{
	return dp_key_fold(filter_key ^ ((uint64_t)how << 8 | param) * 0x9e3779b97f4a7c15ULL, (name ? name->key : 0) | 1);
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
	const struct rh_cesql_tree *tree, const uint32_t *pattern, struct dp_asked_atoms *asked, struct dp_access_key *out);
/* That of one payload pattern alone. */
struct dp_access_key dp_access_pattern_key(uint32_t pattern);

struct dp_cond;
struct dp_contents;
struct dp_filter;
struct dp_judge;

/* Keys asked for at once. */
#define DP_ACCESS_BATCH 64
/* Targets handed over at once; room for a chunk of records behind. */
#define DP_ACCESS_TARGETS 256
#define DP_ACCESS_ROOM	  (DP_ACCESS_TARGETS + 128)

/* A key of the event. */
struct dp_access_ask {
	uint64_t key, value;
	const uint64_t *bucket; /* where its list would be */
	const struct dp_atom *name;
	uint8_t how, param;
};

/* Under way; a worker's. */
struct dp_access_batch {
	uint32_t asks, targets;
	struct dp_access_ask ask[DP_ACCESS_BATCH];
	const struct dp_list *list[DP_ACCESS_BATCH];
	const struct dp_set *set[DP_ACCESS_BATCH];
	uint64_t target[DP_ACCESS_ROOM]; /* record.h */
};

/*
 * @count targets of records whose tests the event passes, @count at most DP_ACCESS_ROOM; some come more than once. Not @sure: a string was
 * interned since the event's facts were read; it may be the event's own, and a test that the event's differs from it have been passed. Then
 * expressions are asked.
 */
typedef void (*dp_access_visit)(void *arg, const uint64_t *target, uint32_t count, bool sure);
/*
 * Visit the targets of @filter's records that the event of @judge has a key of. Every line is asked for before the first is
 * read. Ctx: worker, under RCU.
 */
void dp_access_each(const struct dp_contents *contents, struct dp_access_batch *batch, const struct dp_filter *filter,
	struct dp_judge *judge, dp_access_visit visit, void *arg);

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
/* Its subscribers have become more than one: its records, which may name the first, lead to all from now on. Cannot fail. */
void dp_access_retarget(const struct dp_contents *contents, const struct dp_cond *cond);
