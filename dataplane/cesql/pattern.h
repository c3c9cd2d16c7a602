#pragma once

/* What expressions ask of payloads, and by patterns. Private to the room. */

#include "dataplane/cesql/parser.h"

/* Bytes of CONTAINS' text: each may have four in the regular expression. */
#define CESQL_CONTAINS_MAX ((RH_CESQL_REGEX_MAX - 1) / 4)

/* How a node looks for a pattern. */
enum cesql_search {
	SEARCH_NONE,	/* it does not */
	SEARCH_PATTERN, /* MATCHES and CONTAINS: it is there */
	SEARCH_ALWAYS,	/* CONTAINS '': whatever is there */
	SEARCH_LIKE,	/* payload LIKE: it is there, and the payload is UTF-8 */
	SEARCH_TEXT,	/* payload LIKE '%': the payload is UTF-8 */
	SEARCH_EMPTY,	/* payload LIKE '': there is none */
};

enum cesql_search cesql_search_of(const struct rh_cesql_tree *tree, const struct rh_cesql_node *node);
/* Where the node @id is in the order of rh_cesql_pattern_next, from 0. */
uint32_t cesql_pattern_number(const struct rh_cesql_tree *tree, uint16_t id);

/* The arguments of the call @id, of any function. */
int cesql_pattern_check(struct parser *p, node_id id);
/* Under @id payload stands only where it may; @allowed: @id itself may be it. */
int cesql_payload_check(struct parser *p, node_id id, bool allowed);
