#include "tools/rhumb/connect.h"

#include "controlplane/api/ctl.h"
#include "tools/rhumb/version.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define ANSWER_S      30
#define ANSWER_PARTS  4096 /* of CTL_BODY_MAX: far beyond what the limits of the router let it say */

static const char *socket_path(const struct cli *cli)
{
	const char *path = cli_option(cli, "socket");

	if (!path)
		path = getenv(CTL_SOCKET_ENV);
	return path && *path ? path : CTL_DEFAULT_SOCKET;
}

/* Who may ask is who owns the socket; the name of its group is what an operator lacks. */
static int denied_fail(const struct cli *cli, const char *path)
{
	struct stat st;
	const struct group *group;

	if (stat(path, &st) < 0)
		return cli_fail(cli, CLI_REFUSED, "%s: permission denied: its folder is closed to this user; root may ask",
			path);
	group = getgrgid(st.st_gid);
	if (st.st_gid == 0 || !group)
		return cli_fail(cli, CLI_REFUSED,
			"%s: permission denied: root may ask, or members of its group, which is %s", path,
			group ? group->gr_name : "unknown");
	return cli_fail(cli, CLI_REFUSED,
		"%s: permission denied: ask as root or as a member of group %s (usermod -aG %s USER, then log in again)",
		path, group->gr_name, group->gr_name);
}

static int refused_fail(const struct cli *cli, const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return cli_fail(cli, CLI_NO_DAEMON, "%s is not a socket: name rhumbd's with --socket PATH", path);
	return cli_fail(cli, CLI_NO_DAEMON, "nobody listens at %s: rhumbd ended; start it again", path);
}

static int connect_fail(const struct cli *cli, const char *path, int err)
{
	if (err == EACCES || err == EPERM)
		return denied_fail(cli, path);
	if (err == ENOENT)
		return cli_fail(cli, CLI_NO_DAEMON,
			"no control socket at %s: start rhumbd, or name its socket with --socket PATH", path);
	if (err == ECONNREFUSED)
		return refused_fail(cli, path);
	return cli_fail(cli, CLI_NO_DAEMON, "%s: %s", path, strerror(err));
}

static bool write_all(int fd, const void *bytes, size_t len)
{
	const char *p = bytes;

	while (len) {
		ssize_t done = send(fd, p, len, MSG_NOSIGNAL);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		p += done;
		len -= (size_t)done;
	}
	return true;
}

static bool read_all(int fd, void *bytes, size_t len)
{
	char *p = bytes;

	while (len) {
		ssize_t done = recv(fd, p, len, 0);

		if (done < 0 && errno == EINTR)
			continue;
		if (done == 0)
			errno = ECONNRESET;
		if (done <= 0)
			return false;
		p += done;
		len -= (size_t)done;
	}
	return true;
}

static int request_send(const struct cli *cli, struct cli_daemon *d, uint16_t type, json_t *args)
{
	uint8_t head[CTL_HDR];
	char *body = args ? json_dumps(args, JSON_COMPACT) : strdup("{}");
	struct ctl_header h = {.version = CTL_VERSION, .type = type, .request = ++d->request};
	int code = CLI_OK;

	json_decref(args);
	if (!body)
		return cli_fail(cli, CLI_REFUSED, "the request cannot be written as JSON: arguments must be UTF-8");
	if (strlen(body) > CTL_BODY_MAX) {
		code = cli_fail(cli, CLI_REFUSED, "the request has %zu bytes: at most %d are taken", strlen(body),
			CTL_BODY_MAX);
	} else {
		h.length = (uint32_t)strlen(body);
		ctl_header_encode(head, &h);
		if (!write_all(d->fd, head, sizeof(head)) || !write_all(d->fd, body, h.length))
			code = cli_fail(cli, CLI_NO_DAEMON, "rhumbd at %s hung up: %s", d->path, strerror(errno));
	}
	free(body);
	return code;
}

/* Statuses of docs/control-protocol.md as exit codes. */
static int status_fail(const struct cli *cli, const struct ctl_header *h, const json_t *body)
{
	const char *sentence = json_string_value(json_object_get(body, "error"));
	const char *name = ctl_status_name(h->status);

	return cli_fail(cli, h->status == CTL_STATUS_VERSION ? CLI_NO_DAEMON : CLI_REFUSED, "%s",
		sentence ? sentence : name ? name : "refused with a status unknown here");
}

