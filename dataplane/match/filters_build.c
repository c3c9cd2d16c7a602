/*
 * Filters come and go: found by their keys, made, put into the table, taken out.
 */

#include "dataplane/match/index.h"
#include "dataplane/match/parts.h"

#include <errno.h>

/* The filter, or NULL with the length of its chain. */
static struct dp_filter *chain_find(
	struct dp_filter *at, uint16_t tenant, const struct rh_filter *filter, uint32_t *length)
{
	for (*length = 0; at; at = dp_filter_next(at), ++*length)
		if (at->tenant == tenant && at->len == filter->len &&
			memcmp(dp_filter_canon(at), filter->canon, filter->len) == 0)
			return at;
	return NULL;
}

static uint8_t runs_of(const struct rh_filter *filter, struct dp_run *out)
{
	uint8_t runs = 0;
	bool open = false;

	for (uint16_t i = 0; i < filter->tokens; i++) {
		const struct rh_token *token = &filter->token[i];
		bool literal = token->kind == RH_TOKEN_LIT;

		if (literal && !open)
			out[runs++] = (struct dp_run){(uint8_t)i, (uint8_t)i, token->start, token->size};
		if (literal && open) {
			out[runs - 1].last = (uint8_t)i;
			out[runs - 1].size =
				(uint16_t)(token->start + token->size - out[runs - 1].at);
		}
		open = literal;
	}
	return runs;
}

static struct dp_filter *filter_create(
	struct dp_memory *memory, const struct rh_filter *from, bool partial)
{
	struct dp_run run[RH_LEVELS_MAX + 1];
	uint8_t runs = partial ? 0 : runs_of(from, run);
	struct dp_filter *filter = dp_memory_alloc(memory, dp_filter_size(runs, from->len));

	if (!filter)
		return NULL;
	filter->len = from->len;
	filter->runs = runs;
	filter->partial = partial;
	memcpy(filter->run, run, runs * sizeof(*run));
	memcpy(dp_filter_canon(filter), from->canon, from->len);
	return filter;
}

/* In front of those with its key, or in a word of its own, for which room was made. */
static void filter_insert(struct dp_index *index, struct dp_filter *filter, uint64_t *word)
{
	if (word)
		dp_words_replace(word, (struct dp_keyed *)filter);
	else
		dp_words_put(&index->words, (struct dp_keyed *)filter);
}

/* All that may fail comes before the first thing that is seen. */
static int filter_add(struct dp_memory *memory, struct dp_index *index, struct dp_filter *filter,
	const struct dp_shape *shape, uint64_t *word)
{
	int ret = word ? dp_filter_more(memory, filter, dp_slot_filter(*word))
		       : dp_words_reserve(memory, &index->words, filter->key);

	if (ret == 0)
		ret = dp_index_shape_take(memory, index, filter->tenant, shape, &filter->shape);
	if (ret == 0)
		filter_insert(index, filter, word);
	return ret;
}

int dp_index_filter(struct dp_memory *memory, struct dp_index *index, uint16_t tenant,
	const struct rh_filter *from, struct dp_filter **out)
{
	struct dp_shape shape;
	uint64_t key, *word, seed;
	uint32_t length = 0;
	bool partial;
	int ret;

	dp_shape_of(from, &shape, &partial);
	seed = dp_shape_seed(&index->secret, &shape, index->tenant_hash[tenant]);
	key = dp_shape_key(&index->secret, &shape, seed, from);
	word = dp_words_find(&index->words, key);
	*out = word ? chain_find(dp_slot_filter(*word), tenant, from, &length) : NULL;
	if (*out)
		return 0;
	if (length >= DP_LIMIT_SAME_KEY)
		return -E2BIG;
	*out = filter_create(memory, from, partial);
	if (!*out)
		return -ENOMEM;
	(*out)->key = key;
	(*out)->tenant = tenant;
	(*out)->part = dp_part_of(index, tenant, from);
	ret = filter_add(memory, index, *out, &shape, word);
	if (ret)
		dp_filter_free(memory, *out);
	return ret;
}

/* Out of its word's chain: the next takes its place, or nothing does. */
static void filter_remove(struct dp_memory *memory, struct dp_index *index, struct dp_filter *filter)
{
	uint64_t *word = dp_words_find(&index->words, filter->key);
	struct dp_filter *at = dp_slot_filter(*word), *next = dp_filter_next(filter);

	if (at != filter) {
		while (dp_filter_next(at) != filter)
			at = dp_filter_next(at);
		rh_rcu_assign(dp_set_more(at->set)->next, next);
	} else if (next) {
		dp_words_replace(word, (struct dp_keyed *)next);
	} else {
		dp_words_remove(memory, &index->words, word, filter->key);
	}
}

void dp_index_prune(struct dp_memory *memory, struct dp_index *index, struct dp_filter *filter)
{
	if (dp_filter_is_used(filter))
		return;
	filter_remove(memory, index, filter);
	dp_index_shape_give(memory, index, filter->tenant, filter->shape);
	dp_filter_retire(memory, filter);
}

int dp_index_init(struct dp_memory *memory, struct dp_index *index, uint64_t seed)
{
	dp_secret_init(&index->secret, seed);
	for (uint32_t i = 0; i < DP_LIMIT_TENANTS; i++)
		index->tenant_hash[i] = rh_hash(&i, sizeof(i), seed);
	return dp_words_init(memory, &index->words);
}

static void filters_free(struct dp_memory *memory, struct dp_keyed *first)
{
	struct dp_filter *filter = (struct dp_filter *)first;

	while (filter) {
		struct dp_filter *next = dp_filter_next(filter);

		dp_filter_free(memory, filter);
		filter = next;
	}
}

void dp_index_fini(struct dp_memory *memory, struct dp_index *index)
{
	dp_words_fini(memory, &index->words, filters_free);
	for (uint32_t i = 0; i < DP_LIMIT_TENANTS; i++) {
		dp_memory_free(memory, index->rows[i]);
		dp_memory_free(memory, index->shapes[i]);
	}
}
