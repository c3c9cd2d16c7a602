#include "dataplane/api/drop.h"

struct drop_row {
	enum dp_drop_level level;
	const char *name, *help;
};

static const struct drop_row rows[DP_DROP_COUNT] = {
	[DP_DROP_NONE] = {DP_DROP_LEVEL_COUNT, "none", "not dropped"},
#define X(id, name, help) [DP_DROP_FRAME_##id] = {DP_DROP_LEVEL_COUNT, name, help},
	RH_FRAME_ERRORS(X)
#undef X
#define X(id, level, name, help) [DP_DROP_##id] = {DP_DROP_##level, name, help},
		DP_DROPS(X)
#undef X
};

/* Codec errors become drop reasons by their number alone. */
#define X(id, name, help)                                                                          \
	_Static_assert((int)DP_DROP_FRAME_##id == (int)RH_FRAME_##id, "same number as the "        \
								      "codec's");
RH_FRAME_ERRORS(X)
#undef X

static const struct drop_row unknown = {DP_DROP_LEVEL_COUNT, "unknown", "no such reason"};

static const struct drop_row *row_of(enum dp_drop reason)
{
	return (unsigned)reason < DP_DROP_COUNT ? &rows[reason] : &unknown;
}

const char *dp_drop_name(enum dp_drop reason)
{
	return row_of(reason)->name;
}

const char *dp_drop_help(enum dp_drop reason)
{
	return row_of(reason)->help;
}

enum dp_drop_level dp_drop_level(enum dp_drop reason)
{
	return row_of(reason)->level;
}
