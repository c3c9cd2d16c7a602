#include "controlplane/subs/helper.h"

#include "dataplane/base/atomic.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/log.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The helper bounds itself by 4 times the processor time and a second of wall time, and says every
 * HSC_WORKING_MS that it works: silence for longer means that it hangs. */
#define WALL_FACTOR  4
#define WALL_MORE_MS 3000
#define SILENCE_MS   (5 * HSC_WORKING_MS)
/* How often a wait looks whether we stop. */
#define SLICE_MS 50
/* A set may take as long as so many patterns alone. */
#define SET_FACTOR  30
#define SET_MS_MOST 600000

static const uint8_t no_payloads[4]; /* their number */

static void path_beside(struct cp_helper *h)
{
	char exe[sizeof(h->path)];
	ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	char *slash;
	int put = -1;

	exe[len > 0 ? len : 0] = 0;
	slash = strrchr(exe, '/');
	if (slash)
		put = snprintf(h->path, sizeof(h->path), "%.*s/rhumb-hsc", (int)(slash - exe), exe);
	if (put < 0 || put >= (int)sizeof(h->path) || access(h->path, X_OK) < 0)
		(void)snprintf(h->path, sizeof(h->path), "%s/rhumb-hsc", RHUMB_LIBEXEC);
}

static void path_choose(struct cp_helper *h, const struct cp_conf *conf)
{
	if (conf->compile_helper[0])
		(void)snprintf(h->path, sizeof(h->path), "%s", conf->compile_helper);
	else
		path_beside(h);
}

int cp_helper_check(const struct cp_conf *conf, char *path, size_t size, struct rh_error *err)
{
	struct cp_helper h;

	path_choose(&h, conf);
	(void)snprintf(path, size, "%s", h.path);
	if (!conf->patterns_max || access(h.path, X_OK) == 0)
		return 0;
	return rh_error_set(err, errno,
		"the pattern compiler %s cannot be started: %s: payload patterns are refused until "
		"rhumb-hsc is there; put it there, or set content/compile-helper",
		h.path, strerror(errno));
}

void cp_helper_init(struct cp_helper *h, const struct cp_conf *conf)
{
	uint64_t set_ms = (uint64_t)conf->compile_ms_max * SET_FACTOR;

	*h = (struct cp_helper){
		.memory_mb = conf->compile_mb_max,
		.check_ms = conf->compile_ms_max,
		.set_ms = set_ms > SET_MS_MOST ? SET_MS_MOST : (uint32_t)set_ms,
		.cycles_per_byte = conf->scan_cycles_per_byte_max,
		.fd = -1,
	};
	path_choose(h, conf);
}

static void kill_it(struct cp_helper *h)
{
	int status;

	if (h->fd >= 0)
		(void)close(h->fd);
	h->fd = -1;
	if (!h->pid)
		return;
	(void)kill(h->pid, SIGKILL);
	while (waitpid(h->pid, &status, 0) < 0 && errno == EINTR)
		;
	rh_store_relaxed(&h->pid, 0);
}

void cp_helper_fini(struct cp_helper *h)
{
	kill_it(h);
}

/* Fail: kill, and let the next start wait longer than the last one did. */
static void give_up(struct cp_helper *h, const char *why)
{
	rh_log_warn(SUBS, "pattern compiler %s (pid %d): killed, starts again in %u ms", why,
		(int)h->pid, h->pause_ms);
	kill_it(h);
	h->not_before_ns = rh_clock_ns() + h->pause_ms * RH_NS_PER_MS;
	h->pause_ms = h->pause_ms ? h->pause_ms * 2 : CP_HELPER_PAUSE_LEAST_MS;
	if (h->pause_ms > CP_HELPER_PAUSE_MOST_MS)
		h->pause_ms = CP_HELPER_PAUSE_MOST_MS;
}

