#pragma once

/*
 * What a tenant's content may cost a worker: a bucket of TSC cycles for each tenant, filled with a share of the worker's core. Payloads scanned and conditions
 * decided are taken from it by what they cost. Before it pays another bucket, for all tenants together, which is filled with the rounds in which the worker had nothing to do: a
 * share bounds only what others could have used. An event is begun only if what it is expected to cost is there: so one round never stands still for
 * more than both buckets, but for one burst of events that suddenly are dearer. What was expected too low is a debt, which has to be filled up first. One worker's; numbers marked R are read relaxed by anyone.
 */

#include "dataplane/api/limits.h"
#include "dataplane/base/atomic.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/compiler.h"

#include <stdbool.h>
#include <stdint.h>

/* A bucket holds its share of so many ms: with 2 percent a ms of work. */
#define DP_BUDGET_MS 50
/* So many ms of idle rounds are kept. */
#define DP_BUDGET_IDLE_MS 1
/* An event costs something without a payload, too: as much as so many bytes. */
#define DP_BUDGET_BYTES_LEAST 256
/* Cycles a byte that a tenant's first events are expected to cost. */
#define DP_BUDGET_FIRST 32

struct dp_account {
	int64_t cycles; /* left; below 0: a debt */
	uint64_t filled_tsc;
	uint64_t burst;	     /* number of the one that the next three are of */
	uint64_t expected;   /* cycles, of the events begun */
	uint64_t weight;     /* bytes of these, and DP_BUDGET_BYTES_LEAST for each */
	uint64_t spent;	     /* cycles */
	uint64_t cycles_per_byte; /* expected, in 1/256 */
	uint64_t worker_cycles; /* R: ever, by the worker */
	uint64_t lane_cycles;	/* R: ever, by the content lane for events of this worker */
	uint64_t to_lane;	/* R: events handed to the lane, ever */
	uint64_t refused;	/* R: events whose conditions were not decided: dropped, or gone to those alone who have none */
	uint32_t waiting;	/* R: events in the lane */
	uint64_t waiting_bytes; /* R: their records */
} rh_cache_aligned;

struct dp_budget {
	uint64_t share; /* of the core, in 1/65536 */
	int64_t depth;	/* cycles */
	uint64_t cycles; /* ever, of all tenants */
	int64_t idle, idle_depth; /* cycles */
	struct dp_account account[DP_LIMIT_TENANTS];
};

/* @percent of a core, 1 to 99, for each tenant. Memory is reserved, not touched. NULL: none. Ctx: control. */
struct dp_budget *dp_budget_create(uint32_t percent, uint64_t tsc_hz);
/* Accepts NULL. */
void dp_budget_destroy(struct dp_budget *budget);

/*
 * May content of @tenant be decided for an event with @bytes of payload, in burst number @burst? If so, what it is expected to cost is kept for it until the burst
 * is over. Ctx: worker.
 */
bool dp_budget_allows(struct dp_budget *budget, uint16_t tenant, uint32_t bytes, uint64_t burst);
/* The worker had nothing to do for @cycles. Ctx: worker. */
static inline void dp_budget_idle(struct dp_budget *budget, uint64_t cycles)
{
	uint64_t room = (uint64_t)(budget->idle_depth - budget->idle);

	budget->idle += (int64_t)(cycles < room ? cycles : room);
}

/* Content of @tenant took @cycles. Ctx: worker. */
void dp_budget_charge(struct dp_budget *budget, uint16_t tenant, uint64_t cycles);
/* Another thread took @cycles for an event with @bytes of payload: so that is what such a one costs. Ctx: worker. */
void dp_budget_learn(struct dp_budget *budget, uint16_t tenant, uint32_t bytes, uint64_t cycles);

/* Whose content costs what: the clock is read where one tenant's events end and another's begin. */
struct dp_meter {
	struct dp_budget *budget; /* NULL: nothing is measured */
	uint64_t since;
	uint16_t tenant;
};

static inline void dp_meter_begin(struct dp_meter *meter, uint16_t tenant)
{
	if (!meter->budget)
		return;
	meter->tenant = tenant;
	meter->since = rh_tsc();
}

/* From here on it is @tenant's. */
static inline void dp_meter_turn(struct dp_meter *meter, uint16_t tenant)
{
	uint64_t now;

	if (!meter->budget || tenant == meter->tenant)
		return;
	now = rh_tsc();
	dp_budget_charge(meter->budget, meter->tenant, now - meter->since);
	meter->tenant = tenant;
	meter->since = now;
}

static inline void dp_meter_end(struct dp_meter *meter)
{
	if (meter->budget)
		dp_budget_charge(meter->budget, meter->tenant, rh_tsc() - meter->since);
}
