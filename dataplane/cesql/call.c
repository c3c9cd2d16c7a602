/* What the built-in functions do (section 3.5). */

#include "dataplane/cesql/machine.h"

#include "dataplane/cesql/text.h"

#include <string.h>

static struct rh_cesql_value string(struct rh_cesql_text text)
{
	return (struct rh_cesql_value){.type = RH_CESQL_TYPE_STRING, .text = text};
}

static struct rh_cesql_value integer(int32_t number)
{
	return (struct rh_cesql_value){.type = RH_CESQL_TYPE_INTEGER, .integer = number};
}

static struct rh_cesql_value absolute(struct machine *m, int32_t x)
{
	if (x == INT32_MIN) {
		(void)cesql_fail(m, RH_CESQL_MATH, "the absolute value of -2147483648 is no integer");
		return integer(INT32_MAX);
	}
	return integer(x < 0 ? -x : x);
}

/* The strings of @args with @between between them. */
static struct rh_cesql_value join(struct machine *m, struct rh_cesql_text between, const struct rh_cesql_value *args,
	unsigned count)
{
	size_t size = count ? (size_t)between.size * (count - 1) : 0;
	char *room, *to;

	for (unsigned i = 0; i < count; i++)
		size += args[i].text.size;
	room = to = cesql_room(m, size);
	if (!room)
		return cesql_zero(RH_CESQL_TYPE_STRING);
	for (unsigned i = 0; i < count; i++) {
		if (i)
			to = mempcpy(to, between.bytes, between.size);
		to = mempcpy(to, args[i].text.bytes, args[i].text.size);
	}
	return string((struct rh_cesql_text){room, (uint32_t)size});
}

static struct rh_cesql_value in_case(struct machine *m, struct rh_cesql_text text, bool upper)
{
	char *room = cesql_room(m, text.size);

	if (!room)
		return cesql_zero(RH_CESQL_TYPE_STRING);
	cesql_text_case(text, upper, room);
	return string((struct rh_cesql_text){room, text.size});
}

static struct rh_cesql_value one_end(struct machine *m, struct rh_cesql_text text, int32_t count, bool right)
{
	uint32_t length = cesql_text_length(text);

	if (count < 0)
		(void)cesql_fail(m, RH_CESQL_FUNCTION_EVALUATION, "the number of characters is negative");
	if (count < 0 || (uint32_t)count >= length)
		return string(text);
	return string(right ? cesql_text_behind(text, length - (uint32_t)count) : cesql_text_left(text, (uint32_t)count));
}

/* Characters from @from, counted from 1, or from the end when negative; at most @count. */
static struct rh_cesql_value substring(struct machine *m, struct rh_cesql_text text, int32_t from, int32_t count)
{
	int64_t length = cesql_text_length(text);

	if (from > length || from < -length)
		(void)cesql_fail(m, RH_CESQL_FUNCTION_EVALUATION, "the position is outside of the string");
	else if (count < 0)
		(void)cesql_fail(m, RH_CESQL_FUNCTION_EVALUATION, "the number of characters is negative");
	if (m->error || from == 0)
		return cesql_zero(RH_CESQL_TYPE_STRING);
	text = cesql_text_behind(text, (uint32_t)(from > 0 ? from - 1 : length + from));
	return string(cesql_text_left(text, (uint32_t)count));
}

struct rh_cesql_value cesql_call(struct machine *m, enum rh_cesql_function function, const struct rh_cesql_value *args,
	unsigned count)
{
	switch (function) {
	case CESQL_ABS:
		return absolute(m, args[0].integer);
	case CESQL_BOOL: /* the cast was all */
	case CESQL_INT:
	case CESQL_STRING:
		return args[0];
	case CESQL_CONCAT:
		return join(m, (struct rh_cesql_text){"", 0}, args, count);
	case CESQL_CONCAT_WS:
		return join(m, args[0].text, args + 1, count - 1);
	case CESQL_LEFT:
		return one_end(m, args[0].text, args[1].integer, false);
	case CESQL_RIGHT:
		return one_end(m, args[0].text, args[1].integer, true);
	case CESQL_LENGTH:
		return integer((int32_t)cesql_text_length(args[0].text));
	case CESQL_LOWER:
		return in_case(m, args[0].text, false);
	case CESQL_UPPER:
		return in_case(m, args[0].text, true);
	case CESQL_SUBSTRING:
		return substring(m, args[0].text, args[1].integer, count == 3 ? args[2].integer : INT32_MAX);
	case CESQL_TRIM:
		return string(cesql_text_trim(args[0].text));
	case CESQL_CONTAINS: /* steps of their own */
	case CESQL_HOLDS:
	case CESQL_JSON:
	case CESQL_MATCHES:
	case CESQL_FUNCTION_COUNT:
		break;
	}
	__builtin_unreachable();
}
