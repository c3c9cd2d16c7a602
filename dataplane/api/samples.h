#pragma once

/*
 * Payloads of a tenant, sampled: what the cost of its patterns is measured on. Workers keep the beginnings of a few recent events of
 * each tenant that control wants them of, and of no other; a tenant's samples are one allocation of DP_SAMPLES places, shared out
 * among the workers. They are the tenant's data: for its compile helper and the builder's measurement, shown and logged nowhere,
 * gone when control forgets them.
 */

#include <stddef.h>
#include <stdint.h>

struct dp_table;

#define DP_SAMPLES	16   /* of a tenant, all workers together; at least one a worker (DP_LIMIT_WORKERS) */
#define DP_SAMPLE_BYTES 4096 /* of one payload, from its beginning */

struct dp_samples {
	uint32_t count;
	uint64_t taken; /* ever, of those that are kept and those before them: has anything come since? */
	uint32_t len[DP_SAMPLES]; /* 1 to DP_SAMPLE_BYTES */
	uint8_t bytes[DP_SAMPLES][DP_SAMPLE_BYTES];
};

/* From now on workers sample @tenant. Wanted twice is wanted once. 0, -EINVAL for no tenant, -ENOMEM. Ctx: control. */
int dp_samples_want(struct dp_table *table, uint16_t tenant);
/* Workers stop with their next burst; the bytes are freed after a grace period. Ctx: control, RCU-registered. */
void dp_samples_forget(struct dp_table *table, uint16_t tenant);
/*
 * Copy what there is, while workers go on: each sample is whole, one that is being written again and again is left out. None for a tenant
 * that is not wanted. Ctx: control.
 */
void dp_samples_read(const struct dp_table *table, uint16_t tenant, struct dp_samples *out);