/* One reply: header and body. The body is the caller's. */
static int reply_read(const struct cli *cli, struct cli_daemon *d, struct ctl_header *h, json_t **body)
{
	uint8_t head[CTL_HDR];
	struct rh_error err;
	char *text;

	if (!read_all(d->fd, head, sizeof(head)))
		return errno == EAGAIN
			? cli_fail(cli, CLI_NO_DAEMON, "rhumbd at %s did not answer in %d s: see its log", d->path, ANSWER_S)
			: cli_fail(cli, CLI_NO_DAEMON, "rhumbd at %s hung up: see its log", d->path);
	if (ctl_header_parse(head, h, &err) < 0)
		return cli_fail(cli, CLI_NO_DAEMON, "%s: %s", d->path, err.text);
	text = malloc(h->length + 1u);
	if (!text)
		return cli_fail(cli, CLI_REFUSED, "out of memory");
	if (!read_all(d->fd, text, h->length)) {
		free(text);
		return cli_fail(cli, CLI_NO_DAEMON, "rhumbd at %s hung up in the middle of an answer", d->path);
	}
	*body = json_loadb(text, h->length, JSON_ALLOW_NUL, NULL);
	free(text);
	if (!json_is_object(*body)) {
		json_decref(*body);
		return cli_fail(cli, CLI_NO_DAEMON, "%s: the answer is not a JSON object: is that rhumbd?", d->path);
	}
	return CLI_OK;
}

/* A further part continues the lists of the first; what it repeats otherwise is known already. */
static void part_merge(json_t *whole, const json_t *part)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)part, key, value) {
		json_t *have = json_object_get(whole, key);

		if (!have)
			(void)json_object_set(whole, key, value);
		else if (json_is_array(have) && json_is_array(value))
			(void)json_array_extend(have, value);
	}
}

static int answer_read(const struct cli *cli, struct cli_daemon *d, uint16_t type, json_t **answer)
{
	json_t *whole = NULL, *part;
	struct ctl_header h = {.flags = CTL_MORE};
	int code = CLI_OK;

	for (unsigned parts = 0; code == CLI_OK && (h.flags & CTL_MORE); parts++) {
		code = reply_read(cli, d, &h, &part);
		if (code != CLI_OK)
			break;
		if (h.status != CTL_STATUS_OK)
			code = status_fail(cli, &h, part);
		else if (h.request != d->request || h.type != type || parts == ANSWER_PARTS)
			code = cli_fail(cli, CLI_NO_DAEMON, "%s: an answer to something else: is that rhumbd?", d->path);
		else if (!whole)
			whole = json_incref(part);
		else
			part_merge(whole, part);
		json_decref(part);
	}
	if (code == CLI_OK)
		*answer = whole;
	else
		json_decref(whole);
	return code;
}

int cli_daemon_ask(const struct cli *cli, struct cli_daemon *d, uint16_t type, json_t *args, json_t **answer)
{
	int code = request_send(cli, d, type, args);

	/* A daemon that refuses at once may hang up before it read everything: its sentence is still there. */
	return code == CLI_OK ? answer_read(cli, d, type, answer) : code;
}

int cli_daemon_open(const struct cli *cli, struct cli_daemon *d)
{
	const struct timeval limit = {.tv_sec = ANSWER_S};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	json_t *hello;
	int code;

	*d = (struct cli_daemon){.fd = -1, .path = socket_path(cli)};
	if (strlen(d->path) >= sizeof(address.sun_path))
		return cli_fail(cli, CLI_USAGE, "socket path of %zu bytes: the kernel takes %zu", strlen(d->path),
			sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, d->path, strlen(d->path));
	d->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (d->fd < 0)
		return cli_fail(cli, CLI_REFUSED, "no socket: %s", strerror(errno));
	(void)setsockopt(d->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	(void)setsockopt(d->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(d->fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		code = connect_fail(cli, d->path, errno);
		cli_daemon_close(d);
		return code;
	}
	code = cli_daemon_ask(cli, d, CTL_HELLO, json_pack("{s:s}", "client", "rhumb " RHUMB_VERSION), &hello);
	if (code == CLI_OK)
		json_decref(hello);
	else
		cli_daemon_close(d);
	return code;
}

void cli_daemon_close(struct cli_daemon *d)
{
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
}

int cli_ask(const struct cli *cli, json_t *args, json_t **answer)
{
	struct cli_daemon d;
	int code = cli_daemon_open(cli, &d);

	if (code != CLI_OK) {
		json_decref(args);
		return code;
	}
	code = cli_daemon_ask(cli, &d, cli->command->type, args, answer);
	cli_daemon_close(&d);
	return code;
}

int cli_json_print(const struct cli *cli, const json_t *answer)
{
	if (json_dumpf(answer, cli->out, JSON_INDENT(2)) < 0 || fputc('\n', cli->out) == EOF)
		return cli_fail(cli, CLI_REFUSED, "the answer could not be written");
	return CLI_OK;
}

int cli_ask_print(const struct cli *cli, json_t *args,
	void (*print)(const struct cli *cli, const json_t *answer))
{
	json_t *answer;
	int code = cli_ask(cli, args, &answer);

	if (code != CLI_OK)
		return code;
	if (cli->json)
		code = cli_json_print(cli, answer);
	else
		print(cli, answer);
	json_decref(answer);
	return code;
}
