#pragma once

/*
 * What the model test's subscriptions ask of content, and the events that are asked: drawn from a
 * seed, with the truth of each expression for each event found here, by hand and not by any program
 * of the router. Expressions have few predicates among them, so most are shared. Ctx: any one thread
 * draws; workers and builder only read.
 */

#include "dataplane/cesql/tree.h"
#include "dataplane/frame/event.h"
#include "tests/lib/random.h"

#define MODEL_PATTERNS 3
/* Expressions, numbered from 1; the first MODEL_PATTERNS are those patterns alone. A truth has a bit for each. */
#define MODEL_ASKS	   60
#define MODEL_PAYLOADS	   5
#define MODEL_FACTS	   24 /* sets of attributes */
#define MODEL_EVENTS	   (MODEL_PAYLOADS * MODEL_FACTS)
#define MODEL_CLAUSES	   3 /* of an expression */
#define MODEL_CLAUSE_BYTES 48

struct model_ask {
	char text[MODEL_CLAUSES * MODEL_CLAUSE_BYTES];
	struct rh_cesql_tree *tree;	 /* NULL: a pattern alone */
	uint32_t pattern[MODEL_CLAUSES]; /* in the order of the text */
};

struct model_event_kind {
	const char *payload;
	uint8_t attributes[64];
	uint16_t attributes_len;
	uint64_t truth; /* bit i: fulfils expression i + 1 */
};

extern const char *const model_patterns[MODEL_PATTERNS];
extern struct model_ask model_asks[MODEL_ASKS + 1];
extern struct model_event_kind model_events[MODEL_EVENTS];

/* Draw them anew. */
void model_asks_draw(struct rnd *rnd);
void model_asks_free(void);
