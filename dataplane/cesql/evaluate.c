#include "dataplane/cesql/machine.h"

#include "dataplane/cesql/payload.h"

#include <string.h>

/* A run of one program; @top is the number of values on the stack. */
struct run {
	struct machine m;
	const struct rh_cesql_program *program;
	const struct rh_cesql_event *event;
	struct rh_cesql_value *stack;
	unsigned top, next; /* next: the step to do */
};

static const char *const error_names[RH_CESQL_ERROR_COUNT] = {[RH_CESQL_PARSE] = "ParseError",
	[RH_CESQL_MATH] = "MathError",
	[RH_CESQL_CAST] = "CastError",
	[RH_CESQL_MISSING_ATTRIBUTE] = "MissingAttributeError",
	[RH_CESQL_MISSING_FUNCTION] = "MissingFunctionError",
	[RH_CESQL_FUNCTION_EVALUATION] = "FunctionEvaluationError",
	[RH_CESQL_GENERIC] = "GenericError"};

const char *rh_cesql_error_name(enum rh_cesql_error error)
{
	return error_names[error];
}

static void push(struct run *run, struct rh_cesql_value value)
{
	run->stack[run->top++] = value;
}

static void push_boolean(struct run *run, bool yes)
{
	push(run, (struct rh_cesql_value){.type = RH_CESQL_TYPE_BOOLEAN, .boolean = yes});
}

static void push_integer(struct run *run, int32_t integer)
{
	push(run, (struct rh_cesql_value){.type = RH_CESQL_TYPE_INTEGER, .integer = integer});
}

static struct rh_cesql_value *pop(struct run *run)
{
	return &run->stack[--run->top];
}

static const struct rh_cesql_attribute *attribute_find(const struct run *run, const struct step *step)
{
	struct rh_cesql_text name = cesql_step_text(run->program, step);

	for (size_t i = 0; i < run->event->count; i++)
		if (rh_cesql_texts_equal(run->event->attribute[i].name, name))
			return &run->event->attribute[i];
	return NULL;
}

static void do_load(struct run *run, const struct step *step)
{
	const struct rh_cesql_attribute *attribute = attribute_find(run, step);

	push(run, attribute ? attribute->value : cesql_zero(RH_CESQL_TYPE_BOOLEAN));
	if (!attribute)
		(void)cesql_fail(&run->m, RH_CESQL_MISSING_ATTRIBUTE, "the event has no such attribute");
}

static void do_call(struct run *run, const struct step *step)
{
	const struct function *function = &cesql_functions[step->kind];
	struct rh_cesql_value *args = &run->stack[run->top - step->count], value = cesql_zero(function->result);
	bool cast = true;

	for (unsigned i = 0; cast && i < step->count; i++)
		cast = cesql_cast(&run->m, &args[i], i ? function->rest : function->first);
	if (cast)
		value = cesql_call(&run->m, (enum rh_cesql_function)step->kind, args, step->count);
	run->top -= step->count;
	push(run, value);
}

static bool overflowed(struct run *run)
{
	return cesql_fail(&run->m, RH_CESQL_MATH, "the result is no integer from -2147483648 to 2147483647");
}

static void do_minus(struct run *run)
{
	struct rh_cesql_value *x = pop(run);
	int32_t result = 0;

	if (cesql_cast(&run->m, x, RH_CESQL_TYPE_INTEGER) && __builtin_sub_overflow(0, x->integer, &result)) {
		result = 0;
		(void)overflowed(run);
	}
	push_integer(run, result);
}

/* Both are integers; *@out is written on success alone. */
static bool calculate(struct run *run, enum rh_cesql_kind kind, int32_t x, int32_t y, int32_t *out)
{
	int32_t result = 0;
	bool over = false;

	switch (kind) {
	case RH_CESQL_MULTIPLY:
		over = __builtin_mul_overflow(x, y, &result);
		break;
	case RH_CESQL_ADD:
		over = __builtin_add_overflow(x, y, &result);
		break;
	case RH_CESQL_SUBTRACT:
		over = __builtin_sub_overflow(x, y, &result);
		break;
	default:
		if (y == 0)
			return cesql_fail(&run->m, RH_CESQL_MATH, "the divisor is 0");
		/* The machine would trap on the smallest integer divided by -1. */
		if (kind == RH_CESQL_REMAINDER)
			result = y == -1 ? 0 : x % y;
		else if (y == -1)
			over = __builtin_sub_overflow(0, x, &result);
		else
			result = x / y;
	}
	if (over)
		return overflowed(run);
	*out = result;
	return true;
}

