#include "dataplane/match/parts.h"

#include "dataplane/match/index.h"

/*
 * A filter's part in a word: side and kind, number of its root, number of its fine counter.
 */
enum {
	KIND_WILD, /* instead of these: the 2nd level's two counters, the fine one below; WILD_THIRD with the 3rd's; or WILD_TENANT */
	KIND_ROOT, /* fine: the root's own */
	KIND_PAIR,
	KIND_TOPIC
};
#define FINE_BITS   DP_PART_TOPIC_BITS
#define FINE_MASK   ((1u << FINE_BITS) - 1)
#define KIND_SHIFT  30
#define WILD_FINE   ((1u << DP_PART_FINE_BITS) - 1)
#define WILD_THIRD  (1u << (DP_PART_FINE_BITS + DP_PART_LEVEL_BITS))
#define WILD_TENANT (2 * WILD_THIRD - 1)

_Static_assert(DP_PART_ROOT_BITS + FINE_BITS <= KIND_SHIFT, "a word holds them");
_Static_assert(DP_PART_PAIR_BITS <= FINE_BITS, "as fine as that");
_Static_assert(DP_PART_FINE_BITS + DP_PART_LEVEL_BITS + 1 <= KIND_SHIFT, "and a level's two");
_Static_assert(DP_PART_THIRD_BITS < DP_PART_FINE_BITS + DP_PART_LEVEL_BITS, "below WILD_TENANT");

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
	return dp_topic_hash(&index->secret, index->tenant_hash[tenant], text, len);
}

static uint32_t wild_part(const struct dp_index *index, uint16_t tenant, const struct rh_filter *filter)
{
	uint64_t hash = index->tenant_hash[tenant];

	if (is_level(filter, 1)) {
		hash += level_hash(&index->secret, filter, 1);
		return (uint32_t)dp_part_level(hash) << DP_PART_FINE_BITS | dp_part_fine_level(hash);
	}
	if (is_level(filter, 2))
		return WILD_THIRD | dp_part_third(hash + level_hash(&index->secret, filter, 2));
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

static void touch_wild(struct dp_parts *parts, uint16_t tenant, uint32_t part)
{
	if (!(part & WILD_THIRD)) {
		raise(&parts->fine[part & WILD_FINE]);
		raise(&parts->level[part >> DP_PART_FINE_BITS]);
		return;
	}
	raise(part == WILD_TENANT ? &parts->wild[tenant].only : &parts->third[part & (WILD_THIRD - 1)]);
	raise(&parts->wild[tenant].all);
}

static void touch_rooted(struct dp_parts *parts, uint32_t part)
{
	struct dp_part_pair *root = &parts->root[part >> FINE_BITS & ((1u << DP_PART_ROOT_BITS) - 1)];
	uint32_t fine = part & FINE_MASK;

	switch (part >> KIND_SHIFT) {
	case KIND_ROOT: raise(&root->only); break;
	case KIND_PAIR: raise(&parts->pair[fine]); break;
	default: raise(&parts->topic[fine]);
	}
	raise(&root->all);
}

void dp_part_touch(struct dp_parts *parts, uint16_t tenant, uint32_t part)
{
	if (part >> KIND_SHIFT == KIND_WILD)
		touch_wild(parts, tenant, part);
	else
		touch_rooted(parts, part);
	rh_store_release(&parts->changes, parts->changes + 1);
}
