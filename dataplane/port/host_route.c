#include "dataplane/port/host.h"

#include <dirent.h>
#include <limits.h>
#include <net/if.h>
#include <net/route.h>
#include <stdio.h>
#include <string.h>

/* A VLAN on a bond on a port is three; a loop cannot be built, this only bounds a damaged tree. */
#define UPPER_DEPTH 6

/* /proc/net/route: iface destination gateway flags refcnt use metric mask ... */
static bool line_is_default4(const char *line, char iface[16])
{
	unsigned long destination, flags, mask;

	if (sscanf(line, "%15s %lx %*x %lx %*d %*d %*d %lx", iface, &destination, &flags, &mask) != 4)
		return false;
	return destination == 0 && mask == 0 && (flags & RTF_UP) && !(flags & RTF_REJECT);
}

/* /proc/net/ipv6_route: destination prefix source prefix next-hop metric refcnt use flags iface */
static bool line_is_default6(const char *line, char iface[16])
{
	char destination[33];
	unsigned long prefix, flags;

	if (sscanf(line, "%32s %lx %*s %*x %*s %*x %*x %*x %lx %15s", destination, &prefix, &flags,
		    iface) != 4)
		return false;
	return prefix == 0 && strspn(destination, "0") == 32 && (flags & RTF_UP) &&
	       !(flags & RTF_REJECT) && strcmp(iface, "lo") != 0;
}

static bool file_names(const char *root, const char *path, const char *wanted,
	bool (*is_default)(const char *, char *))
{
	char full[PATH_MAX], line[512], iface[16];
	bool found = false;
	FILE *f;

	(void)snprintf(full, sizeof(full), "%s%s", root, path);
	f = fopen(full, "re");
	if (!f)
		return false;
	while (!found && fgets(line, sizeof(line), f))
		found = is_default(line, iface) && strcmp(iface, wanted) == 0;
	(void)fclose(f);
	return found;
}

static bool carries(const char *root, const char *iface, unsigned depth, char *via, size_t size)
{
	char full[PATH_MAX];
	const struct dirent *entry;
	bool found = false;
	DIR *dir;

	if (file_names(root, "/proc/net/route", iface, line_is_default4) ||
		file_names(root, "/proc/net/ipv6_route", iface, line_is_default6)) {
		(void)snprintf(via, size, "%s", iface);
		return true;
	}
	(void)snprintf(full, sizeof(full), "%s/sys/class/net/%s", root, iface);
	dir = depth < UPPER_DEPTH ? opendir(full) : NULL;
	if (!dir)
		return false;
	while (!found && (entry = readdir(dir)))
		if (strncmp(entry->d_name, "upper_", 6) == 0)
			found = carries(root, entry->d_name + 6, depth + 1, via, size);
	(void)closedir(dir);
	return found;
}

bool dp_host_default_route(const char *root, const char *iface, char *via, size_t size)
{
	return carries(root, iface, 0, via, size);
}
