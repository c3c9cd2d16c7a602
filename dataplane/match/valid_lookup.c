/*
 * Is a cached result still what the index would say? By the parts of the topic space that it depends on (parts.h).
 */

#include "dataplane/match/match_priv.h"

void dp_found_parts(const struct dp_match *match, uint32_t topic, uint64_t hash,
	const struct dp_match_key *key, struct dp_found *found)
{
	const struct dp_search *search = match->search;
	const struct dp_cut *cut = &search->cut[topic];
	uint64_t tenant = search->index->tenant_hash[key->tenant];
	uint32_t levels = cut->topic.levels;
	uint64_t first = levels > 0 ? tenant + cut->hash[0] : tenant;

	found->at = (struct dp_part_at){.root = dp_part_root(first)};
	if (levels > 1) {
		found->at.second = dp_part_level(tenant + cut->hash[1]);
		found->at.pair = dp_part_pair(first + cut->hash[1]);
	}
	if (levels > 2)
		found->at.third = dp_part_level(tenant + cut->hash[2]);
	found->seen = dp_part_look(match->table->parts, key->tenant,
		dp_part_topic(hash ^ dp_profile_hash(key->profile)), &found->at);
}

/* What changed was on a side of @entry's topic: near it? If not, this is the count from now on. */
static bool is_near(const struct dp_match *match, struct dp_entry *entry, uint64_t hash, uint32_t wild, uint32_t root)
{
	const struct dp_parts *parts = match->table->parts;
	uint32_t topic = dp_part_topic(hash ^ dp_profile_hash(entry->profile));

	if (wild != entry->wild &&
		dp_part_fine_wild(parts, entry->tenant, &entry->at) != entry->fine_wild)
		return true;
	if (root != entry->root &&
		dp_part_fine_root(parts, topic, &entry->at) != entry->fine_root)
		return true;
	entry->wild = wild;
	entry->root = root;
	return false;
}

bool dp_entry_still_valid(const struct dp_match *match, struct dp_entry *entry, uint64_t hash)
{
	const struct dp_parts *parts = match->table->parts;
	uint32_t wild = dp_part_coarse_wild(parts, entry->tenant, &entry->at);
	uint32_t root = dp_part_coarse_root(parts, &entry->at);

	if (entry->as_of == DP_PART_NEVER ||
		dp_look_stamp(match->cache.look) - dp_look_stamp(entry->look) > DP_CACHE_AGE)
		return false;
	if ((wild != entry->wild || root != entry->root) && is_near(match, entry, hash, wild, root)) {
		entry->as_of = DP_PART_NEVER;
		return false;
	}
	entry->as_of = match->as_of;
	return true;
}
