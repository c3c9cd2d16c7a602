#include "dataplane/port/host.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

int dp_host_read(const char *root, const char *path, char *out, size_t size)
{
	char full[PATH_MAX];
	FILE *f;
	int ret = 0;

	(void)snprintf(full, sizeof(full), "%s%s", root, path);
	f = fopen(full, "re");
	if (!f)
		return -errno;
	if (fgets(out, (int)size, f))
		out[strcspn(out, "\n")] = '\0';
	else
		ret = -ENODATA;
	(void)fclose(f);
	return ret;
}

int dp_host_link(const char *root, const char *path, char *out, size_t size)
{
	char full[PATH_MAX], target[PATH_MAX];
	const char *base;
	ssize_t n;

	(void)snprintf(full, sizeof(full), "%s%s", root, path);
	n = readlink(full, target, sizeof(target) - 1);
	if (n < 0)
		return -errno;
	target[n] = '\0';
	base = strrchr(target, '/');
	(void)snprintf(out, size, "%s", base ? base + 1 : target);
	return 0;
}

static uint64_t free_pages_mb(const char *root, const char *kind, uint64_t page_mb)
{
	char path[128], text[32];

	(void)snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/%s/free_hugepages", kind);
	if (dp_host_read(root, path, text, sizeof(text)) < 0)
		return 0;
	return strtoull(text, NULL, 10) * page_mb;
}

uint64_t dp_host_hugepages_free_mb(const char *root)
{
	return free_pages_mb(root, "hugepages-2048kB", 2) +
	       free_pages_mb(root, "hugepages-1048576kB", 1024);
}

/* @list is the kernel's: "0-3,8,10-11". */
static bool list_holds(const char *list, unsigned core)
{
	while (*list) {
		char *end;
		unsigned long first = strtoul(list, &end, 10), last = first;

		if (end == list)
			return false;
		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (core >= first && core <= last)
			return true;
		list = *end == ',' ? end + 1 : end;
		if (*end != ',')
			return false;
	}
	return false;
}

bool dp_host_core_online(const char *root, unsigned core, char *range, size_t size)
{
	if (dp_host_read(root, "/sys/devices/system/cpu/online", range, size) < 0) {
		(void)snprintf(range, size, "unknown");
		return true; /* no list to judge by: EAL will */
	}
	return list_holds(range, core);
}

static int kernel_mtu(const char *iface)
{
	struct ifreq ifr = {0};
	int fd, ret;

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	(void)snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", iface);
	ret = ioctl(fd, SIOCGIFMTU, &ifr) < 0 ? -errno : ifr.ifr_mtu;
	(void)close(fd);
	return ret;
}

int dp_host_iface_mtu(const char *root, const char *iface)
{
	char path[128], text[16];

	if (!*root)
		return kernel_mtu(iface);
	(void)snprintf(path, sizeof(path), "/sys/class/net/%s/mtu", iface);
	return dp_host_read(root, path, text, sizeof(text)) < 0 ? -ENODEV : atoi(text);
}
