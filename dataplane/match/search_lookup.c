#include "dataplane/match/search.h"

#include "dataplane/match/text.h"

#ifdef __AVX2__
#include <immintrin.h>
#endif

bool dp_filter_fits(
	const struct dp_filter *filter, const struct rh_topic *topic, struct rh_filter *room)
{
	const char *canon = dp_filter_canon(filter);

	if (rh_unlikely(filter->partial))
		return rh_filter_from_canon(canon, filter->len, room) == 0 &&
		       rh_filter_matches(room, topic);
	for (uint32_t i = 0; i < filter->runs; i++) {
		const struct dp_run *run = &filter->run[i];
		uint32_t start = topic->start[run->first];
		uint32_t end = (uint32_t)topic->start[run->last] + topic->size[run->last];

		if (end - start != run->size ||
			!dp_text_equal(canon + run->at, topic->text + start, run->size))
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

static inline void probe_add(struct dp_search *search, const struct dp_directory *directory,
	uint32_t at, uint32_t topic, uint64_t key, uint32_t shape)
{
	struct dp_search_probe *probe = &search->probe[at];

	probe->bucket = dp_segment_of(directory, key)->bucket[dp_bucket_at(key)];
	probe->key = key;
	probe->shape = shape;
	probe->topic = topic;
	rh_prefetch(probe->bucket);
}

/*
 * Sums of a topic's level hashes for every subset of four neighbours: the key of a further shape is
 * then one addition for each four levels, and no branch depends on which of them count.
 */
typedef uint64_t four_sums __attribute__((vector_size(32)));

struct subset_sums {
	four_sums of[DP_SHAPE_LISTED / 4][4]; /* of each four levels: by a mask of them */
};

static inline void sums_make(struct subset_sums *sums, const uint64_t *hash, uint32_t levels)
{
	for (uint32_t i = 0; i < levels; i += 4) {
		four_sums *of = sums->of[i / 4];
		four_sums first = {0, hash[i], hash[i + 1], hash[i] + hash[i + 1]};
		four_sums third = {hash[i + 2], hash[i + 2], hash[i + 2], hash[i + 2]};
		four_sums fourth = {hash[i + 3], hash[i + 3], hash[i + 3], hash[i + 3]};

		of[0] = first;
		of[1] = first + third;
		of[2] = first + fourth;
		of[3] = first + third + fourth;
	}
}

static inline uint64_t listed_key(const struct dp_probe *probe, const struct subset_sums *sums)
{
	const uint64_t *of = (const uint64_t *)sums->of;
	uint64_t key = probe->seed;

	for (uint64_t mask = probe->mask; mask; mask >>= 4, of += 16)
		key += of[mask & 15];
	return key;
}

/* Shapes that no list has: with parts, or asked by a topic of many levels. */
static uint32_t rows_ask(struct dp_search *search, const struct dp_directory *directory,
	const struct dp_shapes *shapes, uint32_t rows, uint32_t topic, uint32_t used)
{
	const struct dp_cut *cut = &search->cut[topic];
	uint64_t key;

	for (uint32_t i = 0; i < rows; i++) {
		const struct dp_shape_row *row = &shapes->row[i];

		if (dp_shape_fits(&row->shape, cut->topic.levels, cut->text[0] == '$') &&
			dp_shape_topic_key(
				&search->index->secret, row, &cut->topic, cut->hash, &key))
			probe_add(search, directory, used++, topic, key, row->id);
	}
	return used;
}

/* All probes of @topic behind the @used ones; returns how many there are then. */
static inline uint32_t topic_ask(struct dp_search *search, const struct dp_directory *directory,
	uint32_t topic, uint32_t used)
{
	const struct dp_shapes *shapes = rh_rcu_deref(search->index->shapes[search->tenant[topic]]);
	const struct dp_cut *cut = &search->cut[topic];
	uint32_t levels = cut->topic.levels, count;
	const struct dp_shape_list *list;
	const struct dp_probe *probe;
	struct subset_sums sums;

	if (!shapes)
		return used;
	if (rh_unlikely(levels > DP_SHAPE_LISTED))
		return rows_ask(search, directory, shapes, shapes->count, topic, used);
	list = &shapes->list[levels];
	probe = shapes->probe + list->at;
	count = cut->text[0] == '$' ? list->dollar : list->all;
	sums_make(&sums, cut->hash, levels);
	for (uint32_t i = 0; i < count; i++)
		probe_add(search, directory, used++, topic, listed_key(&probe[i], &sums),
			probe[i].id);
	if (rh_unlikely(shapes->odd))
		used = rows_ask(search, directory, shapes, shapes->odd, topic, used);
	return used;
}

/* Bit i: word i has the tag. *@ends: no probe goes further. */
static inline unsigned words_with(const uint64_t *bucket, uint64_t tag, bool *ends)
{
	unsigned with = 0, empty = 0;

#if defined(__AVX2__) && !defined(RH_RCU_TSAN)
	for (unsigned half = 0; half < 2; half++) {
		__m256i words = _mm256_load_si256((const __m256i *)bucket + half);
		__m256i same = _mm256_cmpeq_epi64(
			_mm256_srli_epi64(words, 48), _mm256_set1_epi64x((long long)(tag >> 48)));
		__m256i zero = _mm256_cmpeq_epi64(words, _mm256_setzero_si256());

		with |= (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(same)) << (4 * half);
		empty |= (unsigned)_mm256_movemask_pd(_mm256_castsi256_pd(zero));
	}
#else
	for (unsigned i = 0; i < DP_BUCKET_SLOTS; i++) {
		uint64_t word = rh_load_acquire(&bucket[i]);

		with |= (unsigned)((word & ~DP_SLOT_ADDRESS) == tag) << i;
		empty |= !word;
	}
#endif
	*ends = empty;
	return with;
}

/* Segments begin at multiples of their size. */
static const uint64_t *bucket_after(const uint64_t *bucket)
{
	const struct dp_segment *segment =
		(const void *)((uintptr_t)bucket & ~(uintptr_t)(DP_SEGMENT_BYTES - 1));
	uint32_t at = (uint32_t)((bucket - segment->bucket[0]) / DP_BUCKET_SLOTS);

	return segment->bucket[dp_bucket_next(at)];
}

static inline bool hit_add(
	struct dp_search *search, const struct dp_search_probe *probe, uint64_t word, uint32_t *hits)
{
	struct dp_search_hit *hit = &search->hit[*hits];

	if (word <= DP_SLOT_REMOVED)
		return true;
	if (*hits == DP_SEARCH_PROBES)
		return false;
	*hit = (struct dp_search_hit){dp_slot_filter(word), probe->key, probe->shape, probe->topic};
	rh_prefetch(hit->filter);
	rh_prefetch((const char *)hit->filter + RH_CACHE_LINE);
	++*hits;
	return true;
}

static inline void probe_read(
	struct dp_search *search, const struct dp_search_probe *probe, uint32_t *hits)
{
	const uint64_t *bucket = probe->bucket;
	uint64_t tag = dp_slot_tag(probe->key);

	for (uint32_t i = 0; i < DP_SEGMENT_BUCKETS; i++, bucket = bucket_after(bucket)) {
		bool ends;
		unsigned with = words_with(bucket, tag, &ends);

		for (; with; with &= with - 1)
			if (!hit_add(search, probe, rh_load_acquire(&bucket[__builtin_ctz(with)]),
				    hits))
				search->answer[probe->topic].crowded = true;
		if (rh_likely(ends))
			return;
	}
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
	const struct rh_topic *topic = &search->cut[hit->topic].topic;
	uint16_t tenant = search->tenant[hit->topic];
	const struct dp_filter *filter = hit->filter;

	for (; filter; filter = dp_filter_next(filter))
		if (dp_filter_answers(filter, hit->key, hit->shape, tenant, topic, &search->whole))
			found_add(search, &search->answer[hit->topic], filter);
}

static uint32_t probes_most(const struct dp_search *search, uint32_t topic)
{
	const struct dp_shapes *shapes = rh_rcu_deref(search->index->shapes[search->tenant[topic]]);

	return shapes ? shapes->count : 0;
}

/* As many topics from @first on as there is room for their probes; returns the next one. */
static uint32_t run_some(
	struct dp_search *search, const struct dp_directory *directory, uint32_t first)
{
	uint32_t probes = 0, hits = 0, topic = first;

	while (topic < search->topics &&
		probes + probes_most(search, topic) <= DP_SEARCH_PROBES)
		probes = topic_ask(search, directory, topic++, probes);
	for (uint32_t i = 0; i < probes; i++)
		probe_read(search, &search->probe[i], &hits);
	for (uint32_t i = 0; i < hits; i++)
		hit_read(search, &search->hit[i]);
	return topic;
}

void dp_search_run(struct dp_search *search)
{
	const struct dp_directory *directory = rh_rcu_deref(search->index->directory);

	search->found_used = 0;
	for (uint32_t i = 0; i < search->topics; i++) {
		search->answer[i] = (struct dp_search_answer){0};
		rh_prefetch(rh_rcu_deref(search->index->shapes[search->tenant[i]]));
	}
	for (uint32_t topic = 0; topic < search->topics;)
		topic = run_some(search, directory, topic);
}
