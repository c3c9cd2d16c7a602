#include "tests/lib/cesql_event.h"

#include <stdio.h>

#define TEXT(name, bytes)                                                                \
	{                                                                                \
		{(name), sizeof(name) - 1},                                              \
		{                                                                        \
			.type = RH_CESQL_TYPE_STRING, .text = {(bytes), sizeof(bytes) - 1} \
		}                                                                        \
	}

static const struct rh_cesql_attribute attributes[] = {
	TEXT("specversion", "1.0"),
	TEXT("id", "A1"),
	TEXT("source", "/plant/7"),
	TEXT("type", "com.example.made"),
	TEXT("subject", "caf\u00e9 noir"),
	TEXT("sequence", "10"),
	TEXT("empty", ""),
	{{"hop", 3}, {.type = RH_CESQL_TYPE_INTEGER, .integer = 5}},
	{{"low", 3}, {.type = RH_CESQL_TYPE_INTEGER, .integer = INT32_MIN}},
	{{"urgent", 6}, {.type = RH_CESQL_TYPE_BOOLEAN, .boolean = true}},
};

const struct rh_cesql_event cesql_event = {.attribute = attributes, .count = sizeof(attributes) / sizeof(attributes[0])};

void cesql_value_text(struct rh_cesql_value value, char *out, size_t room)
{
	if (value.type == RH_CESQL_TYPE_BOOLEAN)
		(void)snprintf(out, room, "%s", value.boolean ? "TRUE" : "FALSE");
	else if (value.type == RH_CESQL_TYPE_INTEGER)
		(void)snprintf(out, room, "%d", value.integer);
	else
		(void)snprintf(out, room, "'%.*s'", (int)value.text.size, value.text.bytes);
}
