#include "tools/rhumb/table.h"

#include "dataplane/base/compiler.h"
#include "dataplane/base/utf8.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 32
#define KEY_MAX	    40

static void text_write(FILE *to, const char *text, size_t len)
{
	if (!len)
		fputs("\"\"", to);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c == 0x7f)
			fprintf(to, "\\x%02x", c);
		else
			fputc(c, to);
	}
}

static void value_write(FILE *to, const json_t *value);

static void list_write(FILE *to, const json_t *list)
{
	size_t i;
	json_t *item;

	if (!json_array_size(list))
		fputc('-', to);
	json_array_foreach((json_t *)list, i, item) {
		if (i)
			fputc(',', to);
		value_write(to, item);
	}
}

static void object_write(FILE *to, const json_t *object)
{
	const char *key;
	json_t *item;
	bool first = true;

	if (!json_object_size(object))
		fputc('-', to);
	json_object_foreach((json_t *)object, key, item) {
		fprintf(to, "%s%s=", first ? "" : ",", key);
		value_write(to, item);
		first = false;
	}
}

static void value_write(FILE *to, const json_t *value)
{
	switch (value ? json_typeof(value) : JSON_NULL) {
	case JSON_STRING:
		text_write(to, json_string_value(value), json_string_length(value));
		break;
	case JSON_INTEGER:
		fprintf(to, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
		break;
	case JSON_REAL:
		fprintf(to, "%.2f", json_real_value(value));
		break;
	case JSON_TRUE:
		fputs("yes", to);
		break;
	case JSON_FALSE:
		fputs("no", to);
		break;
	case JSON_ARRAY:
		list_write(to, value);
		break;
	case JSON_OBJECT:
		object_write(to, value);
		break;
	case JSON_NULL:
		fputc('-', to);
	}
}

char *cli_cell(const json_t *value)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	if (!to)
		return NULL;
	value_write(to, value);
	(void)fclose(to);
	return text;
}

/* Columns on a terminal: code points, which is right for what most topics hold. */
static int width_of(const char *text)
{
	int width = 0;

	for (; *text; text++)
		width += !rh_utf8_continues((uint8_t)*text);
	return width;
}

struct column {
	char key[KEY_MAX];
	int width;
	bool right;
};

static size_t columns_cut(const char *names, struct column *columns)
{
	size_t count = 0, len;

	for (; *names && count < COLUMNS_MAX; names += len + (names[len] == ' ')) {
		len = strcspn(names, " ");
		columns[count] = (struct column){.width = (int)len};
		(void)snprintf(columns[count].key, KEY_MAX, "%.*s", (int)len, names);
		count++;
	}
	return count;
}

static void columns_measure(struct column *columns, size_t count, const json_t *rows)
{
	size_t i;
	json_t *row;

	json_array_foreach((json_t *)rows, i, row) {
		for (size_t k = 0; k < count; k++) {
			const json_t *value = json_object_get(row, columns[k].key);
			char *cell = cli_cell(value);
			int width = cell ? width_of(cell) : 0;

			columns[k].width = width > columns[k].width ? width : columns[k].width;
			columns[k].right |= json_is_number(value);
			free(cell);
		}
	}
}

static void cell_print(FILE *out, const struct column *c, const char *text, bool last)
{
	int pad = c->width - width_of(text);

	if (c->right)
		fprintf(out, "%*s%s", pad, "", text);
	else if (last)
		fputs(text, out);
	else
		fprintf(out, "%s%*s", text, pad, "");
	fputs(last ? "\n" : "  ", out);
}

void cli_table_print(FILE *out, const json_t *rows, const char *names)
{
	struct column columns[COLUMNS_MAX];
	size_t count = columns_cut(names, columns), i;
	json_t *row;

	columns_measure(columns, count, rows);
	for (size_t k = 0; k < count; k++)
		cell_print(out, &columns[k], columns[k].key, k + 1 == count);
	json_array_foreach((json_t *)rows, i, row) {
		for (size_t k = 0; k < count; k++) {
			char *cell = cli_cell(json_object_get(row, columns[k].key));

			cell_print(out, &columns[k], cell ? cell : "", k + 1 == count);
			free(cell);
		}
	}
}

static void field_print(FILE *out, int width, const char *key, const json_t *value)
{
	char *cell = cli_cell(value);

	fprintf(out, "%-*s  %s\n", width, key, cell ? cell : "");
	free(cell);
}

static void members_print(FILE *out, int width, const char *key, const json_t *list)
{
	size_t i;
	json_t *item;

	json_array_foreach((json_t *)list, i, item)
		field_print(out, width, i ? "" : key, item);
}

void cli_fields_print(FILE *out, const json_t *object)
{
	const char *key;
	json_t *value;
	int width = 0;

	json_object_foreach((json_t *)object, key, value)
		width = width_of(key) > width ? width_of(key) : width;
	json_object_foreach((json_t *)object, key, value) {
		if (json_is_array(value) && json_array_size(value))
			members_print(out, width, key, value);
		else
			field_print(out, width, key, value);
	}
}
