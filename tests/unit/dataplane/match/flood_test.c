/*
 * A client that chooses its filters and topics cannot choose their collisions. Structure, not time:
 * where the filters of each set stand in the table must look as if their keys were random, whatever
 * the secret, and so must the buckets of the result cache. That these measures see a flood is shown
 * by one made with the secret known.
 */

#include "dataplane/base/rcu.h"
#include "dataplane/match/match_priv.h"
#include "tests/lib/random.h"
#include "tests/unit/dataplane/match/fixture.h"
#include "tests/unit/dataplane/match/flood_sets.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(flood, .timeout = 120);

struct spread {
	uint32_t filters;
	uint32_t equal; /* filters that share all 64 bits of their key with another */
	uint32_t segments;
	uint32_t depth; /* bits of the key that the directory has to look at */
	uint32_t load;	/* filters that want the same bucket, at most */
	uint32_t twins; /* pairs in one bucket that the tags do not tell apart */
	uint32_t far;	/* buckets between the one wanted and the one found, at most */
	uint64_t moved; /* filters that are not in the bucket that they want */
};

static void bucket_measure(
	const struct dp_segment *segment, uint32_t at, uint16_t *load, struct spread *spread)
{
	const uint64_t *bucket = segment->bucket[at];

	for (unsigned k = 0; k < DP_BUCKET_SLOTS; k++) {
		const struct dp_filter *filter = dp_slot_filter(bucket[k]);
		uint32_t home, far;

		if (bucket[k] <= DP_SLOT_REMOVED)
			continue;
		for (unsigned j = 0; j < k; j++)
			spread->twins += bucket[j] >> 48 == bucket[k] >> 48;
		home = DP_BUCKET_AT(filter->key);
		far = (at + DP_SEGMENT_BUCKETS - home) % DP_SEGMENT_BUCKETS;
		spread->far = far > spread->far ? far : spread->far;
		spread->moved += far > 0;
		spread->filters++;
		for (; dp_filter_next(filter); filter = dp_filter_next(filter), spread->filters++)
			spread->equal++;
		if (++load[home] > spread->load)
			spread->load = load[home];
	}
}

static void segment_measure(const struct dp_segment *segment, struct spread *spread)
{
	uint16_t load[DP_SEGMENT_BUCKETS] = {0};

	spread->segments++;
	spread->depth = segment->depth > spread->depth ? segment->depth : spread->depth;
	for (uint32_t at = 0; at < DP_SEGMENT_BUCKETS; at++)
		bucket_measure(segment, at, load, spread);
}

static struct spread measure(void)
{
	const struct dp_directory *directory = table->index.words.directory;
	struct spread spread = {0};

	for (uint64_t i = 0; i < 1ULL << directory->depth; i++)
		if (i == 0 || directory->segment[i] != directory->segment[i - 1])
			segment_measure(directory->segment[i], &spread);
	return spread;
}

static void subscribe(const struct flood_set *set, uint32_t i)
{
	static char text[FLOOD_TEXT_MAX];
	size_t len = set->text(i, text);
	struct rh_filter filter;
	struct rh_error err = {""};
	dp_sub_id_t sub;

	cr_assert_eq(rh_filter_parse(set->dialect, text, len, &filter, &err), 0, "%s: %s", text,
		err.text);
	cr_assert_eq(dp_table_sub_add(table, (uint16_t)(set->tenants ? i % set->tenants : 0),
			     &filter, 1, 0, &sub, &err),
		0, "%s: %s", text, err.text);
	if (i % 256 == 0)
		rh_rcu_quiescent();
}

static void fill(const struct flood_set *set, uint64_t seed)
{
	fixture_seed = seed;
	fixture_start(0);
	for (uint32_t i = 0; i < set->count; i++)
		subscribe(set, i);
	(void)fixture_publish();
}

/*
 * Far above what random keys have with one filter in a bucket and a half of two; a flood has
 * hundreds in one bucket.
 */
static void expect_spread(const struct spread *spread, const char *what, uint32_t count)
{
	uint32_t most = count / 1000 + 2, depth = 3;

	while (1u << (depth - 3) < most)
		depth++;
	cr_expect_eq(spread->filters, count, "%s: %u filters of %u", what, spread->filters, count);
	cr_expect_eq(spread->equal, 0, "%s: %u equal keys", what, spread->equal);
	cr_expect_leq(spread->segments, most, "%s: %u segments", what, spread->segments);
	cr_expect_leq(spread->depth, depth, "%s: %u bits choose a segment", what, spread->depth);
	cr_expect_leq(spread->load, 32, "%s: %u filters want one bucket", what, spread->load);
	cr_expect_leq(spread->far, 64, "%s: a filter is %u buckets away", what, spread->far);
	cr_expect_leq(
		spread->moved, count / 8, "%s: %lu are not where they belong", what, spread->moved);
	cr_expect_leq(spread->twins, count / 64, "%s: %u pairs with one tag", what, spread->twins);
}

static void expect_set_is_spread(const struct flood_set *set, uint64_t seed)
{
	struct spread spread;

	fill(set, seed);
	spread = measure();
	expect_spread(&spread, set->name, set->count);
	fixture_stop();
}

