#include "controlplane/ctl/connection.h"
#include "controlplane/ctl/socket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void on_connection(uv_stream_t *listener, int status)
{
	if (status == 0)
		ctl_connection_accept(listener->data);
}

static void on_listener_closed(uv_handle_t *handle)
{
	struct ctl_server *server = handle->data;

	server->listening = false;
}

static int start_listening(struct ctl_server *server, int fd, struct rh_error *err)
{
	int rc = uv_pipe_init(server->loop, &server->listener, 0);

	server->listener.data = server;
	if (rc == 0)
		server->listening = true;
	if (rc == 0)
		rc = uv_pipe_open(&server->listener, fd);
	if (rc != 0)
		(void)close(fd);
	if (rc == 0)
		rc = uv_listen(
			(uv_stream_t *)&server->listener, CTL_CONNECTIONS_MAX, on_connection);
	if (rc != 0)
		return rh_error_set(
			err, -rc, "control socket %s: %s", server->path, uv_strerror(rc));
	return 0;
}

int ctl_server_create(uv_loop_t *loop, const char *path, const char *group,
	const struct ctl_context *ctx, struct ctl_server **out, struct rh_error *err)
{
	struct ctl_server *server;
	int rc = ctl_routes_check_all(err), fd;

	if (rc < 0)
		return rc;
	server = calloc(1, sizeof(*server));
	if (server == NULL)
		return rh_error_set(err, ENOMEM, "control socket: out of memory");
	server->loop = loop;
	server->ctx = *ctx;
	fd = ctl_socket_listen(path, group, &server->group, err);
	if (fd < 0) {
		free(server);
		return fd;
	}
	(void)snprintf(server->path, sizeof(server->path), "%s", path);
	rc = start_listening(server, fd, err);
	if (rc < 0) {
		ctl_server_destroy(server);
		return rc;
	}
	*out = server;
	return 0;
}

void ctl_server_destroy(struct ctl_server *server)
{
	if (server == NULL)
		return;
	(void)unlink(server->path);
	if (server->listening)
		uv_close((uv_handle_t *)&server->listener, on_listener_closed);
	for (struct ctl_connection *c = server->connections; c != NULL; c = c->next)
		ctl_connection_close(c);
	ctl_topics_destroy(server->topics);
	while (server->listening || server->connections != NULL)
		(void)uv_run(server->loop, UV_RUN_NOWAIT);
	free(server);
}

void ctl_server_stats(const struct ctl_server *server, struct ctl_server_stats *out)
{
	*out = server->stats;
}
