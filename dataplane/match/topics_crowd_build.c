#include "dataplane/match/topics_crowd.h"

#include "dataplane/api/topics.h"
#include "dataplane/base/clock.h"
#include "dataplane/match/match_priv.h"

/* 1.04 / 2^7 of the estimate is one standard error; two are 95 %. */
#define ERROR_PER_THOUSAND 16u
/* e, by which a Count-Min sketch's width is divided, in thousandths. */
#define E_PER_THOUSAND 2718u

void dp_match_topics_crowd(const struct dp_match *match, struct dp_topic_crowd *crowd)
{
	const struct dp_topics *topics = &match->cache.topics;
	uint64_t events = rh_load_relaxed(&topics->rest_events);

	crowd->events += events;
	crowd->bytes += rh_load_relaxed(&topics->rest_bytes);
	if (events > crowd->most_events)
		crowd->most_events = events;
	crowd->profiles |= rh_load_relaxed(&topics->profile_most) != 0;
	crowd->sample = match->cache.bucket ? 1 : DP_TOPIC_SAMPLE;
	/* The latest: what all of them have counted since. */
	if (!crowd->workers++ || (int32_t)(topics->started - crowd->started) > 0)
		crowd->started = topics->started;
	for (unsigned i = 0; i < DP_TOPIC_CROWD; i++) {
		uint8_t reg = rh_load_relaxed(&topics->memory->crowd[i]);

		if (reg > crowd->reg[i])
			crowd->reg[i] = reg;
	}
}

/* x + sum of 2^(k-1) x^(2^k); x below 1. */
static double sigma(double x)
{
	double sum = x, before = -1, power = 1;

	while (sum != before) {
		x *= x;
		before = sum;
		sum += x * power;
		power += power;
	}
	return sum;
}

/* O. Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", 2017, algorithm 6;
 * without its term for full registers, which 2^50 topics would need. */
static double estimate(const uint8_t *reg)
{
	static const double half_by_ln2 = 0.7213475204444817; /* 1 / (2 ln 2) */
	const double m = DP_TOPIC_CROWD;
	uint32_t count[UINT8_MAX + 1] = {0};
	double z = 0;

	for (unsigned i = 0; i < DP_TOPIC_CROWD; i++)
		count[reg[i]]++;
	if (count[0] == DP_TOPIC_CROWD)
		return 0;
	for (unsigned rank = 64; rank > 0; rank--)
		z = (z + count[rank]) / 2;
	return half_by_ln2 * m * m / (z + m * sigma(count[0] / m));
}

void dp_topic_crowd_estimate(const struct dp_topic_crowd *crowd, struct dp_topics_rest *out)
{
	uint64_t now = rh_tsc(), stamp = now >> DP_TOPIC_STAMP_SHIFT;

	*out = (struct dp_topics_rest){.events = crowd->events,
		.bytes = crowd->bytes,
		.topics = (uint64_t)(estimate(crowd->reg) + 0.5),
		.missed_error =
			(crowd->most_events * E_PER_THOUSAND / 1000 + DP_TOPIC_COLUMNS - 1) /
			DP_TOPIC_COLUMNS,
		.sample = crowd->sample,
		.profiles = crowd->profiles,
		.since_tsc = (stamp - (uint32_t)(stamp - crowd->started)) << DP_TOPIC_STAMP_SHIFT};
	/* A topic has an event at least. */
	if (out->topics > out->events)
		out->topics = out->events;
	out->topics_error = (out->topics * ERROR_PER_THOUSAND + 999) / 1000;
}
