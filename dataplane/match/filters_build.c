/*
 * The table of filters: find, insert, remove; segments split when they fill up and merge when they
 * empty. A worker that still reads an outdated segment sees what was there when its burst began.
 */

#include "dataplane/match/index.h"
#include "dataplane/match/parts.h"

#include <errno.h>

#define SEGMENT_SLOTS (DP_SEGMENT_BUCKETS * DP_BUCKET_SLOTS)
/* Of a segment's words in use: at 5/8 one bucket in fifteen is full, and a probe reads a second
 * line. */
#define SEGMENT_FULL (SEGMENT_SLOTS * 5 / 8)
/* Two that are emptier together become one. */
#define SEGMENT_SPARSE (SEGMENT_SLOTS / 4)
/* 1 << this segments hold sixty times DP_LIMIT_SUBSCRIPTIONS. */
#define DEPTH_MAX 19
/* Filters whose lines are asked for ahead while a segment is rewritten. */
#define AHEAD 16

static struct dp_segment *segment_create(struct dp_memory *memory, uint32_t depth)
{
	struct dp_segment *segment = dp_memory_alloc(memory, sizeof(*segment));

	if (segment)
		segment->depth = depth;
	return segment;
}

static uint64_t *bucket_find(uint64_t *bucket, uint64_t key)
{
	for (uint32_t k = 0; k < DP_BUCKET_SLOTS; k++)
		if (bucket[k] > DP_SLOT_REMOVED &&
			(bucket[k] & ~DP_SLOT_ADDRESS) == DP_SLOT_TAG(key) &&
			dp_slot_filter(bucket[k])->key == key)
			return &bucket[k];
	return NULL;
}

/* The word of the filters with @key; NULL: none has it. */
static uint64_t *word_find(struct dp_segment *segment, uint64_t key)
{
	uint32_t at = (uint32_t)DP_BUCKET_AT(key);

	for (uint32_t i = 0; i < DP_SEGMENT_BUCKETS; i++, at = dp_bucket_next(at)) {
		uint64_t *word = bucket_find(segment->bucket[at], key);

		if (word || dp_bucket_ends_probes(segment->bucket[at]))
			return word;
	}
	return NULL;
}

/* The first word that @key may take. A segment is never full. */
static uint64_t *word_free(struct dp_segment *segment, uint64_t key)
{
	uint32_t at = (uint32_t)DP_BUCKET_AT(key), k = 0;

	while (segment->bucket[at][k] > DP_SLOT_REMOVED) {
		if (++k == DP_BUCKET_SLOTS) {
			k = 0;
			at = dp_bucket_next(at);
		}
	}
	return &segment->bucket[at][k];
}

static void word_put(struct dp_segment *segment, uint64_t key, struct dp_filter *filter)
{
	uint64_t *word = word_free(segment, key);

	segment->removed -= *word == DP_SLOT_REMOVED;
	segment->live++;
	rh_store_release(word, DP_SLOT_TAG(key) | (uint64_t)(uintptr_t)filter);
}

static void prefetch_key(uint64_t word)
{
	if (word > DP_SLOT_REMOVED)
		rh_prefetch(dp_slot_filter(word));
}

/* Every filter of @from into @low, or into @high when bit @depth of its key, from the top, is set.
 */
static void segment_pour(const struct dp_segment *from, struct dp_segment *low,
	struct dp_segment *high, uint32_t depth)
{
	const uint64_t *word = from->bucket[0];

	for (uint32_t i = 0; i < SEGMENT_SLOTS; i++) {
		struct dp_filter *filter = dp_slot_filter(word[i]);

		if (i + AHEAD < SEGMENT_SLOTS)
			prefetch_key(word[i + AHEAD]);
		if (word[i] > DP_SLOT_REMOVED)
			word_put(filter->key >> (63 - depth) & 1 ? high : low, filter->key, filter);
	}
}

static struct dp_directory *directory_create(struct dp_memory *memory, uint32_t depth)
{
	struct dp_directory *directory = dp_memory_alloc(
		memory, sizeof(*directory) + sizeof(struct dp_segment *) * (1ULL << depth));

	if (directory)
		directory->depth = depth;
	return directory;
}

