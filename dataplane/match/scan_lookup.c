/*
 * Payloads through a tenant's pattern databases. hs_scan's code and tables live in the first caches only while scans come one
 * right behind the other: with 80 instructions between two of them a scan of 64 bytes took 80 cycles more.
 */

#include "dataplane/base/atomic.h"
#include "dataplane/match/judge.h"

#include <string.h>

/* Called by hs_scan; with HS_FLAG_SINGLEMATCH once for an id, but a database may have been made
 * without. */
static int on_match(unsigned int id, unsigned long long from, unsigned long long to,
	unsigned int flags, void *arg)
{
	struct dp_matched *matched = arg;

	(void)from;
	(void)to;
	(void)flags;
	if (id == 0 || id > matched->max || dp_matched_has(matched, id))
		return 0;
	dp_matched_add(matched, id);
	return 0;
}

bool dp_content_scan(const struct dp_patterns *patterns, uint32_t owner, const void *payload,
	uint32_t len, struct dp_matched *matched)
{
	const struct dp_pattern_tier *tier;
	bool ok = true;

	matched->max = patterns->max_pattern;
	if (len == 0)
		return true;
	for (uint64_t left = patterns->used; left; left &= left - 1) {
		tier = patterns->tier[__builtin_ctzll(left)];
		ok &= hs_scan(tier->db, payload, len, 0, tier->scratch[owner], on_match,
			      matched) == HS_SUCCESS;
	}
	return ok;
}

void dp_matched_clear(struct dp_matched *matched)
{
	for (uint32_t i = 0; i < matched->count; i++)
		matched->bit[matched->id[i] / 64] = 0;
	matched->count = 0;
}

/* Of a payload that has more than these, the lines that the processor has not asked for by the time they are read. */
#define PAYLOAD_AHEAD 256

static inline void payload_prefetch(const struct dp_match_key *key)
{
	if (key->payload_len < PAYLOAD_AHEAD)
		return;
	for (uint32_t at = 0; at < PAYLOAD_AHEAD; at += RH_CACHE_LINE)
		rh_prefetch(key->payload + at);
}

/* What is in @matched are event number @event's. */
static void ahead_keep(struct dp_ahead *ahead, uint32_t event, struct dp_matched *matched)
{
	ahead->first[event] = (uint16_t)ahead->used;
	if (rh_unlikely(matched->count > DP_AHEAD_IDS - ahead->used)) {
		ahead->count[event] = DP_AHEAD_UNKNOWN;
	} else {
		memcpy(ahead->id + ahead->used, matched->id, matched->count * sizeof(ahead->id[0]));
		ahead->count[event] = (uint16_t)matched->count;
		ahead->used += matched->count;
	}
	dp_matched_clear(matched);
}

void dp_judge_scan_ahead(struct dp_judge *judge, struct dp_ahead *ahead)
{
	struct dp_matched *matched = &judge->matched;
	uint64_t scans = 0, errors = 0;

	dp_matched_clear(matched);
	ahead->used = 0;
	for (uint32_t n = 0; n < ahead->events; n++) {
		const struct dp_match_key *key = ahead->key[n];
		bool done;

		ahead->count[n] = DP_AHEAD_UNKNOWN;
		if (!ahead->patterns[n])
			continue;
		if (n + 1 < ahead->events)
			payload_prefetch(ahead->key[n + 1]);
		dp_meter_turn(ahead->meter, key->tenant);
		done = dp_content_scan(ahead->patterns[n], judge->owner, key->payload, key->payload_len, matched);
		scans++;
		errors += !done;
		if (rh_unlikely(!done))
			dp_matched_clear(matched);
		else if (rh_unlikely(matched->count))
			ahead_keep(ahead, n, matched);
		else
			ahead->count[n] = 0;
	}
	rh_add_relaxed(&judge->scans, scans);
	rh_add_relaxed(&judge->scan_errors, errors);
}

void dp_judge_take_ahead(struct dp_judge *judge, const struct dp_ahead *ahead, uint32_t event)
{
	const uint16_t *id = ahead->id + ahead->first[event];

	if (rh_unlikely(ahead->count[event] == DP_AHEAD_UNKNOWN))
		return;
	judge->scanned = true;
	judge->scan_failed = false;
	judge->matched.max = judge->patterns->max_pattern;
	for (uint32_t i = 0; i < ahead->count[event]; i++)
		dp_matched_add(&judge->matched, id[i]);
}
