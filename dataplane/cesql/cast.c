#include "dataplane/cesql/machine.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

bool cesql_fail(struct machine *m, enum rh_cesql_error error, const char *reason)
{
	m->error = error;
	m->reason = reason;
	return false;
}

char *cesql_room(struct machine *m, size_t size)
{
	char *room = m->scratch->strings + m->used;

	if (size > RH_CESQL_STRINGS_MAX - m->used) {
		(void)cesql_fail(m, RH_CESQL_FUNCTION_EVALUATION,
			"the strings made in one evaluation are longer than 16384 bytes");
		return NULL;
	}
	m->used += size;
	return room;
}

struct rh_cesql_value cesql_zero(enum rh_cesql_type type)
{
	struct rh_cesql_value zero = {.type = type};

	if (type == RH_CESQL_TYPE_STRING)
		zero.text = (struct rh_cesql_text){"", 0};
	return zero;
}

/* Ten digits at most, after any zeros, with a sign or without. */
static bool text_to_integer(struct rh_cesql_text text, int32_t *out)
{
	bool minus = text.size && text.bytes[0] == '-';
	uint32_t i = text.size && (minus || text.bytes[0] == '+');
	int64_t value = 0;

	if (i == text.size)
		return false;
	for (; i < text.size; i++) {
		if (text.bytes[i] < '0' || text.bytes[i] > '9')
			return false;
		value = value * 10 + (text.bytes[i] - '0');
		if (value > -(int64_t)INT32_MIN)
			return false;
	}
	value = minus ? -value : value;
	*out = (int32_t)value;
	return value <= INT32_MAX;
}

static bool text_is(struct rh_cesql_text text, const char *word)
{
	return text.size == strlen(word) && strncasecmp(text.bytes, word, text.size) == 0;
}

static bool to_boolean(struct machine *m, struct rh_cesql_value *value)
{
	bool yes;

	if (value->type == RH_CESQL_TYPE_INTEGER) {
		yes = value->integer != 0;
	} else {
		yes = text_is(value->text, "true");
		if (!yes && !text_is(value->text, "false"))
			return cesql_fail(m, RH_CESQL_CAST, "the string is neither 'true' nor 'false'");
	}
	value->boolean = yes;
	return true;
}

static bool to_integer(struct machine *m, struct rh_cesql_value *value)
{
	int32_t integer;

	if (value->type == RH_CESQL_TYPE_BOOLEAN)
		integer = value->boolean;
	else if (!text_to_integer(value->text, &integer))
		return cesql_fail(m, RH_CESQL_CAST, "the string is no integer from -2147483648 to 2147483647");
	value->integer = integer;
	return true;
}

static bool to_string(struct machine *m, struct rh_cesql_value *value)
{
	char digits[16];
	char *bytes;
	int size;

	if (value->type == RH_CESQL_TYPE_BOOLEAN) {
		value->text = value->boolean ? (struct rh_cesql_text){"true", 4} : (struct rh_cesql_text){"false", 5};
		return true;
	}
	size = snprintf(digits, sizeof(digits), "%d", value->integer);
	bytes = cesql_room(m, (size_t)size);
	if (!bytes)
		return false;
	memcpy(bytes, digits, (size_t)size);
	value->text = (struct rh_cesql_text){bytes, (uint32_t)size};
	return true;
}

bool cesql_cast(struct machine *m, struct rh_cesql_value *value, enum rh_cesql_type type)
{
	static bool (*const casts[RH_CESQL_TYPE_COUNT])(struct machine *, struct rh_cesql_value *) = {
		[RH_CESQL_TYPE_BOOLEAN] = to_boolean,
		[RH_CESQL_TYPE_INTEGER] = to_integer,
		[RH_CESQL_TYPE_STRING] = to_string};

	if (value->type == type)
		return true;
	if (!casts[type](m, value)) {
		*value = cesql_zero(type);
		return false;
	}
	value->type = type;
	return true;
}

bool rh_cesql_value_cast(struct rh_cesql_value *value, enum rh_cesql_type type, struct rh_cesql_scratch *scratch)
{
	struct machine m = {.scratch = scratch};

	return cesql_cast(&m, value, type);
}
