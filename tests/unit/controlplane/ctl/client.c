#include "tests/unit/controlplane/ctl/client.h"

#include "tests/unit/controlplane/fake/fake.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Turns of the loop after which a reply that did not come will not come. */
#define TURNS 10000
/* Those that wait a millisecond each: some answers take a second. */
#define TURNS_AT_ONCE 200

char server_path[108];
uint32_t server_shutdowns;
static uv_loop_t loop;
static struct ctl_server *server;
static struct cp_conf *conf;
static struct cp_health *health;
static const uint32_t ports[] = {0};

static void on_shutdown(void *arg, uint32_t drain_ms)
{
	(void)arg;
	(void)drain_ms;
	server_shutdowns++;
}

struct ctl_server *server_start(void)
{
	struct rh_error err = {""};
	struct ctl_context ctx = {.ports = ports,
		.config_path = "/etc/rhumb/rhumb.json",
		.hs_version = "5",
		.dpdk_version = "22",
		.shutdown = on_shutdown};

	/* As rhumbd does. */
	(void)signal(SIGPIPE, SIG_IGN);
	fake_reset();
	conf = fake_conf();
	ctx.conf = conf;
	(void)uv_loop_init(&loop);
	(void)cp_health_create(&loop, NULL, conf, ports, &health, &err);
	ctx.health = health;
	(void)snprintf(
		server_path, sizeof(server_path), "/tmp/rhumb-ctl-test-%d.sock", (int)getpid());
	if (ctl_server_create(&loop, server_path, "", &ctx, &server, &err) < 0) {
		(void)fprintf(stderr, "%s\n", err.text);
		abort();
	}
	return server;
}

void server_stop(void)
{
	ctl_server_destroy(server);
	cp_health_destroy(health);
	while (uv_loop_close(&loop) == UV_EBUSY)
		(void)uv_run(&loop, UV_RUN_NOWAIT);
	cp_conf_free(conf);
}

void server_turn(void)
{
	for (int i = 0; i < 50; i++)
		(void)uv_run(&loop, UV_RUN_NOWAIT);
}

static int connect_socket(int flags)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | flags, 0);

	memcpy(address.sun_path, server_path, strlen(server_path));
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		abort();
	return fd;
}

int client_open(void)
{
	int fd = connect_socket(SOCK_NONBLOCK);

	server_turn();
	return fd;
}

int client_connect_only(void)
{
	return connect_socket(0);
}

void client_send_blocking(int fd, uint16_t type, const char *body)
{
	struct ctl_header h = {
		.version = CTL_VERSION, .type = type, .length = (uint32_t)strlen(body)};
	uint8_t message[512];

	ctl_header_encode(message, &h);
	memcpy(message + CTL_HDR, body, h.length);
	if (send(fd, message, CTL_HDR + h.length, MSG_NOSIGNAL) < 0)
		abort();
}

struct client_reply client_receive_blocking(int fd)
{
	static char text[CTL_BODY_MAX];
	struct client_reply reply = {.body = NULL};
	struct rh_error err;
	uint8_t head[CTL_HDR];

	if (recv(fd, head, sizeof(head), MSG_WAITALL) != sizeof(head) ||
		ctl_header_parse(head, &reply.header, &err) < 0 ||
		recv(fd, text, reply.header.length, MSG_WAITALL) != (ssize_t)reply.header.length)
		return reply;
	reply.body = json_loadb(text, reply.header.length, 0, NULL);
	return reply;
}

void client_send_raw(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;

	for (int turn = 0; len > 0 && turn < TURNS; turn++) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
		(void)uv_run(&loop, UV_RUN_NOWAIT);
	}
}

void client_send(int fd, uint16_t type, uint32_t request, const char *body)
{
	struct ctl_header h = {.version = CTL_VERSION,
		.type = type,
		.request = request,
		.length = (uint32_t)strlen(body)};
	uint8_t head[CTL_HDR];

	ctl_header_encode(head, &h);
	client_send_raw(fd, head, sizeof(head));
	client_send_raw(fd, body, strlen(body));
}

/* false: closed, or nothing came. */
static bool receive_exactly(int fd, void *out, size_t len)
{
	char *at = out;

	for (int turn = 0; len > 0 && turn < TURNS; turn++) {
		ssize_t n = recv(fd, at, len, 0);

		if (n == 0)
			return false;
		if (n < 0) {
			(void)uv_run(&loop, UV_RUN_NOWAIT);
			if (turn > TURNS_AT_ONCE)
				(void)usleep(1000);
			continue;
		}
		at += n;
		len -= (size_t)n;
	}
	return len == 0;
}

struct client_reply client_receive(int fd)
{
	struct client_reply reply = {.body = NULL};
	struct rh_error err;
	uint8_t head[CTL_HDR];
	char *text;

	if (!receive_exactly(fd, head, sizeof(head)) ||
		ctl_header_parse(head, &reply.header, &err) < 0)
		return reply;
	text = malloc(reply.header.length + 1);
	if (text != NULL && receive_exactly(fd, text, reply.header.length))
		reply.body = json_loadb(text, reply.header.length, JSON_REJECT_DUPLICATES, NULL);
	free(text);
	return reply;
}

struct client_reply client_ask(int fd, uint16_t type, const char *body)
{
	static uint32_t request;

	client_send(fd, type, ++request, body);
	return client_receive(fd);
}

int client_hello(void)
{
	int fd = client_open();
	struct client_reply reply = client_ask(fd, CTL_HELLO, "{}");

	if (reply.body == NULL || reply.header.status != CTL_STATUS_OK)
		abort();
	json_decref(reply.body);
	return fd;
}

bool client_is_closed(int fd)
{
	char byte;

	server_turn();
	return recv(fd, &byte, 1, 0) == 0 || (errno == ECONNRESET);
}
