#pragma once

/*
 * The operands of an expression's outermost AND, or the expression itself where it is none: each as far as one test (facts.h)
 * says what an event must have for it to be true.
 */

#include "dataplane/match/access.h"
#include "dataplane/match/facts.h"

/* Beyond, an expression is never taken by tests alone. */
#define DP_OPERANDS_MOST 32

struct dp_operand {
	uint64_t test; /* DP_TEST_ALWAYS: none */
	uint8_t rank;  /* how little it narrows */
	bool whole;    /* it is true where the test is passed, not only never true elsewhere */
};

/* Of @tree; returns how many, at most DP_OPERANDS_MOST; 0: there are more. Ctx: builder. */
uint32_t dp_operands(const struct rh_cesql_tree *tree, struct dp_asked_atoms *asked, struct dp_operand *out);

/*
 * What is left to be asked about an event that has @key: the test that narrows most; *@all: nothing else is.
 */
uint64_t dp_operands_left(const struct dp_operand *operand, uint32_t count, const struct dp_access_key *key, bool *all);