/* Twice as many entries, each segment twice. */
static int directory_grow(struct dp_memory *memory, struct dp_index *index)
{
	struct dp_directory *old = index->directory;
	struct dp_directory *next;

	if (old->depth == DEPTH_MAX)
		return -ENOMEM;
	next = directory_create(memory, old->depth + 1);
	if (!next)
		return -ENOMEM;
	for (uint64_t i = 0; i < 2ULL << old->depth; i++)
		next->segment[i] = old->segment[i / 2];
	rh_rcu_assign(index->directory, next);
	dp_memory_retire(memory, old);
	return 0;
}

/* All entries of the segment with @depth that @key is in. */
static void directory_set(
	struct dp_directory *directory, uint64_t key, uint32_t depth, struct dp_segment *segment)
{
	uint64_t count = 1ULL << (directory->depth - depth);
	uint64_t first = DP_DIRECTORY_AT(directory->depth, key) & ~(count - 1);

	for (uint64_t i = 0; i < count; i++)
		rh_rcu_assign(directory->segment[first + i], segment);
}

/* The same without the marks of removed ones. */
static int segment_rewrite(struct dp_memory *memory, struct dp_index *index, uint64_t key)
{
	struct dp_segment *old = dp_segment_of(index->directory, key);
	struct dp_segment *fresh = segment_create(memory, old->depth);

	if (!fresh)
		return -ENOMEM;
	segment_pour(old, fresh, fresh, 0);
	directory_set(index->directory, key, fresh->depth, fresh);
	dp_memory_retire(memory, old);
	return 0;
}

static int segment_split(struct dp_memory *memory, struct dp_index *index, uint64_t key)
{
	struct dp_segment *old = dp_segment_of(index->directory, key);
	uint64_t bit = 1ULL << (63 - old->depth);
	struct dp_segment *low, *high;

	if (old->depth == index->directory->depth && directory_grow(memory, index))
		return -ENOMEM;
	low = segment_create(memory, old->depth + 1);
	high = segment_create(memory, old->depth + 1);
	if (!low || !high) {
		dp_memory_free(memory, low);
		dp_memory_free(memory, high);
		return -ENOMEM;
	}
	segment_pour(old, low, high, old->depth);
	directory_set(index->directory, key & ~bit, low->depth, low);
	directory_set(index->directory, key | bit, high->depth, high);
	dp_memory_retire(memory, old);
	return 0;
}

/* Room for one more with @key. */
static int make_room(struct dp_memory *memory, struct dp_index *index, uint64_t key)
{
	struct dp_segment *segment = dp_segment_of(index->directory, key);
	int ret;

	while (segment->live + segment->removed >= SEGMENT_FULL) {
		ret = segment->live < SEGMENT_FULL * 3 / 4 ? segment_rewrite(memory, index, key)
							   : segment_split(memory, index, key);
		/* It works on, more slowly, until it is really full. */
		if (ret)
			return segment->live + segment->removed < SEGMENT_SLOTS * 7 / 8 ? 0 : ret;
		segment = dp_segment_of(index->directory, key);
	}
	return 0;
}

/* A directory of one entry when one segment is left. */
static void directory_trim(struct dp_memory *memory, struct dp_index *index)
{
	struct dp_directory *old = index->directory, *next;

	if (old->depth == 0 || old->segment[0]->depth > 0)
		return;
	next = directory_create(memory, 0);
	if (!next)
		return;
	next->segment[0] = old->segment[0];
	rh_rcu_assign(index->directory, next);
	dp_memory_retire(memory, old);
}

/* Join the segment of @key with its other half while both are sparse. Needs memory first; without,
 * they serve on. */
static void merge(struct dp_memory *memory, struct dp_index *index, uint64_t key)
{
	struct dp_segment *segment = dp_segment_of(index->directory, key), *other, *joined;

	while (segment->depth) {
		other = dp_segment_of(index->directory, key ^ 1ULL << (64 - segment->depth));
		if (other->depth != segment->depth ||
			segment->live + other->live > SEGMENT_SPARSE)
			return;
		joined = segment_create(memory, segment->depth - 1);
		if (!joined)
			return;
		segment_pour(segment, joined, joined, 0);
		segment_pour(other, joined, joined, 0);
		directory_set(index->directory, key, joined->depth, joined);
		dp_memory_retire(memory, segment);
		dp_memory_retire(memory, other);
		segment = joined;
	}
	directory_trim(memory, index);
}

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
		rh_store_release(word, DP_SLOT_TAG(filter->key) | (uint64_t)(uintptr_t)filter);
	else
		word_put(dp_segment_of(index->directory, filter->key), filter->key, filter);
}

