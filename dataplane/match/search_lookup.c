#include "dataplane/match/search.h"

#include "dataplane/match/text.h"

bool dp_filter_fits_whole(
	const struct dp_filter *filter, const struct rh_topic *topic, struct rh_filter *room)
{
	return rh_filter_from_canon(dp_filter_canon(filter), filter->len, room) == 0 &&
	       rh_filter_matches(room, topic);
}

static_assert(offsetof(struct dp_filter, run) >= DP_TEXT_BEFORE, "readable before its texts");

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
typedef uint32_t wide_half __attribute__((vector_size(4 * DP_PROBES_WIDE), aligned(4)));

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

static inline uint64_t about_probe(uint32_t shape, uint32_t topic)
{
	return (uint64_t)topic << 32 | shape;
}

/* Ask for the shapes of @from under @keys of topic number @topic. */
static inline void group_ask(struct dp_search_group *group, const struct dp_directory *directory,
	const struct dp_probes *from, wide keys, uint32_t topic)
{
	struct dp_segment *const *segment = rh_opaque(&directory->segment[0]);
	wide offsets = DP_BUCKET_AT(keys) * RH_CACHE_LINE;
	wide segments = DP_DIRECTORY_AT(directory->depth, keys);

	*(wide *)group->tag = DP_SLOT_TAG(keys);
	*(wide *)group->about = __builtin_convertvector(*(const wide_half *)from->id, wide) | about_probe(0, topic);
#pragma GCC unroll 4
	for (size_t i = 0; i < DP_PROBES_WIDE; i++) {
		const char *bucket = (const char *)rh_rcu_deref(segment[segments[i]])->bucket + offsets[i];

		group->bucket[i] = (const uint64_t *)bucket;
		rh_prefetch(bucket);
	}
}

/* Ask for one alone, in place @at of @group; no shape's are those behind it. */
static void probe_ask(struct dp_search_group *group, const struct dp_directory *directory, uint32_t at,
	uint64_t key, uint64_t about)
{
	const uint64_t *bucket = dp_segment_of(directory, key)->bucket[DP_BUCKET_AT(key)];

	for (uint32_t i = at; i < DP_PROBES_WIDE; i++) {
		group->tag[i] = DP_SLOT_TAG(key);
		group->bucket[i] = bucket;
		group->about[i] = i == at ? about : about | DP_SHAPE_NONE;
	}
	rh_prefetch(bucket);
}

/* Shapes that no list has: with parts, or asked by a topic of many levels. Into @group and behind it; behind the last group. */
static struct dp_search_group *rows_ask(const struct dp_search *search, struct dp_search_group *group,
	const struct dp_directory *directory, const struct dp_shapes *shapes, uint32_t rows, uint32_t topic)
{
	const struct dp_cut *cut = &search->cut[topic];
	uint32_t probes = 0;
	uint64_t key;

	for (uint32_t i = 0; i < rows; i++) {
		const struct dp_shape_row *row = &shapes->row[i];

		if (dp_shape_fits(&row->shape, cut->topic.levels, cut->topic.text[0] == '$') &&
			dp_shape_topic_key(
				&search->index->secret, row, &cut->topic, cut->hash, &key)) {
			probe_ask(&group[probes / DP_PROBES_WIDE], directory, probes % DP_PROBES_WIDE, key,
				about_probe(row->id, topic));
			probes++;
		}
	}
	return group + (probes + DP_PROBES_WIDE - 1) / DP_PROBES_WIDE;
}

/* Those of @list, likewise; behind the last group. */
static inline struct dp_search_group *list_ask(struct dp_search_group *group, const struct dp_directory *directory,
	const struct dp_shapes *shapes, const struct dp_cut *cut, uint32_t levels, uint32_t topic)
{
	bool dollar = cut->topic.text[0] == '$';
	const struct dp_shape_list *list = rh_opaque(&shapes->list[levels]);
	const struct dp_probes *from = shapes->probes + list->at[dollar], *end = from + list->count[dollar];

	for (; from < end; from++, group++)
		group_ask(group, directory, from, probes_keys(from, cut->hash, levels), topic);
	return group;
}

