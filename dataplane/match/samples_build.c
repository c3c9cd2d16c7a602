/*
 * Sampled payloads, control's side: whose are wanted, and what there is.
 */

#include "dataplane/match/samples.h"

#include "dataplane/base/atomic.h"
#include "dataplane/match/table_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A place that its worker writes again and again is given up. */
#define TRIES 4

static void samples_free(struct dp_tenant_samples *samples)
{
	if (samples)
		free(samples->place);
	free(samples);
}

static void samples_free_rcu(struct rh_rcu_head *head)
{
	samples_free(caa_container_of(head, struct dp_tenant_samples, head));
}

static struct dp_tenant_samples *samples_alloc(uint32_t workers)
{
	size_t size = RH_ALIGN_UP(sizeof(struct dp_tenant_samples), (size_t)RH_CACHE_LINE);
	struct dp_tenant_samples *samples = aligned_alloc(RH_CACHE_LINE, size);

	if (!samples)
		return NULL;
	memset(samples, 0, size);
	samples->places = DP_SAMPLES / workers;
	samples->place = calloc((size_t)workers * samples->places, sizeof(*samples->place));
	if (samples->place)
		return samples;
	samples_free(samples);
	return NULL;
}

int dp_samples_want(struct dp_table *table, uint16_t tenant)
{
	struct dp_tenant_samples *samples;

	if (tenant >= DP_LIMIT_TENANTS)
		return -EINVAL;
	if (table->samples[tenant])
		return 0;
	samples = samples_alloc(table->conf.max_workers);
	if (!samples)
		return -ENOMEM;
	rh_rcu_assign(table->samples[tenant], samples);
	rh_store_relaxed(&table->samples_wanted, table->samples_wanted + 1);
	return 0;
}

void dp_samples_forget(struct dp_table *table, uint16_t tenant)
{
	struct dp_tenant_samples *samples = tenant < DP_LIMIT_TENANTS ? table->samples[tenant] : NULL;

	if (!samples)
		return;
	rh_store_relaxed(&table->samples_wanted, table->samples_wanted - 1);
	rh_rcu_assign(table->samples[tenant], NULL);
	rh_rcu_call(&samples->head, samples_free_rcu);
}

void dp_samples_free_all(struct dp_table *table)
{
	for (uint32_t tenant = 0; tenant < DP_LIMIT_TENANTS; tenant++)
		samples_free(table->samples[tenant]);
}

/* False: empty, or half written. Pairs with take in samples_lookup.c. */
static bool place_read(const struct dp_sample_place *place, uint32_t *len, uint8_t *bytes)
{
	uint32_t seq = rh_load_acquire(&place->seq), *to = (uint32_t *)(void *)bytes;
	const uint32_t *from = (const uint32_t *)(const void *)place->bytes;

	*len = rh_load_relaxed(&place->len);
	if (seq & 1 || !*len || *len > DP_SAMPLE_BYTES)
		return false;
	for (uint32_t i = 0; i < (*len + 3) / 4; i++)
		to[i] = rh_load_relaxed(&from[i]);
	/* All reads above before the second look. */
	rh_fence_acquire();
	return rh_load_relaxed(&place->seq) == seq;
}

void dp_samples_read(const struct dp_table *table, uint16_t tenant, struct dp_samples *out)
{
	const struct dp_tenant_samples *samples = tenant < DP_LIMIT_TENANTS ? table->samples[tenant] : NULL;
	uint32_t places = samples ? samples->places * table->conf.max_workers : 0;

	out->count = 0;
	out->taken = 0;
	for (uint32_t w = 0; samples && w < table->conf.max_workers; w++)
		out->taken += rh_load_relaxed(&samples->part[w].taken);
	for (uint32_t at = 0; at < places; at++)
		for (unsigned i = 0; i < TRIES; i++)
			if (place_read(&samples->place[at], &out->len[out->count], out->bytes[out->count])) {
				out->count++;
				break;
			}
}
