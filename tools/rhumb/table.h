#pragma once

/* JSON for people: rows as aligned columns, objects as aligned fields. Text from the network is escaped. */

#include <jansson.h>
#include <stdio.h>

/* @columns: keys, separated by spaces; each is the heading of its column. Numbers stand right, everything else left. */
void cli_table_print(FILE *out, const json_t *rows, const char *columns);
/* "key  value" a line; lists and objects take a line for each member. */
void cli_fields_print(FILE *out, const json_t *object);
/* A value as one cell; the string is the caller's, NULL when out of memory. */
char *cli_cell(const json_t *value);
