/*
 * The socket's path: probe who listens there, remove what a dead rhumbd left, bind with mode and
 * group.
 */

#include "controlplane/ctl/socket.h"

#include "controlplane/ctl/ctl_server.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 32

static int address_of(const char *path, struct sockaddr_un *out, struct rh_error *err)
{
	*out = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(out->sun_path))
		return rh_error_set(err, ENAMETOOLONG, "control socket %s: longer than %zu bytes",
			path, sizeof(out->sun_path) - 1);
	memcpy(out->sun_path, path, strlen(path));
	return 0;
}

int ctl_socket_probe(const char *path, struct rh_error *err)
{
	struct sockaddr_un address;
	struct ucred cred = {.pid = 0};
	socklen_t len = sizeof(cred);
	int fd, rc = address_of(path, &address, err);

	if (rc < 0)
		return rc;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return rh_error_set(err, errno, "control socket %s: %s", path, strerror(errno));
	/* EAGAIN: it listens and its queue is full. */
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 || errno == EAGAIN) {
		(void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len);
		rc = rh_error_set(err, EADDRINUSE,
			"control socket %s: another rhumbd (pid %d) listens there: stop it, or "
			"give this one its own control/socket",
			path, (int)cred.pid);
	}
	(void)close(fd);
	return rc;
}

/* A socket nobody listens at goes; anything else that lies there stays and is named. */
static int remove_stale(const char *path, struct rh_error *err)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return rh_error_set(err, EEXIST,
			"control socket %s: a file lies there that is no socket: move it away",
			path);
	if (unlink(path) != 0 && errno != ENOENT)
		return rh_error_set(err, errno,
			"control socket %s: cannot remove the stale one: %s", path,
			strerror(errno));
	return 0;
}

static int make_folder(const char *path, struct rh_error *err)
{
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char *slash;

	(void)snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash == NULL || slash == folder)
		return 0;
	*slash = '\0';
	if (mkdir(folder, 0755) != 0 && errno != EEXIST)
		return rh_error_set(err, errno, "control socket %s: cannot make folder %s: %s",
			path, folder, strerror(errno));
	return 0;
}

static int give_to_group(const char *path, const char *group, gid_t *gid, struct rh_error *err)
{
	const struct group *entry;

	*gid = getegid();
	if (group[0] == '\0')
		return 0;
	entry = getgrnam(group);
	if (entry == NULL)
		return rh_error_set(err, ENOENT,
			"control group \"%s\" does not exist: make it with 'groupadd %s', or "
			"change control/group",
			group, group);
	*gid = entry->gr_gid;
	if (chown(path, (uid_t)-1, *gid) != 0)
		return rh_error_set(err, errno, "control socket %s: cannot give it to group %s: %s",
			path, group, strerror(errno));
	return 0;
}

static int bind_at(
	int fd, const char *path, const struct sockaddr_un *address, struct rh_error *err)
{
	/* Mode 0660 from the first moment: the umask applies to bind. */
	mode_t old = umask(0117);
	int rc = bind(fd, (const struct sockaddr *)address, sizeof(*address));
	int error = errno;

	(void)umask(old);
	if (rc != 0)
		return rh_error_set(err, error, "control socket %s: %s", path, strerror(error));
	return 0;
}

int ctl_socket_listen(const char *path, const char *group, gid_t *gid, struct rh_error *err)
{
	struct sockaddr_un address;
	int fd, rc = address_of(path, &address, err);

	if (rc == 0)
		rc = ctl_socket_probe(path, err);
	if (rc == 0)
		rc = make_folder(path, err);
	if (rc == 0)
		rc = remove_stale(path, err);
	if (rc < 0)
		return rc;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return rh_error_set(err, errno, "control socket %s: %s", path, strerror(errno));
	rc = bind_at(fd, path, &address, err);
	if (rc == 0) {
		rc = give_to_group(path, group, gid, err);
		if (rc == 0 && listen(fd, BACKLOG) != 0)
			rc = rh_error_set(
				err, errno, "control socket %s: %s", path, strerror(errno));
		if (rc < 0)
			(void)unlink(path);
	}
	if (rc < 0) {
		(void)close(fd);
		return rc;
	}
	return fd;
}
