#pragma once

/* Filters of the Subscriptions API again, written apart from dataplane/cesql: random ones, and a naive evaluator of their JSON. */

#include "tests/lib/cesql_reference.h"

#include <jansson.h>

#define REF_SQL_MAX 8

/* Expressions that the sql filters of one case have. */
struct ref_sql {
	unsigned count;
	struct {
		struct ref_expr *expr;
		char text[4096];
	} one[REF_SQL_MAX];
};

/* An array, or one filter; the caller's. @sql gets the expressions, ref_sql_fini frees them. */
json_t *ref_filters_random(struct rnd *rnd, struct ref_sql *sql);
void ref_sql_fini(struct ref_sql *sql);
bool ref_filters_value(const json_t *filters, const struct ref_sql *sql, const struct rh_cesql_event *event);