static int pause_out(struct cp_helper *h, struct rh_error *err)
{
	struct timespec slice = {0, SLICE_MS * RH_NS_PER_MS};

	while (rh_clock_ns() < h->not_before_ns) {
		if (rh_load_relaxed(&h->stop))
			return rh_error_set(err, ECANCELED, "the router is stopping");
		(void)nanosleep(&slice, NULL);
	}
	return 0;
}

static int spawn_with(struct cp_helper *h, int end, char *const *argv)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t none, all;
	int ret;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawnattr_init(&attr);
	(void)posix_spawn_file_actions_adddup2(&actions, end, STDIN_FILENO);
	(void)posix_spawn_file_actions_adddup2(&actions, end, STDOUT_FILENO);
	(void)posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
	(void)posix_spawnattr_setsigmask(&attr, &none);
	(void)posix_spawnattr_setsigdefault(&attr, &all);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	ret = posix_spawn(&h->pid, h->path, &actions, &attr, argv, environ);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&actions);
	return -ret;
}

static int start(struct cp_helper *h, struct rh_error *err)
{
	char number[7][12];
	char *argv[] = {"rhumb-hsc", "--parent", number[0], "--memory-mb", number[1], "--check-ms",
		number[2], "--set-ms", number[3], "--cycles-per-byte", number[4],
		"--set-cycles-per-byte", number[5], "--nice", number[6], NULL};
	const uint32_t values[] = {(uint32_t)getpid(), h->memory_mb, h->check_ms, h->set_ms,
		h->cycles_per_byte, h->cycles_per_byte * CP_HELPER_SET_SCAN_FACTOR, h->nice};
	int ends[2], ret = pause_out(h, err);

	if (ret < 0)
		return ret;
	for (size_t i = 0; i < RH_ARRAY_LEN(values); i++)
		(void)snprintf(number[i], sizeof(number[i]), "%u", values[i]);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return rh_error_set(
			err, errno, "no socket for the pattern compiler: %s", strerror(errno));
	ret = spawn_with(h, ends[1], argv);
	(void)close(ends[1]);
	h->fd = ends[0];
	if (ret < 0) {
		h->pid = 0;
		give_up(h, "cannot be started");
		return rh_error_set(err, -ret, "the pattern compiler %s cannot be started: %s",
			h->path, strerror(-ret));
	}
	if (h->started)
		rh_add_relaxed(&h->restarts, 1);
	h->started = true;
	return 0;
}

/* Wait until @fd is ready for @events. -ETIMEDOUT, -ECANCELED. */
static int await(struct cp_helper *h, short events, uint64_t deadline_ns)
{
	uint64_t silent_ns = rh_clock_ns() + SILENCE_MS * RH_NS_PER_MS;
	struct pollfd p = {h->fd, events, 0};

	if (silent_ns < deadline_ns)
		deadline_ns = silent_ns;

	for (;;) {
		if (poll(&p, 1, SLICE_MS) > 0)
			return 0;
		if (rh_load_relaxed(&h->stop))
			return -ECANCELED;
		if (rh_clock_ns() >= deadline_ns)
			return -ETIMEDOUT;
	}
}

