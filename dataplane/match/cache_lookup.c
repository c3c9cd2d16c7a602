#include "dataplane/match/cache.h"

#include "dataplane/match/seq.h"

static void release_block(struct dp_cache *cache, struct dp_entry *entry)
{
	if (entry->block == DP_SLAB_NONE)
		return;
	dp_slab_give(&cache->slab, entry->block);
	rh_store_relaxed(&entry->block, DP_SLAB_NONE);
}

/* Nobody's entry any more. */
static void forget(struct dp_cache *cache, struct dp_entry *entry)
{
	dp_seq_begin(&entry->seq);
	dp_topics_take_entry(cache, entry);
	rh_store_relaxed(&entry->used, false);
	release_block(cache, entry);
	dp_seq_end(&entry->seq);
}

/* Another topic's from now on. Its tag is still the one before. */
static void change_topic(struct dp_cache *cache, struct dp_entry *entry)
{
	if (entry->used)
		dp_topics_take_entry(cache, entry);
	rh_store_relaxed(&entry->events, 0);
	rh_store_relaxed(&entry->bytes, 0);
	rh_store_relaxed(&entry->since, dp_look_stamp(cache->look));
}

static bool in_this_burst(const struct dp_cache *cache, const struct dp_entry *entry)
{
	return dp_look_burst(entry->look) == dp_look_burst(cache->look);
}

static uint32_t bursts_ago(const struct dp_cache *cache, const struct dp_entry *entry)
{
	return dp_look_burst(cache->look) - dp_look_burst(entry->look);
}

/* Give back large results that this burst does not use, a few entries a call. */
static void sweep(struct dp_cache *cache)
{
	uint32_t mask = (cache->mask + 1) * DP_CACHE_WAYS - 1;

	for (unsigned i = 0; i < DP_CACHE_SWEEP; i++) {
		uint32_t at = cache->sweep++ & mask;
		struct dp_entry *entry = &cache->entry[at];

		if (!entry->used || entry->block == DP_SLAB_NONE ||
			in_this_burst(cache, entry))
			continue;
		forget(cache, entry);
		rh_store_relaxed(&cache->bucket[at / DP_CACHE_WAYS].tag[at % DP_CACHE_WAYS], 0);
	}
}

struct layout {
	size_t receivers_at, pending_at, bytes;
};

static struct layout layout_of(uint16_t topic_len, const struct dp_found *found)
{
	struct layout layout = {0};
	size_t at = dp_receivers_at(topic_len);

	layout.receivers_at = at;
	if (found->count > DP_CACHE_RECEIVERS)
		at += found->count * sizeof(struct dp_receiver);
	layout.pending_at = at;
	layout.bytes = at + (dp_asked_any(&found->asked) ? dp_pending_bytes(&found->asked, found->excluded_count) : 0);
	return layout;
}

/* False: no memory for it now, or ever. */
static bool take_block(struct dp_cache *cache, size_t bytes, uint32_t *block)
{
	*block = DP_SLAB_NONE;
	if (bytes == 0)
		return true;
	if (bytes > DP_SLAB_BLOCK_MAX)
		return false;
	*block = dp_slab_take(&cache->slab, bytes);
	if (*block == DP_SLAB_NONE) {
		sweep(cache);
		*block = dp_slab_take(&cache->slab, bytes);
	}
	return *block != DP_SLAB_NONE;
}

/* An empty way; else the older of two random ones, if this burst does not need it; else any that it
 * does not need. */
static int choose_way(struct dp_cache *cache, uint32_t bucket)
{
	const struct dp_entry *entry = &cache->entry[(size_t)bucket * DP_CACHE_WAYS];
	unsigned empty = dp_ways_with(cache->bucket[bucket].tag, 0);
	uint32_t dice = dp_dice_roll(&cache->dice);
	unsigned a = dice >> 29, b = (dice >> 26) & (DP_CACHE_WAYS - 1);
	unsigned way = bursts_ago(cache, &entry[a]) >= bursts_ago(cache, &entry[b]) ? a : b;

	if (empty)
		return __builtin_ctz(empty);
	for (unsigned i = 0; i < DP_CACHE_WAYS; i++, way = (way + 1) % DP_CACHE_WAYS)
		if (!in_this_burst(cache, &entry[way]))
			return (int)way;
	return -1;
}

