#include "dataplane/match/search.h"

#include "dataplane/match/text.h"

#ifdef __AVX2__
#include <immintrin.h>
#endif

bool dp_filter_fits_whole(
	const struct dp_filter *filter, const struct rh_topic *topic, struct rh_filter *room)
{
	return rh_filter_from_canon(dp_filter_canon(filter), filter->len, room) == 0 &&
	       rh_filter_matches(room, topic);
}

/* Apart: without calls it needs no registers of its caller's. */
__attribute__((noinline)) bool dp_filter_fits_runs(
	const struct dp_filter *filter, const struct rh_topic *topic)
{
	const char *canon = dp_filter_canon(filter);
	const struct dp_run *run = filter->run;

	for (uint32_t left = filter->runs; left; left--, run++) {
		uint32_t start = topic->start[run->first], size = run->size;
		uint32_t end = (uint32_t)topic->start[run->last] + topic->size[run->last];

		if (end - start != size || !dp_text_equal(canon + run->at, topic->text + start, size))
			return false;
	}
	return true;
}

/* Bytes of @topic that @part is made of; NULL: it has not so many. */
static const char *part_bytes(
	const struct dp_part *part, const struct rh_topic *topic, size_t *size)
{
	uint32_t at = part->from_end ? topic->levels - 1u - part->level : part->level;

	*size = part->prefix ? part->prefix : topic->size[at];
	return *size <= topic->size[at] ? topic->text + topic->start[at] : NULL;
}

bool dp_shape_topic_key(const struct dp_secret *secret, const struct dp_shape_row *row,
	const struct rh_topic *topic, const uint64_t *hash, uint64_t *key)
{
	uint64_t sum = row->seed;
	size_t size;

	for (uint64_t mask = row->shape.mask; mask; mask &= mask - 1)
		sum += hash[__builtin_ctzll(mask)];
	for (uint32_t i = 0; i < row->shape.parts; i++) {
		const char *bytes = part_bytes(&row->shape.part[i], topic, &size);

		if (!bytes)
			return false;
		sum += dp_part_hash(secret, &row->shape.part[i], bytes, size);
	}
	*key = sum;
	return true;
}

/* Without AVX2 a function that returns what follows would have an ABI of its own; all are inline. */
#pragma GCC diagnostic ignored "-Wpsabi"

/* DP_PROBES_WIDE words at once; at any address. */
typedef uint64_t wide __attribute__((vector_size(8 * DP_PROBES_WIDE), aligned(8)));
typedef int64_t wide_signed __attribute__((vector_size(8 * DP_PROBES_WIDE), aligned(8)));

static inline wide wide_load(const uint64_t *from)
{
	return *(const wide *)from;
}

/* Level by level, for all of them at once: whether it counts is the mask's sign, and no branch depends on it. */
static inline wide probes_keys(const struct dp_probes *probes, const uint64_t *hash, uint32_t levels)
{
	wide keys = wide_load(probes->seed), mask = wide_load(probes->mask);

	for (uint32_t i = 0; i < levels; i++) {
		keys += (wide)((wide_signed)mask < 0) & hash[i];
		mask += mask;
	}
	return keys;
}

/* Probes of @topic, number @at and behind it, one for each of the shapes. */
static inline void probes_add(struct dp_search *search, const struct dp_directory *directory,
	size_t at, const struct dp_probes *probes, wide keys, uint32_t topic)
{
	wide offsets = DP_BUCKET_AT(keys) * RH_CACHE_LINE;
	wide segments = DP_DIRECTORY_AT(directory->depth, keys);
	uint32_t topics[DP_PROBES_WIDE] = {topic, topic, topic, topic};

	*(wide *)&search->key[at] = keys;
	*(wide *)&search->tag[at] = DP_SLOT_TAG(keys);
	memcpy(&search->shape[at], probes->id, sizeof(probes->id));
	memcpy(&search->topic[at], topics, sizeof(topics));
#pragma GCC unroll 4
	for (size_t i = 0; i < DP_PROBES_WIDE; i++) {
		const struct dp_segment *segment = rh_rcu_deref(directory->segment[segments[i]]);
		const char *bucket = (const char *)segment->bucket + offsets[i];

		search->bucket[at + i] = (const uint64_t *)bucket;
		rh_prefetch(bucket);
	}
}

static inline void probe_add(struct dp_search *search, const struct dp_directory *directory,
	uint32_t at, uint64_t key, uint32_t shape, uint32_t topic)
{
	search->bucket[at] = dp_segment_of(directory, key)->bucket[DP_BUCKET_AT(key)];
	search->key[at] = key;
	search->tag[at] = DP_SLOT_TAG(key);
	search->shape[at] = shape;
	search->topic[at] = topic;
	rh_prefetch(search->bucket[at]);
}

/* Shapes that no list has: with parts, or asked by a topic of many levels. */
static uint32_t rows_ask(struct dp_search *search, const struct dp_directory *directory,
	const struct dp_shapes *shapes, uint32_t rows, uint32_t topic, uint32_t used)
{
	const struct dp_cut *cut = &search->cut[topic];
	uint64_t key;

	for (uint32_t i = 0; i < rows; i++) {
		const struct dp_shape_row *row = &shapes->row[i];

		if (dp_shape_fits(&row->shape, cut->topic.levels, cut->topic.text[0] == '$') &&
			dp_shape_topic_key(
				&search->index->secret, row, &cut->topic, cut->hash, &key))
			probe_add(search, directory, used++, key, row->id, topic);
	}
	return used;
}