static int move_all(struct cp_helper *h, bool out, void *bytes, size_t len, uint64_t deadline_ns)
{
	uint8_t *p = bytes;
	ssize_t moved;
	int ret;

	while (len) {
		ret = await(h, out ? POLLOUT : POLLIN, deadline_ns);
		if (ret < 0)
			return ret;
		moved = out ? send(h->fd, p, len, MSG_NOSIGNAL | MSG_DONTWAIT)
			    : recv(h->fd, p, len, MSG_DONTWAIT);
		if (moved < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (moved <= 0)
			return -EPIPE;
		p += moved;
		len -= (size_t)moved;
	}
	return 0;
}

static int reply_read(
	struct cp_helper *h, enum hsc_type type, uint64_t deadline_ns, struct cp_helper_reply *out)
{
	struct hsc_header head;
	uint8_t bytes[HSC_HDR];
	int ret;

	do {
		ret = move_all(h, false, bytes, sizeof(bytes), deadline_ns);
		if (ret < 0)
			return ret;
		if (hsc_header_parse(bytes, &head) < 0 || head.type != type ||
			head.request != h->request ||
			(head.status == HSC_WORKING && head.length))
			return -EPROTO;
		if (rh_clock_ns() >= deadline_ns)
			return -ETIMEDOUT;
	} while (head.status == HSC_WORKING);
	out->body = malloc((size_t)head.length + 1);
	if (!out->body)
		return -ENOMEM;
	ret = move_all(h, false, out->body, head.length, deadline_ns);
	if (ret < 0) {
		free(out->body);
		out->body = NULL; /* the job frees it too */
		return ret;
	}
	out->body[head.length] = 0;
	out->len = head.length;
	out->status = (enum hsc_status)head.status;
	return 0;
}

static int request_write(struct cp_helper *h, const struct cp_helper_request *request, uint64_t deadline_ns)
{
	size_t payloads = request->payloads ? request->payloads_len : sizeof(no_payloads);
	struct hsc_header head = {
		(uint32_t)(payloads + request->len), (uint16_t)request->type, ++h->request, 0};
	uint8_t bytes[HSC_HDR];
	int ret;

	hsc_header_encode(bytes, &head);
	ret = move_all(h, true, bytes, sizeof(bytes), deadline_ns);
	if (ret == 0)
		ret = move_all(h, true, (void *)(uintptr_t)(request->payloads ? request->payloads : no_payloads),
			payloads, deadline_ns);
	return ret < 0 ? ret : move_all(h, true, (void *)(uintptr_t)request->body, request->len, deadline_ns);
}

static int exchange(struct cp_helper *h, const struct cp_helper_request *request, struct cp_helper_reply *out)
{
	uint32_t cpu_ms = request->type == HSC_CHECK ? h->check_ms : h->set_ms;
	uint64_t wall_ms = (uint64_t)cpu_ms * WALL_FACTOR + WALL_MORE_MS;
	uint64_t deadline_ns = rh_clock_ns() + wall_ms * RH_NS_PER_MS;
	int ret = request_write(h, request, deadline_ns);

	return ret < 0 ? ret : reply_read(h, request->type, deadline_ns, out);
}

static int ask_once(struct cp_helper *h, const struct cp_helper_request *request,
	struct cp_helper_reply *out, struct rh_error *err)
{
	int ret = h->pid ? 0 : start(h, err);

	if (ret < 0)
		return ret;
	ret = exchange(h, request, out);
	if (ret == 0) {
		h->pause_ms = 0;
		return 0;
	}
	if (ret == -ECANCELED)
		return rh_error_set(err, ECANCELED, "the router is stopping");
	if (ret == -ETIMEDOUT)
		(void)rh_error_set(
			err, ETIMEDOUT, "the pattern compiler did not answer: try again");
	else
		(void)rh_error_set(err, -ret, "the pattern compiler died on it: try again");
	give_up(h, ret == -ETIMEDOUT ? "did not answer" : "died");
	return ret;
}

int cp_helper_ask(struct cp_helper *h, const struct cp_helper_request *request,
	struct cp_helper_reply *out, struct rh_error *err)
{
	bool ran = h->pid != 0;
	int ret;

	if (request->len > HSC_BODY_MAX - sizeof(no_payloads) - request->payloads_len)
		return rh_error_set(err, EMSGSIZE, "the tenant's patterns together exceed %u MB",
			HSC_BODY_MAX >> 20);
	ret = ask_once(h, request, out, err);
	/* It may have been killed while it was idle: that is not this request's fault. */
	if (ran && (ret == -EPIPE || ret == -EPROTO))
		ret = ask_once(h, request, out, err);
	return ret;
}
