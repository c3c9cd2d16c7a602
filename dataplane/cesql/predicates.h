#pragma once

/* The distinct predicates of a tree, and where a node stands in its canonical text. Private to the room. */

#include "dataplane/cesql/tree.h"

struct cesql_predicates {
	unsigned count;
	uint16_t id[RH_CESQL_NODES_MAX]; /* the first of those that are equal */
};

void cesql_predicates_find(const struct rh_cesql_tree *tree, struct cesql_predicates *out);
/* Bytes [*@from, *@to) of what rh_cesql_print writes are the node @id. */
void cesql_print_place(const struct rh_cesql_tree *tree, uint16_t id, size_t *from, size_t *to);
