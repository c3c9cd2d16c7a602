/* What stands at a pointer, as a value of CESQL. */

#include "dataplane/cesql/machine.h"

#include "dataplane/cesql/payload.h"

#include <string.h>

static bool take_string(struct machine *m, const char *string, const struct json_piece *piece, struct rh_cesql_text *out)
{
	char *room, *to;

	*out = (struct rh_cesql_text){string, piece->size};
	if (!piece->escaped)
		return true;
	room = to = cesql_room(m, piece->size);
	if (!room)
		return false;
	for (uint32_t i = 0; i < piece->size;) {
		char bytes[4];
		unsigned size = cesql_json_decode(string, &i, bytes);

		if (!bytes[0])
			return cesql_fail(m, RH_CESQL_FUNCTION_EVALUATION, "the string holds U+0000, which none of CESQL does");
		to = mempcpy(to, bytes, size);
	}
	*out = (struct rh_cesql_text){room, (uint32_t)(to - room)};
	return true;
}

/* Digits, with a minus or without, and nothing else: JSON has none with a zero in front. */
static bool take_integer(struct machine *m, const char *text, uint32_t size, int32_t *out)
{
	bool minus = text[0] == '-';
	int64_t value = 0;

	for (uint32_t i = minus; i < size && value <= INT32_MAX; i++) {
		if (text[i] < '0' || text[i] > '9')
			return cesql_fail(m, RH_CESQL_FUNCTION_EVALUATION, "the number has a fraction or an exponent");
		value = value * 10 + (text[i] - '0');
	}
	value = minus ? -value : value;
	if (value < INT32_MIN || value > INT32_MAX)
		return cesql_fail(m, RH_CESQL_FUNCTION_EVALUATION, "the number is out of range: -2147483648 to 2147483647 are integers");
	*out = (int32_t)value;
	return true;
}

bool cesql_json_value(struct machine *m, struct rh_cesql_text pointer, const struct rh_cesql_event *event, struct rh_cesql_value *out)
{
	struct rh_cesql_value value = {.type = RH_CESQL_TYPE_BOOLEAN};
	struct json_piece piece;
	const char *why = cesql_payload_find(event, pointer, &piece);

	if (why)
		return cesql_fail(m, RH_CESQL_FUNCTION_EVALUATION, why);
	if (piece.kind == PIECE_NULL)
		return cesql_fail(m, RH_CESQL_FUNCTION_EVALUATION, "null stands there: only strings, integers and truth values can be compared");
	value.boolean = piece.kind == PIECE_TRUE;
	if (piece.kind == PIECE_STRING) {
		value.type = RH_CESQL_TYPE_STRING;
		if (!take_string(m, event->payload.bytes + piece.at, &piece, &value.text))
			return false;
	} else if (piece.kind == PIECE_NUMBER) {
		value.type = RH_CESQL_TYPE_INTEGER;
		if (!take_integer(m, event->payload.bytes + piece.at, piece.size, &value.integer))
			return false;
	}
	*out = value;
	return true;
}
