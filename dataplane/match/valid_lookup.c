#include "dataplane/match/valid.h"

void dp_found_parts(const struct dp_match *match, uint32_t topic,
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
	found->as_of = match->as_of;
}

/* Was what changed near @entry's topic? A narrow part tells only together with its coarse one: every change of it stamps both. */
static bool is_near(const struct dp_match *match, const struct dp_entry *entry, uint64_t hash)
{
	const struct dp_parts *parts = match->table->parts;
	uint32_t topic = dp_part_topic(hash ^ dp_profile_hash(entry->profile));

	return dp_part_wild_changed(parts, entry->tenant, &entry->fine_at, entry->as_of) ||
	       dp_part_level_changed(parts, &entry->at, &entry->fine_at, entry->as_of) ||
	       dp_part_root_changed(parts, topic, &entry->at, &entry->fine_at, entry->as_of);
}

bool dp_entry_still_valid(struct dp_match *match, struct dp_entry *entry, uint64_t hash)
{
	if (!dp_entry_may_stand(match, entry) || is_near(match, entry, hash)) {
		entry->as_of = DP_PART_NEVER;
		return false;
	}
	dp_entry_renew(match, entry);
	return true;
}
