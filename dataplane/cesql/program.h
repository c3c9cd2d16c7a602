#pragma once

/*
 * CESQL trees compiled to programs: a flat list of steps over a small stack, evaluated without allocation.
 *
 * Evaluation ends at the first error ("fail fast", section 4.1), in the order operands are written. Its value is then
 * that of the step that failed if this was the last one to do, as in ABS(-2147483648), else the zero value of the
 * expression's type: false for one that is an attribute alone.
 */

#include "dataplane/cesql/tree.h"
#include "dataplane/cesql/value.h"

/* Values at once; an expression that needs more is refused. */
#define RH_CESQL_STACK_MAX 128
/* Bytes of all strings that functions and casts make in one evaluation. */
#define RH_CESQL_STRINGS_MAX 16384

/* Section 3.3. PARSE and MISSING_FUNCTION come from rh_cesql_parse alone (-EINVAL, -ENOSYS). */
enum rh_cesql_error {
	RH_CESQL_OK,
	RH_CESQL_PARSE,
	RH_CESQL_MATH,
	RH_CESQL_CAST,
	RH_CESQL_MISSING_ATTRIBUTE,
	RH_CESQL_MISSING_FUNCTION,
	RH_CESQL_FUNCTION_EVALUATION,
	RH_CESQL_GENERIC,
	RH_CESQL_ERROR_COUNT
};

/* What an evaluation works in; the caller's, one a thread. Needs no initialization. */
struct rh_cesql_scratch {
	struct rh_cesql_value stack[RH_CESQL_STACK_MAX];
	char strings[RH_CESQL_STRINGS_MAX];
};

struct rh_cesql_result {
	struct rh_cesql_value value; /* its text points into program, event or scratch */
	enum rh_cesql_error error;
	uint16_t at;	    /* with an error: the byte of the expression */
	const char *reason; /* with an error: a sentence without subject; never freed */
};

/* As a filter: true and no error. */
static inline bool rh_cesql_is_match(const struct rh_cesql_result *result)
{
	return !result->error && result->value.type == RH_CESQL_TYPE_BOOLEAN && result->value.boolean;
}

struct rh_cesql_program;

/*
 * Compile @tree into one block, which @tree may be freed before. -ENOMEM, or -E2BIG with a sentence in @err (may be
 * NULL) when more than RH_CESQL_STACK_MAX values are needed at once. Ctx: any but worker.
 */
int rh_cesql_compile(const struct rh_cesql_tree *tree, struct rh_cesql_program **out, struct rh_error *err);
/*
 * The same for the nodes under @id of @tree alone; @boolean: its value is cast to Boolean, as that of an operand of AND
 * is. The error's byte is the whole expression's.
 */
int rh_cesql_compile_part(const struct rh_cesql_tree *tree, uint16_t id, bool boolean, struct rh_cesql_program **out,
	struct rh_error *err);
/* Bytes of the block, which has no pointers and may be copied to any place aligned to 8. */
size_t rh_cesql_program_size(const struct rh_cesql_program *program);
/*
 * From now on its errors do not say at which byte: so equal parts of different expressions are equal bytes.
 */
void rh_cesql_program_forget_places(struct rh_cesql_program *program);
/*
 * The program's patterns get other numbers, @numbers[n] for what was n: as compiled, n is their order in rh_cesql_pattern_next of
 * the whole tree. So programs of one text but different patterns are different bytes.
 */
void rh_cesql_program_number(struct rh_cesql_program *program, const uint32_t *numbers);
/* @kind: LESS to GREATER_EQUAL. */
static inline bool rh_cesql_in_order(enum rh_cesql_kind kind, int32_t x, int32_t y)
{
	switch (kind) {
	case RH_CESQL_LESS:
		return x < y;
	case RH_CESQL_LESS_EQUAL:
		return x <= y;
	case RH_CESQL_GREATER:
		return x > y;
	default:
		return x >= y;
	}
}

/* A program that compares an attribute with a literal and does nothing else. */
struct rh_cesql_comparison {
	struct rh_cesql_text name;    /* in the block */
	struct rh_cesql_value value;  /* likewise; the attribute is cast to its type */
	uint8_t kind;		      /* RH_CESQL_EQUAL, or one of LESS to GREATER_EQUAL, and then the value is an integer */
	bool negated;
};
/* False: it is another one. Ctx: any. */
bool rh_cesql_program_comparison(const struct rh_cesql_program *program, struct rh_cesql_comparison *out);

/* Does it ever look at the payload, at attributes, for patterns? */
bool rh_cesql_program_asks_payload(const struct rh_cesql_program *program);
bool rh_cesql_program_asks_attributes(const struct rh_cesql_program *program);
bool rh_cesql_program_asks_patterns(const struct rh_cesql_program *program);
/* NULL is nothing. */
void rh_cesql_destroy(struct rh_cesql_program *program);

/*
 * The value and the first error of an expression for an event. No evaluation takes more steps than the program has, and each is linear in
 * the strings it reads. Ctx: any; no allocation.
 */
struct rh_cesql_result rh_cesql_evaluate(const struct rh_cesql_program *program, const struct rh_cesql_event *event,
	struct rh_cesql_scratch *scratch);

/* rh_cesql_is_match of the same. Ctx: any; no allocation. */
bool rh_cesql_matches(const struct rh_cesql_program *program, const struct rh_cesql_event *event,
	struct rh_cesql_scratch *scratch);

/*
 * Casts in place (section 3.7); false when that is an error. Text that a number becomes is @scratch's until its next use.
 * Ctx: any; no allocation.
 */
bool rh_cesql_value_cast(struct rh_cesql_value *value, enum rh_cesql_type type, struct rh_cesql_scratch *scratch);

/* "MathError" and its like; NULL for RH_CESQL_OK. */
const char *rh_cesql_error_name(enum rh_cesql_error error);
