#pragma once

/*
 * One client of the control socket. It reads one request, stops reading, answers, and reads on: the
 * kernel's socket buffer is the queue, and one reply at most waits to be written. What a client can
 * make the daemon hold is one request and one reply. Ctx of everything: control loop.
 */

#include "controlplane/ctl/call.h"
#include "controlplane/ctl/peer.h"
#include "controlplane/ctl/topics.h"

#define CTL_HELLO_MS 10000 /* from accept to the hello */
#define CTL_MESSAGE_MS                                                                             \
	30000 /* from a message's first byte to its last, and for writing one reply */

struct ctl_connection {
	struct ctl_server *server;
	struct ctl_connection *next;
	uv_pipe_t pipe;
	uv_timer_t deadline;
	uint8_t handles; /* not yet closed */
	struct ctl_peer peer;
	enum ctl_permission permission;
	bool greeted, closing, close_when_written;
	bool refused;	 /* one too many: told so when its hello is there */
	uint64_t idle_ms; /* loop time since when it has asked for nothing */
	/* the message being read: header, then body */
	uint8_t head[CTL_HDR];
	char *body;
	uint32_t have;
	bool in_body;
	struct ctl_header header;
	/* the request being answered */
	struct ctl_call *call;
	struct ctl_list list;
	uint32_t list_next;
	uv_write_t write;
	uint8_t write_head[CTL_HDR];
	char *write_body;
	bool writing;
};

struct ctl_server {
	uv_loop_t *loop;
	uv_pipe_t listener;
	bool listening;
	char path[108];
	gid_t group;
	struct ctl_context ctx;
	struct ctl_connection *connections;
	struct ctl_server_stats stats;
	struct ctl_topics *topics; /* NULL until somebody asks */
};

/* Take the next connection of the listener. */
void ctl_connection_accept(struct ctl_server *server);
/* Closes; freed when libuv has let go. */
void ctl_connection_close(struct ctl_connection *c);
/* Act on the complete request in c->header and c->body. */
void ctl_dispatch(struct ctl_connection *c);
/* Write one reply; takes @body. */
void ctl_connection_send(struct ctl_connection *c, const struct ctl_header *h, json_t *body);
/* The reply before was written: the next part of a list, or back to reading. */
void ctl_reply_written(struct ctl_connection *c);
