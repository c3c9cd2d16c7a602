#include "controlplane/kernel/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int tap_refused(int code, const char *name, struct rh_error *err)
{
	if (code == EBUSY || code == EEXIST)
		return rh_error_set(err, EEXIST,
			"interface %s exists already: choose another tap-name, or ip link delete %s", name, name);
	if (code == EPERM || code == EACCES)
		return rh_error_set(
			err, EPERM, "cannot create the tap interface %s: run rhumbd as root", name);
	return rh_error_set(
		err, code, "cannot create the tap interface %s: %s", name, strerror(code));
}

int cp_tap_open(const char *name, int *fd, int *ifindex, struct rh_error *err)
{
	struct ifreq ifr = {.ifr_flags = IFF_TAP | IFF_NO_PI | IFF_TUN_EXCL};
	size_t len = strlen(name);
	int tap, index;

	if (len == 0 || len >= IFNAMSIZ || strpbrk(name, "/ %:"))
		return rh_error_set(err, EINVAL,
			"'%s' cannot name an interface: 1 to %d characters without '/', '%%', ':' or space", name,
			IFNAMSIZ - 1);
	if (if_nametoindex(name) != 0)
		return tap_refused(EEXIST, name, err);
	tap = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (tap < 0)
		return rh_error_set(err, errno, "cannot open /dev/net/tun: %s%s", strerror(errno),
			errno == ENOENT ? ": modprobe tun" : "");
	(void)snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (ioctl(tap, TUNSETIFF, &ifr) < 0) {
		int code = errno;

		(void)close(tap);
		return tap_refused(code, name, err);
	}
	index = (int)if_nametoindex(name);
	if (index == 0) {
		(void)close(tap);
		return tap_refused(ENODEV, name, err);
	}
	*fd = tap;
	*ifindex = index;
	return 0;
}

ssize_t cp_tap_read(int fd, void *frame, size_t size)
{
	ssize_t n = read(fd, frame, size);

	return n < 0 ? -errno : n;
}

int cp_tap_write(int fd, const void *frame, size_t len)
{
	ssize_t n = write(fd, frame, len);

	return n < 0 ? -errno : 0;
}
