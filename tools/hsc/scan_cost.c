#include "tools/hsc/hsc_priv.h"

#include "dataplane/base/clock.h"
#include "tools/hsc/walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Each sample is scanned in a short form first; the dearest is then measured in a long one, where
 * hs_scan's fixed 60 to 80 cycles and the way into the steady state do not count. The least of warm
 * runs, because everything else that happens on the machine only adds.
 */
#define SHORT_BYTES 4096
#define LONG_BYTES  (8 * SHORT_BYTES)
#define TIMES_SHORT (LONG_BYTES / SHORT_BYTES)
#define SHORT_RUNS  2
#define LONG_RUNS   5
/* Walks of one database: a set of many patterns gives each a part of them, of more than these each
 * so many-th gets one. Patterns that hurt alike share most of their walks. */
#define WALKS_MOST 1000

struct measure {
	const hs_database_t *db;
	hs_scratch_t *scratch;
	uint64_t enough, worst, found; /* in cycles a LONG_BYTES; worst by the short form */
	uint8_t sample[SHORT_BYTES], dearest[SHORT_BYTES], whole[LONG_BYTES];
};

static int hit(
	unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
	(void)id, (void)from, (void)to, (void)flags;
	*(int *)arg = 1;
	return 0;
}

/* The first run warms caches and is not counted. What takes @cheap or less in any run cannot be dearer: it is not run
 * again. */
static uint64_t cycles_of(
	struct measure *m, const uint8_t *bytes, unsigned len, int runs, uint64_t cheap)
{
	uint64_t least = UINT64_MAX, start, took;
	int any = 0;

	for (int i = 0; i <= runs; i++) {
		start = rh_tsc();
		(void)hs_scan(m->db, (const char *)bytes, len, 0, m->scratch, hit, &any);
		took = rh_tsc() - start;
		if (took <= cheap)
			return took;
		if (i && took < least)
			least = took;
	}
	return least;
}

/* The dearest so far, measured well. */
static void confirm(struct measure *m)
{
	uint64_t cycles;

	for (unsigned at = 0; at < LONG_BYTES; at += SHORT_BYTES)
		memcpy(m->whole + at, m->dearest, SHORT_BYTES);
	cycles = cycles_of(m, m->whole, LONG_BYTES, LONG_RUNS, 0);
	m->found = cycles > m->found ? cycles : m->found;
}

/* True when it is dear enough to end. */
static bool sample_try(struct measure *m)
{
	uint64_t cycles = cycles_of(m, m->sample, SHORT_BYTES, SHORT_RUNS, m->worst / TIMES_SHORT);

	cycles *= TIMES_SHORT;
	if (cycles <= m->worst)
		return false;
	m->worst = cycles;
	memcpy(m->dearest, m->sample, SHORT_BYTES);
	if (cycles <= m->enough)
		return false;
	confirm(m);
	return m->found > m->enough;
}

static bool samples_try(struct measure *m)
{
	for (int kind = 0; kind < HSC_SAMPLE_COUNT; kind++) {
		hsc_sample_fill((enum hsc_sample)kind, m->sample, SHORT_BYTES);
		if (sample_try(m))
			return true;
	}
	return false;
}

/* Up to @most walks, each style of a part before the next part. */
static bool walks_try(struct measure *m, const struct hsc_tree *tree, uint32_t most)
{
	struct hsc_part parts[HSC_PARTS_MAX];
	uint32_t count = hsc_parts(tree, parts) * HSC_WALK_STYLES;

	for (uint32_t i = 0; i < count && i < most; i++) {
		if (!hsc_walk(tree, &parts[i / HSC_WALK_STYLES], i % HSC_WALK_STYLES, m->sample,
			    SHORT_BYTES))
			continue;
		if (sample_try(m))
			return true;
	}
	return false;
}

static int patterns_try(struct measure *m, const char *const *patterns, uint32_t count)
{
	uint32_t most = count < WALKS_MOST ? WALKS_MOST / (count ? count : 1) : 1;
	uint32_t stride = 1 + count / WALKS_MOST;
	struct hsc_tree tree;
	bool done = false;

	for (uint32_t i = 0; i < count && !done; i += stride) {
		if (hsc_tree_parse(patterns[i], &tree) < 0)
			return -ENOMEM;
		done = walks_try(m, &tree, most);
		hsc_tree_fini(&tree);
	}
	return 0;
}

static int measure(struct measure *m, const char *const *patterns, uint32_t count)
{
	int ret = samples_try(m) ? 0 : patterns_try(m, patterns, count);

	if (ret == 0 && m->found <= m->enough)
		confirm(m);
	return ret;
}

int hsc_scan_cost(const hs_database_t *db, const char *const *patterns, uint32_t count,
	uint32_t enough, uint32_t *centicycles_per_byte)
{
	struct measure *m = calloc(1, sizeof(*m));
	int ret = -ENOMEM;
	uint64_t cost;

	if (m && hs_alloc_scratch(db, &m->scratch) == HS_SUCCESS) {
		m->db = db;
		m->enough = (uint64_t)enough * LONG_BYTES / 100;
		ret = measure(m, patterns, count);
		(void)hs_free_scratch(m->scratch);
	}
	if (ret == 0) {
		cost = m->found * 100 / LONG_BYTES;
		*centicycles_per_byte = cost > UINT32_MAX ? UINT32_MAX : (uint32_t)cost;
	}
	free(m);
	return ret;
}

int hsc_matches_empty(const hs_database_t *db)
{
	hs_scratch_t *scratch = NULL;
	int any = 0;

	if (hs_alloc_scratch(db, &scratch) != HS_SUCCESS)
		return -ENOMEM;
	(void)hs_scan(db, "", 0, 0, scratch, hit, &any);
	(void)hs_free_scratch(scratch);
	return any;
}
