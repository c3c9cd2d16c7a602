#include "dataplane/match/words.h"

#include <errno.h>

#define SEGMENT_SLOTS (DP_SEGMENT_BUCKETS * DP_BUCKET_SLOTS)
/* Of a segment's words in use: at 5/8 one bucket in fifteen is full, and a probe reads a second
 * line. */
#define SEGMENT_FULL (SEGMENT_SLOTS * 5 / 8)
/* Two that are emptier together become one. */
#define SEGMENT_SPARSE (SEGMENT_SLOTS / 4)
/* 1 << this segments hold sixty times DP_LIMIT_SUBSCRIPTIONS. */
#define DEPTH_MAX 19
/* Objects whose lines are asked for ahead while a segment is rewritten. */
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
			dp_slot_keyed(bucket[k])->key == key)
			return &bucket[k];
	return NULL;
}

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

static void word_put(struct dp_segment *segment, uint64_t key, struct dp_keyed *object)
{
	uint64_t *word = word_free(segment, key);

	segment->removed -= *word == DP_SLOT_REMOVED;
	segment->live++;
	rh_store_release(word, DP_SLOT_TAG(key) | (uint64_t)(uintptr_t)object);
}

static void prefetch_key(uint64_t word)
{
	if (word > DP_SLOT_REMOVED)
		rh_prefetch(dp_slot_keyed(word));
}

/* Every object of @from into @low, or into @high when bit @depth of its key, from the top, is set.
 */
static void segment_pour(const struct dp_segment *from, struct dp_segment *low,
	struct dp_segment *high, uint32_t depth)
{
	const uint64_t *word = from->bucket[0];

