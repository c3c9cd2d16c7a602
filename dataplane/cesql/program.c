/* What a compiled program is asked about itself. */

#include "dataplane/cesql/machine.h"

#include <stdlib.h>

size_t rh_cesql_program_size(const struct rh_cesql_program *program)
{
	return program->size;
}

void rh_cesql_program_forget_places(struct rh_cesql_program *program)
{
	struct step *step = (struct step *)(program + 1);

	for (unsigned i = 0; i < program->steps; i++)
		step[i].at = 0;
}

static bool is_numbered(const struct step *step)
{
	return step->code == STEP_MATCHES || step->code == STEP_PAYLOAD_MATCHES || step->code == STEP_PAYLOAD_LIKE;
}

void rh_cesql_program_number(struct rh_cesql_program *program, const uint32_t *numbers)
{
	struct step *step = (struct step *)(program + 1);

	for (unsigned i = 0; i < program->steps; i++)
		if (is_numbered(&step[i]))
			step[i].start = numbers[step[i].start];
}

/* Of a step that pushes one. */
static bool literal_of(const struct rh_cesql_program *program, const struct step *step, struct rh_cesql_value *out)
{
	switch ((enum step_code)step->code) {
	case STEP_PUSH_BOOLEAN:
		*out = (struct rh_cesql_value){.type = RH_CESQL_TYPE_BOOLEAN, .boolean = step->integer};
		return true;
	case STEP_PUSH_INTEGER:
		*out = (struct rh_cesql_value){.type = RH_CESQL_TYPE_INTEGER, .integer = step->integer};
		return true;
	case STEP_PUSH_STRING:
		*out = (struct rh_cesql_value){.type = RH_CESQL_TYPE_STRING, .text = cesql_step_text(program, step)};
		return true;
	default:
		return false;
	}
}

bool rh_cesql_program_comparison(const struct rh_cesql_program *program, struct rh_cesql_comparison *out)
{
	const struct step *step = (const struct step *)(program + 1);
	bool cast = program->steps == 4 && step[3].code == STEP_BOOLEAN;

	if ((program->steps != 3 && !cast) || step[0].code != STEP_LOAD || !literal_of(program, &step[1], &out->value))
		return false;
	out->name = cesql_step_text(program, &step[0]);
	out->kind = step[2].code == STEP_EQUAL ? RH_CESQL_EQUAL : step[2].kind;
	out->negated = step[2].code == STEP_EQUAL && step[2].negated;
	return step[2].code == STEP_EQUAL || (step[2].code == STEP_ORDER && out->value.type == RH_CESQL_TYPE_INTEGER);
}

static bool asks(const struct rh_cesql_program *program, bool (*is)(const struct step *step))
{
	const struct step *step = (const struct step *)(program + 1);

	for (unsigned i = 0; i < program->steps; i++)
		if (is(&step[i]))
			return true;
	return false;
}

static bool is_of_payload(const struct step *step)
{
	return step->code >= STEP_PAYLOAD_MATCHES && step->code <= STEP_JSON;
}

static bool is_of_attribute(const struct step *step)
{
	return step->code == STEP_LOAD || step->code == STEP_EXISTS;
}

bool rh_cesql_program_asks_payload(const struct rh_cesql_program *program)
{
	return asks(program, is_of_payload);
}

bool rh_cesql_program_asks_attributes(const struct rh_cesql_program *program)
{
	return asks(program, is_of_attribute);
}

bool rh_cesql_program_asks_patterns(const struct rh_cesql_program *program)
{
	return asks(program, is_numbered);
}

void rh_cesql_destroy(struct rh_cesql_program *program)
{
	free(program);
}
