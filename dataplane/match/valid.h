#pragma once

/*
 * Is a cached result still what the index would say? By the parts of the topic space that it depends on (parts.h).
 */

#include "dataplane/match/match_priv.h"

/* Stamps tell nothing of an entry that is outdated for good, or that was not looked at until they may have gone round. */
static inline bool dp_entry_may_stand(const struct dp_match *match, const struct dp_entry *entry)
{
	return entry->as_of != DP_PART_NEVER &&
	       dp_look_stamp(match->cache.look) - dp_look_stamp(entry->look) <= DP_CACHE_AGE;
}

/* It was found valid once more. */
static inline void dp_entry_renew(struct dp_match *match, struct dp_entry *entry)
{
	entry->as_of = match->as_of;
	match->unsettled = DP_UNSETTLED_BURSTS;
}

/*
 * Something changed since @entry was found valid, but nothing near it, as coarse stamps say: it is valid. False: they cannot say.
 * Ctx: worker.
 */
static inline bool dp_entry_untouched(struct dp_match *match, struct dp_entry *entry)
{
	const struct dp_parts *parts = match->table->parts;

	if (rh_unlikely(dp_part_age_coarse(parts, entry->tenant, &entry->at, entry->as_of) < 0 || !dp_entry_may_stand(match, entry)))
		return false;
	dp_entry_renew(match, entry);
	return true;
}

/* The parts of the topic space that the result of @topic, of the search, depends on, and as of when. Ctx: worker, before the search. */
void dp_found_parts(const struct dp_match *match, uint32_t topic,
	const struct dp_match_key *key, struct dp_found *found);
/* Something changed since @entry was found valid: is it still? Not inline: subscriptions change less often than topics come. Ctx: worker. */
bool dp_entry_still_valid(struct dp_match *match, struct dp_entry *entry, uint64_t hash);
