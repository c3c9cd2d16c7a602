#include "dataplane/port/prefix_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int prefix_check(const char *prefix, struct rh_error *err)
{
	if (prefix && *prefix && !strchr(prefix, '/') && prefix[0] != '.' && strlen(prefix) < 48)
		return 0;
	return rh_error_set(err, EINVAL,
		"file prefix '%s' cannot be used: give 1 to 47 characters without '/', not starting with '.'",
		prefix ? prefix : "");
}

static int lock_busy(int fd, const char *path, const char *prefix, struct rh_error *err)
{
	char owner[16] = "";
	ssize_t n = pread(fd, owner, sizeof(owner) - 1, 0);
	long pid = n > 0 ? strtol(owner, NULL, 10) : 0;

	if (pid <= 0)
		return rh_error_set(err, EBUSY,
			"file prefix '%s' is in use by another process (%s): stop it or choose another prefix",
			prefix, path);
	return rh_error_set(err, EBUSY,
		"file prefix '%s' is in use by process %ld (%s): stop it or choose another prefix", prefix,
		pid, path);
}

static int lock_sign(int fd, const char *path, struct rh_error *err)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%d\n", (int)getpid());

	if (ftruncate(fd, 0) == 0 && pwrite(fd, text, len, 0) == len)
		return 0;
	return rh_error_set(err, EIO, "cannot write %s: %s", path, strerror(errno));
}

int dp_prefix_lock(const char *dir, const char *prefix, struct rh_error *err)
{
	char path[PATH_MAX];
	int fd, ret;

	ret = prefix_check(prefix, err);
	if (ret)
		return ret;
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return rh_error_set(err, errno, "cannot create %s: %s: run rhumbd as root", dir,
			strerror(errno));
	(void)snprintf(path, sizeof(path), "%s/%s.lock", dir, prefix);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return rh_error_set(err, errno, "cannot open %s: %s: run rhumbd as root", path,
			strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		ret = errno == EWOULDBLOCK ? lock_busy(fd, path, prefix, err)
					   : rh_error_set(err, errno, "cannot lock %s: %s", path,
						     strerror(errno));
	else
		ret = lock_sign(fd, path, err);
	if (ret) {
		(void)close(fd);
		return ret;
	}
	return fd;
}
