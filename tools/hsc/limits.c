#include "tools/hsc/hsc_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* X(option, field, default, least, most) */
#define OPTIONS(X)                                                                                 \
	X("--parent", parent, 0, 0, INT32_MAX)                                                     \
	X("--nice", nice, 0, 0, 19)                                                                \
	X("--memory-mb", memory_mb, 512, 1, 1 << 20)                                               \
	X("--check-ms", check_ms, 1000, 1, 600000)                                                 \
	X("--set-ms", set_ms, 30000, 1, 600000)                                                    \
	X("--pattern-kb", pattern_kb, 1024, 1, 1 << 20)                                            \
	X("--set-mb", set_mb, 63, 1, 63)                                                           \
	X("--cycles-per-byte", cycles_per_byte, 30, 1, 1000000)                                    \
	X("--set-cycles-per-byte", set_cycles_per_byte, 120, 1, 1000000)

struct option_row {
	const char *name;
	size_t offset;
	long least, most;
};

static const struct option_row rows[] = {
#define X(option, field, value, least, most)                                                       \
	{option, offsetof(struct hsc_limits, field), least, most},
	OPTIONS(X)
#undef X
};

static const struct option_row *row_find(const char *name)
{
	for (size_t i = 0; i < RH_ARRAY_LEN(rows); i++) {
		if (!strcmp(rows[i].name, name))
			return &rows[i];
	}
	return NULL;
}

static int option_set(
	struct hsc_limits *limits, const char *name, const char *value, struct rh_error *err)
{
	const struct option_row *row = row_find(name);
	uint32_t number;
	char *end;
	long n;

	if (!row)
		return rh_error_set(err, EINVAL,
			"unknown option %s: see rhumb-hsc in docs/content-patterns.md", name);
	if (!value)
		return rh_error_set(err, EINVAL, "%s wants a number behind it", name);
	errno = 0;
	n = strtol(value, &end, 10);
	if (errno || end == value || *end || n < row->least || n > row->most)
		return rh_error_set(err, EINVAL, "%s %s: use a number from %ld to %ld", name, value,
			row->least, row->most);
	number = (uint32_t)n;
	memcpy((char *)limits + row->offset, &number, sizeof(number));
	return 0;
}

int hsc_limits_parse(int argc, char **argv, struct hsc_limits *out, struct rh_error *err)
{
	struct hsc_limits limits = {
#define X(option, field, value, least, most) .field = value,
		OPTIONS(X)
#undef X
	};
	int ret;

	for (int i = 1; i < argc; i += 2) {
		ret = option_set(&limits, argv[i], i + 1 < argc ? argv[i + 1] : NULL, err);
		if (ret < 0)
			return ret;
	}
	*out = limits;
	return 0;
}
