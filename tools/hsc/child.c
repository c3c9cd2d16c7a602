#include "tools/hsc/hsc_priv.h"

#include "dataplane/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* Beside CPU time the child may wait for a busy machine: wall time allowed is this many times its
 * CPU time, and a second. */
#define WALL_FACTOR  4
#define WALL_MORE_MS 1000
/* Answered by rlimit where ITIMER_PROF should fail to: whole seconds, rounded up, and one. */
#define CPU_MORE_S 1

#if defined(__SANITIZE_ADDRESS__)
/* The sanitizer's shadow alone is terabytes of address space. */
#define LIMIT_MEMORY 0
#else
#define LIMIT_MEMORY 1
#endif

int hsc_read_all(int fd, void *out, size_t len)
{
	uint8_t *p = out;
	ssize_t got;

	while (len) {
		got = read(fd, p, len);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got ? -errno : -EPIPE;
		p += got;
		len -= (size_t)got;
	}
	return 0;
}

int hsc_write_all(int fd, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	ssize_t put;

	while (len) {
		put = write(fd, p, len);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -errno;
		p += put;
		len -= (size_t)put;
	}
	return 0;
}

static uint64_t address_space(void)
{
	unsigned long long pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f && fscanf(f, "%llu", &pages) != 1)
		pages = 0;
	if (f)
		(void)fclose(f);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void limit(int what, uint64_t value)
{
	struct rlimit r = {value, value};

	if (setrlimit(what, &r) < 0)
		_exit(126);
}

static void confine(const struct hsc_limits *limits, uint32_t cpu_ms)
{
	struct itimerval timer = {
		.it_value = {.tv_sec = cpu_ms / 1000, .tv_usec = (cpu_ms % 1000) * 1000},
	};

	if (LIMIT_MEMORY)
		limit(RLIMIT_AS, address_space() + ((uint64_t)limits->memory_mb << 20));
	limit(RLIMIT_CPU, (cpu_ms + 999) / 1000 + CPU_MORE_S);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_FSIZE, 0);
	if (setitimer(ITIMER_PROF, &timer, NULL) < 0)
		_exit(126);
}

static int reply_write(int fd, const struct hsc_header *request, const struct hsc_reply *reply)
{
	uint8_t head[HSC_HDR];
	struct hsc_header h = {
		(uint32_t)reply->len, request->type, request->request, reply->status};
	int ret;

	hsc_header_encode(head, &h);
	ret = hsc_write_all(fd, head, sizeof(head));
	return ret < 0 ? ret : hsc_write_all(fd, reply->body, reply->len);
}

static void child_main(const struct hsc_limits *limits, uint32_t cpu_ms,
	const struct hsc_header *request, const uint8_t *body, int out)
{
	struct hsc_reply reply = {HSC_INTERNAL, NULL, 0};

	confine(limits, cpu_ms);
	if (request->type == HSC_CHECK)
		hsc_check(limits, body, request->length, &reply);
	else
		hsc_compile(limits, body, request->length, &reply);
	_exit(reply_write(out, request, &reply) < 0 ? 125 : 0);
}

/* Nothing is wrong yet: rhumbd kills who says nothing for long. */
static void say_working(const struct hsc_header *request)
{
	const struct hsc_header h = {0, request->type, request->request, HSC_WORKING};
	uint8_t head[HSC_HDR];

	hsc_header_encode(head, &h);
	(void)hsc_write_all(STDOUT_FILENO, head, sizeof(head));
}

/* Until @fd is readable or @deadline_ns has passed, saying that we work. */
static bool await_child(int fd, uint64_t deadline_ns, const struct hsc_header *request)
{
	struct pollfd p = {fd, POLLIN, 0};
	uint64_t now;

	while ((now = rh_clock_ns()) < deadline_ns) {
		uint64_t left_ms = (deadline_ns - now) / RH_NS_PER_MS + 1;
		int ready = poll(&p, 1, left_ms < HSC_WORKING_MS ? (int)left_ms : HSC_WORKING_MS);

		if (ready > 0)
			return true;
		if (ready == 0)
			say_working(request);
	}
	return false;
}

