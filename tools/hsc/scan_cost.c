#include "tools/hsc/hsc_priv.h"

#include "dataplane/base/clock.h"

#include <errno.h>
#include <stdlib.h>

/* Long enough to hide hs_scan's fixed 60 to 80 cycles, short enough for a page of payload. */
#define SAMPLE_BYTES 2048
/* Odd, for a median; the first run of a sample warms caches and is not counted. */
#define RUNS 7

static int hit(
	unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
	(void)id, (void)from, (void)to, (void)flags;
	*(int *)arg = 1;
	return 0;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static uint64_t sample_cycles(const hs_database_t *db, hs_scratch_t *scratch, const uint8_t *bytes)
{
	uint64_t cycles[RUNS];
	int any = 0;

	(void)hs_scan(db, (const char *)bytes, SAMPLE_BYTES, 0, scratch, hit, &any);
	for (int i = 0; i < RUNS; i++) {
		uint64_t start = rh_tsc();

		(void)hs_scan(db, (const char *)bytes, SAMPLE_BYTES, 0, scratch, hit, &any);
		cycles[i] = rh_tsc() - start;
	}
	qsort(cycles, RUNS, sizeof(cycles[0]), compare);
	return cycles[RUNS / 2];
}

int hsc_scan_cost(const hs_database_t *db, const char *pattern, uint32_t *centicycles_per_byte)
{
	uint8_t bytes[SAMPLE_BYTES];
	hs_scratch_t *scratch = NULL;
	uint64_t worst = 0, cycles;

	if (hs_alloc_scratch(db, &scratch) != HS_SUCCESS)
		return -ENOMEM;
	for (int kind = 0; kind < HSC_SAMPLE_COUNT; kind++) {
		hsc_sample_fill((enum hsc_sample)kind, pattern, bytes, sizeof(bytes));
		cycles = sample_cycles(db, scratch, bytes);
		worst = cycles > worst ? cycles : worst;
	}
	(void)hs_free_scratch(scratch);
	cycles = worst * 100 / SAMPLE_BYTES;
	*centicycles_per_byte = cycles > UINT32_MAX ? UINT32_MAX : (uint32_t)cycles;
	return 0;
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
