#include "controlplane/ctl/connection.h"

#include "dataplane/base/log.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A part of a list ends with the row that passes this. A row has clients' texts, which JSON makes up to six times
 * as long: some 31 KB. */
#define PART_BYTES (CTL_BODY_MAX / 4)

static void unlink_connection(struct ctl_connection *c)
{
	struct ctl_connection **at = &c->server->connections;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	c->server->stats.connections--;
}

static void on_closed(uv_handle_t *handle)
{
	struct ctl_connection *c = handle->data;

	if (--c->handles > 0)
		return;
	unlink_connection(c);
	free(c->body);
	free(c->write_body);
	free(c);
}

static void end_list(struct ctl_connection *c)
{
	if (c->list.free_rows != NULL)
		c->list.free_rows(c->list.rows);
	json_decref(c->list.head);
	c->list = (struct ctl_list){0};
}

void ctl_connection_close(struct ctl_connection *c)
{
	if (c->closing)
		return;
	c->closing = true;
	end_list(c);
	if (c->call != NULL) {
		c->call->connection = NULL;
		ctl_call_put(c->call);
		c->call = NULL;
	}
	uv_close((uv_handle_t *)&c->pipe, on_closed);
	uv_close((uv_handle_t *)&c->deadline, on_closed);
}

static void on_deadline(uv_timer_t *timer)
{
	struct ctl_connection *c = timer->data;

	c->server->stats.too_slow++;
	rh_log_info(CTL, "connection of uid %u pid %d closed: %s", c->peer.uid, (int)c->peer.pid,
		c->writing ? "it does not read its answer" : "its request does not end");
	ctl_connection_close(c);
}

/* Read into the rest of the current header or body, never beyond: what follows waits in the kernel.
 */
static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct ctl_connection *c = handle->data;

	(void)suggested;
	if (c->in_body)
		*buf = uv_buf_init(c->body + c->have, c->header.length - c->have);
	else
		*buf = uv_buf_init((char *)c->head + c->have, CTL_HDR - c->have);
}

/* A fault of framing: say so and close. */
static void refuse_framing(struct ctl_connection *c, uint16_t status, const char *sentence)
{
	struct ctl_header h = {.version = CTL_VERSION,
		.status = status,
		.type = c->header.type,
		.request = c->header.request};

	c->server->stats.malformed++;
	rh_log_info(CTL, "uid %u pid %d: %s", c->peer.uid, (int)c->peer.pid, sentence);
	(void)uv_read_stop((uv_stream_t *)&c->pipe);
	c->close_when_written = true;
	ctl_connection_send(c, &h, json_pack("{s:s}", "error", sentence));
}

static void refuse_busy(struct ctl_connection *c)
{
	struct ctl_header h = {.version = CTL_VERSION,
		.status = CTL_STATUS_BUSY,
		.type = c->header.type,
		.request = c->header.request};

	c->close_when_written = true;
	ctl_connection_send(c, &h,
		json_pack("{s:s}", "error",
			"too many requests on the control socket at one time: try again (limit 64 connections)"));
}

static bool take_header(struct ctl_connection *c)
{
	struct rh_error err = {""};
	int rc = ctl_header_parse(c->head, &c->header, &err);

	if (rc < 0) {
		c->header.type = c->header.request = 0;
		refuse_framing(
			c, rc == -EPROTO ? CTL_STATUS_VERSION : CTL_STATUS_INVALID, err.text);
		return false;
	}
	c->body = malloc(c->header.length + 1);
	if (c->body == NULL) {
		ctl_connection_close(c);
		return false;
	}
	c->in_body = true;
	c->have = 0;
	return c->header.length == 0;
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct ctl_connection *c = stream->data;
	bool complete;

	(void)buf;
	if (n < 0) {
		ctl_connection_close(c);
		return;
	}
	if (n > 0 && c->greeted && !c->in_body && c->have == 0)
		(void)uv_timer_start(&c->deadline, on_deadline, CTL_MESSAGE_MS, 0);
	c->have += (uint32_t)n;
	if (!c->in_body)
		complete = c->have == CTL_HDR && take_header(c);
	else
		complete = c->have == c->header.length;
	if (!complete || c->closing || c->close_when_written)
		return;
	(void)uv_read_stop(stream);
	(void)uv_timer_stop(&c->deadline);
	if (c->refused)
		refuse_busy(c);
	else
		ctl_dispatch(c);
}

static void on_written(uv_write_t *write, int status)
{
	struct ctl_connection *c = write->data;

	free(c->write_body);
	c->write_body = NULL;
	c->writing = false;
	if (c->closing)
		return;
	(void)uv_timer_stop(&c->deadline);
	if (status < 0 || c->close_when_written)
		ctl_connection_close(c);
	else
		ctl_reply_written(c);
}

