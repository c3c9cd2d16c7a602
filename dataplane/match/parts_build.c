#include "dataplane/match/parts.h"

#include "dataplane/match/index.h"

/*
 * A filter's part in a word. From the top: of the wild side, by the 2nd level, 1 and that level's two numbers, the fine one below; of one topic, 01, the number
 * of its root and its own; of any other 00, its kind, and the numbers of its root and its pair, or of the 3rd level.
 */
#define WORD_LEVEL (1U << 31)
#define WORD_TOPIC (1U << 30)
#define KIND_SHIFT 28
enum { KIND_ROOT, KIND_PAIR, KIND_THIRD, KIND_TENANT };

_Static_assert(DP_PART_LEVEL_BITS + DP_PART_FINE_BITS <= 31, "below WORD_LEVEL");
_Static_assert(DP_PART_ROOT_BITS + DP_PART_TOPIC_BITS <= 30, "below WORD_TOPIC");
_Static_assert(DP_PART_ROOT_BITS + DP_PART_PAIR_BITS <= KIND_SHIFT && DP_PART_THIRD_BITS <= KIND_SHIFT, "below the kind");

static uint32_t low_bits(uint32_t word, unsigned bits)
{
	return word & ((1U << bits) - 1);
}

static uint32_t word_of(uint32_t kind, uint32_t rest)
{
	return kind << KIND_SHIFT | rest;
}

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
		return WORD_LEVEL | (uint32_t)dp_part_level(hash) << DP_PART_FINE_BITS | dp_part_fine_level(hash);
	}
	if (is_level(filter, 2))
		return word_of(KIND_THIRD, dp_part_third(hash + level_hash(&index->secret, filter, 2)));
	return word_of(KIND_TENANT, 0);
}

uint32_t dp_part_of(const struct dp_index *index, uint16_t tenant, const struct rh_filter *filter)
{
	bool exact = is_exact(filter), rooted = is_level(filter, 0);
	uint64_t hash = index->tenant_hash[tenant];
	uint32_t root;

	if (!exact && !rooted)
		return wild_part(index, tenant, filter);
	if (rooted)
		hash += level_hash(&index->secret, filter, 0);
	root = dp_part_root(hash);
	if (exact)
		return WORD_TOPIC | root << DP_PART_TOPIC_BITS | dp_part_topic(topic_hash(index, tenant, filter));
	if (!is_level(filter, 1))
		return word_of(KIND_ROOT, root << DP_PART_PAIR_BITS);
	return word_of(KIND_PAIR, root << DP_PART_PAIR_BITS | dp_part_pair(hash + level_hash(&index->secret, filter, 1)));
}

/* The narrow one, and the coarse one that goes with it. */
static void stamp_both(uint32_t *fine, uint32_t *coarse, uint64_t number)
{
	rh_store_release(fine, (uint32_t)number);
	rh_store_release(coarse, (uint32_t)number);
}

static void stamp_level(struct dp_parts *parts, uint32_t part, uint64_t number)
{
	stamp_both(&parts->fine[low_bits(part, DP_PART_FINE_BITS)], &parts->level[low_bits(part >> DP_PART_FINE_BITS, DP_PART_LEVEL_BITS)], number);
}

static void stamp_topic(struct dp_parts *parts, uint32_t part, uint64_t number)
{
	stamp_both(&parts->topic[low_bits(part, DP_PART_TOPIC_BITS)], &parts->root[low_bits(part >> DP_PART_TOPIC_BITS, DP_PART_ROOT_BITS)].all, number);
}

static void stamp_other(struct dp_parts *parts, uint16_t tenant, uint32_t part, uint64_t number)
{
	struct dp_part_pair *wild = &parts->wild[tenant], *root = &parts->root[low_bits(part >> DP_PART_PAIR_BITS, DP_PART_ROOT_BITS)];

	switch (part >> KIND_SHIFT) {
	case KIND_ROOT: stamp_both(&root->only, &root->all, number); break;
	case KIND_PAIR: stamp_both(&parts->pair[low_bits(part, DP_PART_PAIR_BITS)], &root->all, number); break;
	case KIND_THIRD: stamp_both(&parts->third[low_bits(part, DP_PART_THIRD_BITS)], &wild->all, number); break;
	default: stamp_both(&wild->only, &wild->all, number);
	}
}

static void old_raise(uint32_t *stamp, size_t count, uint64_t number)
{
	for (size_t i = 0; i < count; i++)
		if ((uint32_t)number - stamp[i] > DP_PART_OLD)
			rh_store_relaxed(&stamp[i], (uint32_t)number - DP_PART_OLD);
}

/* Before any is half of all stamps behind; a pair is two. Results that were found valid before then are outdated by it: a little early. */
static __attribute__((noinline)) void all_old_raise(struct dp_parts *parts, uint64_t number)
{
	old_raise(&parts->wild[0].all, 2 * RH_ARRAY_LEN(parts->wild), number);
	old_raise(&parts->root[0].all, 2 * RH_ARRAY_LEN(parts->root), number);
	old_raise(parts->level, RH_ARRAY_LEN(parts->level), number);
	old_raise(parts->fine, RH_ARRAY_LEN(parts->fine), number);
	old_raise(parts->third, RH_ARRAY_LEN(parts->third), number);
	old_raise(parts->pair, RH_ARRAY_LEN(parts->pair), number);
	old_raise(parts->topic, RH_ARRAY_LEN(parts->topic), number);
}

void dp_part_touch(struct dp_parts *parts, uint16_t tenant, uint32_t part)
{
	uint64_t number = parts->changes + 1;

	if (part & WORD_LEVEL)
		stamp_level(parts, part, number);
	else if (part & WORD_TOPIC)
		stamp_topic(parts, part, number);
	else
		stamp_other(parts, tenant, part, number);
	if (number % DP_PART_OLD == 0)
		all_old_raise(parts, number);
	rh_store_release(&parts->changes, number);
}
