#include "dataplane/frame/status.h"

static const char *const names[RH_FRAME_ERROR_COUNT] = {"ok",
#define X(id, name, help) [RH_FRAME_##id] = name,
	RH_FRAME_ERRORS(X)
#undef X
};

static const char *const helps[RH_FRAME_ERROR_COUNT] = {"ok",
#define X(id, name, help) [RH_FRAME_##id] = help,
	RH_FRAME_ERRORS(X)
#undef X
};

const char *rh_frame_error_name(enum rh_frame_error error)
{
	return names[error];
}

const char *rh_frame_error_help(enum rh_frame_error error)
{
	return helps[error];
}
