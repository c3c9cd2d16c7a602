#pragma once

/*
 * Content of subscriptions: an expression is a few steps over predicates, each of which is in the table once however
 * many expressions ask for it (docs/decisions/0011). Both are the index's memory: written before anybody sees them,
 * never changed, retired when nothing refers to them.
 */

#include "dataplane/api/table.h"
#include "dataplane/base/htable.h"
#include "dataplane/cesql/program.h"
#include "dataplane/match/memory.h"
#include "dataplane/match/operand.h"

enum dp_predicate_kind {
	DP_PREDICATE_PROGRAM,
	DP_PREDICATE_COMPARE, /* likewise, which compares an attribute with a literal: that is done without it */
	DP_PREDICATE_PATTERN, /* a pattern in the payload, and nothing else */
};

struct dp_predicate {
	struct dp_obj obj;
	uint8_t kind;
	bool asks_payload, asks_attributes;
	uint16_t tenant; /* whose patterns its numbers mean; 0 without patterns */
	dp_pattern_id_t pattern;
	uint32_t epoch; /* older databases give the numbers another meaning */
	/* COMPARE: name and text are in program. */
	uint64_t name_hash;
	struct rh_cesql_comparison compare;
	/* Builder only. */
	uint32_t refs;
	struct rh_hnode node;
	uint64_t program[]; /* struct rh_cesql_program */
};

static inline const struct rh_cesql_program *dp_predicate_program(const struct dp_predicate *predicate)
{
	return (const struct rh_cesql_program *)predicate->program;
}

enum dp_step {
	DP_STEP_TEST, /* a predicate: its value is the one in hand; an error ends it all */
	DP_STEP_NOT,
	DP_STEP_AND, /* goes on at that step unless the value in hand is true */
	DP_STEP_OR,
	DP_STEP_PUSH,
	DP_STEP_XOR, /* with the value pushed last */
};

/* A step: what to do, and the predicate's address or a step's number. */
#define DP_STEP(code, value)	 ((uint64_t)(code) << 56 | (uint64_t)(value))
#define DP_STEP_CODE(step)	 ((enum dp_step)((step) >> 56))
#define DP_STEP_AT(step)	 ((uint32_t)(step))
#define DP_STEP_PREDICATE(step) ((const struct dp_predicate *)(uintptr_t)((step) & ((1ULL << 56) - 1)))

struct dp_expression {
	struct dp_obj obj;
	uint32_t steps;
	/* Behind the steps: operands (operand.h); builder only: keys (access.h), and the atoms of both. */
	uint8_t operands, keys, atoms;
	/* Builder only. */
	dp_content_id_t id;
	uint32_t refs; /* conditions */
	uint64_t step[];
};

static inline struct dp_operand *dp_expression_operands(const struct dp_expression *expression)
{
	return (struct dp_operand *)(uintptr_t)(expression->step + expression->steps);
}

static inline struct dp_access_key *dp_expression_keys(const struct dp_expression *expression)
{
	return (struct dp_access_key *)(dp_expression_operands(expression) + expression->operands);
}

static inline struct dp_atom **dp_expression_atoms(const struct dp_expression *expression)
{
	return (struct dp_atom **)(dp_expression_keys(expression) + expression->keys);
}

static inline size_t dp_expression_size(uint32_t steps, uint32_t operands, uint32_t keys, uint32_t atoms)
{
	return sizeof(struct dp_expression) + steps * sizeof(uint64_t) + operands * sizeof(struct dp_operand) +
	       keys * sizeof(struct dp_access_key) + atoms * sizeof(struct dp_atom *);
}

/* Does it ask for the payload? */
static inline bool dp_expression_scans(const struct dp_expression *expression)
{
	for (uint32_t i = 0; i < expression->steps; i++)
		if (DP_STEP_CODE(expression->step[i]) == DP_STEP_TEST &&
			DP_STEP_PREDICATE(expression->step[i])->asks_payload)
			return true;
	return false;
}

/* To evaluate it whole, by the estimates of cost.h; without the payload's scan. */
uint32_t dp_expression_cycles(const struct dp_expression *expression);

struct dp_slot;

/* All that a table knows of content. */
struct dp_contents {
	struct dp_words lists; /* R; conditions by keys */
	struct dp_words ways;  /* R; by filter and attribute */
	struct dp_atoms atoms; /* R */
	uint64_t seed;	       /* R */
	/* Builder only. */
	struct rh_htable predicates, conds;
	struct dp_expression **by_id; /* [DP_LIMIT_CONTENTS + 1], reserved */
	dp_content_id_t id_most;      /* ever given */
	struct rh_cesql_tree *tree;   /* one that is being taken apart */
	const struct dp_slot *slot;   /* the table's subscriptions */
};

/* @slot: the table's. -ENOMEM. */
int dp_contents_init(
	struct dp_contents *contents, struct dp_memory *memory, const struct dp_slot *slot, uint64_t seed);
/* Without readers; conditions are gone. Accepts a half-made one. */
void dp_contents_fini(struct dp_contents *contents, struct dp_memory *memory);

/* The tenant's patterns that a tree, or a predicate alone, asks for. */
struct dp_asked_patterns {
	uint16_t tenant;
	uint32_t epoch;
	const dp_pattern_id_t *number; /* by their order in the tree */
};
/*
 * The predicate of the nodes under @id of @tree, as an operand of AND (@boolean) or the whole; made if it is new. Its
 * reference is the caller's. -ENOMEM, or what rh_cesql_compile_part says.
 */
int dp_predicate_get(struct dp_contents *contents, struct dp_memory *memory, const struct rh_cesql_tree *tree, uint16_t id,
	bool boolean, const struct dp_asked_patterns *patterns, struct dp_predicate **out, struct rh_error *err);
/* Likewise that the first of @patterns is in the payload. */
int dp_predicate_get_pattern(struct dp_contents *contents, struct dp_memory *memory, const struct dp_asked_patterns *patterns,
	struct dp_predicate **out);
void dp_predicate_put(struct dp_contents *contents, struct dp_memory *memory, struct dp_predicate *predicate);

/* Expression of a content, NULL when there is none. */
static inline struct dp_expression *dp_content_find(const struct dp_contents *contents, dp_content_id_t id)
{
	return id && id <= DP_LIMIT_CONTENTS ? contents->by_id[id] : NULL;
}
