#pragma once

/*
 * Filters as a client would choose them who wants them to collide and does not know the secret.
 */

#include "dataplane/filter/topic.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FLOOD_FILTERS  65536
#define FLOOD_TEXT_MAX (RH_TOPIC_MAX + 1)
#define FLOOD_TWIN_LEN 8

struct flood_set {
	const char *name;
	uint32_t count;
	/* Text of filter @i, below @count, terminated, all different (but for tenants); returns its
	 * length. */
	size_t (*text)(uint32_t i, char *out);
	enum rh_dialect dialect;
	uint32_t tenants; /* 0: one; filter i belongs to tenant i % tenants */
	bool topics;	  /* the texts are topics as well */
};

extern const struct flood_set flood_sets[];
extern const uint32_t flood_set_count;
