#pragma once

/*
 * Who is at the other end: SO_PEERCRED and SO_PEERGROUPS (unix(7)), so nothing a client says.
 */

#include "controlplane/api/ctl.h"

#include <stdbool.h>
#include <sys/types.h>

#define CTL_GROUPS_MAX 64

struct ctl_peer {
	pid_t pid;
	uid_t uid;
	gid_t groups[CTL_GROUPS_MAX];
	unsigned group_count;
};

/* 0, -errno. */
int ctl_peer_read(int fd, struct ctl_peer *out);
/*
 * root and the daemon's own user: admin; members of @group (the socket's): change; others, who
 * reach the socket only where somebody widened its mode: read.
 */
enum ctl_permission ctl_peer_permission(const struct ctl_peer *peer, uid_t daemon, gid_t group);
const char *ctl_permission_name(enum ctl_permission permission);
