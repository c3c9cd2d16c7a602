#include "dataplane/match/samples.h"

#include "dataplane/match/match_priv.h"
#include "dataplane/match/seq.h"

/* @part's next place gets the beginning of @key's payload. */
static void take(const struct dp_tenant_samples *samples, uint32_t worker, struct dp_sample_part *part,
	const struct dp_match_key *key)
{
	uint32_t at = worker * samples->places + (uint32_t)(part->taken % samples->places);
	uint32_t len = key->payload_len < DP_SAMPLE_BYTES ? key->payload_len : DP_SAMPLE_BYTES;
	struct dp_sample_place *place = &samples->place[at];

	dp_seq_begin(&place->seq);
	rh_store_relaxed(&place->len, len);
	dp_seq_copy(place->bytes, key->payload, len);
	dp_seq_end(&place->seq);
	rh_store_relaxed(&part->taken, part->taken + 1);
}

/* False: nobody wants it, or not yet. An empty payload is never scanned. */
static bool is_taken(const struct dp_match *match, const struct dp_match_key *key)
{
	struct dp_tenant_samples *samples = rh_rcu_deref(match->table->samples[key->tenant]);
	struct dp_sample_part *part;

	if (!samples || !key->payload_len)
		return false;
	part = &samples->part[match->worker];
	if (match->sample_tsc < part->due_tsc)
		return false;
	take(samples, match->worker, part, key);
	part->due_tsc = match->sample_tsc + (part->taken < samples->places ? DP_SAMPLE_FIRST : DP_SAMPLE_NEXT);
	return true;
}

void dp_samples_look(struct dp_match *match, struct dp_match_keys keys, uint32_t count)
{
	uint32_t at = (dp_dice_roll(&match->sample_dice) >> 16) % count;

	/* What is matched again was published long ago, and is looked at once already. */
	if (match->cache.topics.again)
		return;
	match->sample_due = false;
	for (uint32_t i = 0; i < count; i++, at = at + 1 < count ? at + 1 : 0)
		if (is_taken(match, dp_match_key_at(keys, at)))
			return;
}

void dp_samples_tick(struct dp_match *match, uint64_t now_tsc)
{
	if (!rh_load_relaxed(&match->table->samples_wanted) || now_tsc - match->sample_tsc < DP_SAMPLE_LOOK)
		return;
	match->sample_tsc = now_tsc;
	match->sample_due = true;
}
