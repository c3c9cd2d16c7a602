#include "dataplane/match/parts.h"

#include "dataplane/match/index.h"

/*
 * A filter's part in a word: side and kind, number of its root, number of its fine counter.
 */
enum {
	KIND_WILD, /* fine: a level, or WILD_TENANT */
	KIND_ROOT, /* fine: the root's own */
	KIND_PAIR,
	KIND_TOPIC
};
#define FINE_BITS   DP_PART_TOPIC_BITS
#define FINE_MASK   ((1u << FINE_BITS) - 1)
#define KIND_SHIFT  30
#define WILD_TENANT FINE_MASK

_Static_assert(DP_PART_ROOT_BITS + FINE_BITS <= KIND_SHIFT, "a word holds them");
_Static_assert(DP_PART_LEVEL_BITS < FINE_BITS && DP_PART_PAIR_BITS <= FINE_BITS, "as fine as that");

/* Is token @at a literal level of that number? */
static bool is_level(const struct rh_filter *filter, uint32_t at)
{
	if (at >= filter->tokens || filter->token[at].kind != RH_TOKEN_LIT)
		return false;
	for (uint32_t i = 0; i < at; i++)
		if (filter->token[i].kind >= RH_TOKEN_TAIL0)
			return false;
	return true;
}

static bool is_exact(const struct rh_filter *filter)
{
	for (uint32_t i = 0; i < filter->tokens; i++)
		if (filter->token[i].kind != RH_TOKEN_LIT)
			return false;
	return true;
}

static uint64_t level_hash(
	const struct dp_secret *secret, const struct rh_filter *filter, uint32_t at)
{
	const struct rh_token *token = &filter->token[at];

	return dp_level_hash_at_edge(secret, at, filter->canon + token->start, token->size);
}

/* Of the only topic that @filter, without wildcards, matches. */
static uint64_t topic_hash(const struct dp_index *index, uint16_t tenant, const struct rh_filter *filter)
{
	char text[RH_CANON_MAX + RH_LEVELS_MAX];
	size_t len = 0;

	for (uint32_t i = 0; i < filter->tokens; i++) {
		const struct rh_token *token = &filter->token[i];

		if (i)
			text[len++] = '/';
		memcpy(text + len, filter->canon + token->start, token->size);
		len += token->size;
	}
	return dp_topic_hash(index->topic_seed, tenant, text, len);
}

static uint32_t wild_part(const struct dp_index *index, uint16_t tenant, const struct rh_filter *filter)
{
	uint64_t hash = index->tenant_hash[tenant];

	for (uint32_t at = 1; at <= 2; at++)
		if (is_level(filter, at))
			return dp_part_level(hash + level_hash(&index->secret, filter, at));
	return WILD_TENANT;
}

uint32_t dp_part_of(const struct dp_index *index, uint16_t tenant, const struct rh_filter *filter)
{
	bool exact = is_exact(filter), rooted = is_level(filter, 0);
	uint64_t hash = index->tenant_hash[tenant];
	uint32_t word;

	if (!exact && !rooted)
		return wild_part(index, tenant, filter);
	if (rooted)
		hash += level_hash(&index->secret, filter, 0);
	word = (uint32_t)dp_part_root(hash) << FINE_BITS;
	if (exact)
		return word | (uint32_t)KIND_TOPIC << KIND_SHIFT |
		       dp_part_topic(topic_hash(index, tenant, filter));
	if (!is_level(filter, 1))
		return word | (uint32_t)KIND_ROOT << KIND_SHIFT;
	return word | (uint32_t)KIND_PAIR << KIND_SHIFT |
	       dp_part_pair(hash + level_hash(&index->secret, filter, 1));
}

static void raise(uint32_t *counter)
{
	rh_store_release(counter, *counter + 1);
}

static uint32_t *fine_of(struct dp_parts *parts, uint16_t tenant, uint32_t part)
{
	uint32_t fine = part & FINE_MASK;

	switch (part >> KIND_SHIFT) {
	case KIND_WILD: return fine == WILD_TENANT ? &parts->wild[tenant].only : &parts->level[fine];
	case KIND_ROOT: return &parts->root[part >> FINE_BITS & ((1u << DP_PART_ROOT_BITS) - 1)].only;
	case KIND_PAIR: return &parts->pair[fine];
	default: return &parts->topic[fine];
	}
}

void dp_part_touch(struct dp_parts *parts, uint16_t tenant, uint32_t part)
{
	uint32_t root = part >> FINE_BITS & ((1u << DP_PART_ROOT_BITS) - 1);

	raise(fine_of(parts, tenant, part));
	raise(part >> KIND_SHIFT == KIND_WILD ? &parts->wild[tenant].all : &parts->root[root].all);
}
