#include "tools/librhumb/rhumb_priv.h"

#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OVERHEAD_V4 28 /* IP + UDP */
#define OVERHEAD_V6 48
#define ETHERNET_MTU 1500
/* Loopback's MTU is 64 KiB; buffers for that size would help nobody. A jumbo frame is the largest of use. */
#define JUMBO_MTU 9000
#define RECEIVE_BUFFER (4 << 20)
#define SEND_BUFFER    (1 << 20)
#define UDP_PAYLOAD_MAX 65507

static bool is_v6(int fd)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);

	return getsockname(fd, (struct sockaddr *)&address, &len) == 0 && address.ss_family == AF_INET6;
}

static uint16_t path_datagram(const struct rhumb *r, int fd)
{
	bool v6 = is_v6(fd);
	int mtu, largest, most = r->options.max_datagram, overhead = v6 ? OVERHEAD_V6 : OVERHEAD_V4;
	socklen_t len = sizeof(mtu);

	if (getsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_MTU : IP_MTU, &mtu, &len) < 0)
		mtu = ETHERNET_MTU;
	if (!most)
		most = JUMBO_MTU - overhead;
	largest = mtu - overhead;
	/* DF is set: what the path does not take would never arrive. */
	if (largest > most)
		largest = most;
	if (largest > UDP_PAYLOAD_MAX)
		largest = UDP_PAYLOAD_MAX;
	return (uint16_t)(largest < RH_DATAGRAM_MIN_MAX ? RH_DATAGRAM_MIN_MAX : largest);
}

/* The *FORCE forms need CAP_NET_ADMIN and pass the system's limit. */
static void buffer_enlarge(int fd, int force, int plain, int size)
{
	if (setsockopt(fd, SOL_SOCKET, force, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, plain, &size, sizeof(size));
}

static uint32_t receive_buffer(int fd)
{
	int size = 0;
	socklen_t len = sizeof(size);

	(void)getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, &len);
	return size > 0 ? (uint32_t)size : 0;
}

/* DF always: the router takes no IP fragments, events are cut at our level. */
static int options_set(struct rhumb *r, int fd, bool v6)
{
	int discover = v6 ? IPV6_PMTUDISC_DO : IP_PMTUDISC_DO;
	const char *interface = r->options.interface;

	if (setsockopt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER,
		    &discover, sizeof(discover)) < 0)
		return rh_error_set(&r->error, errno, "path MTU discovery cannot be set: %s", strerror(errno));
	if (interface && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface,
				 (socklen_t)strlen(interface)) < 0)
		return rh_error_set(&r->error, errno, "interface %s: %s", interface, strerror(errno));
	buffer_enlarge(fd, SO_RCVBUFFORCE, SO_RCVBUF, RECEIVE_BUFFER);
	buffer_enlarge(fd, SO_SNDBUFFORCE, SO_SNDBUF, SEND_BUFFER);
	return 0;
}

static int address_open(struct rhumb *r, const struct addrinfo *ai)
{
	int err, fd = socket(ai->ai_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return rh_error_set(&r->error, errno, "no socket: %s", strerror(errno));
	err = options_set(r, fd, ai->ai_family == AF_INET6);
	if (err == 0 && connect(fd, ai->ai_addr, ai->ai_addrlen) < 0)
		err = rh_error_set(&r->error, errno, "no way to router %s: %s", r->options.router,
			strerror(errno));
	if (err < 0) {
		close(fd);
		return err;
	}
	r->path.fd = fd;
	memcpy(&r->path.router, ai->ai_addr, ai->ai_addrlen);
	r->path.router_len = ai->ai_addrlen;
	r->path.receive_buffer = receive_buffer(fd);
	r->path.max_datagram = path_datagram(r, fd);
	return 0;
}

/* Cut "host:port" and "[address]:port" in place; a bare IPv6 address has more than one colon and no port. */
static char *router_split(char *text, char *service, size_t room, uint16_t port)
{
	char *colon = strrchr(text, ':');

	(void)snprintf(service, room, "%u", port ? port : RH_WIRE_UDP_PORT);
	if (text[0] == '[' && strchr(text, ']')) {
		char *end = strchr(text, ']');

		*end = '\0';
		if (end[1] == ':')
			(void)snprintf(service, room, "%s", end + 2);
		return text + 1;
	}
	if (colon && strchr(text, ':') == colon) {
		*colon = '\0';
		(void)snprintf(service, room, "%s", colon + 1);
	}
	return text;
}

int rhc_path_open(struct rhumb *r)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM};
	struct addrinfo *list;
	char service[32], *copy = strdup(r->options.router);
	const char *host;
	int err;

	if (!copy)
		return rh_error_set(&r->error, ENOMEM, "out of memory");
	host = router_split(copy, service, sizeof(service), r->options.port);
	err = getaddrinfo(host, service, &hints, &list);
	if (err) {
		err = rh_error_set(&r->error, EHOSTUNREACH, "router %s cannot be resolved: %s",
			r->options.router, gai_strerror(err));
		free(copy);
		return err;
	}
	free(copy);
	err = -EHOSTUNREACH;
	for (const struct addrinfo *ai = list; ai && err < 0; ai = ai->ai_next)
		err = address_open(r, ai);
	freeaddrinfo(list);
	return err;
}

void rhc_path_close(struct rhumb *r)
{
	if (r->path.fd >= 0)
		close(r->path.fd);
	r->path.fd = -1;
}

/* Connecting again would keep the source address; dissolving first lets the kernel choose. */
void rhc_path_renew(struct rhumb *r)
{
	const struct sockaddr none = {.sa_family = AF_UNSPEC};

	(void)connect(r->path.fd, &none, sizeof(none));
	/* When there is no way just now, datagrams fail until the next retry of the hello tries again. */
	r->path.stale = connect(r->path.fd, (const struct sockaddr *)&r->path.router, r->path.router_len) < 0;
	rhc_path_shrink(r);
}

void rhc_path_shrink(struct rhumb *r)
{
	uint16_t now = path_datagram(r, r->path.fd);

	if (now < r->path.max_datagram)
		r->path.max_datagram = now;
}
