#pragma once

/*
 * The yardstick of scenario `typed`: the counting algorithm as in A. Carzaniga, A. L. Wolf: Forwarding in a Content-Based Network, SIGCOMM 2003, over the filters of perf/gen/ssbg.h. Equal constraints
 * are one, with a list of the filters that have it. For each attribute of an event its satisfied constraints are found by an index on the attribute's name and the operator (a hash table for equality, prefix,
 * suffix and substring, sorted values for the others), and every filter on their lists is counted; one that was counted as often as it has constraints matches.
 *
 * COUNTING_PRUNED also has what the authors' later library has: a Bloom filter of the names in each filter, here 32 bits beside its number in each list, so that a filter which asks for a
 * name that the event lacks is passed over before its counter is touched.
 */

#include "dataplane/base/error.h"
#include "perf/gen/ssbg.h"

enum counting_variant { COUNTING_PLAIN, COUNTING_PRUNED, COUNTING_VARIANTS };

struct counting;

/*
 * Filters 0 to @filters - 1 of @s, which outlives it; filter f belongs to session f % @sessions. 0, -EINVAL, -ENOMEM with a sentence.
 */
int counting_create(const struct ssbg *s, uint32_t filters, uint32_t sessions, struct counting **out, struct rh_error *err);
/* Accepts NULL. */
void counting_destroy(struct counting *c);
/* The sessions with a filter that matches, each once, in no order, into @out (room for all sessions); returns how many. */
uint32_t counting_match(struct counting *c, enum counting_variant variant, const struct ssbg_attribute *attributes, uint32_t count, uint32_t *out);
/* Filters that matched in the last call, and counters that it touched. */
uint32_t counting_matched(const struct counting *c);
uint32_t counting_touched(const struct counting *c);
/* Bytes held. */
uint64_t counting_bytes(const struct counting *c);
