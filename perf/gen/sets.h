#pragma once

/*
 * Who is to get each event of a trace, as the slow reference matcher says (tests/lib/reference.h):
 * one pass over all subscriptions for each distinct topic. For sets of thousands; larger workloads
 * know their receivers from how they are made.
 */

#include "perf/gen/place.h"

#include "dataplane/base/error.h"

#include <stdint.h>

struct sets_subscription {
	const char *filter;
	uint32_t subscriber;
	uint16_t tenant;
};

struct sets_topic {
	const char *text;
	uint16_t tenant;
};

struct sets_list {
	const uint32_t *receivers; /* strictly ascending; shared by places with the same topic */
	uint32_t count;
};

struct sets {
	struct sets_list *of_place; /* of each place */
	uint32_t place_count;
	uint32_t **owned; /* the distinct lists */
	uint32_t owned_count;
};

/*
 * @topics: one for each place. 0, or -EINVAL (topic or filter not valid) or -ENOMEM with a
 * sentence. Keeps no pointer to its input. sets_fini frees; it accepts a zeroed struct.
 */
int sets_make(struct sets *out, const struct sets_topic *topics, uint32_t place_count,
	const struct sets_subscription *subscriptions, uint32_t subscription_count,
	struct rh_error *err);
void sets_fini(struct sets *sets);
