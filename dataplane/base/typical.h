#pragma once

/*
 * What scanning costs on ordinary payloads: one measure for the compile helper, which asks before a pattern is admitted, and for the
 * builder, which asks again later. Their figures may be compared.
 */

#include <stdint.h>

struct rh_typical_payload {
	const uint8_t *bytes;
	uint32_t len; /* above 0 */
};

typedef void (*rh_typical_scan)(void *arg, const uint8_t *bytes, uint32_t len);

/*
 * Cost of @scan, in 1/100 cycle a byte, over @count payloads (above 0): all their cycles by all their bytes, so that each counts as much as
 * the worker's time that it takes. Of each the least of a few runs, because everything else that happens on the machine only adds. Without
 * what a scan of one byte takes, as a pattern's worst cost is: that is the event's price and not the byte's. A payload of less than
 * RH_TYPICAL_LEAST bytes counts as one of so many: the event that brings it takes longer than that to match.
 *
 * Calls @scan four times for each payload, and twice once that has taken 20 million cycles. Ctx: any but worker.
 */
#define RH_TYPICAL_LEAST 64
uint32_t rh_typical_cost(rh_typical_scan scan, void *arg, const struct rh_typical_payload *payloads, uint32_t count);

/* Its time by another clock than rh_tsc, in cycles. */
typedef uint64_t (*rh_typical_clock)(void);
uint32_t rh_typical_cost_by(
	rh_typical_clock clock, rh_typical_scan scan, void *arg, const struct rh_typical_payload *payloads, uint32_t count);
