#pragma once

/*
 * What the steps of an event cost a worker that finds nothing in its result cache, in TSC cycles:
 * estimates for prices and explanations, nothing decides by them. Measured on an Intel Xeon, model
 * 207 (two virtual processors under KVM, TSC 2.10 GHz), gcc 12.2 -O3 -march=x86-64-v3, least
 * windows, other work on the machine (docs/performance.md, Prices). Another processor has other
 * cycles; what is dear stays dear.
 */

/* To cut the topic into levels and check it, hash them, start and end the search: bench match, a
 * miss without its probes and its filter. */
#define DP_COST_TOPIC 120
/* One shape asked for a key and its line of the table read: scenario shapes, 127 shapes against
 * exact filters, the difference for each of 126. */
#define DP_COST_PROBE 10
/* For each part of a shape (shape.h) more: it is hashed by itself. Ten shapes with one more in a
 * table of ten, everything in the first caches. */
#define DP_COST_PART 12
/* A filter under the key read and compared, its sets gone through: scenario shapes, 64 filters that
 * match everything, for each of them without its probe. */
#define DP_COST_FILTER 50
/* Compared whole (dp_filter.partial) instead of by runs, more: rh_filter_from_canon and
 * rh_filter_matches, 296 to 356. */
#define DP_COST_WHOLE 320
/* One more of a filter's subscribers to go through: 1,000 of them, likewise. */
#define DP_COST_MEMBER 3
/* The payload, of 150 bytes, through the tenant's patterns: bench match, a scan without a match. */
#define DP_COST_SCAN 100
/* An event with conditions to be decided: its attributes read, its receivers put together anew. bench match: a hit with one
 * expression of one predicate against a hit, 172, without the predicate. */
#define DP_COST_JUDGE 90
/* One more condition looked at: nine expressions against one, without their predicates. */
#define DP_COST_COND 10
/* An attribute compared with a literal: nine of them against one, 43 each. */
#define DP_COST_COMPARE 43
/* Any other predicate evaluated: the same ones by their programs, 82 each; and one that an expression before asked for, likewise. */
#define DP_COST_PREDICATE 80
#define DP_COST_KNOWN	  17
/* A copy made and handed to a transmit queue: scenario fanout, 62 to 70 with 64 copies. */
#define DP_COST_COPY 70
