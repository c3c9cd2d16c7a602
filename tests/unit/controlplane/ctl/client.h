#pragma once

/* A control client and the server it talks to, on one loop and one thread. */

#include "controlplane/ctl/ctl_server.h"

#include <jansson.h>
#include <stdbool.h>

struct client_reply {
	struct ctl_header header;
	json_t *body; /* NULL: the connection was closed instead */
};

/* A server on a socket of its own with the fake router behind it; one a process. */
struct ctl_server *server_start(void);
void server_stop(void);
extern char server_path[];
extern uint32_t server_shutdowns;
/* Let the server work until it has nothing more to do. */
void server_turn(void);

int client_open(void);
/* Greeted already. */
int client_hello(void);
void client_send_raw(int fd, const void *bytes, size_t len);
void client_send(int fd, uint16_t type, uint32_t request, const char *body);
struct client_reply client_receive(int fd);
/* Send and receive; the body is the caller's. */
struct client_reply client_ask(int fd, uint16_t type, const char *body);
bool client_is_closed(int fd);

/* For a child process: never turns the loop. */
int client_connect_only(void);
void client_send_blocking(int fd, uint16_t type, const char *body);
struct client_reply client_receive_blocking(int fd);