	for (uint32_t i = 0; i < SEGMENT_SLOTS; i++) {
		struct dp_keyed *object = dp_slot_keyed(word[i]);

		if (i + AHEAD < SEGMENT_SLOTS)
			prefetch_key(word[i + AHEAD]);
		if (word[i] > DP_SLOT_REMOVED)
			word_put(object->key >> (63 - depth) & 1 ? high : low, object->key, object);
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
static int directory_grow(struct dp_memory *memory, struct dp_words *words)
{
	struct dp_directory *old = words->directory;
	struct dp_directory *next;

	if (old->depth == DEPTH_MAX)
		return -ENOMEM;
	next = directory_create(memory, old->depth + 1);
	if (!next)
		return -ENOMEM;
	for (uint64_t i = 0; i < 2ULL << old->depth; i++)
		next->segment[i] = old->segment[i / 2];
	rh_rcu_assign(words->directory, next);
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
static int segment_rewrite(struct dp_memory *memory, struct dp_words *words, uint64_t key)
{
	struct dp_segment *old = dp_segment_of(words->directory, key);
	struct dp_segment *fresh = segment_create(memory, old->depth);

	if (!fresh)
		return -ENOMEM;
	segment_pour(old, fresh, fresh, 0);
	directory_set(words->directory, key, fresh->depth, fresh);
	dp_memory_retire(memory, old);
	return 0;
}

static int segment_split(struct dp_memory *memory, struct dp_words *words, uint64_t key)
{
	struct dp_segment *old = dp_segment_of(words->directory, key);
	uint64_t bit = 1ULL << (63 - old->depth);
	struct dp_segment *low, *high;

	if (old->depth == words->directory->depth && directory_grow(memory, words))
		return -ENOMEM;
	low = segment_create(memory, old->depth + 1);
	high = segment_create(memory, old->depth + 1);
	if (!low || !high) {
		dp_memory_free(memory, low);
		dp_memory_free(memory, high);
		return -ENOMEM;
	}
	segment_pour(old, low, high, old->depth);
	directory_set(words->directory, key & ~bit, low->depth, low);
	directory_set(words->directory, key | bit, high->depth, high);
	dp_memory_retire(memory, old);
	return 0;
}

int dp_words_reserve(struct dp_memory *memory, struct dp_words *words, uint64_t key)
{
	struct dp_segment *segment = dp_segment_of(words->directory, key);
	int ret;

	while (segment->live + segment->removed >= SEGMENT_FULL) {
		ret = segment->live < SEGMENT_FULL * 3 / 4 ? segment_rewrite(memory, words, key)
							   : segment_split(memory, words, key);
		/* It works on, more slowly, until it is really full. */
		if (ret)
			return segment->live + segment->removed < SEGMENT_SLOTS * 7 / 8 ? 0 : ret;
		segment = dp_segment_of(words->directory, key);
	}
	return 0;
}

/* A directory of one entry when one segment is left. */
static void directory_trim(struct dp_memory *memory, struct dp_words *words)
{
	struct dp_directory *old = words->directory, *next;

	if (old->depth == 0 || old->segment[0]->depth > 0)
		return;
	next = directory_create(memory, 0);
	if (!next)
		return;
	next->segment[0] = old->segment[0];
	rh_rcu_assign(words->directory, next);
	dp_memory_retire(memory, old);
}

/* Join the segment of @key with its other half while both are sparse. Needs memory first; without,
 * they serve on. */
static void merge(struct dp_memory *memory, struct dp_words *words, uint64_t key)
{
	struct dp_segment *segment = dp_segment_of(words->directory, key), *other, *joined;

	while (segment->depth) {
		other = dp_segment_of(words->directory, key ^ 1ULL << (64 - segment->depth));
		if (other->depth != segment->depth ||
			segment->live + other->live > SEGMENT_SPARSE)
			return;
		joined = segment_create(memory, segment->depth - 1);
		if (!joined)
			return;
		segment_pour(segment, joined, joined, 0);
		segment_pour(other, joined, joined, 0);
		directory_set(words->directory, key, joined->depth, joined);
		dp_memory_retire(memory, segment);
		dp_memory_retire(memory, other);
		segment = joined;
	}
	directory_trim(memory, words);
}

uint64_t *dp_words_find(const struct dp_words *words, uint64_t key)
{
	return word_find(dp_segment_of(words->directory, key), key);
}

void dp_words_put(struct dp_words *words, struct dp_keyed *object)
{
	word_put(dp_segment_of(words->directory, object->key), object->key, object);
}

void dp_words_replace(uint64_t *word, struct dp_keyed *by)
{
	rh_store_release(word, DP_SLOT_TAG(by->key) | (uint64_t)(uintptr_t)by);
}

void dp_words_remove(struct dp_memory *memory, struct dp_words *words, uint64_t *word, uint64_t key)
{
	struct dp_segment *segment = dp_segment_of(words->directory, key);
	uint64_t *bucket = segment->bucket[(uint64_t)(word - segment->bucket[0]) / DP_BUCKET_SLOTS];

	/* Words never move, or a worker on its way through the bucket would miss one. */
	segment->live--;
	if (dp_bucket_ends_probes(bucket)) {
		rh_store_release(word, 0);
	} else {
		segment->removed++;
		rh_store_release(word, DP_SLOT_REMOVED);
	}
	merge(memory, words, key);
}

int dp_words_init(struct dp_memory *memory, struct dp_words *words)
{
	words->directory = directory_create(memory, 0);
	if (!words->directory)
		return -ENOMEM;
	words->directory->segment[0] = segment_create(memory, 0);
	return words->directory->segment[0] ? 0 : -ENOMEM;
}

static void segment_free(struct dp_memory *memory, struct dp_segment *segment,
	void (*object_free)(struct dp_memory *memory, struct dp_keyed *object))
{
	const uint64_t *word = segment ? segment->bucket[0] : NULL;

	for (uint32_t i = 0; word && i < SEGMENT_SLOTS; i++)
		if (word[i] > DP_SLOT_REMOVED)
			object_free(memory, dp_slot_keyed(word[i]));
	dp_memory_free(memory, segment);
}

void dp_words_fini(struct dp_memory *memory, struct dp_words *words,
	void (*object_free)(struct dp_memory *memory, struct dp_keyed *object))
{
	struct dp_directory *directory = words->directory;
	uint64_t entries = directory ? 1ULL << directory->depth : 0;

	for (uint64_t i = 0; i < entries; i++)
		if (i + 1 == entries || directory->segment[i + 1] != directory->segment[i])
			segment_free(memory, directory->segment[i], object_free);
	dp_memory_free(memory, directory);
}