/* Where @count receivers belong. */
static void *receivers_place(struct dp_entry *entry, uint32_t count, uint8_t *block, const struct layout *layout)
{
	if (count > DP_CACHE_RECEIVERS)
		return block + layout->receivers_at;
	return count > 1 ? entry->receiver : &entry->only;
}

static void write_pending(struct dp_pending *pending, const struct dp_found *found)
{
	const struct dp_asked *asked = &found->asked;

	rh_store_relaxed(&pending->conds, asked->conds);
	rh_store_relaxed(&pending->keyed, asked->keyed_filters);
	rh_store_relaxed(&pending->excluded, found->excluded_count);
	dp_seq_copy(pending->address, asked->cond, asked->conds * sizeof(void *));
	dp_seq_copy(pending->address + asked->conds, asked->keyed, asked->keyed_filters * sizeof(void *));
	dp_seq_copy(pending->address + asked->conds + asked->keyed_filters, found->excluded,
		found->excluded_count * sizeof(*found->excluded));
}

static void write_entry(struct dp_cache *cache, struct dp_entry *entry,
	const struct dp_match_key *key, const struct dp_found *found, const struct layout *layout,
	uint32_t block)
{
	uint8_t *base = block == DP_SLAB_NONE ? NULL : dp_slab_at(&cache->slab, block);
	bool text_in_block = key->topic_len > DP_CACHE_TOPIC_BYTES;

	rh_store_relaxed(&entry->look, cache->look);
	entry->as_of = found->as_of;
	entry->at = found->at;
	entry->fine_at = found->fine_at;
	rh_store_relaxed(&entry->tenant, key->tenant);
	rh_store_relaxed(&entry->profile, key->profile);
	rh_store_relaxed(&entry->topic_len, key->topic_len);
	rh_store_relaxed(&entry->block, block);
	rh_store_relaxed(&entry->count, found->count);
	entry->pending = dp_asked_by(&found->asked);
	entry->pending_at = (uint16_t)(layout->pending_at / DP_CACHE_UNIT);
	dp_seq_copy(text_in_block ? (char *)base : entry->topic, key->topic, key->topic_len);
	dp_seq_copy(receivers_place(entry, found->count, base, layout), found->receivers,
		found->count * sizeof(*found->receivers));
	if (entry->pending)
		write_pending((struct dp_pending *)(void *)(base + layout->pending_at), found);
	rh_store_relaxed(&entry->used, true);
}

enum dp_kept dp_cache_keep(struct dp_cache *cache, const struct dp_match_key *key, uint64_t hash,
	struct dp_entry *stale, const struct dp_found *found, struct dp_entry **out)
{
	uint32_t bucket = (uint32_t)hash & cache->mask, block;
	struct layout layout = layout_of(key->topic_len, found);
	struct dp_entry *entry = stale;
	bool evicted = false;
	int way = -1;

	if (stale && in_this_burst(cache, stale))
		return DP_KEPT_NO_ROOM;
	/* May take the outdated entry's away. */
	if (!take_block(cache, layout.bytes, &block))
		return DP_KEPT_NO_ROOM;
	if (!entry || !entry->used) {
		way = choose_way(cache, bucket);
		if (way < 0) {
			if (block != DP_SLAB_NONE)
				dp_slab_give(&cache->slab, block);
			return DP_KEPT_NO_ROOM;
		}
		entry = &cache->entry[(size_t)bucket * DP_CACHE_WAYS + (unsigned)way];
		evicted = entry->used;
	}
	dp_seq_begin(&entry->seq);
	if (way >= 0) {
		change_topic(cache, entry);
		rh_store_relaxed(&cache->bucket[bucket].tag[way], dp_cache_tag(hash));
	}
	release_block(cache, entry);
	write_entry(cache, entry, key, found, &layout, block);
	dp_seq_end(&entry->seq);
	*out = entry;
	return evicted ? DP_KEPT_EVICTED : DP_KEPT;
}