void ctl_connection_send(struct ctl_connection *c, const struct ctl_header *h, json_t *body)
{
	struct ctl_header header = *h;
	uv_buf_t bufs[2];

	c->write_body = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
	json_decref(body);
	header.length = c->write_body != NULL ? (uint32_t)strlen(c->write_body) : 0;
	if (c->write_body == NULL || header.length > CTL_BODY_MAX) {
		rh_log_error(CTL, "an answer to %s could not be made",
			ctl_type_name(header.type) != NULL ? ctl_type_name(header.type)
							   : "a message");
		ctl_connection_close(c);
		return;
	}
	ctl_header_encode(c->write_head, &header);
	bufs[0] = uv_buf_init((char *)c->write_head, CTL_HDR);
	bufs[1] = uv_buf_init(c->write_body, header.length);
	c->writing = true;
	c->write.data = c;
	(void)uv_timer_start(&c->deadline, on_deadline, CTL_MESSAGE_MS, 0);
	if (uv_write(&c->write, (uv_stream_t *)&c->pipe, bufs, 2, on_written) != 0) {
		c->writing = false;
		ctl_connection_close(c);
	}
}

static void next_part(struct ctl_connection *c)
{
	struct ctl_header h = {.version = CTL_VERSION,
		.type = c->call->header.type,
		.request = c->call->header.request};
	json_t *body = c->list.head != NULL ? c->list.head : json_object();
	json_t *rows = json_array(), *row;
	size_t bytes = 0;

	c->list.head = NULL;
	for (int i = 0; i < CTL_LIST_ROWS && bytes < PART_BYTES && c->list_next < c->list.count;
		i++) {
		row = c->list.row(c->call, c->list.rows, c->list_next++);
		if (row == NULL)
			continue;
		bytes += json_dumpb(row, NULL, 0, JSON_COMPACT);
		(void)json_array_append_new(rows, row);
	}
	(void)json_object_set_new(body, c->list.key, rows);
	if (c->list_next < c->list.count)
		h.flags = CTL_MORE;
	ctl_connection_send(c, &h, body);
}

void ctl_reply_list(struct ctl_call *call, const struct ctl_list *list)
{
	struct ctl_connection *c = call->connection;

	if (c == NULL) {
		if (list->free_rows != NULL)
			list->free_rows(list->rows);
		json_decref(list->head);
		return;
	}
	c->list = *list;
	c->list_next = 0;
	next_part(c);
}

void ctl_reply_written(struct ctl_connection *c)
{
	if (c->list.key != NULL && c->list_next < c->list.count) {
		next_part(c);
		return;
	}
	end_list(c);
	if (c->call != NULL) {
		c->call->connection = NULL;
		ctl_call_put(c->call);
		c->call = NULL;
	}
	free(c->body);
	c->body = NULL;
	c->in_body = false;
	c->have = 0;
	c->idle_ms = uv_now(c->server->loop);
	if (uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read) != 0)
		ctl_connection_close(c);
}

static int set_up(struct ctl_connection *c)
{
	uv_os_fd_t fd;
	int rc = uv_accept((uv_stream_t *)&c->server->listener, (uv_stream_t *)&c->pipe);

	if (rc == 0)
		rc = uv_fileno((uv_handle_t *)&c->pipe, &fd);
	return rc == 0 ? ctl_peer_read(fd, &c->peer) : rc;
}

/* The one that has asked for nothing for longest (the list has the newest first), @than excepted; NULL when all are at work. */
static struct ctl_connection *longest_idle(const struct ctl_server *server, const struct ctl_connection *than)
{
	struct ctl_connection *found = NULL;

	for (struct ctl_connection *c = server->connections; c != NULL; c = c->next) {
		bool idle = !c->closing && c->call == NULL && !c->writing && !c->in_body && c->have == 0;

		if (c != than && idle && (found == NULL || c->idle_ms <= found->idle_ms))
			found = c;
	}
	return found;
}

/* Clients that keep a connection and ask for nothing must not keep others out. */
static void make_room(struct ctl_connection *fresh)
{
	struct ctl_connection *idle = longest_idle(fresh->server, fresh);

	if (idle == NULL) {
		fresh->server->stats.refused++;
		fresh->refused = true;
		return;
	}
	rh_log_info(CTL, "connection of uid %u pid %d closed: idle, and another wants its place", idle->peer.uid,
		(int)idle->peer.pid);
	ctl_connection_close(idle);
}

void ctl_connection_accept(struct ctl_server *server)
{
	struct ctl_connection *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return;
	c->server = server;
	c->next = server->connections;
	server->connections = c;
	server->stats.connections++;
	server->stats.accepted++;
	(void)uv_pipe_init(server->loop, &c->pipe, 0);
	(void)uv_timer_init(server->loop, &c->deadline);
	c->pipe.data = c->deadline.data = c;
	c->handles = 2;
	if (set_up(c) < 0) {
		ctl_connection_close(c);
		return;
	}
	c->permission = ctl_peer_permission(&c->peer, geteuid(), server->group);
	c->idle_ms = uv_now(server->loop);
	if (server->stats.connections > CTL_CONNECTIONS_MAX)
		make_room(c);
	(void)uv_timer_start(&c->deadline, on_deadline, CTL_HELLO_MS, 0);
	if (uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read) != 0)
		ctl_connection_close(c);
}
