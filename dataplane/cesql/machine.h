#pragma once

/* What an evaluation carries along, and a compiled program. Private to the room. */

#include "dataplane/cesql/function.h"
#include "dataplane/cesql/like.h"
#include "dataplane/cesql/program.h"

enum step_code {
	STEP_PUSH_BOOLEAN,
	STEP_PUSH_INTEGER,
	STEP_PUSH_STRING,
	STEP_LOAD,
	STEP_EXISTS,
	STEP_CALL, /* .count values */
	STEP_NOT,
	STEP_MINUS,
	STEP_LIKE,
	STEP_SET,     /* above the left value: found so far, false */
	STEP_ELEMENT, /* left, found, element: left, found */
	STEP_IN,      /* left, found: found */
	STEP_ARITHMETIC,
	STEP_EQUAL,
	STEP_ORDER,
	STEP_XOR,
	STEP_AND, /* false stays and goes on at .integer, true is dropped */
	STEP_OR,  /* likewise the other way round */
	STEP_BOOLEAN,
	STEP_TRUE,	       /* the value on the stack becomes true */
	STEP_MATCHES,	       /* the value on the stack has pattern .start */
	STEP_PAYLOAD_MATCHES,  /* likewise the payload */
	STEP_PAYLOAD_LIKE,     /* and is UTF-8, .negated */
	STEP_PAYLOAD_IS_TEXT,  /* UTF-8, .negated */
	STEP_PAYLOAD_IS_EMPTY, /* .negated */
	STEP_JSON,	       /* the payload's value at the pointer in text */
	STEP_HOLDS, /* an error since step .start, with .count values below, ends here as false */
};

struct step {
	uint8_t code;
	uint8_t kind; /* ARITHMETIC, ORDER: enum rh_cesql_kind; CALL: enum rh_cesql_function */
	uint8_t count;
	bool negated;
	uint16_t at, size;
	union {
		int32_t integer;
		uint32_t start; /* of a string in text; LIKE: bytes from the block's begin */
	};
};

/* One block without pointers: this, steps, automata of LIKE, text. */
struct rh_cesql_program {
	uint32_t size;	  /* bytes of the block */
	uint32_t text_at; /* byte of the block */
	uint16_t steps, stack;
	uint32_t type; /* enum rh_cesql_type */
};
_Static_assert(sizeof(struct rh_cesql_program) == 16, "steps stand behind it");

/* The string of @step. */
static inline struct rh_cesql_text cesql_step_text(const struct rh_cesql_program *program, const struct step *step)
{
	return (struct rh_cesql_text){(const char *)program + program->text_at + step->start, step->size};
}

struct machine {
	struct rh_cesql_scratch *scratch;
	size_t used; /* of its strings */
	enum rh_cesql_error error;
	const char *reason;
};

/* Notes the error and returns false. */
bool cesql_fail(struct machine *m, enum rh_cesql_error error, const char *reason);
/* @size bytes of the scratch, NULL after cesql_fail. */
char *cesql_room(struct machine *m, size_t size);
/* The type of an expression whatever its event; an attribute's cannot be known, and counts as Boolean (section 3.2). */
enum rh_cesql_type cesql_type_of(const struct rh_cesql_node *node);
struct rh_cesql_value cesql_zero(enum rh_cesql_type type);
/* Casts in place (section 3.7); after a failure *@value is the zero value of @type. */
bool cesql_cast(struct machine *m, struct rh_cesql_value *value, enum rh_cesql_type type);
/* What JSON(payload, @pointer) of @event is, false after an error. */
bool cesql_json_value(struct machine *m, struct rh_cesql_text pointer, const struct rh_cesql_event *event, struct rh_cesql_value *out);
/* The arguments have been cast. An error is in @m, the value due with it is returned. */
struct rh_cesql_value cesql_call(struct machine *m, enum rh_cesql_function function, const struct rh_cesql_value *args,
	unsigned count);
