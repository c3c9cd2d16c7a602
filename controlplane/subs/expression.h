#pragma once

/*
 * What a client wrote, whatever its kind, as one expression of CESQL: canonical text, tree, and the patterns that must be
 * installed before it can be evaluated. Belongs to an entry of a request; the builder reads it.
 */

#include "controlplane/subs/subs.h"
#include "dataplane/cesql/price.h"

/* In the expression's block. */
struct cp_expression_pattern {
	const char *text;
	uint16_t len;
};

struct cp_expression {
	size_t bytes;	  /* of the block */
	const char *text; /* canonical, terminated */
	const void *tree; /* packed */
	uint16_t len, nodes, used, root;
	uint16_t patterns;
	struct rh_cesql_price price;
	bool alone; /* it is its one pattern, looked for in the payload, and nothing else */
	struct cp_expression_pattern pattern[];
};

/*
 * NULL with @out set: refused, or no memory. One block, the caller's to free. @kind: enum rh_content_kind, not NONE. Ctx: any
 * but worker; some 160 KiB of stack.
 */
struct cp_expression *cp_expression_create(
	uint8_t kind, const char *text, size_t len, struct cp_sub_outcome *out);
/* As it was parsed. Ctx: any. */
void cp_expression_tree(const struct cp_expression *x, struct rh_cesql_tree *out);
