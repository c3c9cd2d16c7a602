#pragma once

/* What the two files that read filters in JSON share: the reader, and the predicates it makes. Private to the room. */

#include "dataplane/cesql/json.h"
#include "dataplane/cesql/parser.h"
#include "dataplane/cesql/value.h"

struct filters {
	struct parser p; /* refusals and nodes; its text is the JSON */
	struct json json;
	struct json_piece piece; /* in hand */
};

/* A string of the JSON, decoded. */
struct filters_text {
	size_t at; /* byte of the JSON where its quote stands */
	size_t size;
	char bytes[RH_CESQL_TEXT_MAX];
};

/* The next piece into the hand; refuses what is no JSON. */
int cesql_filters_next(struct filters *f);
/* The name or string in hand; @what is it, for a refusal. @from (may be NULL) gets the byte of the JSON for each of its bytes and its end. */
int cesql_filters_text(struct filters *f, const char *what, struct filters_text *out, uint16_t *from);

enum filters_test { FILTERS_EXACT, FILTERS_PREFIX, FILTERS_SUFFIX };

/* The attribute @name begins with, ends with or is @value: a node that has an error when there is no such attribute. */
int cesql_filters_predicate(struct filters *f, enum filters_test test, struct rh_cesql_text name,
	const struct filters_text *value, node_id *out);

/*
 * The expression @text, whose byte n is byte @from[n] of the JSON: a node that is true when the expression is, and may have an error
 * where it has one.
 */
int cesql_filters_sql(struct filters *f, const struct filters_text *text, const uint16_t *from, node_id *out);
