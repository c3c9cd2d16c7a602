#pragma once

/*
 * What an expression costs a router, estimated from its form alone: for people and for quotas before anything is measured. What
 * Hyperscan really takes is measured when a pattern is admitted.
 */

#include "dataplane/cesql/tree.h"

/* The event that prices are for. */
#define RH_CESQL_PRICE_VALUE   24  /* bytes of an attribute */
#define RH_CESQL_PRICE_PAYLOAD 256 /* bytes */

struct rh_cesql_price {
	/* TSC cycles for an event on which every distinct predicate is evaluated, once. */
	uint64_t cycles;
	/* Held for it if nobody else asks for any of its predicates. */
	uint64_t bytes;
	/* Of the cycles the dearest predicate's, and where that stands in the canonical text (rh_cesql_print); 0 without predicates. */
	uint64_t dear_cycles;
	uint16_t dear_at, dear_size;
};

/* Ctx: any but worker; no allocation, some 10 KiB of stack. */
void rh_cesql_price(const struct rh_cesql_tree *tree, struct rh_cesql_price *out);
