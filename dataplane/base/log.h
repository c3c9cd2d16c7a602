#pragma once

/*
 * Log lines on stderr: "<time> <level> <room>: <text>". One level per room, changed at run time
 * (`rhumb log level ROOM LEVEL`). Never called from a worker (tests/lint checks symbols).
 */

#include "dataplane/base/compiler.h"

#include <stdbool.h>

enum rh_log_level { RH_LOG_ERROR, RH_LOG_WARN, RH_LOG_INFO, RH_LOG_DEBUG, RH_LOG_LEVEL_COUNT };

/* X(id, name): the rooms a level can be set for. */
#define RH_LOG_ROOMS(X)                                                                            \
	X(MAIN, "main")                                                                            \
	X(PORT, "port")                                                                            \
	X(WORKER, "worker")                                                                        \
	X(MATCH, "match")                                                                          \
	X(CONF, "conf")                                                                            \
	X(CTL, "ctl")                                                                              \
	X(SESSION, "session")                                                                      \
	X(SUBS, "subs")                                                                            \
	X(KERNEL, "kernel")                                                                        \
	X(TELEMETRY, "telemetry")

enum rh_log_room {
#define X(id, name) RH_LOG_##id,
	RH_LOG_ROOMS(X)
#undef X
	RH_LOG_ROOM_COUNT
};

/* Ctx: any but worker. Names are as in RH_LOG_ROOMS; levels error, warn, info, debug. -ENOENT when unknown. */
int rh_log_set_level(const char *room, const char *level);
const char *rh_log_room_name(enum rh_log_room room);
const char *rh_log_level_name(enum rh_log_level level);
enum rh_log_level rh_log_get_level(enum rh_log_room room);

void rh_log(enum rh_log_room room, enum rh_log_level level, const char *fmt, ...) rh_printf(3, 4);

#define rh_log_error(room, ...) rh_log(RH_LOG_##room, RH_LOG_ERROR, __VA_ARGS__)
#define rh_log_warn(room, ...)	rh_log(RH_LOG_##room, RH_LOG_WARN, __VA_ARGS__)
#define rh_log_info(room, ...)	rh_log(RH_LOG_##room, RH_LOG_INFO, __VA_ARGS__)
#define rh_log_debug(room, ...) rh_log(RH_LOG_##room, RH_LOG_DEBUG, __VA_ARGS__)