/* All probes of @topic, into @group and behind it; behind the last. */
static inline struct dp_search_group *topic_ask(struct dp_search *search, struct dp_search_group *group,
	const struct dp_directory *directory, const struct dp_shapes *shapes, uint32_t topic)
{
	const struct dp_cut *cut = rh_opaque(&search->cut[topic]);
	uint32_t levels = cut->topic.levels;

	if (rh_unlikely(levels > DP_SHAPE_LISTED))
		return rows_ask(search, group, directory, shapes, shapes->count, topic);
	group = list_ask(group, directory, shapes, cut, levels, topic);
	return rh_likely(!shapes->odd) ? group : rows_ask(search, group, directory, shapes, shapes->odd, topic);
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

/* What @word names, if it still names one. */
static inline uint32_t hit_add(struct dp_search *search, uint64_t word, uint64_t about, uint32_t hits)
{
	const struct dp_filter *filter = dp_slot_filter(word);

	if (word <= DP_SLOT_REMOVED)
		return hits;
	if (rh_unlikely(hits == DP_SEARCH_HITS)) {
		search->answer[about >> 32].crowded = true;
		return hits;
	}
	search->hit[hits] = (struct dp_search_hit){filter, about};
	rh_prefetch(filter);
	rh_prefetch((const char *)filter + RH_CACHE_LINE);
	return hits + 1;
}

/* A probe that does not end in @bucket, from the next one on. */
static inline uint32_t probe_go_on(struct dp_search *search, const uint64_t *bucket, uint64_t tag, uint64_t about,
	uint32_t hits)
{
	const uint64_t *first = bucket;

	do {
		bucket = bucket_after(bucket);
		for (uint32_t tagged = dp_bucket_tagged(bucket, tag); tagged; tagged &= tagged - 1)
			hits = hit_add(search, rh_load_acquire(dp_bucket_word(bucket, tagged)), about,
				hits);
	} while (!dp_bucket_ends_probes(bucket) && bucket != first);
	return hits;
}

/* Do all of them end where they begin? Most do, and it is asked for the group at once. */
static inline bool probes_end(const struct dp_search_group *group)
{
	uint64_t last = 0;

#pragma GCC unroll 4
	for (uint32_t probe = 0; probe < DP_PROBES_WIDE; probe++)
		last |= rh_load_acquire(&group->bucket[probe][DP_BUCKET_SLOTS - 1]);
	return !last;
}

/* Mostly one of all those words has its tag: no branch depends on which. */
static inline uint32_t group_read(struct dp_search *search, const struct dp_search_group *group, uint32_t hits)
{
	for (uint32_t tagged = dp_group_tagged(group); tagged; tagged &= tagged - 1) {
		uint32_t place = dp_group_place(tagged), probe = place / DP_BUCKET_SLOTS;
		const uint64_t *bucket = group->bucket[probe];

		hits = hit_add(search, rh_load_acquire(&bucket[place % DP_BUCKET_SLOTS]), group->about[probe],
			hits);
	}
	if (rh_unlikely(!probes_end(group)))
		for (uint32_t probe = 0; probe < DP_PROBES_WIDE; probe++)
			if (!dp_bucket_ends_probes(group->bucket[probe]))
				hits = probe_go_on(search, group->bucket[probe], group->tag[probe],
					group->about[probe], hits);
	return hits;
}

static inline void found_add(struct dp_search *search, struct dp_search_answer *answer,
	const struct dp_filter *filter, const struct dp_set *set)
{
	if (rh_unlikely(search->found_used == DP_SEARCH_FOUND)) {
		answer->crowded = true;
		return;
	}
	if (!dp_set_is_alone(set))
		rh_prefetch((const void *)((uintptr_t)set & ~DP_SET_MORE));
	if (answer->count++ == 0)
		answer->first = search->found_used;
	search->found[search->found_used++] = filter;
}

/* Take @filter if it is the topic's; the next one with its key. */
static inline const struct dp_filter *filter_read(struct dp_search *search, const struct dp_filter *filter,
	uint64_t about)
{
	uint32_t topic = (uint32_t)(about >> 32);
	const struct dp_set *set = rh_rcu_deref(filter->set);

	if (rh_likely(dp_filter_answers(filter, (uint32_t)about, search->tenant[topic],
		    rh_opaque(&search->cut[topic].topic), &search->whole)))
		found_add(search, &search->answer[topic], filter, set);
	return dp_set_next(set);
}

/* Several filters with one key are rare. */
static __attribute__((noinline)) void chain_read(struct dp_search *search, const struct dp_filter *filter,
	uint64_t about)
{
	while (filter)
		filter = filter_read(search, filter, about);
}

/* Passes of a search, each with the registers to itself. As many topics from @first on as there is room for their probes; returns the next one. */
static __attribute__((noinline)) uint32_t topics_ask(struct dp_search *search, uint32_t first, uint32_t *groups)
{
	const struct dp_index *index = search->index;
	const struct dp_directory *directory = rh_rcu_deref(index->words.directory);
	struct dp_search_group *group = search->group, *end = group + DP_SEARCH_GROUPS;
	uint32_t topic = first;

	for (; topic < search->topics; topic++) {
		const struct dp_shapes *shapes = rh_rcu_deref(index->shapes[search->tenant[topic]]);

		if (!shapes)
			continue;
		if (rh_unlikely(group + DP_TOPIC_GROUPS(shapes->count) > end))
			break;
		group = topic_ask(search, group, directory, shapes, topic);
	}
	*groups = (uint32_t)(group - search->group);
	return topic;
}

static __attribute__((noinline)) uint32_t groups_read(struct dp_search *search, uint32_t groups)
{
	const struct dp_search_group *group = search->group, *end = group + groups;
	uint32_t hits = 0;

	for (; group < end; group++)
		hits = group_read(search, rh_opaque(group), hits);
	return hits;
}

static __attribute__((noinline)) void hits_read(struct dp_search *search, uint32_t hits)
{
	const struct dp_search_hit *hit = search->hit, *end = hit + hits;

	for (; hit < end; hit++) {
		const struct dp_filter *next = filter_read(search, hit->filter, hit->about);

		if (rh_unlikely(next != NULL))
			chain_read(search, next, hit->about);
	}
}

void dp_search_run(struct dp_search *search)
{
	uint32_t groups;

	search->found_used = 0;
	for (uint32_t topic = 0; topic < search->topics;) {
		topic = topics_ask(search, topic, &groups);
		hits_read(search, groups_read(search, groups));
	}
}

uint64_t dp_search_begin(struct dp_search *search, struct dp_match_keys keys, const uint8_t *event,
	uint32_t count)
{
	uint64_t refused = 0;

	search->topics = count;
	for (uint32_t n = 0; n < count; n++) {
		uint16_t tenant = dp_match_key_at(keys, event[n])->tenant;

		if (rh_unlikely(tenant >= DP_LIMIT_TENANTS)) {
			refused |= 1ULL << n;
			continue;
		}
		search->tenant[n] = tenant;
		search->answer[n] = (struct dp_search_answer){0};
		rh_prefetch(rh_rcu_deref(search->index->shapes[tenant]));
	}
	return refused | dp_cut_burst(search->cut, &search->index->secret, keys, event, count);
}
