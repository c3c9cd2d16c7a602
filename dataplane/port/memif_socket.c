#include "dataplane/port/memif_socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* 0 when somebody listens, else -errno. memif sockets are of type SEQPACKET. */
static int knock(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd, ret;

	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	ret = connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0 ? -errno : 0;
	(void)close(fd);
	return ret;
}

int dp_memif_socket_look(const char *path, struct rh_error *err)
{
	struct stat st;

	if (lstat(path, &st) < 0 || S_ISSOCK(st.st_mode))
		return 0;
	return rh_error_set(err, EEXIST, "%s exists and is no socket: choose another path", path);
}

int dp_memif_socket_clear(const char *path, struct rh_error *err)
{
	int ret = dp_memif_socket_look(path, err);

	if (ret || access(path, F_OK) < 0)
		return ret;
	if (knock(path) != -ECONNREFUSED)
		return rh_error_set(err, EADDRINUSE, "%s: another process listens there", path);
	return unlink(path) < 0 ? rh_error_set(err, errno, "cannot remove the stale socket %s: %s", path,
					  strerror(errno))
				: 0;
}