static bool cast_both(struct run *run, struct rh_cesql_value *x, struct rh_cesql_value *y, enum rh_cesql_type type)
{
	return cesql_cast(&run->m, x, type) && cesql_cast(&run->m, y, type);
}

static void do_arithmetic(struct run *run, const struct step *step)
{
	struct rh_cesql_value *y = pop(run), *x = pop(run);
	int32_t result = 0;

	if (cast_both(run, x, y, RH_CESQL_TYPE_INTEGER))
		(void)calculate(run, (enum rh_cesql_kind)step->kind, x->integer, y->integer, &result);
	push_integer(run, result);
}

static void do_order(struct run *run, const struct step *step)
{
	struct rh_cesql_value *y = pop(run), *x = pop(run);
	bool cast = cast_both(run, x, y, RH_CESQL_TYPE_INTEGER);

	push_boolean(run, cast && rh_cesql_in_order((enum rh_cesql_kind)step->kind, x->integer, y->integer));
}

/* @value becomes of the other's type, then they are compared; false after a failed cast. */
static bool cast_and_equal(struct run *run, struct rh_cesql_value *value, const struct rh_cesql_value *other, bool negated)
{
	return cesql_cast(&run->m, value, other->type) && rh_cesql_values_equal(value, other) != negated;
}

static void do_equal(struct run *run, const struct step *step)
{
	struct rh_cesql_value *y = pop(run), *x = pop(run);

	push_boolean(run, cast_and_equal(run, x, y, step->negated));
}

static void do_element(struct run *run)
{
	struct rh_cesql_value *element = pop(run), *found = element - 1, *left = element - 2;
	bool equal = cast_and_equal(run, element, left, false);

	found->boolean = found->boolean || equal;
}

static void do_in(struct run *run, const struct step *step)
{
	bool found = pop(run)->boolean;

	(void)pop(run);
	push_boolean(run, found != step->negated);
}

static void do_like(struct run *run, const struct step *step)
{
	const struct like *like = (const struct like *)((const char *)run->program + step->start);
	struct rh_cesql_value *x = pop(run);
	bool cast = cesql_cast(&run->m, x, RH_CESQL_TYPE_STRING);

	push_boolean(run, cast && cesql_like_matches(like, x->text.bytes, x->text.size) != step->negated);
}

/* Is the pattern of @step in @text? False after an error, too. */
static bool has_pattern(struct run *run, const struct step *step, struct rh_cesql_text text)
{
	const struct rh_cesql_event *event = run->event;
	int has = event->matches ? event->matches(event->arg, step->start, text) : -1;

	if (has < 0)
		return cesql_fail(&run->m, RH_CESQL_GENERIC, "patterns cannot be looked for now");
	return has;
}

static void do_matches(struct run *run, const struct step *step)
{
	struct rh_cesql_value *x = pop(run);
	bool cast = cesql_cast(&run->m, x, RH_CESQL_TYPE_STRING);

	push_boolean(run, cast && has_pattern(run, step, x->text));
}

/* The pattern first: it is the rarer one. */
static void do_payload_like(struct run *run, const struct step *step)
{
	struct rh_cesql_text payload = run->event->payload;
	bool like = step->code != STEP_PAYLOAD_LIKE || has_pattern(run, step, payload);

	if (step->code == STEP_PAYLOAD_IS_EMPTY)
		like = payload.size == 0;
	else
		like = like && cesql_payload_is_text(run->event);
	push_boolean(run, !run->m.error && like != step->negated);
}

static void do_json(struct run *run, const struct step *step)
{
	struct rh_cesql_value value = cesql_zero(RH_CESQL_TYPE_BOOLEAN);

	(void)cesql_json_value(&run->m, cesql_step_text(run->program, step), run->event, &value);
	push(run, value);
}

static void do_true(struct run *run)
{
	(void)pop(run);
	push_boolean(run, true);
}

static void do_not(struct run *run)
{
	struct rh_cesql_value *x = pop(run);

	push_boolean(run, cesql_cast(&run->m, x, RH_CESQL_TYPE_BOOLEAN) && !x->boolean);
}

static void do_xor(struct run *run)
{
	struct rh_cesql_value *y = pop(run), *x = pop(run);

	push_boolean(run, cast_both(run, x, y, RH_CESQL_TYPE_BOOLEAN) && x->boolean != y->boolean);
}

