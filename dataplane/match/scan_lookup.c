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

/* What is in @matched are event number @event's; not @done: nobody can say. */
static __attribute__((noinline)) void ahead_keep(struct dp_ahead *ahead, uint32_t event, struct dp_matched *matched, bool done)
{
	ahead->judged |= 1ULL << event;
	ahead->first[event] = (uint16_t)ahead->used;
	if (rh_unlikely(!done || matched->count > DP_AHEAD_IDS - ahead->used)) {
		ahead->count[event] = DP_AHEAD_UNKNOWN;
	} else {
		memcpy(ahead->id + ahead->used, matched->id, matched->count * sizeof(ahead->id[0]));
		ahead->count[event] = (uint16_t)matched->count;
		ahead->used += matched->count;
	}
	dp_matched_clear(matched);
}

/*
 * Events from @n on as long as they have the same patterns; returns the first behind. A tenant has one database but while it changes: between two scans
 * of it there is next to nothing.
 */
static uint32_t run_scan(struct dp_judge *judge, struct dp_ahead *ahead, uint32_t n)
{
	const struct dp_patterns *patterns = ahead->patterns[n];
	const struct dp_pattern_tier *tier = patterns->tier[__builtin_ctzll(patterns->used)];
	bool single = (patterns->used & (patterns->used - 1)) == 0;
	const hs_database_t *db = tier->db;
	hs_scratch_t *scratch = tier->scratch[judge->owner];
	struct dp_matched *matched = &judge->matched;
	uint32_t end = n, events = ahead->events, errors = 0;

	matched->max = patterns->max_pattern;
	for (; end < events && ahead->patterns[end] == patterns; end++) {
		const struct dp_match_key *key = ahead->key[end];
		bool done = true;

		if (end + 1 < events)
			payload_prefetch(ahead->key[end + 1]);
		if (rh_unlikely(!single))
			done = dp_content_scan(patterns, judge->owner, key->payload, key->payload_len, matched);
		else if (key->payload_len)
			done = hs_scan(db, (const char *)key->payload, key->payload_len, 0, scratch, on_match, matched) == HS_SUCCESS;
		errors += !done;
		ahead->count[end] = 0;
		if (rh_unlikely(!done || matched->count))
			ahead_keep(ahead, end, matched, done);
	}
	rh_add_relaxed(&judge->scans, end - n);
	rh_add_relaxed(&judge->scan_errors, errors);
	return end;
}

void dp_judge_scan_ahead(struct dp_judge *judge, struct dp_ahead *ahead)
{
	uint32_t n = 0;

	dp_matched_clear(&judge->matched);
	ahead->used = 0;
	while (n < ahead->events) {
		if (!ahead->patterns[n]) {
			ahead->count[n++] = DP_AHEAD_UNKNOWN;
			continue;
		}
		dp_meter_turn(ahead->meter, ahead->key[n]->tenant);
		n = run_scan(judge, ahead, n);
	}
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