/* Read what the child writes until it closes its end. -ETIMEDOUT, -ENOMEM, -EPROTO. */
static int collect(int fd, uint64_t deadline_ns, const struct hsc_header *request,
	struct hsc_reply *reply, struct hsc_header *head)
{
	uint8_t bytes[HSC_HDR];
	size_t have = 0, want = HSC_HDR;
	ssize_t got;

	reply->body = NULL;
	while (have < want) {
		if (!await_child(fd, deadline_ns, request))
			return -ETIMEDOUT;
		got = have < HSC_HDR ? read(fd, bytes + have, HSC_HDR - have)
				     : read(fd, reply->body + have - HSC_HDR, want - have);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -EPIPE;
		have += (size_t)got;
		if (have != HSC_HDR || reply->body)
			continue;
		if (hsc_header_parse(bytes, head) < 0)
			return -EPROTO;
		want = HSC_HDR + head->length;
		reply->body = malloc(head->length ? head->length : 1);
		if (!reply->body)
			return -ENOMEM;
	}
	reply->status = (enum hsc_status)head->status;
	reply->len = head->length;
	return 0;
}

/* Why there is no reply. */
static void explain(const struct hsc_limits *limits, int result, int wait_status, uint32_t cpu_ms,
	struct hsc_reply *reply)
{
	int sig = WIFSIGNALED(wait_status) ? WTERMSIG(wait_status) : 0;

	if (result == -ETIMEDOUT || sig == SIGPROF || sig == SIGXCPU)
		hsc_reply_text(reply, HSC_TOO_SLOW,
			"takes more than the %u ms of processor time allowed to compile: write it "
			"narrower",
			cpu_ms);
	else if (sig == SIGABRT || sig == SIGSEGV || sig == SIGKILL || sig == SIGBUS)
		hsc_reply_text(reply, HSC_TOO_DEAR,
			"could not be compiled within %u MB (signal %d): write it narrower",
			limits->memory_mb, sig);
	else
		hsc_reply_text(reply, HSC_INTERNAL, "the compiler process failed (%s, status 0x%x)",
			strerror(-result), (unsigned)wait_status);
}

static void supervise(const struct hsc_limits *limits, pid_t pid, int fd, uint32_t cpu_ms,
	const struct hsc_header *request, struct hsc_reply *reply)
{
	uint64_t wall_ms = (uint64_t)cpu_ms * WALL_FACTOR + WALL_MORE_MS;
	struct hsc_header head;
	int result, status = 0;

	result = collect(fd, rh_clock_ns() + wall_ms * RH_NS_PER_MS, request, reply, &head);
	if (result < 0 && result != -EPIPE)
		(void)kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (result < 0)
		explain(limits, result, status, cpu_ms, reply);
}

void hsc_child_run(const struct hsc_limits *limits, const struct hsc_header *request,
	const uint8_t *body, struct hsc_reply *reply)
{
	uint32_t cpu_ms = request->type == HSC_CHECK ? limits->check_ms : limits->set_ms;
	pid_t parent = getpid(), pid;
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0) {
		hsc_reply_text(reply, HSC_INTERNAL, "no pipe to the compiler process: %s",
			strerror(errno));
		return;
	}
	pid = fork();
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(124);
		(void)close(ends[0]);
		child_main(limits, cpu_ms, request, body, ends[1]);
	}
	(void)close(ends[1]);
	if (pid < 0)
		hsc_reply_text(
			reply, HSC_INTERNAL, "no process for the compiler: %s", strerror(errno));
	else
		supervise(limits, pid, ends[0], cpu_ms, request, reply);
	(void)close(ends[0]);
}
