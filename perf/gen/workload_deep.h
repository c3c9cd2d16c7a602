#pragma once

/*
 * Filters and topics of six levels and more, for the families of workload.h beside the plant's. Each filter but those that match everything has one
 * topic; a level that no other filter has makes it the only one that matches, and stands as far behind as the filter's wildcards allow. The levels before it come from
 * four words each, so that every prefix of a topic is one of other filters too, with and without wildcards.
 */

#include "perf/gen/workload.h"

#include <stdint.h>

/* Filters of @family that match every topic; they come first. */
uint32_t workload_deep_catch_all(enum workload_family family);
/* Text of distinct filter @f into @out (WORKLOAD_TEXT_MAX); returns its length. */
uint32_t workload_deep_filter(enum workload_family family, uint32_t f, char *out);
/* The topic of filter workload_deep_catch_all() + @n. */
uint32_t workload_deep_topic(enum workload_family family, uint32_t n, char *out);
