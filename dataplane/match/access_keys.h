#pragma once

/* What access_keys_build.c and access_like_build.c share: choices of keys being put together. Builder's. */

#include "dataplane/match/access.h"

struct dp_keys {
	const struct rh_cesql_tree *tree;
	const uint32_t *pattern;
	struct dp_asked_atoms *asked;
	uint8_t operand; /* of the outermost AND, that keys are looked for in */
	bool within;	 /* not that itself, but a part of it */
	uint32_t count;
	struct dp_access_key key[DP_ACCESS_KEYS];
};

/* What is being put together of one choice. */
struct dp_choice {
	uint32_t count;
	bool proves; /* where it is one key, and the operand all that is asked */
	struct dp_access_key key[DP_ACCESS_ANY];
};

static inline const struct rh_cesql_node *dp_keys_node(const struct dp_keys *k, uint16_t id)
{
	return &k->tree->node[id];
}

static inline bool dp_keys_is_name(const struct rh_cesql_node *node)
{
	return node->kind == RH_CESQL_NAME;
}

/* The attribute's atom; NULL: no key can be made of it. */
static inline struct dp_atom *dp_keys_name(const struct dp_keys *k, const struct rh_cesql_node *name)
{
	return dp_asked_name(k->asked, (struct rh_cesql_text){k->tree->text + name->start, name->size});
}

/* One key more. Nothing of the choice is of use when that has no room, or no atom. */
void dp_choice_add(
	struct dp_choice *c, struct dp_atom *name, enum dp_access_how how, uint8_t param, uint64_t value, uint8_t rank);
/* The attribute's text is these bytes. False: there is no key for it. */
bool dp_choice_equal(
	const struct dp_keys *k, struct dp_atom *name, const char *bytes, uint32_t size, struct dp_choice *c);
/* A choice more, if it is one and there is room. */
void dp_keys_add(struct dp_keys *k, const struct dp_choice *c);
/* Choices of a LIKE that is to be true. False: there is none. */
bool dp_keys_like(struct dp_keys *k, const struct rh_cesql_node *node);
