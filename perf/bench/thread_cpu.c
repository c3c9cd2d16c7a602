#include "perf/bench/thread_cpu.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static bool line_read(const char *tid, const char *file, char *out, size_t room)
{
	char path[320];
	bool ok;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/self/task/%s/%s", tid, file);
	f = fopen(path, "r");
	if (!f)
		return false;
	ok = fgets(out, (int)room, f) != NULL;
	(void)fclose(f);
	return ok;
}

uint64_t perf_thread_cpu_ns(const char *name)
{
	unsigned long long ns = 0;
	DIR *dir = opendir("/proc/self/task");
	struct dirent *entry;
	char line[128];

	if (!dir)
		return 0;
	while ((entry = readdir(dir))) {
		if (!line_read(entry->d_name, "comm", line, sizeof(line)) || !strstr(line, name))
			continue;
		if (line_read(entry->d_name, "schedstat", line, sizeof(line)) &&
			sscanf(line, "%llu", &ns) == 1)
			break;
	}
	(void)closedir(dir);
	return ns;
}
