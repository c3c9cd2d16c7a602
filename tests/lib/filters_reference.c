#include "tests/lib/filters_reference.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PICK(rnd, list) ((list)[rnd_below(rnd, sizeof(list) / sizeof((list)[0]))])

static const char *const names[] = {"id", "hop", "low", "urgent", "sequence", "subject", "nothere", "type", "source"};
/* Whole values, beginnings and ends of those of tests/lib/cesql_event.c, and what quotes and LIKE are mean about. */
static const char *const values[] = {"A1", "A", "1", "5", "-2147483648", "-21", "true", "t", "e", "True", "10", "0", "caf\u00e9 noir", "caf\u00e9", "caf",
	"noir", "com.example.made", "com.", ".made", "/plant/7", "/", "C:\\dir\\", "C:\\", "\\", "\\\\", "\\dir\\", "100%", "%", "_", "a_b",
	"\\%", "\\'", "\\\"", "\\'\\\"\\'", "it's \"x\"", "\\'x\\\"\\", "\U0001f600", "x\\"};

static json_t *random_attributes(struct rnd *rnd)
{
	json_t *object = json_object();

	for (unsigned n = 1 + rnd_below(rnd, 3) / 2; n; n--)
		json_object_set_new(object, PICK(rnd, names), json_string(PICK(rnd, values)));
	return object;
}

static json_t *random_sql(struct rnd *rnd, struct ref_sql *sql)
{
	struct ref_expr *expr;

	if (sql->count == REF_SQL_MAX)
		return NULL;
	expr = ref_expr_random(rnd, rnd_below(rnd, 3));
	if (ref_expr_text(rnd, expr, sql->one[sql->count].text, 500) < 0) {
		ref_expr_free(expr);
		return NULL;
	}
	sql->one[sql->count].expr = expr;
	return json_string(sql->one[sql->count++].text);
}

static json_t *random_filter(struct rnd *rnd, struct ref_sql *sql, unsigned depth)
{
	static const char *const attribute_dialects[] = {"exact", "prefix", "suffix"};
	json_t *value = NULL;

	switch (depth ? rnd_below(rnd, 8) : rnd_below(rnd, 4)) {
	case 0:
		value = random_sql(rnd, sql);
		if (value)
			return json_pack("{s:o}", "sql", value);
		__attribute__((fallthrough));
	case 1:
	case 2:
	case 3:
		return json_pack("{s:o}", PICK(rnd, attribute_dialects), random_attributes(rnd));
	case 4:
	case 5:
		return json_pack("{s:o}", "not", random_filter(rnd, sql, depth - 1));
	default:
		value = json_array();
		for (unsigned n = 1 + rnd_below(rnd, 3); n; n--)
			json_array_append_new(value, random_filter(rnd, sql, depth - 1));
		return json_pack("{s:o}", rnd_below(rnd, 2) ? "all" : "any", value);
	}
}

json_t *ref_filters_random(struct rnd *rnd, struct ref_sql *sql)
{
	json_t *array;

	sql->count = 0;
	if (rnd_below(rnd, 2))
		return random_filter(rnd, sql, rnd_below(rnd, 5));
	array = json_array();
	for (unsigned n = rnd_below(rnd, 3); n; n--)
		json_array_append_new(array, random_filter(rnd, sql, rnd_below(rnd, 4)));
	return array;
}

void ref_sql_fini(struct ref_sql *sql)
{
	while (sql->count)
		ref_expr_free(sql->one[--sql->count].expr);
}

/* The attribute as a string; false when it is missing. */
static bool attribute_text(const struct rh_cesql_event *event, const char *name, char *out, size_t room)
{
	for (size_t i = 0; i < event->count; i++) {
		struct rh_cesql_text key = event->attribute[i].name;
		struct rh_cesql_value value = event->attribute[i].value;

		if (key.size != strlen(name) || memcmp(key.bytes, name, key.size) != 0)
			continue;
		if (value.type == RH_CESQL_TYPE_STRING)
			(void)snprintf(out, room, "%.*s", (int)value.text.size, value.text.bytes);
		else if (value.type == RH_CESQL_TYPE_INTEGER)
			(void)snprintf(out, room, "%d", value.integer);
		else
			(void)snprintf(out, room, "%s", value.boolean ? "true" : "false");
		return true;
	}
	return false;
}

static bool fits(const char *dialect, const char *text, const char *value)
{
	size_t size = strlen(value), all = strlen(text);

	if (*dialect == 'e')
		return strcmp(text, value) == 0;
	return size <= all && strncmp(*dialect == 'p' ? text : text + all - size, value, size) == 0;
}

static bool sql_value(const char *text, const struct ref_sql *sql, const struct rh_cesql_event *event)
{
	static struct ref_value value;

	for (unsigned i = 0; i < sql->count; i++)
		if (strcmp(sql->one[i].text, text) == 0) {
			ref_expr_value(sql->one[i].expr, event, &value);
			return !value.error && value.type == RH_CESQL_TYPE_BOOLEAN && value.integer;
		}
	abort();
}

bool ref_filters_value(const json_t *filters, const struct ref_sql *sql, const struct rh_cesql_event *event)
{
	const char *dialect, *name;
	json_t *inner, *value;
	char text[256];
	size_t i;

	if (json_is_array(filters)) {
		json_array_foreach(filters, i, inner)
			if (!ref_filters_value(inner, sql, event))
				return false;
		return true;
	}
	dialect = json_object_iter_key(json_object_iter((json_t *)filters));
	inner = json_object_get(filters, dialect);
	if (strcmp(dialect, "not") == 0)
		return !ref_filters_value(inner, sql, event);
	if (strcmp(dialect, "sql") == 0)
		return sql_value(json_string_value(inner), sql, event);
	if (strcmp(dialect, "all") == 0)
		return ref_filters_value(inner, sql, event);
	if (strcmp(dialect, "any") == 0) {
		json_array_foreach(inner, i, value)
			if (ref_filters_value(value, sql, event))
				return true;
		return false;
	}
	json_object_foreach(inner, name, value)
		if (!attribute_text(event, name, text, sizeof(text)) || !fits(dialect, text, json_string_value(value)))
			return false;
	return true;
}