/* All probes of @topic behind the *@used ones; false: there may be more than there is room for. */
static inline bool topic_ask(struct dp_search *search, const struct dp_directory *directory,
	uint32_t topic, uint32_t *used)
{
	const struct dp_shapes *shapes = rh_rcu_deref(search->index->shapes[search->tenant[topic]]);
	const struct dp_cut *cut = &search->cut[topic];
	uint32_t levels = cut->topic.levels;
	size_t first = *used, count;
	const struct dp_shape_list *list;
	const struct dp_probes *probes;

	if (!shapes)
		return true;
	if (rh_unlikely(first + shapes->count > DP_SEARCH_PROBES))
		return false;
	if (rh_unlikely(levels > DP_SHAPE_LISTED)) {
		*used = rows_ask(search, directory, shapes, shapes->count, topic, *used);
		return true;
	}
	list = &shapes->list[levels];
	probes = shapes->probes + list->at;
	count = cut->topic.text[0] == '$' ? list->dollar : list->all;
	for (size_t i = 0; i < count; i += DP_PROBES_WIDE, probes++)
		probes_add(search, directory, first + i, probes,
			probes_keys(probes, cut->hash, levels), topic);
	*used = (uint32_t)(first + count);
	if (rh_unlikely(shapes->odd))
		*used = rows_ask(search, directory, shapes, shapes->odd, topic, *used);
	return true;
}

/* Bit i: word i has the tag. */
static inline unsigned words_with(const uint64_t *bucket, uint64_t tag)
{
#if defined(__AVX2__) && !defined(RH_RCU_TSAN)
	/* By 16 bits each: the sign of a word is that of its tag's comparison. */
	__m256i tags = _mm256_set1_epi64x((long long)tag);
	__m256i low = _mm256_cmpeq_epi16(tags, _mm256_load_si256((const __m256i *)bucket));
	__m256i high = _mm256_cmpeq_epi16(tags, _mm256_load_si256((const __m256i *)bucket + 1));

	return (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(low)) |
	       (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(high)) << 4;
#else
	unsigned with = 0;

	for (unsigned i = 0; i < DP_BUCKET_SLOTS; i++)
		with |= (unsigned)((rh_load_acquire(&bucket[i]) & ~DP_SLOT_ADDRESS) == tag) << i;
	return with;
#endif
}

/* The last bucket ends where its segment does, at a multiple of a segment's size. */
static const uint64_t *bucket_after(const uint64_t *bucket)
{
	const uint64_t *next = bucket + DP_BUCKET_SLOTS;

	if (rh_unlikely((uintptr_t)next % DP_SEGMENT_BYTES == 0))
		next -= DP_SEGMENT_BUCKETS * DP_BUCKET_SLOTS;
	return next;
}
static_assert(sizeof(struct dp_segment) == DP_SEGMENT_BYTES, "bucket_after counts on it");

static inline void hit_add(struct dp_search *search, size_t probe, uint64_t word, uint32_t *hits)
{
	const struct dp_filter *filter = dp_slot_filter(word);

	if (word <= DP_SLOT_REMOVED)
		return;
	if (rh_unlikely(*hits == DP_SEARCH_PROBES)) {
		search->answer[search->topic[probe]].crowded = true;
		return;
	}
	search->hit[(*hits)++] = (struct dp_search_hit){filter, (uint32_t)probe};
	rh_prefetch(filter);
	rh_prefetch((const char *)filter + RH_CACHE_LINE);
}

static inline void probe_read(struct dp_search *search, size_t probe, uint32_t *hits)
{
	const uint64_t *bucket = search->bucket[probe];

	do {
		for (unsigned with = words_with(bucket, search->tag[probe]); with; with &= with - 1)
			hit_add(search, probe, rh_load_acquire(&bucket[__builtin_ctz(with)]), hits);
		if (rh_likely(dp_bucket_ends_probes(bucket)))
			return;
		bucket = bucket_after(bucket);
	} while (bucket != search->bucket[probe]);
}

static inline void found_add(
	struct dp_search *search, struct dp_search_answer *answer, const struct dp_filter *filter)
{
	uintptr_t set = (uintptr_t)rh_rcu_deref(filter->set);

	if (rh_unlikely(search->found_used == DP_SEARCH_FOUND)) {
		answer->crowded = true;
		return;
	}
	if (!(set & DP_SET_ALONE))
		rh_prefetch((const void *)(set & ~DP_SET_MORE));
	if (answer->count++ == 0)
		answer->first = search->found_used;
	search->found[search->found_used++] = filter;
}

/* Those of the chain that are the topic's. */
static inline void hit_read(struct dp_search *search, const struct dp_search_hit *hit)
{
	uint32_t number = search->topic[hit->probe], shape = search->shape[hit->probe];
	const struct rh_topic *topic = &search->cut[number].topic;
	const struct dp_filter *filter = hit->filter;
	uint64_t key = search->key[hit->probe];

	for (; filter; filter = dp_filter_next(filter))
		if (dp_filter_answers(filter, key, shape, search->tenant[number], topic,
			    &search->whole))
			found_add(search, &search->answer[number], filter);
}

/* As many topics from @first on as there is room for their probes; returns the next one. */
static uint32_t run_some(
	struct dp_search *search, const struct dp_directory *directory, uint32_t first)
{
	uint32_t probes = 0, hits = 0, topic = first;

	while (topic < search->topics && topic_ask(search, directory, topic, &probes))
		topic++;
	for (size_t i = 0; i < probes; i++)
		probe_read(search, i, &hits);
	for (size_t i = 0; i < hits; i++)
		hit_read(search, &search->hit[i]);
	return topic;
}

void dp_search_run(struct dp_search *search)
{
	const struct dp_directory *directory = rh_rcu_deref(search->index->directory);

	search->found_used = 0;
	for (uint32_t topic = 0; topic < search->topics;)
		topic = run_some(search, directory, topic);
}
