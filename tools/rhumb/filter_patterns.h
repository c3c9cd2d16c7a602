#pragma once

/* Payload patterns of one expression, each in a database of its own: right for trying filters, far too slow for a router. */

#include "dataplane/base/error.h"
#include "dataplane/cesql/program.h"

#include <hs/hs.h>

struct filter_patterns {
	uint32_t count;
	hs_database_t **db;
	hs_scratch_t *scratch;
};

/*
 * Those that @tree needs. -EINVAL, with *@where and a sentence in @err without what is in front of it, when Hyperscan refuses one, or
 * -ENOMEM. Needs fini in any case.
 */
int filter_patterns_init(struct filter_patterns *out, const struct rh_cesql_tree *tree, size_t *where, struct rh_error *err);
void filter_patterns_fini(struct filter_patterns *patterns);
/* .matches of struct rh_cesql_event; @arg is a struct filter_patterns. */
int filter_patterns_match(void *arg, uint32_t pattern, struct rh_cesql_text text);
