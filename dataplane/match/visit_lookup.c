/*
 * The index without haste: for explain, and for a topic that has no room in a search.
 */

#include "dataplane/match/search.h"

#include <string.h>

struct visit {
	const struct dp_index *index;
	const struct dp_cut *cut;
	uint16_t tenant;
	dp_visit cb;
	void *arg;
	struct dp_visit_counts counts;
	struct rh_filter room;
};

static void visit_chain(struct visit *v, uint64_t word, uint64_t key, uint32_t shape)
{
	const struct dp_filter *filter = dp_slot_filter(word);

	for (; filter; filter = dp_filter_next(filter)) {
		v->counts.compared += filter->key == key;
		v->counts.whole += filter->key == key && filter->partial;
		if (dp_filter_answers(filter, shape, v->tenant, &v->cut->topic, &v->room))
			v->cb(v->arg, filter);
	}
}

/* False: the probe ends here. */
static bool visit_bucket(struct visit *v, const uint64_t *bucket, uint64_t key, uint32_t shape)
{
	for (uint32_t i = 0; i < DP_BUCKET_SLOTS; i++) {
		uint64_t word = rh_load_acquire(&bucket[i]);

		if (word > DP_SLOT_REMOVED && (word & ~DP_SLOT_ADDRESS) == DP_SLOT_TAG(key))
			visit_chain(v, word, key, shape);
	}
	return !dp_bucket_ends_probes(bucket);
}

static void visit_key(struct visit *v, uint64_t key, uint32_t shape)
{
	const struct dp_segment *segment = dp_segment_of(rh_rcu_deref(v->index->words.directory), key);
	uint32_t at = (uint32_t)DP_BUCKET_AT(key);

	for (uint32_t i = 0; i < DP_SEGMENT_BUCKETS; i++, at = dp_bucket_next(at))
		if (!visit_bucket(v, segment->bucket[at], key, shape))
			return;
}

void dp_index_visit_counting(const struct dp_index *index, uint16_t tenant,
	const struct dp_cut *cut, dp_visit cb, void *arg, struct dp_visit_counts *counts)
{
	struct visit v = {.index = index, .cut = cut, .tenant = tenant, .cb = cb, .arg = arg};
	const struct dp_shapes *shapes = rh_rcu_deref(index->shapes[tenant]);
	uint64_t key;

	for (uint32_t i = 0; shapes && i < shapes->count; i++) {
		const struct dp_shape_row *row = &shapes->row[i];

		if (!dp_shape_fits(&row->shape, cut->topic.levels, cut->topic.text[0] == '$') ||
			!dp_shape_topic_key(&index->secret, row, &cut->topic, cut->hash, &key))
			continue;
		v.counts.probes++;
		v.counts.parts += row->shape.parts;
		visit_key(&v, key, row->id);
	}
	*counts = v.counts;
}

void dp_index_visit(const struct dp_index *index, uint16_t tenant, const struct dp_cut *cut,
	dp_visit cb, void *arg)
{
	struct dp_visit_counts counts;

	dp_index_visit_counting(index, tenant, cut, cb, arg, &counts);
}