/* All that may fail comes before the first thing that is seen. */
static int filter_add(struct dp_memory *memory, struct dp_index *index, struct dp_filter *filter,
	const struct dp_shape *shape, uint64_t *word)
{
	int ret = word ? dp_filter_more(memory, filter, dp_slot_filter(*word))
		       : make_room(memory, index, filter->key);

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
	word = word_find(dp_segment_of(index->directory, key), key);
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

/* @filter is first in its word's chain: the next takes its place, or nothing does. */
static void word_pop(struct dp_segment *segment, uint64_t *word, const struct dp_filter *filter)
{
	uint64_t *bucket = segment->bucket[(uint64_t)(word - segment->bucket[0]) / DP_BUCKET_SLOTS];
	struct dp_filter *next = dp_filter_next(filter);

	if (next) {
		rh_store_release(word, DP_SLOT_TAG(filter->key) | (uint64_t)(uintptr_t)next);
		return;
	}
	/* Words never move, or a worker on its way through the bucket would miss one. */
	segment->live--;
	if (dp_bucket_ends_probes(bucket)) {
		rh_store_release(word, 0);
		return;
	}
	segment->removed++;
	rh_store_release(word, DP_SLOT_REMOVED);
}

void dp_index_prune(struct dp_memory *memory, struct dp_index *index, struct dp_filter *filter)
{
	struct dp_segment *segment = dp_segment_of(index->directory, filter->key);
	uint64_t *word = word_find(segment, filter->key);
	struct dp_filter *at = dp_slot_filter(*word);

	if (dp_filter_is_used(filter))
		return;
	if (at == filter) {
		word_pop(segment, word, filter);
	} else {
		while (dp_filter_next(at) != filter)
			at = dp_filter_next(at);
		rh_rcu_assign(dp_set_more(at->set)->next, dp_filter_next(filter));
	}
	dp_index_shape_give(memory, index, filter->tenant, filter->shape);
	merge(memory, index, filter->key);
	dp_filter_retire(memory, filter);
}

int dp_index_init(struct dp_memory *memory, struct dp_index *index, uint64_t seed)
{
	dp_secret_init(&index->secret, seed);
	index->topic_seed = rh_hash("topic", 5, seed);
	for (uint32_t i = 0; i < DP_LIMIT_TENANTS; i++)
		index->tenant_hash[i] = rh_hash(&i, sizeof(i), seed);
	index->directory = directory_create(memory, 0);
	if (!index->directory)
		return -ENOMEM;
	index->directory->segment[0] = segment_create(memory, 0);
	return index->directory->segment[0] ? 0 : -ENOMEM;
}

static void filters_free(struct dp_memory *memory, struct dp_filter *filter)
{
	while (filter) {
		struct dp_filter *next = dp_filter_next(filter);

		dp_filter_free(memory, filter);
		filter = next;
	}
}

static void segment_free(struct dp_memory *memory, struct dp_segment *segment)
{
	const uint64_t *word = segment ? segment->bucket[0] : NULL;

	for (uint32_t i = 0; word && i < SEGMENT_SLOTS; i++)
		if (word[i] > DP_SLOT_REMOVED)
			filters_free(memory, dp_slot_filter(word[i]));
	dp_memory_free(memory, segment);
}

void dp_index_fini(struct dp_memory *memory, struct dp_index *index)
{
	struct dp_directory *directory = index->directory;
	uint64_t entries = directory ? 1ULL << directory->depth : 0;

	for (uint64_t i = 0; i < entries; i++)
		if (i + 1 == entries || directory->segment[i + 1] != directory->segment[i])
			segment_free(memory, directory->segment[i]);
	dp_memory_free(memory, directory);
	for (uint32_t i = 0; i < DP_LIMIT_TENANTS; i++) {
		dp_memory_free(memory, index->rows[i]);
		dp_memory_free(memory, index->shapes[i]);
	}
}
