#include "perf/gen/options.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int whole_parse(const char *text, uint64_t most, uint64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	return end == text || *end || text[0] == '-' || errno || *out > most ? -EINVAL : 0;
}

static int number_parse(const char *text, double *out)
{
	char *end;

	*out = strtod(text, &end);
	return end == text || *end || !(*out >= 0) ? -EINVAL : 0;
}

static int value_set(const struct option_row *row, const char *text)
{
	uint64_t whole = 0;
	int ret = 0;

	switch (row->kind) {
	case OPTION_U32:
		ret = whole_parse(text, UINT32_MAX, &whole);
		*(uint32_t *)row->at = (uint32_t)whole;
		return ret;
	case OPTION_U64: return whole_parse(text, UINT64_MAX, row->at);
	case OPTION_NUMBER: return number_parse(text, row->at);
	case OPTION_TEXT: *(const char **)row->at = text; return 0;
	case OPTION_CALL: return row->call(row->at, text);
	default: return -EINVAL;
	}
}

static const struct option_row *row_find(const char *arg, const struct option_row *rows, size_t count)
{
	if (strncmp(arg, "--", 2) != 0)
		return NULL;
	for (size_t i = 0; i < count; i++)
		if (strcmp(arg + 2, rows[i].name) == 0)
			return &rows[i];
	return NULL;
}

int options_family(void *at, const char *text)
{
	static const char *const names[WORKLOAD_FAMILY_COUNT] = {"plant", "exact", "shapes", "hostile", "mixed"};

	for (int f = 0; f < WORKLOAD_FAMILY_COUNT; f++)
		if (strcmp(text, names[f]) == 0) {
			*(enum workload_family *)at = (enum workload_family)f;
			return 0;
		}
	return -EINVAL;
}

int options_parse(int argc, char **argv, const struct option_row *rows, size_t count, struct rh_error *err)
{
	for (int i = 1; i < argc; i++) {
		const struct option_row *row = row_find(argv[i], rows, count);

		if (!row)
			return rh_error_set(err, EINVAL, "%s: no such option: --help names them", argv[i]);
		if (row->kind == OPTION_ON || row->kind == OPTION_OFF) {
			*(bool *)row->at = row->kind == OPTION_ON;
			continue;
		}
		if (++i == argc)
			return rh_error_set(err, EINVAL, "--%s: a value is missing: %s", row->name, row->help);
		if (value_set(row, argv[i]) < 0)
			return rh_error_set(err, EINVAL, "--%s %s: not a value: %s", row->name, argv[i],
				row->help);
	}
	return 0;
}

void options_print(const char *program, const struct option_row *rows, size_t count)
{
	(void)printf("usage: %s [OPTION VALUE]...\n", program);
	for (size_t i = 0; i < count; i++)
		(void)printf("  --%-16s %s\n", rows[i].name, rows[i].help);
}
