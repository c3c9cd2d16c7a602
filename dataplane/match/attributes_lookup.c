#include "dataplane/frame/event.h"
#include "dataplane/match/judge.h"

#include <string.h>

/* Digits of the longest integer, with its sign. */
#define INTEGER_CHARS 11

/* The canonical form: a minus or nothing, then digits, no zero in front of others (CloudEvents 1.0, Type System). */
static bool read_integer(const struct rh_attribute *from, int32_t *out)
{
	bool minus = from->value_len && from->value[0] == '-';
	uint16_t at = minus;
	int64_t value = 0;

	if (at == from->value_len || from->value_len > INTEGER_CHARS)
		return false;
	for (; at < from->value_len; at++) {
		if (from->value[at] < '0' || from->value[at] > '9')
			return false;
		value = value * 10 + (from->value[at] - '0');
	}
	value = minus ? -value : value;
	if (value < INT32_MIN || value > INT32_MAX)
		return false;
	*out = (int32_t)value;
	return true;
}

static bool read_boolean(const struct rh_attribute *from, bool *out)
{
	*out = from->value_len == 4 && memcmp(from->value, "true", 4) == 0;
	return *out || (from->value_len == 5 && memcmp(from->value, "false", 5) == 0);
}

static struct rh_cesql_value read_value(const struct rh_attribute *from)
{
	struct rh_cesql_value value = {.type = RH_CESQL_TYPE_INTEGER};

	if (from->type == RH_ATTR_INTEGER && read_integer(from, &value.integer))
		return value;
	value.type = RH_CESQL_TYPE_BOOLEAN;
	if (from->type == RH_ATTR_BOOLEAN && read_boolean(from, &value.boolean))
		return value;
	return (struct rh_cesql_value){.type = RH_CESQL_TYPE_STRING, .text = {from->value, from->value_len}};
}

size_t dp_attributes_read(const uint8_t *attributes, size_t len, struct rh_cesql_attribute *out)
{
	struct rh_attribute attribute;
	size_t at = 0, count = 0;

	while (count < DP_ATTRIBUTES_MAX && rh_attribute_next(attributes, len, &at, &attribute))
		out[count++] = (struct rh_cesql_attribute){
			{attribute.name, attribute.name_len}, read_value(&attribute)};
	return count;
}
