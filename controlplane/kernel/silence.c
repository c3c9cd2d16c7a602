#include "controlplane/kernel/silence.h"

#include "dataplane/base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ALL_RP_FILTER "/proc/sys/net/ipv4/conf/all/rp_filter"

static const struct {
	const char *dir, *name, *value;
} settings[CP_SILENCE_PER_IFACE] = {
	{"/proc/sys/net/ipv4/conf", "arp_ignore", "8"},
	{"/proc/sys/net/ipv4/conf", "rp_filter", "1"},
	{"/proc/sys/net/ipv6/conf", "disable_ipv6", "1"},
};

static int value_read(const struct cp_silence *s, const char *path, char value[16])
{
	char full[PATH_MAX];
	FILE *f;
	int ret = 0;

	(void)snprintf(full, sizeof(full), "%s%s", s->root, path);
	f = fopen(full, "re");
	if (!f)
		return -errno;
	if (fscanf(f, "%15s", value) != 1)
		ret = -ENODATA;
	(void)fclose(f);
	return ret;
}

static int value_write(const struct cp_silence *s, const char *path, const char *value)
{
	char full[PATH_MAX];
	int fd, ret = 0;

	(void)snprintf(full, sizeof(full), "%s%s", s->root, path);
	fd = open(full, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, value, strlen(value)) < 0)
		ret = -errno;
	(void)close(fd);
	return ret;
}

/* The namespace as a number that differs from that of any other alive. */
static unsigned long netns_id(void)
{
	struct stat st;

	return stat("/proc/self/ns/net", &st) == 0 ? st.st_ino : 0;
}

static int state_write(const struct cp_silence *s, struct rh_error *err)
{
	char next[PATH_MAX + 8];
	FILE *f;
	int ret;

	(void)snprintf(next, sizeof(next), "%s.new", s->state);
	f = fopen(next, "we");
	if (!f)
		return rh_error_set(err, errno, "cannot write %s: %s", next, strerror(errno));
	(void)fprintf(f, "netns %lu\n", netns_id());
	for (uint32_t i = 0; i < s->count; i++)
		(void)fprintf(f, "%s %s\n", s->saved[i].path, s->saved[i].value);
	ret = fflush(f) || ferror(f) ? -EIO : 0;
	if (fclose(f) || ret || rename(next, s->state) < 0)
		return rh_error_set(err, EIO, "cannot write %s: %s", s->state, strerror(errno));
	return 0;
}

/* Values go back in reverse order; an interface that went away took its settings along. */
static void put_back(struct cp_silence *s, uint32_t down_to)
{
	while (s->count > down_to) {
		const struct cp_silence_saved *saved = &s->saved[--s->count];
		int ret = value_write(s, saved->path, saved->value);

		if (ret && ret != -ENOENT)
			rh_log_error(KERNEL, "cannot restore %s to %s: %s", saved->path, saved->value,
				strerror(-ret));
	}
}

static bool path_is_ours(const char *path)
{
	return (strncmp(path, "/proc/sys/net/ipv4/conf/", 24) == 0 ||
		       strncmp(path, "/proc/sys/net/ipv6/conf/", 24) == 0) &&
	       !strstr(path, "..");
}

static void recover(struct cp_silence *s)
{
	struct cp_silence_saved *saved;
	unsigned long netns = 0;
	FILE *f = fopen(s->state, "re");

	if (!f)
		return;
	if (fscanf(f, "netns %lu\n", &netns) == 1 && netns == netns_id()) {
		while (s->count < CP_SILENCE_MAX) {
			saved = &s->saved[s->count];
			if (fscanf(f, "%95s %15s\n", saved->path, saved->value) != 2)
				break;
			s->count += path_is_ours(saved->path);
		}
		rh_log_info(KERNEL, "restoring %u settings that a killed rhumbd left changed (%s)",
			s->count, s->state);
		put_back(s, 0);
	} else {
		rh_log_warn(KERNEL, "%s belongs to another network namespace: not used", s->state);
	}
	(void)fclose(f);
	(void)unlink(s->state);
}

int cp_silence_init(struct cp_silence *s, const char *root, const char *state, struct rh_error *err)
{
	char dir[PATH_MAX];

	memset(s, 0, sizeof(*s));
	(void)snprintf(s->root, sizeof(s->root), "%s", root);
	(void)snprintf(s->state, sizeof(s->state), "%s", state);
	(void)snprintf(dir, sizeof(dir), "%s", state);
	if (mkdir(dirname(dir), 0755) < 0 && errno != EEXIST)
		return rh_error_set(err, errno, "cannot create %s: %s: run rhumbd as root", dir,
			strerror(errno));
	recover(s);
	return 0;
}

static void warn_loose(const struct cp_silence *s, const char *iface)
{
	char all[16];

	/* The kernel takes the larger of `all` and the interface's, and 2 is the loose test. */
	if (value_read(s, ALL_RP_FILTER, all) == 0 && strcmp(all, "2") == 0)
		rh_log_warn(KERNEL,
			"net.ipv4.conf.all.rp_filter=2 overrides the strict filter on %s, so the kernel may answer "
			"publishers with port-unreachable: sysctl -w net.ipv4.conf.all.rp_filter=0",
			iface);
}

static int save(struct cp_silence *s, const char *iface, struct rh_error *err)
{
	for (size_t i = 0; i < RH_ARRAY_LEN(settings); i++) {
		struct cp_silence_saved *saved = &s->saved[s->count];
		int ret;

		(void)snprintf(saved->path, sizeof(saved->path), "%s/%s/%s", settings[i].dir, iface,
			settings[i].name);
		ret = value_read(s, saved->path, saved->value);
		if (ret == -ENOENT && strcmp(settings[i].name, "disable_ipv6") == 0)
			continue; /* a kernel without IPv6 */
		if (ret)
			return rh_error_set(
				err, -ret, "cannot read %s: %s", saved->path, strerror(-ret));
		s->count++;
	}
	return 0;
}

static const char *silent_value(const char *path)
{
	const char *name = strrchr(path, '/') + 1;

	for (size_t i = 0; i < RH_ARRAY_LEN(settings); i++)
		if (strcmp(settings[i].name, name) == 0)
			return settings[i].value;
	return "0";
}

int cp_silence_add(struct cp_silence *s, const char *iface, struct rh_error *err)
{
	uint32_t first = s->count;
	int ret;

	if (s->count + CP_SILENCE_PER_IFACE > CP_SILENCE_MAX)
		return rh_error_set(err, ENOSPC, "more than %d interfaces to silence", DP_LIMIT_PORTS);
	ret = save(s, iface, err);
	if (!ret)
		ret = state_write(s, err);
	if (ret) {
		s->count = first;
		return ret;
	}
	warn_loose(s, iface);
	for (uint32_t i = first; !ret && i < s->count; i++) {
		ret = value_write(s, s->saved[i].path, silent_value(s->saved[i].path));
		if (ret)
			(void)rh_error_set(err, -ret, "cannot write %s: %s: run rhumbd as root",
				s->saved[i].path, strerror(-ret));
	}
	if (ret)
		put_back(s, first);
	return ret;
}

void cp_silence_fini(struct cp_silence *s)
{
	put_back(s, 0);
	if (s->state[0])
		(void)unlink(s->state);
}
