/*
 * What a compiled pattern or set costs, and whether that is too much: the worst that a payload may do to it, and what the tenant's own
 * payloads do. The dearer of both counts against the limit, since neither is a bound: the payloads that are written to hurt a pattern may
 * miss what hurts it, and what the tenant publishes today need not be what it publishes tomorrow.
 */
#include "tools/hsc/hsc_priv.h"

#include "dataplane/base/typical.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

struct scan {
	const hs_database_t *db;
	hs_scratch_t *scratch;
};

static int hit(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *arg)
{
	(void)id, (void)from, (void)to, (void)flags;
	*(int *)arg = 1;
	return 0;
}

static void scan_run(void *arg, const uint8_t *bytes, uint32_t len)
{
	struct scan *scan = arg;
	int any = 0;

	(void)hs_scan(scan->db, (const char *)bytes, len, 0, scan->scratch, hit, &any);
}

int hsc_typical_cost(const hs_database_t *db, const struct hsc_payloads *payloads, uint32_t *centicycles_per_byte)
{
	struct rh_typical_payload one[HSC_PAYLOADS_MAX];
	struct scan scan = {.db = db};

	*centicycles_per_byte = HSC_UNKNOWN;
	if (!payloads->count)
		return 0;
	if (hs_alloc_scratch(db, &scan.scratch) != HS_SUCCESS)
		return -ENOMEM;
	for (uint32_t i = 0; i < payloads->count; i++)
		one[i] = (struct rh_typical_payload){payloads->payload[i].bytes, payloads->payload[i].len};
	*centicycles_per_byte = rh_typical_cost(scan_run, &scan, one, payloads->count);
	(void)hs_free_scratch(scan.scratch);
	return 0;
}

static uint32_t cpu_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint32_t)((uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000);
}

bool hsc_price(const hs_database_t *db, const char *const *patterns, uint32_t count, const struct hsc_payloads *payloads,
	uint32_t cycles_per_byte, struct hsc_cost *cost)
{
	size_t size;

	cost->compile_us = cpu_us();
	if (hs_database_size(db, &size) != HS_SUCCESS || size > UINT32_MAX)
		return false;
	cost->database_bytes = (uint32_t)size;
	return hsc_scan_cost(db, patterns, count, cycles_per_byte * 100 + 99, &cost->worst_centicycles) == 0 &&
	       hsc_typical_cost(db, payloads, &cost->typical_centicycles) == 0;
}

bool hsc_too_dear(const struct hsc_cost *cost, uint32_t most, const char *advice, struct hsc_reply *reply)
{
	bool known = cost->typical_centicycles != HSC_UNKNOWN;
	uint32_t worst = cost->worst_centicycles / 100, typical = known ? cost->typical_centicycles / 100 : 0;
	char beside[64] = "";

	if (known)
		(void)snprintf(beside, sizeof(beside), " (%u on this tenant's recent payloads)", typical);
	if (worst > most)
		hsc_reply_text(reply, HSC_TOO_DEAR, "costs %u cycles a payload byte to scan%s, more than the %u allowed%s", worst, beside,
			most, advice);
	else if (typical > most)
		hsc_reply_text(reply, HSC_TOO_DEAR,
			"costs %u cycles a byte to scan on this tenant's recent payloads (%u on those made to hurt it), more than the %u "
			"allowed%s",
			typical, worst, most, advice);
	else
		return false;
	return true;
}
