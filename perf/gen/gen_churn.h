#pragma once

/* Subscriptions that change over the wire: UNSUBSCRIBE, its answer, SUBSCRIBE of the same, its answer. */

#include "perf/gen/gen.h"

#include <stdint.h>

struct gen_churn_result {
	uint64_t pairs, ns;
};

/*
 * At least @pairs of them, sessions and their subscriptions by turns, so that as many pairs as there are subscriptions change each of them. 0, -EINVAL, -ETIMEDOUT
 * without an answer in 30 s, or -ECONNRESET, with a sentence. Ctx: the sending thread.
 */
int gen_churn(struct gen *gen, uint64_t pairs, struct gen_churn_result *out, struct rh_error *err);
