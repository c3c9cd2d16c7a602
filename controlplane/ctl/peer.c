#include "controlplane/ctl/peer.h"

#include <errno.h>
#include <sys/socket.h>

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

int ctl_peer_read(int fd, struct ctl_peer *out)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	gid_t groups[CTL_GROUPS_MAX];
	socklen_t groups_len = sizeof(groups);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0)
		return -errno;
	*out = (struct ctl_peer){
		.pid = cred.pid, .uid = cred.uid, .groups = {cred.gid}, .group_count = 1};
	/* More groups than fit: the primary one decides alone. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &groups_len) != 0)
		return 0;
	for (unsigned i = 0;
		i < groups_len / sizeof(groups[0]) && out->group_count < CTL_GROUPS_MAX; i++)
		out->groups[out->group_count++] = groups[i];
	return 0;
}

enum ctl_permission ctl_peer_permission(const struct ctl_peer *peer, uid_t daemon, gid_t group)
{
	if (peer->uid == 0 || peer->uid == daemon)
		return CTL_PERM_ADMIN;
	for (unsigned i = 0; i < peer->group_count; i++)
		if (peer->groups[i] == group)
			return CTL_PERM_CHANGE;
	return CTL_PERM_READ;
}

const char *ctl_permission_name(enum ctl_permission permission)
{
	static const char *const names[] = {
		[CTL_PERM_READ] = "read", [CTL_PERM_CHANGE] = "change", [CTL_PERM_ADMIN] = "admin"};

	return names[permission];
}
