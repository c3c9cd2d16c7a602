#include "dataplane/port/prefix_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* An owner that stops just then removes the file once. */
#define RETRIES 8

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

/* Did the owner before us remove the file that we opened? Then our lock is on nothing. */
static bool lock_is_stale(int fd, const char *path)
{
	struct stat held, now;

	return fstat(fd, &held) < 0 || stat(path, &now) < 0 || held.st_ino != now.st_ino;
}

/* -EAGAIN: take it again. */
static int lock_try(struct dp_prefix_lock *lock, const char *prefix, struct rh_error *err)
{
	int ret = 0;

	lock->fd = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (lock->fd < 0)
		return rh_error_set(err, errno, "cannot open %s: %s: run rhumbd as root", lock->path,
			strerror(errno));
	if (flock(lock->fd, LOCK_EX | LOCK_NB) < 0)
		ret = errno == EWOULDBLOCK ? lock_busy(lock->fd, lock->path, prefix, err)
					   : rh_error_set(err, errno, "cannot lock %s: %s",
						     lock->path, strerror(errno));
	else if (lock_is_stale(lock->fd, lock->path))
		ret = rh_error_set(err, EAGAIN, "%s comes and goes", lock->path);
	else
		ret = lock_sign(lock->fd, lock->path, err);
	if (ret) {
		(void)close(lock->fd);
		lock->fd = -1;
	}
	return ret;
}

int dp_prefix_lock(
	struct dp_prefix_lock *lock, const char *dir, const char *prefix, struct rh_error *err)
{
	int ret;

	lock->fd = -1;
	ret = prefix_check(prefix, err);
	if (ret)
		return ret;
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return rh_error_set(err, errno, "cannot create %s: %s: run rhumbd as root", dir,
			strerror(errno));
	(void)snprintf(lock->path, sizeof(lock->path), "%s/%s.lock", dir, prefix);
	ret = -EAGAIN;
	for (int i = 0; ret == -EAGAIN && i < RETRIES; i++)
		ret = lock_try(lock, prefix, err);
	return ret;
}

void dp_prefix_unlock(struct dp_prefix_lock *lock)
{
	if (lock->fd < 0)
		return;
	(void)unlink(lock->path);
	(void)close(lock->fd);
	lock->fd = -1;
}
