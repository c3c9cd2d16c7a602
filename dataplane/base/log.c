#include "dataplane/base/log.h"

#include "dataplane/base/atomic.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define LINE_MAX_BYTES 1024

static const char *const room_names[] = {
#define X(id, name) [RH_LOG_##id] = name,
	RH_LOG_ROOMS(X)
#undef X
};
static const char *const level_names[] = {"error", "warn", "info", "debug"};

/* Written by the control thread, read by any but workers. */
static int levels[RH_LOG_ROOM_COUNT] = {[0 ... RH_LOG_ROOM_COUNT - 1] = RH_LOG_INFO};

static int name_index(const char *const *names, int count, const char *name)
{
	for (int i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -ENOENT;
}

int rh_log_set_level(const char *room, const char *level)
{
	int r = name_index(room_names, RH_LOG_ROOM_COUNT, room);
	int l = name_index(level_names, RH_LOG_LEVEL_COUNT, level);

	if (r < 0 || l < 0)
		return -ENOENT;
	rh_store_relaxed(&levels[r], l);
	return 0;
}

const char *rh_log_room_name(enum rh_log_room room)
{
	return room_names[room];
}

const char *rh_log_level_name(enum rh_log_level level)
{
	return level_names[level];
}

enum rh_log_level rh_log_get_level(enum rh_log_room room)
{
	return (enum rh_log_level)rh_load_relaxed(&levels[room]);
}

void rh_log(enum rh_log_room room, enum rh_log_level level, const char *fmt, ...)
{
	char line[LINE_MAX_BYTES], when[32];
	struct timespec ts;
	struct tm tm;
	va_list ap;

	if ((int)level > rh_load_relaxed(&levels[room]))
		return;
	(void)clock_gettime(CLOCK_REALTIME, &ts);
	(void)gmtime_r(&ts.tv_sec, &tm);
	(void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	/* One call, so that lines of two threads do not mix. */
	(void)fprintf(stderr, "%s.%03ldZ %-5s %s: %s\n", when, ts.tv_nsec / 1000000, level_names[level],
		room_names[room], line);
}
