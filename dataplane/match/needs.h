#pragma once

/* Which attributes an event needs for a node of a tree to be true. Ctx of all: any; no allocation. */

#include "dataplane/cesql/tree.h"

/* An attribute that is asked for whatever else, without which @id is an error; NULL: there is none. */
const struct rh_cesql_node *dp_needs_name(const struct rh_cesql_tree *tree, uint16_t id);
/* The attribute that @node compares by order with an integer, on either side; NULL: it does something else. */
const struct rh_cesql_node *dp_needs_order(const struct rh_cesql_tree *tree, const struct rh_cesql_node *node);
/* Is EXISTS of @name, a NAME or EXISTS, always true: is it an attribute that every event has? */
bool dp_needs_nothing(const struct rh_cesql_tree *tree, const struct rh_cesql_node *name);
