#include "perf/bench/hostile.h"

#include "dataplane/base/clock.h"
#include "perf/bench/hits.h"
#include "perf/gen/prose.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRIES 3
#define SEED  6

/* TSC cycles of the least of some scans. */
static uint64_t scan_cycles(const hs_database_t *db, hs_scratch_t *scratch, const uint8_t *payload, uint64_t *hits)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < TRIES; i++) {
		uint64_t start = rh_tsc(), cycles;

		*hits = 0;
		(void)hs_scan(db, (const char *)payload, HOSTILE_PAYLOAD, 0, scratch, hits_count, hits);
		cycles = rh_tsc() - start;
		least = cycles < least ? cycles : least;
	}
	return least;
}

static void repeat(uint8_t *out, const char *text)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < HOSTILE_PAYLOAD; i++)
		out[i] = (uint8_t)text[i % n];
}

static void all_by_turns(const struct hostile *h, uint8_t *out)
{
	size_t at = 0;

	for (uint32_t b = 0; at < HOSTILE_PAYLOAD; b = (b + 1) % h->baits) {
		size_t n = strlen(h->bait[b]);

		n = n < HOSTILE_PAYLOAD - at ? n : HOSTILE_PAYLOAD - at;
		memcpy(out + at, h->bait[b], n);
		at += n;
	}
}

/* Baits in random order. */
static void all_shuffled(const struct hostile *h, struct perf_random *rnd, uint8_t *out)
{
	size_t at = 0;

	while (at < HOSTILE_PAYLOAD) {
		const char *bait = h->bait[perf_random_below(rnd, h->baits)];
		size_t n = strlen(bait);

		n = n < HOSTILE_PAYLOAD - at ? n : HOSTILE_PAYLOAD - at;
		memcpy(out + at, bait, n);
		at += n;
	}
}

/* Candidate @i at @out, its name at @name; false behind the last one. */
static bool candidate(const struct hostile *h, uint32_t i, uint8_t *out, char name[64])
{
	static const char letters[] = "eatz0 \n";
	struct perf_random rnd;

	perf_random_init(&rnd, SEED);
	if (i < h->baits) {
		repeat(out, h->bait[i]);
		(void)snprintf(name, 64, "bait %u over and over", i);
		return true;
	}
	i -= h->baits;
	if (i < sizeof(letters) - 1) {
		memset(out, letters[i], HOSTILE_PAYLOAD);
		(void)snprintf(name, 64, "byte 0x%02x over and over", (unsigned)letters[i]);
		return true;
	}
	switch (i - (sizeof(letters) - 1)) {
	case 0: prose_fill(&rnd, out, HOSTILE_PAYLOAD); (void)snprintf(name, 64, "prose"); return true;
	case 1: all_by_turns(h, out); (void)snprintf(name, 64, "all baits by turns"); return true;
	case 2: all_shuffled(h, &rnd, out); (void)snprintf(name, 64, "all baits in random order"); return true;
	default: return false;
	}
}

int hostile_payload_find(struct hostile *h, struct rh_error *err)
{
	uint8_t *tried = malloc(HOSTILE_PAYLOAD);
	hs_scratch_t *scratch = NULL;
	hs_database_t *db = NULL;
	uint64_t worst = 0;
	char name[64];
	int ret = 0;

	h->payload = calloc(1, HOSTILE_PAYLOAD);
	if (!tried || !h->payload)
		ret = rh_error_set(err, ENOMEM, "no memory for payloads");
	else if (hs_deserialize_database(h->serialized, h->serialized_len, &db) != HS_SUCCESS || hs_alloc_scratch(db, &scratch) != HS_SUCCESS)
		ret = rh_error_set(err, EINVAL, "--patterns %s: Hyperscan refuses the database", h->path.opt.patterns);
	for (uint32_t i = 0; !ret && candidate(h, i, tried, name); i++) {
		uint64_t hits = 0, cycles = scan_cycles(db, scratch, tried, &hits);

		if (cycles <= worst)
			continue;
		worst = cycles;
		h->bare_hits = hits;
		memcpy(h->payload, tried, HOSTILE_PAYLOAD);
		memcpy(h->kind, name, sizeof(name));
	}
	h->cycles_per_byte = (double)worst / HOSTILE_PAYLOAD;
	(void)hs_free_scratch(scratch);
	(void)hs_free_database(db);
	free(tried);
	return ret;
}
