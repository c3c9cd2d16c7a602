#pragma once

/*
 * One tap device: an interface of the kernel whose frames are read and written here. It goes away with its descriptor,
 * so a killed process leaves none.
 */

#include "dataplane/base/error.h"

#include <stddef.h>
#include <sys/types.h>

/*
 * Create @name (1 to 15 characters, must not exist), non-blocking. 0 with @fd (to close) and @ifindex, -EEXIST, -EPERM, -ENOENT (no
 * /dev/net/tun), -EINVAL. Ctx: control.
 */
int cp_tap_open(const char *name, int *fd, int *ifindex, struct rh_error *err);
/* One Ethernet frame. Length, -EAGAIN, or another negative errno. */
ssize_t cp_tap_read(int fd, void *frame, size_t size);
/* 0 or a negative errno (-EIO: the interface is down). */
int cp_tap_write(int fd, const void *frame, size_t len);
