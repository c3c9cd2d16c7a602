#include "dataplane/port/packet_socket.h"

#include <dirent.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool is_bound_to(int fd, unsigned ifindex)
{
	struct sockaddr_ll at = {0};
	socklen_t len = sizeof(at);

	return getsockname(fd, (struct sockaddr *)&at, &len) == 0 && at.sll_family == AF_PACKET &&
	       at.sll_ifindex == (int)ifindex;
}

void dp_packet_drops_find(struct dp_packet_drops *drops, const char *iface)
{
	unsigned ifindex = if_nametoindex(iface);
	const struct dirent *entry;
	DIR *dir = opendir("/proc/self/fd");

	memset(drops, 0, sizeof(*drops));
	if (!dir)
		return;
	while (ifindex && drops->count < DP_PACKET_SOCKETS_MAX && (entry = readdir(dir))) {
		int fd = atoi(entry->d_name);

		if (entry->d_name[0] != '.' && is_bound_to(fd, ifindex))
			drops->sockets[drops->count++] = fd;
	}
	(void)closedir(dir);
}

uint64_t dp_packet_drops_read(struct dp_packet_drops *drops)
{
	for (uint32_t i = 0; i < drops->count; i++) {
		struct tpacket_stats stats;
		socklen_t len = sizeof(stats);

		/* Reading sets the kernel's count to zero. */
		if (getsockopt(drops->sockets[i], SOL_PACKET, PACKET_STATISTICS, &stats, &len) == 0)
			drops->total += stats.tp_drops;
	}
	return drops->total;
}

int dp_packet_allmulti(const char *iface)
{
	struct packet_mreq all = {
		.mr_ifindex = (int)if_nametoindex(iface), .mr_type = PACKET_MR_ALLMULTI};
	int fd, ret;

	/* Protocol 0: this socket receives nothing. */
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all)) == 0)
		return fd;
	ret = -errno;
	(void)close(fd);
	return ret;
}
