#include "tools/rhumb/attribute.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Digits alone, behind one sign at most: strtol takes more. */
static bool is_integer(const char *text, long *out)
{
	const char *digits = text + (*text == '-');
	char *end;

	errno = 0;
	*out = strtol(text, &end, 10);
	return *digits && strspn(digits, "0123456789") == strlen(digits) && !errno && *out >= INT32_MIN && *out <= INT32_MAX;
}

static json_t *integer_of(const struct cli *cli, const char *text, const char *value)
{
	long integer;

	if (is_integer(value, &integer))
		return json_integer(integer);
	(void)cli_fail(cli, CLI_USAGE, "--attr %s: '%s' is no integer: -2147483648 to 2147483647 are right", text, value);
	return NULL;
}

static json_t *boolean_of(const struct cli *cli, const char *text, const char *value)
{
	if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0)
		return json_boolean(*value == 't');
	(void)cli_fail(cli, CLI_USAGE, "--attr %s: '%s' is no boolean: true or false is right", text, value);
	return NULL;
}

static json_t *string_of(const struct cli *cli, const char *text, const char *value)
{
	json_t *string = json_string(value);

	if (!string)
		(void)cli_fail(cli, CLI_USAGE, "--attr %s: the value is no UTF-8", text);
	return string;
}

/* @type: behind the colon, up to the equals sign; NULL: none. */
static json_t *value_of(const struct cli *cli, const char *text, const char *type, const char *equals)
{
	size_t size = type ? (size_t)(equals - type) : 0;

	if (!type)
		return string_of(cli, text, equals + 1);
	if (size == 3 && memcmp(type, "int", 3) == 0)
		return integer_of(cli, text, equals + 1);
	if (size == 4 && memcmp(type, "bool", 4) == 0)
		return boolean_of(cli, text, equals + 1);
	(void)cli_fail(cli, CLI_USAGE, "--attr %s: type '%.*s' is unknown: int and bool are known, and without one it is a string", text,
		(int)size, type);
	return NULL;
}

int cli_attribute_take(const struct cli *cli, const char *text, json_t *all)
{
	const char *equals = strchr(text, '='), *colon = equals ? memchr(text, ':', (size_t)(equals - text)) : NULL;
	size_t name = (size_t)((colon ? colon : equals) - text);
	json_t *value;

	if (!equals || !name)
		return cli_fail(cli, CLI_USAGE, "--attr %s: NAME=VALUE, NAME:int=VALUE or NAME:bool=VALUE is needed", text);
	if (json_object_getn(all, text, name))
		return cli_fail(cli, CLI_USAGE, "--attr %s: that attribute stands there twice", text);
	value = value_of(cli, text, colon ? colon + 1 : NULL, equals);
	if (!value)
		return CLI_USAGE;
	if (json_object_setn_new(all, text, name, value) < 0)
		return cli_fail(cli, CLI_USAGE, "--attr %s: the name is no UTF-8", text);
	return CLI_OK;
}
