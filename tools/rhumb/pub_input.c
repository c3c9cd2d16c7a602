/*
 * Lines of standard input for rhumb pub. Whoever feeds it may pause: then what was published must go out and the session must live,
 * so waiting for input is waiting for both sockets.
 */
#include "tools/rhumb/pub_priv.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES (64u << 10)
#define LINE_MAX_BYTES (16u << 20) /* far beyond an event; a file without line ends must not fill the memory */
#define WAIT_MS	   200

void pub_input_fini(struct pub_input *in)
{
	free(in->bytes);
	*in = (struct pub_input){0};
}

/* A whole line of what was read; at the end also one without its '\n'. */
static bool line_cut(struct pub_input *in, char **line, size_t *len)
{
	char *from = in->bytes + in->start, *newline;

	if (in->start == in->end)
		return false;
	newline = memchr(from, '\n', in->end - in->start);
	if (!newline && !in->over)
		return false;
	*line = from;
	*len = newline ? (size_t)(newline - from) : in->end - in->start;
	in->start += *len + !!newline;
	return true;
}

static int input_read(struct pub_input *in)
{
	size_t kept = in->end - in->start;
	char *more;
	ssize_t got;

	if (kept)
		memmove(in->bytes, in->bytes + in->start, kept);
	in->start = 0;
	in->end = kept;
	if (in->room - kept < READ_BYTES) {
		if (in->room >= LINE_MAX_BYTES)
			return -EMSGSIZE;
		more = realloc(in->bytes, in->room ? in->room * 2 : 2 * READ_BYTES);
		if (!more)
			return -ENOMEM;
		in->bytes = more;
		in->room = in->room ? in->room * 2 : 2 * READ_BYTES;
	}
	got = read(STDIN_FILENO, in->bytes + kept, in->room - kept);
	if (got < 0)
		return errno == EINTR || errno == EAGAIN ? 0 : -errno;
	in->over = got == 0;
	in->end += (size_t)got;
	return 0;
}

int pub_input_next(struct pub *p, struct pub_input *in, char **line, size_t *len)
{
	struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = rhumb_fd(p->r), .events = POLLIN}};
	int err = 0, wait;

	while (!line_cut(in, line, len)) {
		if (in->over || cli_signalled())
			return 0;
		/* Input that is there already goes before the wait; so do datagrams only when there is none. */
		if (poll(fds, 1, 0) == 0) {
			err = rhumb_poll(p->r, 0);
			if (err < 0)
				return err;
			wait = rhumb_timeout(p->r);
			(void)poll(fds, 2, wait < WAIT_MS ? wait : WAIT_MS);
			if (!fds[0].revents)
				continue;
		}
		err = input_read(in);
		if (err < 0)
			return err;
	}
	return 1;
}