/* @decides: the value that ends an AND or OR. */
static void do_short_cut(struct run *run, const struct step *step, bool decides)
{
	struct rh_cesql_value *x = pop(run);

	if (!cesql_cast(&run->m, x, RH_CESQL_TYPE_BOOLEAN) || x->boolean != decides)
		return;
	push_boolean(run, decides);
	run->next = (unsigned)step->integer;
}

static void do_step(struct run *run, const struct step *step)
{
	switch ((enum step_code)step->code) {
	case STEP_PUSH_BOOLEAN:
		push_boolean(run, step->integer);
		break;
	case STEP_PUSH_INTEGER:
		push_integer(run, step->integer);
		break;
	case STEP_PUSH_STRING:
		push(run, (struct rh_cesql_value){.type = RH_CESQL_TYPE_STRING, .text = cesql_step_text(run->program, step)});
		break;
	case STEP_LOAD:
		do_load(run, step);
		break;
	case STEP_EXISTS:
		push_boolean(run, attribute_find(run, step) != NULL);
		break;
	case STEP_CALL:
		do_call(run, step);
		break;
	case STEP_NOT:
		do_not(run);
		break;
	case STEP_MINUS:
		do_minus(run);
		break;
	case STEP_LIKE:
		do_like(run, step);
		break;
	case STEP_SET:
		push_boolean(run, false);
		break;
	case STEP_ELEMENT:
		do_element(run);
		break;
	case STEP_IN:
		do_in(run, step);
		break;
	case STEP_ARITHMETIC:
		do_arithmetic(run, step);
		break;
	case STEP_EQUAL:
		do_equal(run, step);
		break;
	case STEP_ORDER:
		do_order(run, step);
		break;
	case STEP_XOR:
		do_xor(run);
		break;
	case STEP_AND:
		do_short_cut(run, step, false);
		break;
	case STEP_OR:
		do_short_cut(run, step, true);
		break;
	case STEP_TRUE:
		do_true(run);
		break;
	case STEP_MATCHES:
		do_matches(run, step);
		break;
	case STEP_PAYLOAD_MATCHES:
		push_boolean(run, has_pattern(run, step, run->event->payload));
		break;
	case STEP_PAYLOAD_LIKE:
	case STEP_PAYLOAD_IS_TEXT:
	case STEP_PAYLOAD_IS_EMPTY:
		do_payload_like(run, step);
		break;
	case STEP_JSON:
		do_json(run, step);
		break;
	case STEP_BOOLEAN:
	case STEP_HOLDS:
		(void)cesql_cast(&run->m, &run->stack[run->top - 1], RH_CESQL_TYPE_BOOLEAN);
		break;
	}
}

/* After an error in the step before .next: on behind the innermost HOLDS around it, whose value is false. False: there is none. */
static bool held(struct run *run, const struct step *steps)
{
	for (unsigned i = run->next - 1; i < run->program->steps; i++) {
		if (steps[i].code != STEP_HOLDS || steps[i].start > run->next - 1)
			continue;
		run->m.error = RH_CESQL_OK;
		run->m.reason = NULL;
		run->top = steps[i].count;
		push_boolean(run, false);
		run->next = i + 1;
		return true;
	}
	return false;
}

struct rh_cesql_result rh_cesql_evaluate(const struct rh_cesql_program *program, const struct rh_cesql_event *event,
	struct rh_cesql_scratch *scratch)
{
	struct run run = {.m.scratch = scratch, .program = program, .event = event, .stack = scratch->stack};
	const struct step *steps = (const struct step *)(program + 1), *step;

	do {
		step = &steps[run.next++];
		do_step(&run, step);
	} while ((!run.m.error || held(&run, steps)) && run.next < program->steps);
	if (!run.m.error)
		return (struct rh_cesql_result){.value = run.stack[0]};
	return (struct rh_cesql_result){.value = run.next == program->steps ? run.stack[0] : cesql_zero((enum rh_cesql_type)program->type),
		.error = run.m.error,
		.at = step->at,
		.reason = run.m.reason};
}

bool rh_cesql_matches(const struct rh_cesql_program *program, const struct rh_cesql_event *event,
	struct rh_cesql_scratch *scratch)
{
	struct rh_cesql_result result = rh_cesql_evaluate(program, event, scratch);

	return rh_cesql_is_match(&result);
}
