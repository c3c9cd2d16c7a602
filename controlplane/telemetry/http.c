/*
 * libmicrohttpd without a thread: its epoll descriptor is one more descriptor of the loop, its
 * timeout one more timer. An answer is made and buffered whole; connections are few and die after
 * CLIENT_SECONDS of silence, so a slow scraper costs one buffer.
 */

#include "controlplane/telemetry/metrics.h"

#include "dataplane/base/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTIONS_MAX 16
#define CLIENT_SECONDS	10
#define POLL_MS		1000 /* where libmicrohttpd names no timeout */

#define METRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

struct cp_metrics {
	struct cp_metrics_source source;
	struct MHD_Daemon *daemon;
	uv_poll_t poll;
	uv_timer_t timer;
	uint8_t handles;
};

static enum MHD_Result send_text(
	struct MHD_Connection *c, unsigned status, const char *type, char *text, size_t len)
{
	struct MHD_Response *response;
	enum MHD_Result rc;

	if (text == NULL)
		return MHD_NO;
	response = MHD_create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE);
	if (response == NULL) {
		free(text);
		return MHD_NO;
	}
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	rc = MHD_queue_response(c, status, response);
	MHD_destroy_response(response);
	return rc;
}

static enum MHD_Result send_note(struct MHD_Connection *c, unsigned status, const char *note)
{
	char *text = strdup(note);

	return send_text(c, status, "text/plain; charset=utf-8", text, strlen(note));
}

static enum MHD_Result on_request(void *arg, struct MHD_Connection *c, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_len,
	void **state)
{
	const struct cp_metrics *m = arg;
	unsigned status = MHD_HTTP_OK;
	size_t len = 0;
	char *text;

	(void)version;
	(void)upload;
	(void)upload_len;
	(void)state;
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return send_note(c, MHD_HTTP_METHOD_NOT_ALLOWED, "GET only\n");
	if (strcmp(url, "/metrics") == 0) {
		text = cp_metrics_text(&m->source, &len);
		return send_text(c, MHD_HTTP_OK, METRICS_TYPE, text, len);
	}
	if (strcmp(url, "/healthz") == 0) {
		text = cp_healthz_text(m->source.health, &status);
		return send_text(
			c, status, "application/json", text, text != NULL ? strlen(text) : 0);
	}
	return send_note(c, MHD_HTTP_NOT_FOUND, "/metrics or /healthz\n");
}

static void on_time(uv_timer_t *timer);

static void run(struct cp_metrics *m)
{
	MHD_UNSIGNED_LONG_LONG ms = POLL_MS;

	(void)MHD_run(m->daemon);
	if (MHD_get_timeout(m->daemon, &ms) != MHD_YES)
		(void)uv_timer_stop(&m->timer);
	else
		(void)uv_timer_start(&m->timer, on_time, ms, 0);
}

static void on_time(uv_timer_t *timer)
{
	run(timer->data);
}

static void on_ready(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	run(poll->data);
}

static struct MHD_Daemon *start_daemon(struct cp_metrics *m, int *family)
{
	const struct cp_conf *conf = m->source.conf;
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(conf->metrics_port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(conf->metrics_port)};
	struct sockaddr *address = (struct sockaddr *)&v4;
	unsigned flags = MHD_USE_EPOLL;

	*family = AF_INET;
	if (inet_pton(AF_INET6, conf->metrics_address, &v6.sin6_addr) == 1) {
		*family = AF_INET6;
		address = (struct sockaddr *)&v6;
		flags |= MHD_USE_IPv6;
	} else {
		(void)inet_pton(AF_INET, conf->metrics_address, &v4.sin_addr);
	}
	return MHD_start_daemon(flags, conf->metrics_port, NULL, NULL, on_request, m,
		MHD_OPTION_SOCK_ADDR, address, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)CLIENT_SECONDS,
		MHD_OPTION_END);
}

static bool is_loopback(const char *address)
{
	return strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;
}

int cp_metrics_create(uv_loop_t *loop, const struct cp_metrics_source *source,
	struct cp_metrics **out, struct rh_error *err)
{
	const union MHD_DaemonInfo *info;
	struct cp_metrics *m;
	int family;

	*out = NULL;
	if (source->conf->metrics_port == 0)
		return 0;
	m = calloc(1, sizeof(*m));
	if (m == NULL)
		return rh_error_set(err, ENOMEM, "metrics: out of memory");
	m->source = *source;
	errno = 0;
	m->daemon = start_daemon(m, &family);
	if (m->daemon == NULL) {
		int error = errno != 0 ? errno : EADDRINUSE;

		free(m);
		return rh_error_set(err, error,
			"metrics on %s port %u: %s; choose another metrics/port, or off",
			source->conf->metrics_address, source->conf->metrics_port, strerror(error));
	}
	if (!is_loopback(source->conf->metrics_address))
		rh_log_warn(TELEMETRY,
			"metrics on %s are open to whoever reaches it: there is no authentication",
			source->conf->metrics_address);
	info = MHD_get_daemon_info(m->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	(void)uv_poll_init(loop, &m->poll, info->epoll_fd);
	(void)uv_timer_init(loop, &m->timer);
	m->poll.data = m->timer.data = m;
	m->handles = 2;
	(void)uv_poll_start(&m->poll, UV_READABLE, on_ready);
	*out = m;
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	struct cp_metrics *m = handle->data;

	if (--m->handles == 0)
		free(m);
}

void cp_metrics_destroy(struct cp_metrics *m)
{
	if (m == NULL)
		return;
	uv_close((uv_handle_t *)&m->poll, on_closed);
	uv_close((uv_handle_t *)&m->timer, on_closed);
	MHD_stop_daemon(m->daemon);
}