Test(flood, no_set_of_filters_crowds_the_table)
{
	struct rnd rnd;

	rnd_init(&rnd, "flood");
	for (uint32_t s = 0; s < flood_set_count; s++)
		for (unsigned turn = 0; turn < 2; turn++)
			expect_set_is_spread(&flood_sets[s], rnd_u64(&rnd));
}

/* What somebody who knows a secret would subscribe to. */
#define LEARNED	   1500
#define LEARNED_AT 7 /* the bucket that all of them want */

static uint32_t learned[LEARNED];

static size_t learned_text(uint32_t i, char *out)
{
	return (size_t)sprintf(out, "meter-%u/power", learned[i]);
}

static const struct flood_set learned_set = {
	"learned under another secret", LEARNED, learned_text, RH_DIALECT_MQTT, 0, true};

static uint64_t key_of(const struct rh_filter *filter)
{
	const struct dp_index *index = &table->index;
	struct dp_shape shape;
	bool partial;

	dp_shape_of(filter, &shape, &partial);
	return dp_shape_key(&index->secret, &shape,
		dp_shape_seed(&index->secret, &shape, index->tenant_hash[0]), filter);
}

static void learn(uint64_t seed)
{
	struct rh_filter filter;
	char text[64];
	uint32_t found = 0;

	fixture_seed = seed;
	fixture_start(0);
	for (uint32_t i = 0; found < LEARNED; i++) {
		int len = snprintf(text, sizeof(text), "meter-%u/power", i);

		cr_assert_eq(rh_filter_parse(RH_DIALECT_MQTT, text, (size_t)len, &filter, NULL), 0);
		if (DP_BUCKET_AT(key_of(&filter)) == LEARNED_AT)
			learned[found++] = i;
	}
	fixture_stop();
}

Test(flood, what_is_learned_under_one_secret_is_worth_nothing_under_another)
{
	struct spread spread;
	struct rnd rnd;
	uint64_t seed;

	rnd_init(&rnd, "flood");
	seed = rnd_u64(&rnd);
	learn(seed);
	/* The measures see a flood when there is one. */
	fill(&learned_set, seed);
	spread = measure();
	cr_expect_eq(spread.load, LEARNED);
	cr_expect_gt(spread.far, LEARNED / DP_BUCKET_SLOTS / 2);
	fixture_stop();
	expect_set_is_spread(&learned_set, rnd_u64(&rnd));
	expect_set_is_spread(&learned_set, seed + 1);
}

#define CACHE_ENTRIES 65536
#define CACHE_BUCKETS (CACHE_ENTRIES / DP_CACHE_WAYS)

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* A topic of a set as a client of one tenant and profile publishes it. */
static uint64_t cache_hash(const struct flood_set *set, uint32_t i)
{
	static char text[FLOOD_TEXT_MAX];
	struct dp_match_key key = {.topic = text, .topic_len = (uint16_t)set->text(i, text)};

	if (set->tenants)
		key.tenant = (uint16_t)(i % set->tenants);
	return dp_match_key_hash(match, &key);
}

static void expect_cache_is_spread(const struct flood_set *set, uint64_t seed)
{
	static uint64_t hash[FLOOD_FILTERS];
	static uint16_t load[CACHE_BUCKETS];
	uint32_t equal = 0, most = 0, twins = 0;

	fixture_seed = seed;
	fixture_start(CACHE_ENTRIES);
	cr_assert_eq(match->cache.mask, CACHE_BUCKETS - 1);
	memset(load, 0, sizeof(load));
	for (uint32_t i = 0; i < set->count; i++) {
		uint16_t *at;

		hash[i] = cache_hash(set, i);
		at = &load[hash[i] & match->cache.mask];
		most = ++*at > most ? *at : most;
		/* Bucket above, tag below: those that are hard to tell apart become neighbours. */
		hash[i] = hash[i] << 32 | hash[i] >> 32;
	}
	qsort(hash, set->count, sizeof(*hash), by_number);
	for (uint32_t i = 1; i < set->count; i++) {
		equal += hash[i] == hash[i - 1];
		twins += (hash[i] | 1) == (hash[i - 1] | 1);
	}
	cr_expect_eq(equal, 0, "%s: %u equal hashes", set->name, equal);
	cr_expect_leq(twins, 2, "%s: %u pairs with one tag", set->name, twins);
	cr_expect_leq(most, 40, "%s: %u topics want one bucket of the cache", set->name, most);
	fixture_stop();
}

Test(flood, no_set_of_topics_crowds_the_result_cache)
{
	struct rnd rnd;

	rnd_init(&rnd, "flood");
	for (uint32_t s = 0; s < flood_set_count; s++)
		for (unsigned turn = 0; turn < 2 && flood_sets[s].topics; turn++)
			expect_cache_is_spread(&flood_sets[s], rnd_u64(&rnd));
}

/* One topic, published in every tenant under many profiles. */
static size_t one_text(uint32_t i, char *out)
{
	(void)i;
	return (size_t)sprintf(out, "a/b");
}

Test(flood, one_topic_of_many_tenants_does_not_crowd_the_result_cache)
{
	const struct flood_set set = {
		"one topic", DP_LIMIT_TENANTS, one_text, RH_DIALECT_MQTT, DP_LIMIT_TENANTS, true};
	struct rnd rnd;

	rnd_init(&rnd, "flood");
	expect_cache_is_spread(&set, rnd_u64(&rnd));
	expect_cache_is_spread(&set, rnd_u64(&rnd));
}
