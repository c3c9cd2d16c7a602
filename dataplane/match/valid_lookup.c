#include "dataplane/match/valid.h"

void dp_found_parts(const struct dp_match *match, uint32_t topic, uint64_t hash,
	const struct dp_match_key *key, struct dp_found *found)
{
	const struct dp_search *search = match->search;
	const struct dp_cut *cut = &search->cut[topic];
	uint64_t tenant = search->index->tenant_hash[key->tenant];
	uint32_t levels = cut->topic.levels;
	uint64_t first = levels > 0 ? tenant + cut->hash[0] : tenant;

	found->at = (struct dp_part_at){.root = dp_part_root(first)};
	found->fine_at = (struct dp_part_fine_at){0};
	if (levels > 1) {
		found->at.second = dp_part_level(tenant + cut->hash[1]);
		found->fine_at.second = dp_part_fine_level(tenant + cut->hash[1]);
		found->fine_at.pair = dp_part_pair(first + cut->hash[1]);
	}
	if (levels > 2)
		found->fine_at.third = dp_part_third(tenant + cut->hash[2]);
	found->seen = dp_part_look(match->table->parts, key->tenant,
		dp_part_topic(hash ^ dp_profile_hash(key->profile)), &found->at, &found->fine_at);
}

/* What changed was on a side of @entry's topic: near it? If not, this is the count from now on. */
static bool is_near(const struct dp_match *match, struct dp_entry *entry, uint64_t hash, uint32_t wild, uint32_t root)
{
	const struct dp_parts *parts = match->table->parts;
	uint32_t topic = dp_part_topic(hash ^ dp_profile_hash(entry->profile));

	if (wild != entry->coarse - entry->root &&
		dp_part_fine_wild(parts, entry->tenant, &entry->fine_at) != entry->fine_wild)
		return true;
	if (root != entry->root &&
		dp_part_fine_root(parts, topic, &entry->at, &entry->fine_at) != entry->fine_root)
		return true;
	entry->coarse = wild + root;
	entry->root = root;
	return false;
}

bool dp_entry_still_valid(struct dp_match *match, struct dp_entry *entry, uint64_t hash)
{
	const struct dp_parts *parts = match->table->parts;
	uint32_t wild = dp_part_coarse_wild(parts, entry->tenant, &entry->at);
	uint32_t root = dp_part_coarse_root(parts, &entry->at);

	if (!dp_entry_may_stand(match, entry))
		return false;
	if (wild + root != entry->coarse && is_near(match, entry, hash, wild, root)) {
		entry->as_of = DP_PART_NEVER;
		return false;
	}
	dp_entry_renew(match, entry);
	return true;
}
