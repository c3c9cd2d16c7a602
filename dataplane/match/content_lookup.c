#include "dataplane/match/table_priv.h"

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
	matched->bit[id / 64] |= 1ULL << (id % 64);
	matched->id[matched->count++] = (uint16_t)id;
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
	for (uint32_t left = patterns->used; left; left &= left - 1) {
		tier = patterns->tier[__builtin_ctz(left)];
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
